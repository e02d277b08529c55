"""Spans with offsets that count UTF-16 units, as JavaScript does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claimcheck.examples.offsets import to_utf16


def in_utf16(text: str, span: dict[str, Any]) -> dict[str, Any]:
    """A copy of ``Span.to_dict()`` whose offsets, at every depth, count units of ``text``."""
    converted: dict[str, Any] = _converted(span, to_utf16(text))
    return converted


def _converted(value: Any, unit: Callable[[int], int]) -> Any:
    if isinstance(value, list):
        return [_converted(one, unit) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: one if key == "factcheck" else unit(one) if key in ("start", "end") else _converted(one, unit)
        for key, one in value.items()
    }
