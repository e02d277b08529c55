"""The nouns everything speaks: labels, spans, and the frame a span stands under."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Label(StrEnum):
    """What a stretch of text does. ``ATTRIBUTION`` is the frame that says who speaks."""

    CLAIM = "claim"
    OPINION = "opinion"
    CALL_TO_ACTION = "call_to_action"
    ATTRIBUTION = "attribution"


@dataclass(frozen=True, slots=True)
class Attribution:
    """The reporting frame a span stands under, such as «وزیر نیرو گفت:».

    ``start`` and ``end`` are Python indices into the caller's string, end exclusive.
    """

    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {"start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True, slots=True)
class Word:
    """A word that a label hangs on: ``weight`` is what the label loses (in log-probability) without it."""

    start: int
    end: int
    text: str
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {"start": self.start, "end": self.end, "text": self.text, "weight": self.weight}


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of the caller's own string: ``text[start:end] == span.text``.

    ``start`` and ``end`` are Python indices, end exclusive. ``confidence`` is the calibrated
    probability (0-1) that ``label`` is right. ``check_worthiness`` (0-1) says how much a
    fact-checker would care about a claim; it is ``None`` for every other label. ``attribution``
    is the frame the span stands under, or ``None`` where the author speaks. ``words`` say what the
    label hangs on, where that was asked for.
    """

    start: int
    end: int
    text: str
    label: Label
    confidence: float
    check_worthiness: float | None = None
    attribution: Attribution | None = None
    words: tuple[Word, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: the fields in order, ``attribution`` as a dict or ``None``.

        ``words`` are there only where they were asked for.
        """
        plain: dict[str, Any] = {
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "label": self.label.value,
            "confidence": self.confidence,
            "check_worthiness": self.check_worthiness,
            "attribution": self.attribution.to_dict() if self.attribution else None,
        }
        if self.words:
            plain["words"] = [word.to_dict() for word in self.words]
        return plain


class Labelled(Protocol):
    """Anything with offsets and a label: a ``Span``, or a span of labelled data."""

    @property
    def start(self) -> int:
        """First character."""

    @property
    def end(self) -> int:
        """One past the last character."""

    @property
    def label(self) -> Label:
        """What it does."""
