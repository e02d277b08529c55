"""Which reporting frame a span stands under: the rules of Persian reported speech, on decoded segments.

Inside a sentence a frame introduces what follows it («وی با تأکید بر اینکه …», «گفت: …»); what nothing
introduces belongs to the frame behind it («… ، وزیر نیرو گفت.»), unless that one introduces something of
its own. Across sentences a frame stays open while the quotation after it does («…»), or, after a colon
without a quotation, to the end of the paragraph; the next frame takes over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from claimcheck.span import Attribution, Label, Span

_OPEN, _CLOSE = "«“‹", "»”›"
_QUOTE = re.compile(r"[«“‹»”›\"]")
_LONGEST_QUOTATION = 5_000  # characters; a mark that is never closed must not own the rest of a document
_PARAGRAPH = re.compile(r"[\n\r\x85\u2028\u2029]")
_INTRODUCES = re.compile(r":[\s\u200c]*$")


def link(text: str, spans: Sequence[Span], sentences: Sequence[tuple[int, int]]) -> list[Span]:
    """Give every content span the frame it stands under.

    Args:
        text: the whole text.
        spans: its segments of all four labels, sorted and disjoint, each inside one sentence.
        sentences: the ranges of its sentences, sorted.

    Returns:
        The same spans, ``attribution`` filled in on those of the three content labels.
    """
    out: list[Span] = []
    carried: Span | None = None  # the frame that reaches into this sentence
    first = previous = 0
    for start, end in sentences:
        if carried and not _reaches(
            text, carried, start, _PARAGRAPH.search(text, previous, start) is not None
        ):
            carried = None
        last = first
        while last < len(spans) and spans[last].start < end:
            last += 1
        out += _link_sentence(text, spans[first:last], carried)
        frames = [s for s in spans[first:last] if s.label is Label.ATTRIBUTION]
        carried = next((f for f in reversed(frames) if _reaches(text, f, end)), carried)
        first, previous = last, end
    return out


def _link_sentence(text: str, spans: Sequence[Span], carried: Span | None) -> list[Span]:
    frames = [s for s in spans if s.label is Label.ATTRIBUTION]
    behind = frames[0] if len(frames) == 1 and frames[0] is spans[-1] else None
    if behind and _INTRODUCES.search(text, behind.start, behind.end):
        behind = None
    out, before = [], None
    for span in spans:
        if span.label is Label.ATTRIBUTION:
            before = span
        else:
            quoting = carried if carried and _quote_open(text, carried, span.start) else None
            colon = carried if carried and _opening(text, carried) is None else None
            frame = before or quoting or behind or colon
            if frame:
                span = replace(span, attribution=Attribution(frame.start, frame.end, frame.text))
        out.append(span)
    return out


def _reaches(text: str, frame: Span, position: int, new_paragraph: bool = False) -> bool:
    """Whether what ``frame`` introduces is still going on at ``position``."""
    if _opening(text, frame) is not None:
        return _quote_open(text, frame, position)
    return not new_paragraph and bool(_INTRODUCES.search(text, frame.start, frame.end))


def _opening(text: str, frame: Span) -> int | None:
    """Where the quotation that follows ``frame`` opens, if it does so at once."""
    at = frame.end
    while at < len(text) and (text[at].isspace() or text[at] in ":،,\u200c\u200e\u200f"):
        at += 1
    if at < len(text) and text[at] in _OPEN + '"':
        return at
    return frame.end - 1 if text[frame.end - 1] in _OPEN + '"' else None


def _quote_open(text: str, frame: Span, position: int) -> bool:
    """Whether the quotation after ``frame`` is still open at ``position``."""
    opening = _opening(text, frame)
    if opening is None or position - opening > _LONGEST_QUOTATION:
        return False
    if text[opening] == '"':
        return '"' not in text[opening + 1 : position]
    depth = 0
    for match in _QUOTE.finditer(text, opening, position):
        mark = match.group()
        depth += (mark in _OPEN) - (mark in _CLOSE)
        if depth <= 0 and mark != '"':
            return False
    return True
