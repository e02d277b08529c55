"""Text to windows of token ids with offsets: the ONE encoding, shared by training and use.

A text is encoded sentence by sentence with the model's own ``tokenizer.json`` (its normaliser folds
letters and digits, so offsets point into the raw text by themselves) and read in windows of whole
sentences, no longer than those the model was trained on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

IntArray = NDArray[np.int64]
_SURROGATE = re.compile("[\ud800-\udfff]")  # not text to the tokenizer: read as one unknown character


@dataclass(frozen=True, slots=True)
class Encoding:
    """The pieces of one text, special ones left out.

    ``ids``, ``starts``, ``ends`` and ``sentence`` are all ``(pieces,)``: token ids, character offsets
    into the raw text, and the index of the sentence each piece is of.
    """

    ids: IntArray
    starts: IntArray
    ends: IntArray
    sentence: IntArray


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces ``[start, stop)`` go through the model; the answer is kept for ``[own_start, own_stop)``."""

    start: int
    stop: int
    own_start: int
    own_stop: int


class Encoder:
    """A tokenizer and the special ids it puts around a sequence.

    Args:
        tokenizer: opened ``tokenizer.json``; its truncation and padding are switched off, and the names
            of special tokens typed in a text are read as ordinary text.
        size: the most pieces a window holds, special ones included.
    """

    def __init__(self, tokenizer: Tokenizer, size: int = 128) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        self.tokenizer = tokenizer
        whole, bare = (tokenizer.encode("و", add_special_tokens=flag).ids for flag in (True, False))
        at = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        self.prefix, self.suffix = whole[:at], whole[at + len(bare) :]
        self.size = size - len(self.prefix) - len(self.suffix)

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[tuple[int, int]]]) -> list[Encoding]:
        """Encode ``texts``, each cut at its ``sentences``; one call into Rust for all of them."""
        parts = [
            _SURROGATE.sub("\ufffd", text[a:b])
            for text, ranges in zip(texts, sentences, strict=True)
            for a, b in ranges
        ]
        encoded = iter(self.tokenizer.encode_batch(parts, add_special_tokens=False))
        out = []
        for ranges in sentences:
            ids: list[int] = []
            offsets: list[tuple[int, int]] = []
            lengths, shifts = [], []
            for (start, _), part in zip(ranges, encoded, strict=False):
                ids += part.ids
                offsets += part.offsets
                lengths.append(len(part.ids))
                shifts.append(start)
            place = np.repeat(np.arange(len(ranges)), lengths)
            spans = np.array(offsets, np.int64).reshape(-1, 2) + np.repeat(shifts, lengths)[:, None].astype(
                np.int64
            )
            out.append(Encoding(np.array(ids, np.int64), spans[:, 0], spans[:, 1], place))
        return out

    def window_ids(self, encoding: Encoding, window: Window) -> list[int]:
        """The ids of a window with the special ones around them."""
        return [*self.prefix, *encoding.ids[window.start : window.stop].tolist(), *self.suffix]


def windows(encoding: Encoding, size: int) -> list[Window]:
    """Cover every piece once with windows of at most ``size`` pieces.

    A text that fits is one window. A longer one is cut into runs of whole sentences, as many as fit. A
    sentence that is too long by itself is cut into slices, each read with a quarter of ``size`` of its
    neighbours on either side, so that windows overlap there.
    """
    total = len(encoding.ids)
    ends = [*(np.flatnonzero(np.diff(encoding.sentence)) + 1).tolist(), total] if total else []
    out: list[Window] = []
    start = done = 0
    for end in ends:
        if end - start > size and done > start:
            out.append(Window(start, done, start, done))
            start = done
        if end - start > size:
            out += _slices(start, end, size)
            start = end
        done = end
    return [*out, Window(start, done, start, done)] if start < done else out


def _slices(start: int, end: int, size: int) -> list[Window]:
    context = size // 4
    cuts = [*range(start, end, size - 2 * context), end]
    return [Window(max(start, a - context), min(end, b + context), a, b) for a, b in pairwise(cuts)]
