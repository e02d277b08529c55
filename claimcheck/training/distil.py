"""What teachers say of texts without labels, as rows to learn from.

Teachers may have other tokenizers than the student: their probabilities go by way of characters, so a piece
of the student gets the mean of what was said of its characters (Hinton et al., "Distilling the Knowledge in a
Neural Network", 2015; soft labels at temperature 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from claimcheck.encoding import Encoder, Encoding, windows
from claimcheck.model import Model
from claimcheck.sentences import split_sentences
from claimcheck.tags import TAGS
from claimcheck.training.batches import Row, cut

_TEXTS_AT_ONCE = 256


def soft_rows(texts: Iterable[str], teachers: Sequence[Model], encoder: Encoder) -> Iterator[Row]:
    """Rows for the student, with the mean probabilities of all teachers.

    Args:
        texts: any number of texts; those without a sentence give no row.
        teachers: opened models.
        encoder: the student's encoding.
    """
    stream = iter(texts)
    while batch := list(islice(stream, _TEXTS_AT_ONCE)):
        ranges = [split_sentences(text) for text in batch]
        means = [np.zeros((len(text), len(TAGS)), np.float32) for text in batch]
        for teacher in teachers:
            said = teacher.tag_log_probabilities(batch, ranges)
            for mean, (encoding, logs) in zip(means, said, strict=True):
                mean += _by_character(encoding, np.exp(logs), len(mean)) / len(teachers)
        for mean, encoding in zip(means, encoder.encode(batch, ranges), strict=True):
            targets = _by_piece(encoding, mean)
            read = [(window.start, window.stop) for window in windows(encoding, encoder.size)]
            yield from cut(encoding.ids, targets, encoder, read)


def _by_character(encoding: Encoding, probabilities: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """``(length, len(TAGS))``; zeros where no piece is."""
    out = np.zeros((length, len(TAGS)), np.float32)
    many = np.zeros(length, np.float32)
    for start, end, row in zip(encoding.starts, encoding.ends, probabilities, strict=True):
        out[start:end] += row
        many[start:end] += 1
    means: NDArray[np.float32] = out / np.maximum(many, 1)[:, None]
    return means


def _by_piece(encoding: Encoding, characters: NDArray[np.float32]) -> NDArray[np.float16]:
    """``(pieces, len(TAGS))``: the mean over a piece's characters that somebody said something of."""
    sums = np.vstack([np.zeros((1, len(TAGS)), np.float32), np.cumsum(characters, 0, dtype=np.float64)])
    inside = sums[encoding.ends] - sums[encoding.starts]
    total = inside.sum(1, keepdims=True)
    shares: NDArray[np.float16] = np.divide(inside, total, out=np.zeros_like(inside), where=total > 0).astype(
        np.float16
    )
    return shares
