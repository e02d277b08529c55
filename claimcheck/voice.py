"""Who speaks in a reporting frame, and how the reporting verb stands to what is said: rules on its text.

The words are in ``voice.toml``. What a frame means is decided in this order: the author («به نظرم»), someone
who cannot be found out («یک منبع آگاه»), the subject of the reporting verb or colon, what follows «به گفتهٔ»,
«به گزارش» or «بر اساس», and else someone known from what was said before.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from claimcheck.lexicon import Folded, fold, pattern


class Kind(StrEnum):
    """Who speaks.

    ``NAMED``: a person or body by name. ``ROLE``: by office, trade or group («وزیر نیرو»، «ساکنان»), by a
    pronoun («وی»), or left out («… و افزود:»). ``UNNAMED``: cannot be found out («یک منبع آگاه»).
    ``DOCUMENT``: a medium, report, statistic, study or law. ``AUTHOR``: whoever wrote the text.
    """

    NAMED = "named"
    ROLE = "role"
    UNNAMED = "unnamed"
    DOCUMENT = "document"
    AUTHOR = "author"


class Stance(StrEnum):
    """What the reporting words do to what is said: pass it on, cast doubt on it, or take it as true."""

    NEUTRAL = "neutral"
    DOUBTING = "doubting"
    ENDORSING = "endorsing"


@dataclass(frozen=True, slots=True)
class Voice:
    """``start`` and ``end``: the words for who speaks, in the frame's text; both 0 where there are none."""

    start: int
    end: int
    kind: Kind
    stance: Stance


@dataclass(frozen=True, slots=True)
class _Words:
    doubting: re.Pattern[str]
    claimed: re.Pattern[str]
    denying: re.Pattern[str]
    endorsing: re.Pattern[str]
    neutral: re.Pattern[str]
    by: re.Pattern[str]
    basis: re.Pattern[str]
    pronouns: re.Pattern[str]
    cuts: re.Pattern[str]
    keeps: re.Pattern[str]
    leads: re.Pattern[str]
    author: re.Pattern[str]
    unnamed: re.Pattern[str]
    documents: re.Pattern[str]
    roles: re.Pattern[str]
    titles: re.Pattern[str]


_NO_LETTERS = re.compile(r"[\W\d_]*")
_EDGE = ' \u200c\n:،,؛."«»“”()[]{}-–—/|*#'
_COMMA = re.compile("[،,؛]")
_PART = re.compile(r"(?:[^:|\s]|\s(?![-–—]\s))+")  # «خبرگزاری الف - وزیر ب:»
_CREDIT = re.compile(
    r"\s*/|\s*[(\[][^)\]]*[)\]]\W*$|\W*منبع\s*:"
)  # the source behind what it says: «/ ایسنا»
_SAYING = re.compile(r"(?:با|ضمن) \w+|اینکه|این[ \u200c]که")  # «با بیان اینکه …»
_LONGEST = 2_000  # characters of a frame that are read; one that is longer is no frame


def hear(frame: str) -> Voice:
    """Who speaks in ``frame``, such as «وزیر نیرو گفت:», and with what stance.

    Only the first 2,000 characters are read.
    """
    return _hear(frame[:_LONGEST])


@lru_cache(maxsize=4096)
def _hear(frame: str) -> Voice:
    words, folded = _words(), fold(frame)
    text = folded.text
    if words.author.search(text):
        return Voice(0, 0, Kind.AUTHOR, _stance(words, text))
    found, kind = _speaker(words, text)
    start, end = folded.place(*found) if found else (0, 0)
    return Voice(start, end, kind, _stance(words, text))


def doubts(folded: Folded) -> list[tuple[int, int]]:
    """Where doubting words stand in a folded text."""
    return [match.span() for match in _words().doubting.finditer(folded.text)]


def _stance(words: _Words, text: str) -> Stance:
    if any(found.search(text) for found in (words.doubting, words.claimed, words.denying)):
        return Stance.DOUBTING
    neutral, endorsing = (
        max((match.end() for match in found.finditer(text)), default=-1)
        for found in (words.neutral, words.endorsing)
    )
    return Stance.ENDORSING if endorsing > neutral else Stance.NEUTRAL


def _speaker(words: _Words, text: str) -> tuple[tuple[int, int] | None, Kind]:
    """Who speaks: the range of the words for them, where there are any, and the kind."""
    subjects = [_phrase(words, text, *part.span()) for part in _PART.finditer(text)]
    documents = [found for found in subjects if found and words.documents.match(text, *found)]
    for found in subjects:
        if found and (found not in documents or len(documents) == sum(map(bool, subjects))):
            break
    else:
        return _left_out(words, text)
    kind = _kind(words, text[slice(*found)])
    if kind in (Kind.NAMED, Kind.ROLE) and (_CREDIT.match(text) or _ends_with(words.basis, text, found[0])):
        kind = Kind.DOCUMENT
    return found, kind


def _left_out(words: _Words, text: str) -> tuple[tuple[int, int] | None, Kind]:
    """The speaker where the reporting words have no subject before them."""
    begin = _begin(words, text, 0, len(text))
    if unnamed := words.unnamed.match(text, begin):
        return unnamed.span(), Kind.UNNAMED
    pronoun = words.pronouns.search(text)
    return (pronoun.span() if pronoun else None), Kind.ROLE


def _phrase(words: _Words, text: str, start: int, end: int) -> tuple[int, int] | None:
    """The noun phrase that speaks in ``text[start:end]``: the subject, or what follows «به گفتهٔ»."""
    start = _begin(words, text, start, end)
    source = words.by.match(text, start, end) or words.basis.match(text, start, end)
    if not source:
        return _until(words, text, start, end)
    found = _until(words, text, _begin(words, text, source.end(), end), end, stop_at_comma=True)
    comma = _COMMA.search(text, found[1], end) if found else None
    after = _until(words, text, _begin(words, text, comma.end(), end), end) if comma else None
    return after if after and _verb(words, text, after[1], end) else found


def _begin(words: _Words, text: str, start: int, end: int) -> int:
    """Behind bullets and conjunctions."""
    while True:
        mark = _NO_LETTERS.match(text, start, end)
        assert mark
        start = mark.end()
        lead = words.leads.match(text, start, end)
        if not lead or words.unnamed.match(text, start) or words.pronouns.match(text, start):
            return start
        start = lead.end()


def _until(
    words: _Words, text: str, start: int, end: int, stop_at_comma: bool = False
) -> tuple[int, int] | None:
    """``start`` to the first word that is no longer the phrase's, trimmed."""
    kept = [match.span() for match in words.keeps.finditer(text, start, end)]
    stops = [end]
    for expression in (
        words.cuts,
        words.neutral,
        words.endorsing,
        words.doubting,
        words.claimed,
        words.denying,
    ):
        at = (match.start() for match in expression.finditer(text, start, end))
        stops.append(next((i for i in at if not any(a < i < b for a, b in kept)), end))
    comma = _COMMA.search(text, start, end) if stop_at_comma else None
    stop = min([*stops, comma.start()] if comma else stops)
    phrase = text[start:stop]
    stop = start + len(phrase.rstrip(_EDGE))
    if (text[stop : stop + 1], "(" in text[start:stop]) == (")", True):
        stop += 1  # «پیامبر (ص)»
    return (start, stop) if stop > start else None


def _ends_with(words: re.Pattern[str], text: str, end: int) -> bool:
    return any(not text[match.end() : end].strip(_EDGE) for match in words.finditer(text, 0, end))


def _verb(words: _Words, text: str, start: int, end: int) -> bool:
    """Whether reporting words, or the colon that stands for them, follow."""
    expressions = (words.neutral, words.endorsing, words.doubting, _SAYING)
    return text[end : end + 1] == ":" or any(found.search(text, start, end) for found in expressions)


def _kind(words: _Words, phrase: str) -> Kind:
    if words.unnamed.match(phrase):
        return Kind.UNNAMED
    if words.pronouns.match(phrase):
        return Kind.ROLE
    if words.documents.match(phrase):
        return Kind.DOCUMENT
    if not words.roles.match(phrase) or words.titles.match(phrase):
        return Kind.NAMED
    names = (part.strip(_EDGE) for part in _COMMA.split(phrase)[1:])
    named = any(
        name and " و " not in name and not words.roles.match(name) and len(name.split()) < 6 for name in names
    )
    return Kind.NAMED if named else Kind.ROLE


@cache
def _words() -> _Words:
    data = tomllib.loads(Path(__file__).with_name("voice.toml").read_text("utf-8"))
    sets = data.pop("sets")
    return _Words(
        **{name: pattern(entries, sets) for part in data.values() for name, entries in part.items()}
    )
