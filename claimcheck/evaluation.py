"""A model held against labelled examples: scores, and how far its confidence can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from claimcheck.metrics import Scores, expected_calibration_error, match_spans, score
from claimcheck.sentences import split_sentences
from claimcheck.span import Label, Labelled, Span


class GoldSpan(Labelled, Protocol):
    """A labelled span that also says whether a claim is worth checking."""

    @property
    def check_worthy(self) -> bool:
        """Only ever true of claims."""


class Gold(Protocol):
    """What evaluation needs of a labelled example."""

    @property
    def text(self) -> str:
        """The raw text."""

    @property
    def spans(self) -> Sequence[GoldSpan]:
        """Its gold spans, sorted and disjoint."""

    @property
    def sentences(self) -> Sequence[tuple[int, int]] | None:
        """Its sentence ranges, where the data has them."""


@dataclass(frozen=True, slots=True)
class Result:
    """One example: what was predicted, which gold span each prediction found, and the scores."""

    example: Gold
    predicted: tuple[Span, ...]
    found: tuple[int | None, ...]
    scores: Scores


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of all examples."""

    results: tuple[Result, ...]

    @property
    def scores(self) -> Scores:
        """All documents together."""
        return sum((result.scores for result in self.results), Scores())

    def confidence(self, label: Label | None = None) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The confidence of every predicted span (of ``label``) and whether it found a gold span."""
        pairs = [
            (span.confidence, found is not None)
            for result in self.results
            for span, found in zip(result.predicted, result.found, strict=True)
            if label in (None, span.label)
        ]
        return np.array([p for p, _ in pairs], np.float64), np.array([r for _, r in pairs], bool)

    def worth(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The check-worthiness of every claim that found a gold claim, and whether gold says so."""
        pairs = [
            (span.check_worthiness, result.example.spans[found].check_worthy)
            for result in self.results
            for span, found in zip(result.predicted, result.found, strict=True)
            if found is not None and span.check_worthiness is not None
        ]
        return np.array([w for w, _ in pairs], np.float64), np.array([g for _, g in pairs], bool)

    def threshold(self, precision: float, label: Label | None = None) -> tuple[float, float] | None:
        """The lowest confidence above which spans (of ``label``) are right with ``precision``.

        Returns:
            That confidence and the share of predicted spans it keeps, or ``None`` where none reaches it.
        """
        confidence, right = self.confidence(label)
        order = np.argsort(-confidence, kind="stable")
        confidence, right = confidence[order], right[order]
        reached = np.cumsum(right) >= precision * np.arange(1, len(right) + 1)
        last_of_value = np.append(confidence[1:] != confidence[:-1], True)[: len(confidence)]
        kept = np.flatnonzero(reached & last_of_value)
        return (float(confidence[kept[-1]]), (int(kept[-1]) + 1) / len(confidence)) if len(kept) else None

    def by(self, key: Callable[[Any], str | None]) -> dict[str, Evaluation]:
        """The evaluation of each group of examples, such as ``by(lambda example: example.genre)``."""
        groups: dict[str, list[Result]] = {}
        for result in self.results:
            groups.setdefault(key(result.example) or "", []).append(result)
        return {name: Evaluation(tuple(group)) for name, group in sorted(groups.items())}

    def summary(self) -> dict[str, Any]:
        """The headline numbers, with the expected calibration error of span confidence."""
        error = expected_calibration_error(*self.confidence())
        return {**self.scores.summary(), "calibration_error": round(error, 4), "documents": len(self.results)}


def evaluate(
    examples: Iterable[Gold], segment: Callable[[Iterable[str]], Iterable[Sequence[Span]]]
) -> Evaluation:
    """Hold a system against examples.

    Args:
        examples: labelled texts.
        segment: texts in, the spans of all four labels of each out, such as ``Model.segments_many``.
    """
    gold = list(examples)
    results = []
    for example, predicted in zip(gold, segment([example.text for example in gold]), strict=True):
        scores = score(
            example.text, example.spans, predicted, example.sentences or split_sentences(example.text)
        )
        found = match_spans(example.spans, predicted)
        results.append(Result(example, tuple(predicted), tuple(found), scores))
    return Evaluation(tuple(results))
