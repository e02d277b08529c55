"""Sentence ranges on the raw string, for Persian as people type it. Standard library only.

``sentence_ends`` says where sentences end; here the stretches between become ranges. Nothing is rewritten,
so offsets are exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from unicodedata import category

from claimcheck.characters import ACCENT, HIDDEN, LINE, SIGN
from claimcheck.sentence_ends import EDGE, LETTER, cuts, skip

_BROKEN = re.compile(f"[{LINE}]")
_OPENING = re.compile(rf"[{SIGN}«(\[“]")  # on a line of its own, this waits for the next
_SOLID = re.compile(rf"[^\s{HIDDEN}]")
_SEEN = re.compile(rf"[^\s{HIDDEN}{ACCENT}\u0640]")
_HAZM = re.compile(r"(?<=[!.?⸮؟])[ \n]+|\n\n")  # what hazm 0.10 to 0.12 turns into a blank line, and one


def split_sentences(text: str, rules: str = "claimcheck") -> list[tuple[int, int]]:
    """Ranges of the sentences of ``text``, as Python indices into it, end exclusive.

    Ranges ascend, are disjoint and trimmed of outer blanks, and every visible character is in exactly one.
    Closing quotes and emoji stay with the sentence that they follow; a line break ends a sentence; signs
    that stand alone join a neighbour.

    Args:
        text: raw text of any length.
        rules: ``"claimcheck"``, or ``"hazm"`` for the exact boundaries of hazm's ``SentenceTokenizer``.

    Raises:
        TypeError: ``text`` is not a ``str``.
        ValueError: ``rules`` names no rules.

    >>> text = "دکتر م. ر. کاشانی گفت: «هوا خوب است. برف نمی‌بارد.» جلسه تمام شد."
    >>> [text[start:end] for start, end in split_sentences(text)]
    ['دکتر م. ر. کاشانی گفت: «هوا خوب است.', 'برف نمی‌بارد.»', 'جلسه تمام شد.']
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: {text!r:.60}")
    if rules == "hazm":
        return list(_hazm(text))
    if rules != "claimcheck":
        raise ValueError(f"rules must be 'claimcheck' or 'hazm', got {rules!r}")
    return _join(text, _pieces(text, cuts(text)))


def _pieces(text: str, ends: Iterable[int]) -> Iterator[tuple[int, int]]:
    """What stands between cuts, trimmed."""
    last = 0
    for cut in ends:
        if cut <= last:
            continue  # within blanks already passed
        start, end = skip(EDGE, text, last), cut
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end:
            yield start, end
        last = max(start, cut)


def _join(text: str, pieces: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentences: a piece without a letter joins the one before it, a bullet or an opening quote the next,
    and a mark that combines what it stands on."""
    ranges: list[tuple[int, int]] = []
    signs: tuple[int, int] | None = None  # that wait for a sentence
    for start, end in pieces:
        while ranges and not signs and start < end and category(text[start])[0] == "M":
            ranges[-1] = (ranges[-1][0], start + 1)
            start = min(skip(EDGE, text, start + 1), end)
        if LETTER.search(text, start, end):
            ranges.append((signs[0] if signs else start, end))
            signs = None
        elif not _SOLID.search(text, start, end):
            continue
        elif signs:
            signs = (signs[0], end)
        elif not ranges or (_BROKEN.search(text, ranges[-1][1], start) and _OPENING.match(text, start)):
            signs = (start, end)
        else:
            ranges[-1] = (ranges[-1][0], end)
    if signs and ranges:
        ranges[-1] = (ranges[-1][0], signs[1])
    elif signs and _SEEN.search(text, *signs):
        ranges.append(signs)
    return ranges


def _hazm(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end, following in [*(match.span() for match in _HAZM.finditer(text)), (len(text), 0)]:
        piece = text[start:end]
        first = start + len(piece) - len(piece.lstrip())
        if piece := piece.strip():
            yield first, first + len(piece)
        start = following
