"""Vocabularies for an encoder: a large Unigram one cut to what the texts use, or a new one.

A multilingual encoder spends most of its weights on pieces that Persian never uses, and cuts Persian words
into too many. Cutting keeps the rows of the pieces that are seen and adds frequent words whole, each with the
mean of the rows it was read as (Abdaoui et al., "Load What You Need", 2020; Gee et al., "Fast Vocabulary
Transfer", 2022). Pre-train afterwards: the rows that are means do not know yet that they are words.
"""

from __future__ import annotations

import json
import math
import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

import torch
from tokenizers import Tokenizer, models, processors, trainers

from claimcheck.api import embedded_folder
from claimcheck.folder import open_tokenizer
from claimcheck.training.encoders import Backbone, check_offsets

SPECIALS = {  # of a new vocabulary, in the order of their ids
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
    "cls_token": "<s>",
    "sep_token": "</s>",
}
_ALPHABET = (
    "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئء،؛؟«»" + string.digits + string.ascii_letters + string.punctuation
)
_BLANK = "▁"
_WORD = re.compile(r"[^\W\d_]{2,}")
_BONUS = 0.5  # what a new word scores above its pieces, so that it is read whole
_LINES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Cut:
    """How to cut: pieces seen ``least`` times stay, words seen ``least_word`` times are added whole.

    At most ``size`` pieces in all; those come first that save most, the single characters always.
    """

    least: int = 12
    least_word: int = 60
    size: int = 20_000


def cut_vocabulary(backbone: Backbone, lines: Iterable[str], how: Cut) -> Backbone:
    """The encoder with the pieces that ``lines`` use; ``backbone.module`` is changed in place.

    Special pieces come first and keep their order, so ids change; configuration and tokenizer follow.

    Raises:
        ValueError: the vocabulary is not Unigram, or ``how.size`` has no room for the characters.
        ModelError: the new tokenizer's offsets cannot be trusted.
    """
    tokenizer = backbone.tokenizer
    layout = json.loads(tokenizer.to_str())
    if (kind := layout["model"]["type"]) != "Unigram":
        raise ValueError(f"{backbone.name} has a {kind} vocabulary; only Unigram ones (XLM-R, E5) can be cut")
    seen = _count(tokenizer, lines)
    scores = [float(score) for _, score in layout["model"]["vocab"]]
    decoder: dict[int, Any] = tokenizer.get_added_tokens_decoder()
    entries = [_Entry(added.content, 0.0, (i,), 0) for i, added in sorted(decoder.items())]
    single, several = _kept(tokenizer, seen, scores, how)
    room = how.size - len(entries) - len(single)
    if room < 0:
        raise ValueError(f"a vocabulary of {how.size} pieces has no room for {len(single)} characters")
    several += _new(tokenizer, seen, scores, how)
    entries += single + sorted(several, key=lambda entry: -entry.gain)[:room]
    old = [tokenizer.token_to_id(entry.piece) for entry in entries]
    places = {id_: new for new, id_ in enumerate(old) if id_ is not None}
    smaller = Tokenizer.from_str(json.dumps(_moved(layout, entries, places)))
    smaller.encode_special_tokens = True
    check_offsets(smaller, f"{backbone.name}, cut")
    _move_rows(backbone.module, [entry.rows for entry in entries])
    for name in ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"):
        if (special := getattr(backbone.module.config, name, None)) is not None:
            setattr(backbone.module.config, name, places.get(special))
    return replace(backbone, tokenizer=smaller)


def new_vocabulary(lines: Iterable[str], size: int) -> Tokenizer:
    """A Unigram tokenizer learnt from ``lines`` (Kudo, "Subword Regularization", ACL 2018), with the
    normaliser of the embedded model: letters, marks, digits and half-spaces are folded alike.

    Raises:
        ValueError: ``size`` has no room for the characters.
    """
    model = open_tokenizer(embedded_folder())
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer, tokenizer.pre_tokenizer = model.normalizer, model.pre_tokenizer
    trainer = trainers.UnigramTrainer(
        vocab_size=size,
        special_tokens=list(dict.fromkeys(SPECIALS.values())),
        unk_token="<unk>",
        show_progress=False,
    )
    try:
        tokenizer.train_from_iterator(chain([" ".join(_ALPHABET)], lines), trainer)
    except Exception as error:  # tokenizers raises plain Exception
        raise ValueError(
            f"no vocabulary of {size} pieces can be learnt ({error}); try another --size"
        ) from error
    tokenizer = _with_beginnings(tokenizer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    tokenizer.encode_special_tokens = True
    return tokenizer


def _with_beginnings(tokenizer: Tokenizer) -> Tokenizer:
    """Every letter as the beginning of a word too: otherwise a rare word begins with a blank, a piece of nothing."""
    layout = json.loads(tokenizer.to_str())
    vocabulary = layout["model"]["vocab"]
    scores = dict(vocabulary)
    for letter in sorted({*tokenizer.normalizer.normalize_str(_ALPHABET)} & {*scores}):
        if _BLANK + letter not in scores:
            vocabulary.append((_BLANK + letter, scores[_BLANK] + scores[letter] + _BONUS))
    return Tokenizer.from_str(json.dumps(layout))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A piece of the new vocabulary; its row is the mean of the old ``rows``; ``gain``: pieces it saves."""

    piece: str
    score: float
    rows: tuple[int, ...]
    gain: int


@dataclass(slots=True)
class _Seen:
    """What the texts hold: ids of pieces, words and characters as the normaliser leaves them."""

    pieces: Counter[int] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)


def _count(tokenizer: Tokenizer, lines: Iterable[str]) -> _Seen:
    seen, stream = _Seen(), iter(lines)
    while batch := list(islice(stream, _LINES_AT_ONCE)):
        for encoded in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            seen.pieces.update(encoded.ids)
        for line in batch:
            text = tokenizer.normalizer.normalize_str(line) if tokenizer.normalizer else line
            seen.words.update(text.replace(_BLANK, " ").split())
    for word, many in seen.words.items():
        for character in word:
            seen.characters[character] += many
    seen.characters.update(_ALPHABET)  # what every text may hold, these or not
    return seen


def _kept(
    tokenizer: Tokenizer, seen: _Seen, scores: Sequence[float], how: Cut
) -> tuple[list[_Entry], list[_Entry]]:
    """The old pieces that stay: those of one character that the texts hold, and the frequent others."""
    single, several = [], []
    special: dict[int, Any] = tokenizer.get_added_tokens_decoder()
    for i, score in enumerate(scores):
        if i in special:
            continue
        piece = tokenizer.id_to_token(i) or ""
        bare, many = piece.removeprefix(_BLANK), seen.pieces[i]
        if not bare or (len(bare) == 1 and bare in seen.characters):
            single.append(_Entry(piece, score, (i,), many))
        elif many >= how.least:
            several.append(_Entry(piece, score, (i,), many))
    return single, several


def _new(tokenizer: Tokenizer, seen: _Seen, scores: Sequence[float], how: Cut) -> list[_Entry]:
    """Frequent characters and words that the old vocabulary has not whole."""
    lowest, total = min(scores), sum(seen.pieces.values())
    known = tokenizer.get_vocab(with_added_tokens=True)
    found = []
    for character, many in seen.characters.items():
        if many >= how.least and character not in known and _BLANK + character not in known:
            rows = tokenizer.encode(character, add_special_tokens=False).ids
            found.append(_Entry(character, lowest, (rows[-1],), many))
    for word, many in seen.words.items():
        if many < how.least_word or not _WORD.fullmatch(word) or _BLANK + word in known:
            continue
        rows = tokenizer.encode(word, add_special_tokens=False).ids
        if len(rows) > 1:
            score = max(sum(scores[i] for i in rows) + _BONUS, math.log(many / total))
            found.append(_Entry(_BLANK + word, score, tuple(rows), many * (len(rows) - 1)))
    return found


def _moved(layout: dict[str, Any], entries: Sequence[_Entry], places: dict[int, int]) -> dict[str, Any]:
    """The layout of the old tokenizer with the new pieces and every id where it is now."""
    layout["model"]["vocab"] = [(entry.piece, entry.score) for entry in entries]
    if layout["model"].get("unk_id") is not None:
        layout["model"]["unk_id"] = places[layout["model"]["unk_id"]]
    for added in layout["added_tokens"]:
        added["id"] = places[added["id"]]
    processor = layout.get("post_processor") or {}
    for special in (processor.get("special_tokens") or {}).values():
        special["ids"] = [places[i] for i in special["ids"]]
    for end in ("cls", "sep"):  # of RoBERTa's and BERT's processors
        if end in processor:
            processor[end] = [processor[end][0], places[processor[end][1]]]
    return layout


def _move_rows(module: Any, rows: Sequence[tuple[int, ...]]) -> None:
    """New embedding rows, and new rows and biases of the head's output, as means of the old."""

    def moved(old: torch.Tensor) -> torch.Tensor:
        return torch.stack([old[list(some)].mean(0) for some in rows])

    with torch.no_grad():
        inputs, output = module.get_input_embeddings().weight, module.get_output_embeddings()
        new = moved(inputs)
        after = {name: moved(value) for name, value in output.named_parameters() if value is not inputs}
        module.resize_token_embeddings(len(rows), mean_resizing=False)
        module.get_input_embeddings().weight.copy_(new)
        for name, value in module.get_output_embeddings().named_parameters():
            if name in after:
                value.copy_(after[name])
