"""Spans to token tags and token probabilities to spans: the one alignment and the one edge rule.

A model emits, for every token, a distribution over ``TAGS``. Going in (training), characters carry
the tag of their span and a token takes the commonest tag of its characters. Coming out (use), the
pieces of a word are averaged and the best path over the words of a sentence is found with a price
for changing tag (Viterbi), so that one stray token cannot shred a clause. A semi-Markov decode,
which scores the length of a segment as well, takes the square of the time and gained nothing beyond the
noise (``docs/experiments.md``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimcheck.span import Label, Labelled

FloatArray = NDArray[np.floating[Any]]
TAGS = ("none", "attribution", "opinion", "call_to_action", "claim", "claim_check_worthy")
NONE, CLAIM, CHECK_WORTHY = TAGS.index("none"), TAGS.index("claim"), TAGS.index("claim_check_worthy")
LABEL_OF_TAG: tuple[Label | None, ...] = (None, *(Label(tag) for tag in TAGS[1:5]), Label.CLAIM)

# What the data trims off a span. Quotes, brackets and ":" stay: they are part of the segment. Signs alone
# before the first word or behind the end mark («. این», «رفت! 😍») are segments of their own in the data.
_INVISIBLE = "\u200c\u200d\u200e\u200f\u061c\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069"
_LEADING = re.compile(rf"(?:[\s،؛,;\-–—{_INVISIBLE}]|[.!؟?…۔](?!\d))+")
_TRAILING = re.compile(rf"[\s،؛,;.!؟?…۔{_INVISIBLE}]+")
_REMARK = re.compile(r"(?<=[.!؟?…۔])\s+(?:[:;]-?[()]+|[^\w\s«»\"()\[\]])+$")
# A word is a run of non-blanks; it ends early after a colon, a comma or an end mark that a letter follows
# without a blank («گفت:دستور», «نشست،اما»), since clauses meet there. Not in numbers, links or initialisms.
_WORD = re.compile(r"\S+")
_GLUED = re.compile(r"(?<=[^\W\d_]{2})[:،؛,.!؟?…»\"”)]+(?=[«\"“(]*[^\W\d_A-Za-z])")
_LINK = re.compile(r"[/@#_]|www\.|[A-Za-z]")
_SAYS = re.compile(r"[^\W_]")  # signs alone («👈») say nothing
_OPENING = re.compile(r"[«\"“‘'(\[{‹]+")


@dataclass(frozen=True, slots=True)
class Decoder:
    """Prices of the path over the words of a sentence, in nats.

    ``switch_cost`` is paid wherever the label changes, ``worth_cost`` where only the worth of a claim
    does: a claim worth checking beside an ordinary one makes two spans, but not for a word's doubt.
    """

    switch_cost: float = 2.0
    worth_cost: float = 6.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A decoded stretch: ``[start, end)``, its tag, and the mean word probabilities of ``TAGS`` in it."""

    start: int
    end: int
    tag: int
    probabilities: tuple[float, ...]


def words(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Ranges of the words of ``text[start:end]``, the units whose tag is decided.

    >>> words("وی گفت:دستور دادند.", 0, 19)
    [(0, 2), (3, 7), (7, 12), (13, 19)]
    """
    out = []
    for match in _WORD.finditer(text, start, end):
        a, b = match.span()
        if b - a > 3 and not _LINK.search(text, a, b):
            for glue in _GLUED.finditer(text, a, b):
                out.append((a, glue.end()))
                a = glue.end()
        out.append((a, b))
    return out


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The edge rule of the data: blanks, commas, dashes and end marks off the front, end marks off the end.

    A combining mark is kept with its letter: ``end`` is never moved to before one.
    """
    if front := _LEADING.match(text, start, end):
        start = front.end()
    while True:
        while end > start and _TRAILING.match(text, end - 1, end):
            end -= 1
        if not (remark := _REMARK.search(text, max(start, end - 20), end)):
            return start, end
        end = remark.start()


def character_tags(text: str, spans: Sequence[Labelled], check_worthy: Sequence[bool]) -> list[int]:
    """The tag of every character of ``text``.

    Marks and blanks after a span that belong to none take the tag on their left, as a reader would.
    """
    tags = [NONE] * len(text)
    for span, worthy in zip(spans, check_worthy, strict=True):
        tag = CHECK_WORTHY if worthy and span.label is Label.CLAIM else TAGS.index(span.label)
        tags[span.start : span.end] = [tag] * (span.end - span.start)
    for i in range(1, len(tags)):
        if tags[i] == NONE and tags[i - 1] != NONE and not text[i].isalnum():
            tags[i] = tags[i - 1]
    return tags


def token_tags(
    tags: Sequence[int], starts: Sequence[int], ends: Sequence[int], ignore: int = -100
) -> list[int]:
    """The commonest tag of each token's characters; ``ignore`` for a token of none."""
    out = []
    for start, end in zip(starts, ends, strict=True):
        inside = Counter(tags[start:end])
        out.append(inside.most_common(1)[0][0] if inside else ignore)
    return out


def word_log_probabilities(
    log_probabilities: FloatArray, starts: NDArray[np.int64], ranges: Sequence[tuple[int, int]]
) -> FloatArray:
    """Mean log-probability of the pieces of each word.

    Args:
        log_probabilities: ``(tokens, len(TAGS))``.
        starts: ``(tokens,)`` first character of each token, ascending.
        ranges: the words, ascending and disjoint.

    Returns:
        ``(words, len(TAGS))``; zeros (no evidence) for a word that got no token.
    """
    ends = np.fromiter((end for _, end in ranges), np.int64, len(ranges))
    word = np.minimum(np.searchsorted(ends, starts, side="right"), len(ranges) - 1)
    total = np.zeros((len(ranges), log_probabilities.shape[1]))
    np.add.at(total, word, log_probabilities)
    pieces = np.bincount(word, minlength=len(ranges))
    means: FloatArray = total / np.maximum(pieces, 1)[:, None]
    return means


def best_path(scores: FloatArray, cost: float) -> list[int]:
    """The column of each row that maximises the sum, less ``cost`` for every change (Viterbi)."""
    leaders = scores.argmax(1)
    if (leaders == leaders[0]).all():  # as in most sentences
        return [int(leaders[0])] * len(leaders)
    rows: list[list[float]] = scores.tolist()
    columns = range(len(rows[0]))
    score = rows[0]
    back: list[list[int]] = []
    for row in rows[1:]:
        leader = max(columns, key=score.__getitem__)
        switched = score[leader] - cost
        back.append([leader if switched > kept else column for column, kept in enumerate(score)])
        score = [max(kept, switched) + emission for kept, emission in zip(score, row, strict=True)]
    path = [max(columns, key=score.__getitem__)]
    for origin in reversed(back):
        path.append(origin[path[-1]])
    return path[::-1]


def decode(
    text: str, ranges: Sequence[tuple[int, int]], log_probabilities: FloatArray, decoder: Decoder
) -> list[Segment]:
    """The labelled segments of one sentence.

    Labels first, the two claims together; then the worth of each claim, by the same path search.

    Args:
        text: the whole text.
        ranges: the words of the sentence, not empty.
        log_probabilities: ``(words, len(TAGS))`` from ``word_log_probabilities``.
        decoder: the prices.
    """
    probabilities = np.exp(log_probabilities)
    claim = np.log(probabilities[:, CLAIM:].sum(1, keepdims=True) + 1e-9)
    path = best_path(np.hstack([log_probabilities[:, :CLAIM], claim]), decoder.switch_cost)
    for i in range(len(path) - 2, -1, -1):  # an opening quote right before a cut opens the next segment
        if path[i] != path[i + 1] and _OPENING.fullmatch(text, *ranges[i]):
            path[i] = path[i + 1]
    for first, last in _runs(path):
        if path[first] == CLAIM:
            worth = best_path(log_probabilities[first:last, CLAIM:], decoder.worth_cost)
            path[first:last] = [CLAIM + column for column in worth]
    out = []
    for first, last in _runs(path):
        start, end = trim(text, ranges[first][0], ranges[last - 1][1])
        if path[first] != NONE and _SAYS.search(text, start, end):
            total = probabilities[first:last].sum(0)
            out.append(Segment(start, end, path[first], tuple((total / total.sum()).tolist())))
    return out


def _runs(path: Sequence[int]) -> list[tuple[int, int]]:
    """The maximal runs ``[first, last)`` of one value."""
    cuts = [i for i in range(1, len(path)) if path[i] != path[i - 1]]
    return list(zip([0, *cuts], [*cuts, len(path)], strict=True))
