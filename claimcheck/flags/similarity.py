"""The probability that two sentences claim the same: a logistic model of ten things one can look at.

The weights stand in ``similarity.json``, with what they mean; ``scripts/matching.py fit`` writes the file.
A conflict (other numbers, a negation, other names, the opposite) counts by the cube of how much both have in
common: in «۲۰ درصد گران شد» and «۳۰ درصد گران شد» it decides, in two texts that share little it says little.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claimcheck.flags.rarity import Rarity
from claimcheck.flags.reading import Reading

FloatArray = NDArray[np.float32]
FILE = Path(__file__).with_name("similarity.json")
FEATURES = {
    "sense": "cosine of the sentence vectors",
    "letters": "cosine over character n-grams, the rare ones heavier",
    "record_covered": "share of the record's words that the text has, by rarity",
    "both_covered": "the smaller of that and the text's words that the record has",
    "rarest_shared": "rarity of the rarest word in both, in units of ten nats",
    "rumour": "the text says that it is about a rumour",
    "numbers_differ": "each names a number that the other has not",
    "negation_differs": "one is negated, the other is not",
    "names_differ": "each has a listed name of one kind that the other has not",
    "opposite": "one has a word of the other side of a listed pair",
    "exchanged": "rarity of the word that each has in place of the other's",
}
_NEAR = 0.8  # what an inflected form of the same word counts
_STEM = 4


@dataclass(frozen=True, slots=True)
class Similarity:
    """A logistic model: ``weights`` ``(len(FEATURES),)`` and an offset."""

    weights: FloatArray
    offset: float

    @classmethod
    def open(cls) -> Similarity:
        """The weights that ship."""
        content = json.loads(FILE.read_text(encoding="utf-8"))
        weights = [float(content["weights"][name]) for name in FEATURES]
        return cls(np.array(weights, np.float32), float(content["offset"]))

    def probabilities(self, features: FloatArray) -> FloatArray:
        """``(pairs,)`` in 0-1 from ``(pairs, len(FEATURES))``."""
        odds = np.clip(features @ self.weights + self.offset, -30, 30)
        probabilities: FloatArray = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return probabilities


def features(text: Reading, records: Sequence[Reading], cosines: FloatArray, rarity: Rarity) -> FloatArray:
    """What ``Similarity`` looks at: ``(records, len(FEATURES))``.

    Args:
        text: what is asked for.
        records: what it may be the same as.
        cosines: of their sentence vectors, ``(records,)``.
        rarity: the background.
    """
    grams = rarity.gram_cosines(text.text, [record.text for record in records])
    own = rarity.of_words(text.words)
    rows = [
        _row(text, own, record, rarity.of_words(record.words), float(sense), float(letters))
        for record, sense, letters in zip(records, cosines, grams, strict=True)
    ]
    return np.array(rows, np.float32).reshape(-1, len(FEATURES))


def _row(
    text: Reading, own: list[float], record: Reading, theirs: list[float], sense: float, letters: float
) -> list[float]:
    record_covered, shared, missing = _cover(record.words, theirs, text.words)
    text_covered, _, added = _cover(text.words, own, record.words)
    both = min(record_covered, text_covered)
    alike = both**3
    kinds = {kind for kind, _ in text.names - record.names} & {kind for kind, _ in record.names - text.names}
    ours, others = text.sides - record.sides, record.sides - text.sides
    opposite = any((axis, 1 - side) in others for axis, side in ours)
    numbers = bool(text.numbers - record.numbers) and bool(record.numbers - text.numbers)
    return [
        sense,
        letters,
        record_covered,
        both,
        shared / 10,
        float(text.rumour),
        numbers * alike,
        (text.negated != record.negated) * alike,
        bool(kinds) * alike,
        opposite * alike,
        min(missing, added) / 10 * alike,
    ]


def _cover(
    words: Sequence[str], rarities: Sequence[float], others: Sequence[str]
) -> tuple[float, float, float]:
    """The share of ``words`` (by rarity) among ``others``, the rarest found and the rarest missing."""
    known = set(others)
    total = found = rarest = missing = 0.0
    for word, rare in zip(words, rarities, strict=True):
        total += rare
        near = 1.0 if word in known else _NEAR if _inflected(word, others) else 0.0
        found += near * rare
        rarest = max(rarest, near * rare)
        if not near:
            missing = max(missing, rare)
    return found / total if total else 0.0, rarest, missing


def _inflected(word: str, others: Sequence[str]) -> bool:
    """Whether one of ``others`` is likely a form of ``word``: a long beginning in common, or one in the other."""
    if len(word) < _STEM or word[0] == "#":
        return False
    for other in others:
        if len(other) < _STEM or other[0] == "#":
            continue
        if word in other or other in word:
            return True
        if word[:_STEM] == other[:_STEM]:
            same = _STEM
            while same < min(len(word), len(other)) and word[same] == other[same]:
                same += 1
            if same >= 0.6 * max(len(word), len(other)):
                return True
    return False
