"""Word, span and sentence scores, and calibration. Pure: counts add up over documents.

The definitions are those of the data: a word is a run of non-blanks and has the label of most of its
characters; a predicted span is right when a gold span of its label overlaps it enough (greedy, each gold
span once); a sentence has the content label that covers most of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimcheck.span import Label, Labelled

NONE = "none"
CONTENT = (Label.CLAIM, Label.OPINION, Label.CALL_TO_ACTION)
_PRIORITY = (Label.CALL_TO_ACTION, Label.CLAIM, Label.OPINION)  # where two labels cover equally much
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives of one label; they add."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of the predicted that is right; 0 where nothing was predicted."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold that was found; 0 where there was none."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else 0.0


def macro_f1(counts: dict[str, Counts], labels: Iterable[str]) -> float:
    """Mean F1 of those of ``labels`` that are in the data or were predicted; 0 where none is."""
    found = [counts[str(label)] for label in labels if str(label) in counts]
    return float(np.mean([one.f1 for one in found if one != Counts()] or [0.0]))


def micro_f1(counts: dict[str, Counts]) -> float:
    """F1 of all labels' counts together."""
    return sum(counts.values(), Counts()).f1


@dataclass(frozen=True, slots=True)
class Scores:
    """Counts by label at every level, and the confusion of sentence labels; they add.

    ``span`` asks for an overlap (intersection over union) of half, ``exact`` for equal boundaries.
    """

    word: dict[str, Counts] = field(default_factory=dict)
    sentence: dict[str, Counts] = field(default_factory=dict)
    span: dict[str, Counts] = field(default_factory=dict)
    exact: dict[str, Counts] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            _add(self.word, other.word),
            _add(self.sentence, other.sentence),
            _add(self.span, other.span),
            _add(self.exact, other.exact),
            self.confusion + other.confusion,
        )

    @property
    def sentence_macro_f1(self) -> float:
        """Over the three content labels and none, those that occur."""
        return macro_f1(self.sentence, (*CONTENT, NONE))

    @property
    def word_macro_f1(self) -> float:
        """Over those of the four labels that occur; none does not count."""
        return macro_f1(self.word, Label)

    @property
    def span_f1(self) -> float:
        """Micro-F1 at an overlap of half."""
        return micro_f1(self.span)

    @property
    def exact_f1(self) -> float:
        """Micro-F1 of exact boundaries."""
        return micro_f1(self.exact)

    def summary(self) -> dict[str, Any]:
        """The four headline numbers and F1 by label, rounded to four places."""
        return {
            "sentence_macro_f1": round(self.sentence_macro_f1, 4),
            "word_macro_f1": round(self.word_macro_f1, 4),
            "span_f1": round(self.span_f1, 4),
            "exact_span_f1": round(self.exact_f1, 4),
            "by_label": {
                level: {label: round(counts.f1, 4) for label, counts in sorted(getattr(self, level).items())}
                for level in ("sentence", "word", "span", "exact")
            },
        }


def score(
    text: str, gold: Sequence[Labelled], predicted: Sequence[Labelled], sentences: Sequence[tuple[int, int]]
) -> Scores:
    """The scores of one document."""
    sentence_pairs = [(sentence_label(gold, a, b), sentence_label(predicted, a, b)) for a, b in sentences]
    return Scores(
        word=_tally(zip(word_labels(text, gold), word_labels(text, predicted), strict=True)),
        sentence=_tally(sentence_pairs),
        span=_span_counts(gold, predicted, 0.5),
        exact=_span_counts(gold, predicted, 1.0),
        confusion=Counter(sentence_pairs),
    )


def word_labels(text: str, spans: Sequence[Labelled]) -> list[str]:
    """The label of every word: that of most of its characters."""
    characters = [NONE] * len(text)
    for span in spans:
        characters[span.start : span.end] = [str(span.label)] * (span.end - span.start)
    return [Counter(characters[m.start() : m.end()]).most_common(1)[0][0] for m in _WORD.finditer(text)]


def sentence_label(spans: Sequence[Labelled], start: int, end: int) -> str:
    """The content label that covers most of ``[start, end)``; ``none`` where nothing does."""
    cover: Counter[Label] = Counter()
    for span in spans:
        if span.label is not Label.ATTRIBUTION:
            cover[span.label] += max(0, min(end, span.end) - max(start, span.start))
    most = max(cover.values(), default=0)
    return str(next(label for label in _PRIORITY if cover[label] == most)) if most else NONE


def expected_calibration_error(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10
) -> float:
    """Mean gap between confidence and accuracy over equally wide bins, weighted by their size.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017. 0 for no predictions.
    """
    rows = reliability(confidence, right, bins)
    return sum(n * abs(mean - accuracy) for mean, accuracy, n in rows) / max(1, len(confidence))


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10
) -> list[tuple[float, float, int]]:
    """(mean confidence, accuracy, how many) of every bin that holds a prediction."""
    place = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    picked = [(place == b) for b in range(bins)]
    return [(float(confidence[m].mean()), float(right[m].mean()), int(m.sum())) for m in picked if m.any()]


def roc_auc(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The chance that a positive is scored above a negative, ties counting half; nan where one kind lacks."""
    lower, upper = (
        np.searchsorted(np.sort(score[~positive]), score[positive], side) for side in ("left", "right")
    )
    pairs = int(positive.sum()) * int((~positive).sum())
    return float((lower + upper).sum()) / (2 * pairs) if pairs else float("nan")


def match_spans(
    gold: Sequence[Labelled], predicted: Sequence[Labelled], overlap: float = 0.5
) -> list[int | None]:
    """For every predicted span the index of the gold span it finds, or ``None``: right or wrong.

    The first gold span of its label, not yet found, whose intersection over union is ``overlap`` or more.
    """
    found: list[int | None] = []
    for span in predicted:
        candidates = (
            i
            for i, other in enumerate(gold)
            if i not in found and other.label == span.label and _overlap(span, other) >= overlap
        )
        found.append(next(candidates, None))
    return found


def _add(left: dict[str, Counts], right: dict[str, Counts]) -> dict[str, Counts]:
    return {k: left.get(k, Counts()) + right.get(k, Counts()) for k in {**left, **right}}


def _tally(pairs: Iterable[tuple[str, str]]) -> dict[str, Counts]:
    tp: Counter[str] = Counter()
    fp: Counter[str] = Counter()
    fn: Counter[str] = Counter()
    for gold, predicted in pairs:
        if gold == predicted:
            tp[gold] += 1
        else:
            fn[gold] += 1
            fp[predicted] += 1
    return {label: Counts(tp[label], fp[label], fn[label]) for label in {*tp, *fp, *fn}}


def _span_counts(
    gold: Sequence[Labelled], predicted: Sequence[Labelled], overlap: float
) -> dict[str, Counts]:
    found = match_spans(gold, predicted, overlap)
    pairs = [
        (str(s.label) if i is not None else "", str(s.label)) for s, i in zip(predicted, found, strict=True)
    ]
    pairs += [(str(other.label), "") for i, other in enumerate(gold) if i not in found]
    return {label: counts for label, counts in _tally(pairs).items() if label}


def _overlap(a: Labelled, b: Labelled) -> float:
    inside = min(a.end, b.end) - max(a.start, b.start)
    return inside / (max(a.end, b.end) - min(a.start, b.start)) if inside > 0 else 0.0
