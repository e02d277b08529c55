"""What training starts from: the embedded model, a folder, or a model of the Hugging Face hub.

A hub id is fetched into the hub's own cache and from there on is a folder like any other. Weights are read
from safetensors alone, never from a pickle, and no code of a checkpoint is ever run.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from claimcheck.api import embedded_folder
from claimcheck.encoding import Encoder
from claimcheck.folder import open_tokenizer
from claimcheck.runtime import ModelError
from claimcheck.tags import TAGS
from claimcheck.training.hub import fetch

_SPECIAL = ("bos_token", "eos_token", "cls_token", "sep_token", "pad_token", "mask_token", "unk_token")
_VOCABULARIES = ("vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model")
# Texts whose offsets go wrong first: half-spaces, Arabic letters, vowel marks, a ligature, an emoji, digits.
PROBES = (
    "می‌رود و کتاب‌هایش را می‌خواند.",
    "علي كتاب‌هاي خود را ديد",
    "وَزِیرُ نِیرو گُفت: ۱۲٫۵ درصد",
    "پیامبر ﷺ فرمود 😀 «راست بگویید»",
    "قیمت OPEC در 2024 به ۸۵ دلار رسید؛ خانه‌ای ندارد",
)


@dataclass(frozen=True, slots=True)
class Backbone:
    """A checkpoint opened for training.

    ``module`` is a ``transformers`` token classifier with the six tags in single precision; ``tagger`` says
    whether its head was there already; ``positions`` is the most pieces it can read at once.
    """

    name: str
    module: Any
    tokenizer: Tokenizer
    specials: dict[str, str]
    tagger: bool
    positions: int

    def save(self, folder: Path) -> None:
        """Write weights, configuration and tokenizer as a Hugging Face folder, and see the tokenizer again.

        Raises:
            ModelError: the tokenizer that was written reads a probe otherwise than the one in memory.
        """
        import torch
        from safetensors import SafetensorError

        folder.mkdir(parents=True, exist_ok=True)
        try:
            self.module.to(torch.bfloat16).save_pretrained(folder)  # half the size, and what is exported
        except SafetensorError as error:
            raise OSError(f"{folder} cannot be written to ({error})") from error
        self.module.float()
        (folder / "model.safetensors").chmod(0o644)
        self.tokenizer.save(str(folder / "tokenizer.json"))
        # the plain fast class: named classes rebuild the normaliser of BERT-like layouts when they are opened
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": self.positions}
        text = json.dumps({**config, **self.specials}, ensure_ascii=False, indent=1)
        (folder / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")
        again = open_tokenizer(folder)
        for probe in PROBES:
            if again.encode(probe).tokens != self.tokenizer.encode(probe).tokens:
                raise ModelError(f"{folder / 'tokenizer.json'} reads {probe!r} otherwise once saved")


def open_backbone(encoder: str | None, seed: int = 0) -> Backbone:
    """Open ``encoder`` for training.

    Args:
        encoder: a folder, a hub id, or ``None`` for the embedded model.
        seed: of the head's random weights where there is no head yet.

    Raises:
        ModelError: it cannot be opened, or its tokenizer's offsets cannot be trusted.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForTokenClassification

    folder = Path(encoder) if encoder else embedded_folder()
    if not folder.is_dir():
        folder = fetch(str(encoder))
    _see_weights(folder, str(encoder or folder))
    torch.manual_seed(seed)
    try:
        config = AutoConfig.from_pretrained(folder)
        tagger = [config.id2label.get(i) for i in range(len(TAGS))] == list(TAGS)
        module = AutoModelForTokenClassification.from_pretrained(
            folder,
            num_labels=len(TAGS),
            id2label=dict(enumerate(TAGS)),
            label2id={tag: i for i, tag in enumerate(TAGS)},
            ignore_mismatched_sizes=True,
            dtype=torch.float32,
            use_safetensors=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        said = " ".join(str(error).split())[:300]
        raise ModelError(f"{encoder or folder} cannot be opened as an encoder ({said})") from error
    tokenizer, specials = _tokenizer(folder, str(encoder or folder))
    rows = module.get_input_embeddings().weight.shape[0]
    if tokenizer.get_vocab_size() > rows:
        raise ModelError(
            f"{encoder}: the tokenizer has {tokenizer.get_vocab_size()} pieces, the model {rows}: "
            "they are not of one model"
        )
    check_offsets(tokenizer, str(encoder or folder))
    return Backbone(str(encoder or folder.name), module, tokenizer, specials, tagger, _positions(config))


def check_offsets(tokenizer: Tokenizer, name: str) -> None:
    """See that a tokenizer's offsets lead back into the raw text.

    On every probe offsets must ascend and lie inside the text, letters and digits must each be inside a
    piece, no piece may reach from one word into the next, and pieces of Latin letters must be those letters.

    Raises:
        ModelError: they do not; says on which text and where.
    """
    encoder = Encoder(tokenizer)
    for text in PROBES:
        (encoding,) = encoder.encode([text], [[(0, len(text))]])
        pairs = list(zip(encoding.starts.tolist(), encoding.ends.tolist(), strict=True))
        pieces = [tokenizer.id_to_token(i) or "" for i in encoding.ids.tolist()]
        problem = _offset_problem(text, pairs, pieces)
        if problem:
            raise ModelError(
                f"the tokenizer of {name} cannot be used: {problem} in {text!r}; spans need exact offsets. "
                "Convert it to a fast tokenizer (tokenizer.json) whose normalizer keeps alignments"
            )


def _offset_problem(text: str, pairs: list[tuple[int, int]], pieces: list[str]) -> str:
    covered: set[int] = set()
    last = 0
    for (start, end), piece in zip(pairs, pieces, strict=True):
        if not last <= start <= end <= len(text):
            return f"a piece at {start}-{end} behind one at {last}"
        inside = text[start:end].strip()
        if len(inside.split(" ")) > 1:
            return f"a piece {inside!r} over two words"
        latin = re.fullmatch("[A-Za-z]+", inside) and not re.fullmatch(r"\W*unk\W*", piece.lower())
        if latin and piece.strip("▁Ġ") and inside.lower() not in piece.lower():
            return f"the piece {piece!r} stands for {inside!r}"
        covered.update(range(start, end))
        last = start
    missing = [i for i, c in enumerate(text) if c.isalnum() and i not in covered]
    return f"{text[missing[0]]!r} at {missing[0]} is in no piece" if missing else ""


def _tokenizer(folder: Path, name: str) -> tuple[Tokenizer, dict[str, str]]:
    if (folder / "tokenizer.json").is_file():
        config = folder / "tokenizer_config.json"
        written = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
        named = {key: written[key] for key in _SPECIAL if key in written}
        specials = {k: v["content"] if isinstance(v, dict) else v for k, v in named.items() if v}
        return open_tokenizer(folder), specials
    if not any((folder / file).is_file() for file in _VOCABULARIES):
        raise ModelError(f"{name} has no tokenizer: none of tokenizer.json, {', '.join(_VOCABULARIES)}")
    from transformers import AutoTokenizer

    try:
        slow_or_fast = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(f"{name} has no tokenizer that can be opened ({str(error)[:300]})") from error
    backend = getattr(slow_or_fast, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(f"{name} has no fast tokenizer, so no offsets; convert it to a tokenizer.json first")
    found = {key: getattr(slow_or_fast, key, None) for key in _SPECIAL}
    return Tokenizer.from_str(backend.to_str()), {key: str(value) for key, value in found.items() if value}


def _positions(config: Any) -> int:
    """The most pieces at once; RoBERTa layouts number positions from the padding id on."""
    positions = int(getattr(config, "max_position_embeddings", None) or 512)
    offset = "roberta" in config.model_type or config.model_type in ("camembert", "xlm-roberta")
    return positions - int(config.pad_token_id or 0) - 1 if offset else positions


def _see_weights(folder: Path, name: str) -> None:
    """Refuse a folder without safetensors, saying how it gets some."""
    if any(folder.glob("*.safetensors")):
        return
    if not any(folder.glob("*.bin")):
        raise ModelError(f"{name} has no weights (model.safetensors)")
    raise ModelError(
        f"{name} keeps its weights as a pickle alone, which can hold any program and is not opened. Convert it "
        "where you trust it: transformers' AutoModel.from_pretrained(FOLDER).save_pretrained(NEW) writes "
        "model.safetensors; copy the tokenizer's files beside it and name that folder"
    )
