"""How far scores would move with other documents: intervals by resampling them.

Percentile bootstrap over documents (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993), paired
where two systems read the same ones. Counts add, so a resample is a weighted sum and nothing is scored anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claimcheck.evaluation import Evaluation
from claimcheck.metrics import CONTENT, NONE
from claimcheck.span import Label

LEVELS = ("sentence", "word", "span", "exact")
_LABELS = {
    "sentence": (*map(str, CONTENT), NONE),
    "word": tuple(map(str, Label)),
    "span": tuple(map(str, Label)),
    "exact": tuple(map(str, Label)),
}
_MACRO = ("sentence", "word")


@dataclass(frozen=True, slots=True)
class Interval:
    """A score and the 95 % interval of it."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Rounded to four places."""
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def intervals(evaluation: Evaluation, weights: NDArray[np.float64]) -> dict[str, dict[str, Interval]]:
    """By level, by label and ``all``: F1 with its interval. ``weights`` come from ``resamples``."""
    return {level: _level(evaluation, level, weights) for level in LEVELS}


def differences(
    before: Evaluation, after: Evaluation, weights: NDArray[np.float64]
) -> dict[str, dict[str, Interval]]:
    """The same for ``after`` less ``before``, resampled together."""
    out = {}
    for level in LEVELS:
        one, two = _samples(before, level, weights), _samples(after, level, weights)
        out[level] = {name: _interval(two[name] - one[name]) for name in two}
    return out


def resamples(documents: int, times: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """``(times + 1, documents)``: how often each document counts; first each once, then drawn anew."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(documents, np.full(documents, 1 / max(1, documents)), size=times)
    return np.vstack([np.ones(documents), drawn]).astype(np.float64)


def _level(evaluation: Evaluation, level: str, weights: NDArray[np.float64]) -> dict[str, Interval]:
    return {name: _interval(values) for name, values in _samples(evaluation, level, weights).items()}


def _samples(
    evaluation: Evaluation, level: str, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """F1 of every label, and of all, for every row of ``weights``."""
    labels = _LABELS[level]
    counts = np.zeros((len(evaluation.results), len(labels), 3))
    for i, result in enumerate(evaluation.results):
        found = getattr(result.scores, level)
        for j, label in enumerate(labels):
            if label in found:
                counts[i, j] = found[label].tp, found[label].fp, found[label].fn
    sums = np.tensordot(weights, counts, 1)
    by_label = _f1(sums)
    occur = (sums > 0).any(2)  # of the others there is nothing to measure
    macro = by_label.sum(1) / np.maximum(occur.sum(1), 1)
    total = macro if level in _MACRO else _f1(sums.sum(1))
    return {"all": total, **{label: by_label[:, j] for j, label in enumerate(labels)}}


def _f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    tp, fp, fn = counts[..., 0], counts[..., 1], counts[..., 2]
    total = 2 * tp + fp + fn
    out: NDArray[np.float64] = np.divide(2 * tp, total, out=np.zeros_like(total), where=total > 0)
    return out


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values[1:], [2.5, 97.5]) if len(values) > 1 else (values[0], values[0])
    return Interval(float(values[0]), float(low), float(high))
