"""Examples to batches: what is learnt from, typed a little otherwise every epoch.

A row is a window of pieces with a target for each: a distribution over the tags (one tag for labelled data,
a teacher's probabilities for texts without labels). The encoding is that of analysis (``encoding.py``).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimcheck.encoding import Encoder, windows
from claimcheck.examples import Example
from claimcheck.sentences import split_sentences
from claimcheck.tags import TAGS, character_tags, token_tags

Targets = NDArray[np.float16]
_HALF_SPACE = "\u200c"
_PUNCTUATION = re.compile(r"(?<!\d)[.,،؛:!؟?…«»\"()\[\]\-–](?!\d)")
_POOL = 64  # batches among which rows of like length are sought


@dataclass(frozen=True, slots=True)
class Row:
    """One window: ``ids`` ``(pieces,)``, ``targets`` ``(pieces, len(TAGS))``; a zero row does not count."""

    ids: NDArray[np.int32]
    targets: Targets


@dataclass(frozen=True, slots=True)
class Variation:
    """How often a passage is read otherwise than it stands; every share is between 0 and 1.

    ``sentences``: cut to its single sentences. ``half_spaces``: all its half-spaces left out or made blanks.
    ``punctuation``: left out. No label changes by any of them, which is what is to be learnt.
    """

    sentences: float = 0.5
    half_spaces: float = 0.15
    punctuation: float = 0.1


def labelled_rows(
    examples: Sequence[Example], encoder: Encoder, variation: Variation, rng: random.Random
) -> list[Row]:
    """The rows of one epoch."""
    texts, tags, ranges = [], [], []
    for example in examples:
        whole = character_tags(example.text, example.spans, [span.check_worthy for span in example.spans])
        sentences = list(example.sentences or split_sentences(example.text))
        alone = len(sentences) > 1 and rng.random() < variation.sentences
        for start, end in sentences if alone else [(0, len(example.text))]:
            text, kept = vary(example.text[start:end], whole[start:end], variation, rng)
            texts.append(text)
            tags.append(kept)
            ranges.append(split_sentences(text))
    rows = []
    for character, encoding in zip(tags, encoder.encode(texts, ranges), strict=True):
        found = token_tags(character, encoding.starts.tolist(), encoding.ends.tolist(), ignore=-1)
        targets = np.zeros((len(found), len(TAGS)), np.float16)
        known = [i for i, tag in enumerate(found) if tag >= 0]
        targets[known, [found[i] for i in known]] = 1
        read = [(window.start, window.stop) for window in windows(encoding, encoder.size)]
        rows += cut(encoding.ids, targets, encoder, read)
    return rows


def vary(text: str, tags: Sequence[int], variation: Variation, rng: random.Random) -> tuple[str, list[int]]:
    """A text typed otherwise, with the tag of each character that is left.

    >>> vary("می‌رود.", [4] * 7, Variation(half_spaces=0, punctuation=1), random.Random(0))
    ('می\\u200cرود', [4, 4, 4, 4, 4, 4])
    """
    dropped: set[int] = set()
    if rng.random() < variation.half_spaces:
        if rng.random() < 0.7:
            dropped.update(i for i, c in enumerate(text) if c == _HALF_SPACE)
        else:
            text = text.replace(_HALF_SPACE, " ")
    if rng.random() < variation.punctuation:
        dropped.update(match.start() for match in _PUNCTUATION.finditer(text))
    kept = [i for i in range(len(text)) if i not in dropped]
    return "".join(text[i] for i in kept), [tags[i] for i in kept]


def cut(
    ids: NDArray[np.int64], targets: Targets, encoder: Encoder, ranges: Sequence[tuple[int, int]]
) -> list[Row]:
    """The rows of a text's windows, the special pieces around them without a target."""
    rows = []
    for start, stop in ranges:
        around = [*encoder.prefix, *ids[start:stop].tolist(), *encoder.suffix]
        full = np.zeros((len(around), len(TAGS)), np.float16)
        full[len(encoder.prefix) : len(encoder.prefix) + stop - start] = targets[start:stop]
        rows.append(Row(np.array(around, np.int32), full))
    return rows


def batches(lengths: Sequence[int], pieces: int, rng: random.Random) -> Iterator[list[int]]:
    """Which rows make a batch: in random order, like length together, at most ``pieces`` padded pieces."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    mean = sum(lengths) / max(1, len(lengths))
    pool = max(1, int(_POOL * pieces / max(1.0, mean)))
    out: list[list[int]] = []
    for first in range(0, len(order), pool):
        batch: list[int] = []
        for i in sorted(order[first : first + pool], key=lengths.__getitem__):
            if batch and (len(batch) + 1) * lengths[i] > pieces:
                out.append(batch)
                batch = []
            batch.append(i)
        out.append(batch)
    rng.shuffle(out)
    yield from out


def collate(
    batch: Sequence[Row], pad_id: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """``ids`` and ``mask`` ``(rows, pieces)``, ``targets`` ``(rows, pieces, len(TAGS))``, padded."""
    length = max(len(row.ids) for row in batch)
    ids = np.full((len(batch), length), pad_id, np.int64)
    mask = np.zeros((len(batch), length), np.int64)
    targets = np.zeros((len(batch), length, len(TAGS)), np.float32)
    for i, row in enumerate(batch):
        ids[i, : len(row.ids)] = row.ids
        mask[i, : len(row.ids)] = 1
        targets[i, : len(row.ids)] = row.targets
    return ids, mask, targets
