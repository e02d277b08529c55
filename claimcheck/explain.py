"""Which words decided a label: the few without which the span would get another one.

Greedy erasure on the very windows that analysis reads (after Li, Monroe and Jurafsky, "Understanding Neural
Networks through Representation Erasure", 2016; and, for the search, Feng et al., "Pathologies of Neural Models
Make Interpretations Difficult", EMNLP 2018): each word of the sentence is left out in turn, the one whose
absence hurts the label most goes, and so on, until another label wins. To leave out one at a time only would miss
what is said twice. The same text gives the same answer; ``scripts/explanations.py`` measures how faithful it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from claimcheck import tags
from claimcheck.encoding import windows
from claimcheck.model import Model, of_one_length
from claimcheck.sentences import split_sentences
from claimcheck.span import Span, Word

_MOST_WORDS = 5  # of a span; a label that stands without them hangs on no word
_LABELS = tuple(dict.fromkeys(tags.LABEL_OF_TAG))  # both claims are one
_Mask = NDArray[np.bool_]


def explain(model: Model, text: str, spans: Sequence[Span]) -> list[Span]:
    """``spans`` with ``words`` filled in: the words of its sentence that the label of each hangs on.

    Args:
        model: the one that found the spans.
        text: the text that it found them in.
        spans: of any label.

    Returns:
        The same spans. ``words`` are in the order of the text, at most five; the ``weight`` of each is by how
        much the log-odds (nats) of the label fell when it was left out too.
    """
    if not spans:
        return []
    sentences = split_sentences(text)
    (encoding,) = model.encoder.encode([text], [sentences])
    read = windows(encoding, model.encoder.size)
    out = []
    for span in spans:
        inside = np.flatnonzero((encoding.starts >= span.start) & (encoding.starts < span.end))
        middle = inside[len(inside) // 2]
        window = next(window for window in read if window.own_start <= middle < window.own_stop)
        start, end = sentences[encoding.sentence[middle]]
        pieces = slice(window.start, window.stop)
        asked = _Question(model, encoding.ids[pieces], encoding.starts[pieces], span)
        words = [(a, b) for a, b in tags.words(text, start, end) if any(map(str.isalnum, text[a:b]))]
        found = [(tags.trim(text, *words[i]), fall) for i, fall in asked.decisive(words)]
        said = [Word(a, b, text[a:b], round(fall, 4)) for (a, b), fall in sorted(found)]
        out.append(replace(span, words=tuple(said)))
    return out


@dataclass(frozen=True, slots=True)
class _Question:
    """What the model says of a span's label when pieces of its window, ``(pieces,)`` each, are left out."""

    model: Model
    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    span: Span

    def decisive(self, words: Sequence[tuple[int, int]]) -> list[tuple[int, float]]:
        """The words to leave out, by number, in order, and how much the log-odds fall by each."""
        counts = (self.starts >= self.span.start) & (self.starts < self.span.end)
        without = {i: (self.starts < a) | (self.starts >= b) for i, (a, b) in enumerate(words)}
        without = {i: mask for i, mask in without.items() if not mask.all()}
        keep = np.ones(len(self.ids), bool)
        odds, wins = self._ask([keep], counts)[0]
        out: list[tuple[int, float]] = []
        while wins and len(out) < _MOST_WORDS:
            left = [i for i, mask in without.items() if (keep & mask & counts).any()]
            answers = self._ask([keep & without[i] for i in left], counts)
            (lower, wins), best = min(zip(answers, left, strict=True), default=((odds, wins), -1))
            if lower >= odds:
                break
            keep = keep & without.pop(best)
            out.append((best, odds - lower))
            odds = lower
        return out

    def _ask(self, keeps: Sequence[_Mask], counts: _Mask) -> list[tuple[float, bool]]:
        """For each choice of pieces to keep: the mean log-odds of the label, and whether it still wins."""
        prefix, suffix = self.model.encoder.prefix, self.model.encoder.suffix
        column = _LABELS.index(self.span.label)
        out: list[tuple[float, bool]] = [(0.0, False)] * len(keeps)
        for some in of_one_length([int(keep.sum()) for keep in keeps]):
            rows = np.array([[*prefix, *self.ids[keeps[i]].tolist(), *suffix] for i in some], np.int64)
            logits = self.model.runtime.logits(rows, np.ones_like(rows)).astype(np.float64)
            shares = np.exp(logits - logits.max(-1, keepdims=True))
            shares /= shares.sum(-1, keepdims=True)
            for i, row in zip(some, shares, strict=True):
                inner = row[len(prefix) : len(row) - len(suffix)][counts[keeps[i]]]
                by_label = np.hstack([inner[:, : tags.CLAIM], inner[:, tags.CLAIM :].sum(1, keepdims=True)])
                own = by_label[:, column].clip(1e-6, 1 - 1e-6)
                wins = int(by_label.mean(0).argmax()) == column
                out[i] = float(np.log(own / (1 - own)).mean()), wins
        return out
