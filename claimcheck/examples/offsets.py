"""Offsets counted in UTF-16 units, as browsers do, to and from Python's code points.

Astral characters (most emoji) are two units. doccano counts units (its issue 2290); older Label Studio did
(its issue 1347), newer ones count code points.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from claimcheck.examples.records import BadRow

UTF16, CODE_POINTS = "utf-16", "code-points"
UNITS = (UTF16, CODE_POINTS)


def to_utf16(text: str) -> Callable[[int], int]:
    """From code points to units.

    >>> to_utf16("😀 بله")(2)
    3
    """
    if not has_astral(text):
        return int
    return _unit_starts(text).__getitem__


def from_utf16(text: str) -> Callable[[int], int]:
    """From units to code points. An offset beyond the text stays beyond it; inside a pair is ``BadRow``.

    >>> from_utf16("😀 بله")(3)
    2
    """
    if not has_astral(text):
        return int
    starts = _unit_starts(text)
    place = {unit: i for i, unit in enumerate(starts)}

    def convert(unit: int) -> int:
        if 0 <= unit <= starts[-1] and unit not in place:
            raise BadRow(
                f"offset {unit} falls inside an emoji; if offsets are Python's: --offsets {CODE_POINTS}"
            )
        return place.get(unit, unit - starts[-1] + len(text) if unit > 0 else unit)

    return convert


def has_astral(text: str) -> bool:
    """Whether the two ways of counting differ in ``text``."""
    return max(text, default="") > "\uffff"


def _unit_starts(text: str) -> list[int]:
    return list(accumulate((2 if letter > "\uffff" else 1 for letter in text), initial=0))
