"""Sentences as vectors whose cosine says how alike their sense is: the encoder that ships, through ONNX Runtime.

E5 (Wang et al., "Text Embeddings by Weakly-Supervised Contrastive Pre-training", 2022) with a Persian
vocabulary, its vectors turned to the axes of Persian text; the card in the model's folder says how.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claimcheck.encoding import Encoder, windows
from claimcheck.folder import open_tokenizer, tokenizer_probe
from claimcheck.runtime import ModelError, OnnxRuntime

FloatArray = NDArray[np.float32]
Codes = NDArray[np.int8]
_NAME = "claimcheck-fa-sentence"
_FILE = "model.q4.onnx"
SETTINGS = "sentence.json"
PREFIX = "query: "  # what E5 was trained to see before a text that is compared with others of its kind
WINDOW = 128
_SCALE = 400.0  # of a unit vector's components to a byte
_PIECES_A_RUN = 2048


class SentenceVectors:
    """The sentence encoder.

    Args:
        folder: a folder with ``model.q4.onnx``, ``tokenizer.json`` and ``sentence.json``; the one that ships
            where ``None``.
        threads: threads inside one run.

    Raises:
        FileNotFoundError: the folder or a file in it is missing.
        ModelError: a file is broken.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, threads: int = 1) -> None:
        path = Path(folder) if folder is not None else embedded_folder()
        if not (path / _FILE).is_file():
            raise FileNotFoundError(f"no sentence encoder at {str(path)!r}: it has no {_FILE}")
        tokenizer = open_tokenizer(path)
        written = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        if tokenizer_probe(tokenizer) != written.get("tokenizer_probe"):
            raise ModelError(f"{path / 'tokenizer.json'} was rebuilt by another program; restore the file")
        self.normalise = tokenizer.normalizer.normalize_str
        self._encoder = Encoder(tokenizer, WINDOW)
        self._prefix = tokenizer.encode(PREFIX.strip(), add_special_tokens=False).ids
        self._encoder.size -= len(self._prefix)
        self._runtime = OnnxRuntime(path / _FILE, threads)
        self.size = self._runtime.tags

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors ``(texts, size)``. Of a text longer than a window the mean of its windows."""
        encoded = self._encoder.encode(texts, [[(0, len(text))] for text in texts])
        runs: dict[int, list[tuple[int, list[int]]]] = {}
        for i, encoding in enumerate(encoded):
            for window in windows(encoding, self._encoder.size) or ():
                ids = self._encoder.window_ids(encoding, window)
                at = len(self._encoder.prefix)
                ids[at:at] = self._prefix
                runs.setdefault(len(ids), []).append((i, ids))
        out = np.zeros((len(texts), self.size), np.float32)
        for length, members in sorted(runs.items()):
            step = max(1, _PIECES_A_RUN // length)
            for k in range(0, len(members), step):
                rows, ids_of = zip(*members[k : k + step], strict=True)
                run = np.array(ids_of, np.int64)
                np.add.at(out, list(rows), length * self._runtime.logits(run, np.ones_like(run)))
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
        return out


def encode_bytes(vectors: FloatArray) -> Codes:
    """Unit vectors as bytes, ``(n, size)``: a scale for all, so that products need no norms."""
    codes: Codes = np.clip(np.rint(vectors * _SCALE), -127, 127).astype(np.int8)
    return codes


def cosines(vector: FloatArray, codes: Codes) -> FloatArray:
    """Cosines ``(n,)`` of a unit vector ``(size,)`` and ``codes`` ``(n, size)``."""
    found: FloatArray = codes.astype(np.float32) @ (vector / np.float32(_SCALE))
    return found


def embedded_folder() -> Path:
    """The folder of the sentence encoder that ships with the package."""
    package = Path(__file__).parents[1]
    shipped = package / "models" / _NAME
    return shipped if shipped.is_dir() else package.parent / "models" / _NAME
