"""Untrusted text made safe to show, character by character, so that offsets hold.

What would act on a page or a terminal is replaced: a control character by its picture (U+001B by ␛; those of C1
by U+FFFD), a lone surrogate by U+FFFD, the other line separators (U+0085, U+2028, U+2029) and a CR before LF by
what they look like. Bidirectional controls stay as typed, but those left open can be closed, and a closing mark
that closes nothing dropped. ZWNJ, ZWJ and direction marks stay.
"""

from __future__ import annotations

import re

_SHOWN = (
    {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
    | {0x7F: 0x2421}
    | dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], 0xFFFD)
    | dict.fromkeys([0x85, 0x2028, 0x2029], 0x0A)
)
_CRLF = re.compile(r"\r(?=\n)")
_PDF, _PDI = "\u202c", "\u2069"
_OPENS = dict.fromkeys("\u202a\u202b\u202d\u202e", _PDF) | dict.fromkeys("\u2066\u2067\u2068", _PDI)
_BIDI = re.compile("([\u202a-\u202e\u2066-\u2069])")


def shown(text: str) -> str:
    """As many characters as ``text`` has, none of which acts."""
    return _CRLF.sub(" ", text).translate(_SHOWN)


def safe(text: str) -> str:
    """A text for a page: control characters by their pictures, bidirectional controls closed; not escaped."""
    return closed(text.translate(_SHOWN))


def without_bidi(text: str) -> str:
    """Without bidirectional controls, for a terminal."""
    return _BIDI.sub("", text)


def closed(text: str) -> str:
    """Bidirectional controls paired line by line, so that none reaches past ``text``, whoever wraps it."""
    return "\n".join(map(_close_line, text.split("\n")))


def _close_line(line: str) -> str:
    pieces: list[str] = []
    waiting: list[str] = []
    isolates = 0
    for piece in _BIDI.split(line):
        if piece in _OPENS:
            waiting.append(_OPENS[piece])
            isolates += _OPENS[piece] == _PDI
        elif piece == _PDI:
            if not isolates:
                continue  # it would close the element around the text
            isolates -= 1
            while waiting.pop() != _PDI:
                pass
        elif piece == _PDF:
            if not waiting or waiting[-1] == _PDI:
                continue
            waiting.pop()
        pieces.append(piece)
    return "".join(pieces + waiting[::-1])
