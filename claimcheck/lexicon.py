"""Word lists that people can read, matched in Persian as it is typed. Standard library only.

Text is folded first: one form of every letter and digit, no accents, tatweel or hidden signs, a letter drawn
out and a run of blanks as one, a row of one sign as three. Patterns are folded too, so they are plain words;
what else they may hold is said at ``pattern``. Offsets are given back on the raw text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from claimcheck.characters import ACCENT, BLANK, HIDDEN, LINE

_FOLDED = str.maketrans(
    "يىئكةۀۂأإآٱؤ" + "٠١٢٣٤٥٦٧٨٩" + "۰۱۲۳۴۵۶۷۸۹" + "٪",
    "یییکهههااااو" + "0123456789" + "0123456789" + "%",
)
_RUN = f"{BLANK}{LINE}{HIDDEN}{ACCENT}\u0640"
_CHANGED = re.compile(
    rf"(?P<run>[{_RUN}]{{2,}}|(?![ \n\u200c])[{_RUN}])"
    r"|(?P<drawn>([^\W\d_])\3{2,}|([^\w\s])\4{3,})"
    "|[\ufb50-\ufdff\ufe70-\ufefc]"  # presentation forms
)
_LINE, _BLANK = re.compile(f"[{LINE}]"), re.compile(f"[{BLANK}]")
_ON_LETTER = re.compile(f"[{ACCENT}\u0640]*")

_GAP = "(?:[^\n.!?؟؛:]{0,60}[ \u200c])??"
_SYNTAX = {
    " ": "[ \u200c]",
    "\u200c": "[ \u200c]?",
    "(": "(?:",
    ")": ")",
    "|": "|",
    "?": "?",
    "*": "[\u200c\\w]{0,12}",
    "#": r"[0-9]{1,15}(?:[.,/٫٬][0-9]{1,6}){0,4}",
    "!": r"(?= ?[!❗‼/|:])",
    "^": r"(?:(?<![^\n])|(?<=[.!؟:»] ))[^\w\n]{0,9}",
}


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is matched, and where each stretch of it stands in the raw text."""

    text: str
    raw: str
    _starts: tuple[int, ...]  # of pieces, in ``text``
    _places: tuple[tuple[int, int, bool], ...]  # in ``raw``; whether character by character

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The range in the raw text of ``text[start:end]``, which is not empty; accents stay on their letter."""
        i, j = bisect_right(self._starts, start) - 1, bisect_right(self._starts, end - 1) - 1
        first, _, same = self._places[i]
        begin = first + start - self._starts[i] if same else first
        first, last, same = self._places[j]
        on_letter = _ON_LETTER.match(self.raw, first + end - self._starts[j] if same else last)
        assert on_letter
        return begin, on_letter.end()


def fold(text: str) -> Folded:
    """``text`` with what does not tell words apart taken out; time grows with its length."""
    pieces: list[str] = []
    starts: list[int] = []
    places: list[tuple[int, int, bool]] = []
    done = at = 0

    def add(piece: str, start: int, end: int, same: bool) -> None:
        nonlocal at
        if piece:
            pieces.append(piece)
            starts.append(at)
            places.append((start, end, same))
            at += len(piece)

    for match in _CHANGED.finditer(text):
        add(text[done : match.start()].translate(_FOLDED), done, match.start(), True)
        add(_put(match), *match.span(), False)
        done = match.end()
    add(text[done:].translate(_FOLDED), done, len(text), True)
    return Folded("".join(pieces), text, tuple(starts), tuple(places))


def _put(match: re.Match[str]) -> str:
    found = match.group()
    if match["drawn"]:
        return found[0].translate(_FOLDED) if found[0].isalpha() else found[:3]
    if not match["run"]:
        return normalize("NFKC", found).translate(_FOLDED)
    if _LINE.search(found):
        return "\n"
    return " " if _BLANK.search(found) else "\u200c" if "\u200c" in found else ""


def pattern(entries: Iterable[str], sets: Mapping[str, Iterable[str]] | None = None) -> re.Pattern[str]:
    """Entries of a word list as one expression for folded text; whole words only.

    An entry is written as the words are, half-spaces included: a half-space may be a blank or nothing in the
    text, a blank may be a half-space. Beside words it may hold ``(a|b)``, ``(a)?``, ``{name}`` for any entry
    of ``sets[name]``, ``…`` between blanks for up to sixty characters of the same sentence, ``*`` for any
    ending of a word, ``#`` for a number in digits, ``!`` where a mark of exclamation, a slash or a colon must
    follow, and ``^`` for the beginning of a sentence or line with the bullets on it.

    Raises:
        ValueError: an entry is broken or names a set that is not there.
    """
    entries = list(entries)
    if not entries:
        return re.compile(r"(?!)")
    return re.compile(
        rf"(?<![\w\u200c])(?:{'|'.join(_compiled(e, sets or {}) for e in entries)})(?!\u200c?\w)"
    )


def _compiled(entry: str, sets: Mapping[str, Iterable[str]]) -> str:
    out, rest = [], entry
    while rest:
        if rest.startswith(" … "):
            out.append(_SYNTAX[" "] + _GAP)
            rest = rest[3:]
        elif rest[0] == "{":
            name, _, rest = rest[1:].partition("}")
            if name not in sets:
                raise ValueError(
                    f"{entry!r} names {{{name}}}; there are {', '.join(sorted(sets)) or 'no sets'}"
                )
            out.append(f"(?:{'|'.join(_compiled(one, sets) for one in sets[name])})")
        else:
            sign = rest[0]
            out.append(_SYNTAX.get(sign) or re.escape(fold(sign).text))
            rest = rest[1:]
    expression = "".join(out)
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"{entry!r} is not a pattern: {error}; see claimcheck.lexicon.pattern") from error
    return f"(?:{expression})"
