"""Rumour cues: surface signs that make a fact-checker look first, each with its words and the reason.

What counts as a sign is data, ``cues.toml``; here it is found and given to the claims. A cue is a way of
speaking: it never says that something is false.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from claimcheck import voice
from claimcheck.lexicon import Folded, fold, pattern
from claimcheck.sentences import split_sentences
from claimcheck.span import Flag, Label, Slice, Span

_LEAD = re.compile(r"[\W_]*")
_AROUND = (
    0,
    -1,
    1,
    -2,
    2,
)  # sentences in which a cue that speaks for a whole post looks for a claim, in order


@dataclass(frozen=True, slots=True)
class Cue:
    """One sign: ``text`` is what stands at ``start`` to ``end`` of the caller's string.

    ``name`` is its kind, ``reason`` a line of plain English, ``score`` (0-1) what this kind weighs.
    """

    start: int
    end: int
    text: str
    name: str
    reason: str
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {name: getattr(self, name) for name in ("start", "end", "text", "name", "reason", "score")}


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    reason: str
    score: float
    signs: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str]
    unsourced: bool
    doubts: bool
    post: bool


def find_cues(text: str, spans: Sequence[Span] | None = None) -> list[Cue]:
    """The cues of ``text``, sorted by place.

    Kinds that hang on a missing source (``absolute``, ``number_without_source``) are found only in paragraphs
    that name no source. With ``spans`` they also have to touch a claim that the author makes: one that
    stands under no frame, in a paragraph without frames. All other kinds do not depend on ``spans``.

    Args:
        text: raw text of any length; time grows with it.
        spans: what ``analyze`` or ``Model.segments`` gave for ``text``, or ``None``.

    Raises:
        TypeError: ``text`` is not a ``str``.

    >>> [(cue.name, cue.text) for cue in find_cues("شنیده‌ها حاکی است فردا بنزین گران می‌شود. تا پاک نشده پخش کنید!")]
    [('unnamed_source', 'شنیده‌ها حاکی'), ('share_pressure', 'تا پاک نشده پخش کنید')]
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: {text!r:.60}")
    folded = fold(text)
    own = _Own(folded, spans)
    found = []
    for rule in _lexicon().rules:
        for start, end in _matches(rule, folded):
            if not rule.unsourced or own.holds(start, end):
                first, last = folded.place(start, end)
                found.append(Cue(first, last, text[first:last], rule.name, rule.reason, rule.score))
    return sorted(found, key=lambda cue: (cue.start, cue.end, cue.name))


def attach(text: str, spans: Sequence[Span], cues: Iterable[Cue]) -> list[Span]:
    """``spans`` with a flag for each cue that speaks for them; only claims get flags.

    A cue goes to the claims that it overlaps; else to the claims under the frame that it overlaps; else to
    the claims of its sentence. One that speaks for a whole post (sharing, urgency, secrecy, shouting) and has
    no claim in its sentence goes to those of the nearest sentence with one, at most two sentences away, the
    earlier of two as near. A claim gets one flag of a kind, for the first cue.

    Args:
        text: the text that was analysed.
        spans: its spans, sorted and disjoint; what they hold already is kept.
        cues: what ``find_cues`` gave for it.
    """
    claims = [i for i, span in enumerate(spans) if span.label is Label.CLAIM]
    if not claims:
        return list(spans)
    flags: dict[int, dict[str, Flag]] = {i: {} for i in claims}
    starts = [start for start, _ in split_sentences(text)]
    in_sentence: dict[int, list[int]] = {}
    under: dict[tuple[int, int], list[int]] = {}
    for i in claims:
        in_sentence.setdefault(_sentence(starts, spans[i].start), []).append(i)
        if frame := spans[i].attribution:
            under.setdefault((frame.start, frame.end), []).append(i)
    frames = sorted(under)
    places = [(spans[i].start, spans[i].end) for i in claims]
    posts = {rule.name for rule in _lexicon().rules if rule.post}
    for cue in cues:
        flag = Flag(cue.name, cue.score, cue.reason, Slice(cue.start, cue.end, cue.text))
        own = _sentence(starts, cue.start)
        spoken_for = (
            [claims[k] for k in _touched(places, cue.start, cue.end)]
            or [i for k in _touched(frames, cue.start, cue.end) for i in under[frames[k]]]
            or next(
                (
                    in_sentence[own + k]
                    for k in (_AROUND if cue.name in posts else (0,))
                    if own + k in in_sentence
                ),
                [],
            )
        )
        for i in spoken_for:
            flags[i].setdefault(cue.name, flag)
    return [
        replace(span, flags=(*span.flags, *flags[i].values())) if flags.get(i) else span
        for i, span in enumerate(spans)
    ]


def _sentence(starts: Sequence[int], position: int) -> int:
    return max(bisect_right(starts, position) - 1, 0)


def _matches(rule: _Rule, folded: Folded) -> list[tuple[int, int]]:
    """Ranges in the folded text, without the bullets before them; the first where they overlap."""
    found = [m.span() for sign in rule.signs for m in sign.finditer(folded.text)]
    if rule.doubts:
        found += voice.doubts(folded)
    if not found:
        return []
    innocent = [m.span() for m in rule.unless.finditer(folded.text)]
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        lead = _LEAD.match(folded.text, start, end)
        if lead and lead.end() < end:  # a row of marks is all that shouting shows
            start = lead.end()
        if (not kept or start >= kept[-1][1]) and not _touched(innocent, start, end):
            kept.append((start, end))
    return kept


def _touched(ranges: Sequence[tuple[int, int]], start: int, end: int) -> range:
    """Which of ``ranges``, sorted and disjoint, overlap ``start`` to ``end``."""
    first = max(bisect_right(ranges, (start, start)) - 1, 0)
    first += first < len(ranges) and ranges[first][1] <= start
    last = bisect_left(ranges, (end, end))
    return range(first, max(first, last))


class _Own:
    """Where the author makes claims without a source; what is known of a paragraph is asked once."""

    def __init__(self, folded: Folded, spans: Sequence[Span] | None) -> None:
        self.folded = folded
        self.spans = spans
        self.lines = [0, *(match.end() for match in re.finditer("\n", folded.text))]
        self.known: dict[int, bool] = {}
        self.places = [(span.start, span.end) for span in spans or ()]
        self.claims = [(s.start, s.end) for s in spans or () if s.label is Label.CLAIM and not s.attribution]

    def holds(self, start: int, end: int) -> bool:
        """Whether ``start`` to ``end`` of the folded text is the author's, and the paragraph names no source."""
        number = bisect_right(self.lines, start) - 1
        if number not in self.known:
            self.known[number] = self._unsourced(number)
        if not self.known[number] or self.spans is None:
            return self.known[number]
        return bool(_touched(self.claims, *self.folded.place(start, end)))

    def _unsourced(self, number: int) -> bool:
        start, end = self.lines[number], ([*self.lines[number + 1 : number + 2], len(self.folded.text)])[0]
        if _lexicon().sources.search(self.folded.text, start, end):
            return False
        first, last = self.folded.place(start, end)
        around = (self.spans[i] for i in _touched(self.places, first, last)) if self.spans else ()
        return not any(span.attribution or span.label is Label.ATTRIBUTION for span in around)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    rules: tuple[_Rule, ...]
    sources: re.Pattern[str]


@cache
def _lexicon() -> _Lexicon:
    data = tomllib.loads(Path(__file__).with_name("cues.toml").read_text("utf-8"))
    sets = data["sets"]
    rules = tuple(
        _Rule(
            name,
            cue["reason"],
            cue["score"],
            (*(re.compile(mark) for mark in cue.get("marks", ())), pattern(cue.get("signs", ()), sets)),
            pattern(cue.get("unless", ()), sets),
            cue.get("unsourced", False),
            cue.get("doubts", False),
            cue.get("reach") == "post",
        )
        for name, cue in data["cue"].items()
    )
    return _Lexicon(rules, pattern(data["sources"], sets))
