"""What a model folder holds, read and checked with one clear error each, and its settings written.

A folder is a Hugging Face token-classification folder (``config.json``, ``tokenizer.json``, weights) plus
``model.int8.onnx`` or ``model.onnx``, which analysis runs, and ``claimcheck.json``: the decoder's prices,
the calibration, and what the tokenizer made of a probe when the folder was written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from claimcheck.calibration import Calibration
from claimcheck.runtime import ModelError
from claimcheck.tags import TAGS, Decoder

SETTINGS = "claimcheck.json"
ONNX_FILES = ("model.int8.onnx", "model.onnx")
PROBE = "می‌رَوم ۱۲ كتاب و «خانه‌ها»، ﷺ 😀 آمد."


@dataclass(frozen=True, slots=True)
class Settings:
    """What analysis needs beside weights and tokenizer.

    ``window`` is the most pieces read at once, special ones included. It must not be longer than what the
    model was trained on: the shipped one, pre-trained on blocks of 128, gets worse from there on.
    """

    window: int = 128
    decoder: Decoder = Decoder()  # noqa: RUF009 - frozen
    calibration: Calibration = Calibration()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Folder:
    """An opened folder, everything but the weights."""

    path: Path
    tokenizer: Tokenizer
    settings: Settings

    @property
    def onnx_file(self) -> Path:
        """The int8 file where there is one, else the single-precision file."""
        for name in ONNX_FILES:
            if (self.path / name).is_file():
                return self.path / name
        raise FileNotFoundError(
            f"{self.path} has neither {' nor '.join(ONNX_FILES)}; run scripts/export.py on it"
        )


def read_folder(folder: str | os.PathLike[str]) -> Folder:
    """Read and check a model folder.

    Raises:
        FileNotFoundError: there is no such folder, or a file is missing in it.
        ModelError: a file is broken, or the folder holds another kind of model.
    """
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(
            f"no model folder at {str(path)!r}; load() without a path opens the embedded model"
        )
    config = _read_json(path / "config.json", "it is not a model folder")
    names = config.get("id2label")
    tags = tuple(names[key] for key in sorted(names, key=int)) if isinstance(names, dict) else ()
    if tags != TAGS:
        raise ModelError(
            f"{path} labels tokens {list(tags)}, wanted {list(TAGS)}; "
            f"fine-tune it first: claimcheck train DATA --encoder {path} --out FOLDER"
        )
    written = _read_json(path / SETTINGS, "scripts/export.py writes it")
    tokenizer = open_tokenizer(path)
    if tokenizer.get_vocab_size() > int(config.get("vocab_size", 0)):
        raise ModelError(
            f"{path / 'tokenizer.json'} has {tokenizer.get_vocab_size()} pieces, the model "
            f"{config.get('vocab_size')}: the tokenizer is another model's"
        )
    if (pieces := tokenizer_probe(tokenizer)) != written.get("tokenizer_probe"):
        raise ModelError(
            f"{path / 'tokenizer.json'} reads a probe as {pieces}, when the model was written as "
            f"{written.get('tokenizer_probe')}: another program rebuilt it; restore the original file"
        )
    return Folder(path, tokenizer, _settings(path, written))


def fingerprint(folder: str | os.PathLike[str]) -> list[Any]:
    """What tells one model from another, as JSON can hold it, without reading the weights.

    Raises:
        FileNotFoundError: it is no model folder.
        ModelError: it is not a usable one.
    """
    opened = read_folder(folder)
    settings = (opened.path / SETTINGS).read_text(encoding="utf-8")
    return [str(opened.path.resolve()), opened.onnx_file.stat().st_size, settings]


def write_settings(folder: str | os.PathLike[str], settings: Settings) -> None:
    """Write ``claimcheck.json`` beside the ``tokenizer.json`` of ``folder``."""
    content = {
        "window": settings.window,
        "decoder": asdict(settings.decoder),
        "calibration": {name: list(curve) for name, curve in settings.calibration.curves.items()},
        "tokenizer_probe": tokenizer_probe(open_tokenizer(folder)),
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (Path(folder) / SETTINGS).write_text(text + "\n", encoding="utf-8")


def open_tokenizer(folder: str | os.PathLike[str]) -> Tokenizer:
    """The ``tokenizer.json`` of a folder, which reads the names of special tokens as ordinary text.

    Raises:
        FileNotFoundError: there is none.
        ModelError: it is broken.
    """
    path = Path(folder) / "tokenizer.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{str(folder)!r} has no tokenizer.json; save the fast tokenizer beside the model"
        )
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise ModelError(f"{path} cannot be opened ({str(error)[:200]})") from error
    tokenizer.encode_special_tokens = True
    return tokenizer


def tokenizer_probe(tokenizer: Tokenizer) -> list[str]:
    """The pieces of ``PROBE``, by which a rebuilt normaliser shows."""
    return list(tokenizer.encode(PROBE, add_special_tokens=False).tokens)


def _read_json(path: Path, hint: str) -> Mapping[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{str(path.parent)!r} has no {path.name}; {hint}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} must hold a JSON object, got {type(content).__name__}")
    return content


def _settings(path: Path, written: Mapping[str, Any]) -> Settings:
    try:
        curves = {name: (float(a), float(b)) for name, (a, b) in written["calibration"].items()}
        return Settings(int(written["window"]), Decoder(**written["decoder"]), Calibration(curves))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path / SETTINGS} is not what claimcheck writes ({error!r})") from error
