"""Rumour cues: surface signs that make a fact-checker look first, each with its words and the reason.

What counts as a sign is data, ``cues.toml``; here it is found and given to the claims. A cue is a way of
speaking: it never says that something is false.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
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
_AROUND = 2  # sentences before and after in which a cue that speaks for a whole post looks for a claim


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
    found = []
    for rule in _lexicon().rules:
        for start, end in _matches(rule, folded):
            if not rule.unsourced or _unsourced(folded, start, end, spans):
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
    flags: dict[int, dict[str, Flag]] = {i: {} for i in claims}
    if not claims:
        return list(spans)
    starts = [start for start, _ in split_sentences(text)] or [0]
    sentence = {i: _sentence(starts, spans[i].start) for i in claims}
    posts = {rule.name for rule in _lexicon().rules if rule.post}
    for cue in cues:
        flag = Flag(cue.name, cue.score, cue.reason, Slice(cue.start, cue.end, cue.text))
        for i in _spoken_for(cue, spans, claims, sentence, _sentence(starts, cue.start), cue.name in posts):
            flags[i].setdefault(cue.name, flag)
    return [
        replace(span, flags=(*span.flags, *flags[i].values())) if flags.get(i) else span
        for i, span in enumerate(spans)
    ]


def _spoken_for(
    cue: Cue,
    spans: Sequence[Span],
    claims: Sequence[int],
    sentence: dict[int, int],
    own: int,
    post: bool,
) -> list[int]:
    over = [i for i in claims if spans[i].start < cue.end and cue.start < spans[i].end]
    if not over:
        frames = ((i, spans[i].attribution) for i in claims)
        over = [i for i, frame in frames if frame and frame.start < cue.end and cue.start < frame.end]
    over = over or [i for i in claims if sentence[i] == own]
    if over or not post:
        return over
    near = min((abs(at - own), at) for at in sentence.values())
    return [i for i in claims if sentence[i] == near[1]] if near[0] <= _AROUND else []


def _sentence(starts: Sequence[int], position: int) -> int:
    return max(bisect_right(starts, position) - 1, 0)


def _matches(rule: _Rule, folded: Folded) -> list[tuple[int, int]]:
    """Ranges in the folded text, without the bullets before them; longest first where they overlap."""
    found = [m.span() for sign in rule.signs for m in sign.finditer(folded.text)]
    if rule.doubts:
        found += voice.doubts(folded)
    if not found:
        return []
    innocent = [m.span() for m in rule.unless.finditer(folded.text)]
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if folded.text[start:end].strip().isprintable() and any(c.isalnum() for c in folded.text[start:end]):
            lead = _LEAD.match(folded.text, start)
            assert lead
            start = lead.end()
        if (not kept or start >= kept[-1][1]) and not _touches(innocent, start, end):
            kept.append((start, end))
    return kept


def _touches(ranges: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    at = bisect_right(ranges, (start, end))  # sorted and disjoint, so that only neighbours can
    return any(a < end and start < b for a, b in ranges[max(at - 1, 0) : at + 1])


def _unsourced(folded: Folded, start: int, end: int, spans: Sequence[Span] | None) -> bool:
    """Whether the paragraph names no source, and, where spans are known, the author makes the claim."""
    a = folded.text.rfind("\n", 0, start) + 1
    b = folded.text.find("\n", end)
    b = len(folded.text) if b < 0 else b
    if _lexicon().sources.search(folded.text, a, b):
        return False
    if spans is None:
        return True
    (first, last), (begin, stop) = folded.place(start, end), folded.place(a, b)
    around = [span for span in spans if span.start < stop and begin < span.end]
    if any(span.attribution or span.label is Label.ATTRIBUTION for span in around):
        return False
    return any(span.label is Label.CLAIM and span.start < last and first < span.end for span in around)


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
