"""The nouns everything speaks: labels, spans, and the frame a span stands under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from claimcheck.voice import Kind, Stance, hear


class Label(StrEnum):
    """What a stretch of text does. ``ATTRIBUTION`` is the frame that says who speaks."""

    CLAIM = "claim"
    OPINION = "opinion"
    CALL_TO_ACTION = "call_to_action"
    ATTRIBUTION = "attribution"


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of the caller's own string: ``text[start:end] == slice.text``."""

    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {"start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True, slots=True)
class Attribution:
    """The reporting frame a span stands under, such as «وزیر نیرو گفت:».

    ``start`` and ``end`` are Python indices into the caller's string, end exclusive. Who speaks, and how, is
    read from ``text`` when it is asked for (``claimcheck.voice``).
    """

    start: int
    end: int
    text: str

    @property
    def speaker(self) -> Slice | None:
        """The words for who speaks, «وزیر نیرو»; ``None`` where the frame has none («… و افزود:», «به نظرم»)."""
        voice = hear(self.text)
        if voice.start == voice.end:
            return None
        return Slice(self.start + voice.start, self.start + voice.end, self.text[voice.start : voice.end])

    @property
    def kind(self) -> Kind:
        """Who speaks: somebody named, in a role, or unnamed, a document, or the author."""
        return hear(self.text).kind

    @property
    def stance(self) -> Stance:
        """What the reporting words do: pass on («گفت»), doubt («مدعی شد») or endorse («تصریح کرد»)."""
        return hear(self.text).stance

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: the fields, ``speaker`` as a dict or ``None``, ``kind``, ``stance``."""
        speaker = self.speaker
        return {
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "speaker": speaker.to_dict() if speaker else None,
            "kind": self.kind.value,
            "stance": self.stance.value,
        }


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
class Flag:
    """A reason to look at a claim first. It never says that the claim is false.

    ``type`` names the sign, ``score`` (0-1) says how much it weighs, ``reason`` is a line of plain English,
    ``evidence`` the words that show it, and ``factcheck`` the fact-check that was found, in types of JSON.
    """

    type: str
    score: float
    reason: str
    evidence: Slice | None = None
    factcheck: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON; ``factcheck`` is there only where one was found."""
        plain: dict[str, Any] = {
            "type": self.type,
            "score": self.score,
            "reason": self.reason,
            "evidence": self.evidence.to_dict() if self.evidence else None,
        }
        if self.factcheck is not None:
            plain["factcheck"] = dict(self.factcheck)
        return plain


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of the caller's own string: ``text[start:end] == span.text``.

    ``start`` and ``end`` are Python indices, end exclusive. ``confidence`` is the calibrated
    probability (0-1) that ``label`` is right. ``check_worthiness`` (0-1) says how much a
    fact-checker would care about a claim; it is ``None`` for every other label. ``attribution``
    is the frame the span stands under, or ``None`` where the author speaks. ``words`` say what the
    label hangs on, and ``flags`` why a fact-checker should look, where that was asked for.
    """

    start: int
    end: int
    text: str
    label: Label
    confidence: float
    check_worthiness: float | None = None
    attribution: Attribution | None = None
    words: tuple[Word, ...] = ()
    flags: tuple[Flag, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: the fields in order, ``attribution`` as a dict or ``None``.

        ``words`` and ``flags`` are there only where they were asked for and found.
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
        if self.flags:
            plain["flags"] = [flag.to_dict() for flag in self.flags]
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
