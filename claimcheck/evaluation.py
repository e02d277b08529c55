"""A model held against labelled examples: scores, and how far its confidence can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from claimcheck.metrics import Scores, expected_calibration_error, match_spans, score
from claimcheck.sentences import split_sentences
from claimcheck.span import Labelled, Span


class Gold(Protocol):
    """What evaluation needs of a labelled example."""

    @property
    def text(self) -> str:
        """The raw text."""

    @property
    def spans(self) -> Sequence[Labelled]:
        """Its gold spans, sorted and disjoint."""

    @property
    def sentences(self) -> Sequence[tuple[int, int]] | None:
        """Its sentence ranges, where the data has them."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores of every document, and for every predicted span its confidence and whether it was right."""

    documents: tuple[Scores, ...]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]

    @property
    def scores(self) -> Scores:
        """All documents together."""
        return sum(self.documents, Scores())

    def summary(self) -> dict[str, Any]:
        """The headline numbers, with the expected calibration error of span confidence."""
        error = expected_calibration_error(self.confidence, self.right)
        return {
            **self.scores.summary(),
            "calibration_error": round(error, 4),
            "documents": len(self.documents),
        }


def evaluate(
    examples: Iterable[Gold], segment: Callable[[Iterable[str]], Iterable[Sequence[Labelled]]]
) -> Evaluation:
    """Hold a system against examples.

    Args:
        examples: labelled texts.
        segment: texts in, one sequence of spans of all four labels a text out, such as
            ``Model.segments_many``; spans without a ``confidence`` count as certain.
    """
    gold = list(examples)
    documents, confidence, right = [], [], []
    for example, predicted in zip(gold, segment(example.text for example in gold), strict=True):
        sentences = example.sentences or split_sentences(example.text)
        documents.append(score(example.text, example.spans, predicted, sentences))
        confidence += [span.confidence if isinstance(span, Span) else 1.0 for span in predicted]
        right += [found is not None for found in match_spans(example.spans, predicted)]
    return Evaluation(tuple(documents), np.array(confidence), np.array(right, bool))
