"""A labelled example, the draft of one as a file gave it, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from claimcheck.examples.labels import Labels
from claimcheck.span import Label, Span

Range = tuple[int, int]
WORTHY = 0.5  # the check-worthiness from which a model's claim counts as check-worthy


class DataError(ValueError):
    """Labelled data that cannot be used; the message says where, what was wanted and what to type."""


class BadRow(ValueError):
    """One row that cannot be used; readers turn it into a ``Finding``, so that it costs one row."""


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """``text[start:end]`` does what ``label`` says; ``check_worthy`` is only ever true of claims."""

    start: int
    end: int
    label: Label
    check_worthy: bool = False

    @classmethod
    def of(cls, span: Span) -> LabelledSpan:
        """What a model said, taken as a label: a claim is check-worthy from one half on."""
        return cls(span.start, span.end, span.label, (span.check_worthiness or 0) >= WORTHY)

    def to_dict(self) -> dict[str, Any]:
        """As in our JSON lines: ``check_worthy`` for claims only."""
        plain: dict[str, Any] = {"start": self.start, "end": self.end, "label": self.label.value}
        return {**plain, "check_worthy": self.check_worthy} if self.label is Label.CLAIM else plain


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its gold spans: sorted, disjoint, not blank and inside the text, or ``ValueError``.

    ``sentences`` are the sentence ranges the labeller saw, ``None`` where the data has none.
    ``document`` names the document a passage was cut from. ``extra`` keeps every field that is not ours,
    so that JSON lines are written as they were read.
    """

    id: str
    text: str
    spans: tuple[LabelledSpan, ...] = ()
    sentences: tuple[Range, ...] | None = None
    genre: str | None = None
    source: str | None = None
    document: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, id_: str, text: str, spans: Iterable[Span]) -> Example:
        """What ``analyze`` or ``Model.segments`` said of a text, ready for ``write_examples``."""
        return cls(id_, text, tuple(map(LabelledSpan.of, spans)))

    def __post_init__(self) -> None:
        ranges = [(span.start, span.end) for span in self.spans]
        if problem := next(range_problems(self.text, ranges), None):
            raise ValueError(f"example {self.id!r}: {problem[1]}")

    def to_dict(self) -> dict[str, Any]:
        """One line of our JSON lines; fields that are ``None`` are left out."""
        named = {"id": self.id, "text": self.text}
        named |= {k: v for k in ("genre", "source", "document") if (v := getattr(self, k)) is not None}
        ranges = {} if self.sentences is None else {"sentences": [list(range_) for range_ in self.sentences]}
        return {**named, **ranges, "spans": [span.to_dict() for span in self.spans], **self.extra}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: a file, and its line (for a data set on disk its row), from 1.

    ``record`` tells records apart that may share a line, such as ``"task 7"`` of a Label Studio export.
    """

    file: str
    line: int | None = None
    record: str | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return where if self.record is None else f"{where}: {self.record}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say about a place. An error is a row that cannot be trained on; the rest are warnings."""

    place: Place
    kind: str
    message: str
    error: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {'error' if self.error else 'warning'}: {self.message} [{self.kind}]"

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        level = "error" if self.error else "warning"
        where = {"file": self.place.file, "line": self.place.line, "record": self.place.record}
        return {**where, "level": level, "kind": self.kind, "message": self.message}


@dataclass(frozen=True, slots=True)
class RawSpan:
    """A span as a file gave it, offsets already in code points, the label still by the file's name."""

    start: int
    end: int
    name: str
    check_worthy: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that a reader could take apart, before labels are mapped and ranges checked."""

    place: Place
    id: str
    text: str
    spans: tuple[RawSpan, ...] = ()
    sentences: tuple[Range, ...] | None = None
    genre: str | None = None
    source: str | None = None
    document: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def range_problems(text: str, ranges: Sequence[Range], what: str = "span") -> Iterator[tuple[str, str]]:
    """(kind, message) of every blank, out-of-range or overlapping range; ``ranges`` in ascending order."""
    reached: Range | None = None
    for start, end in ranges:
        if not 0 <= start <= end <= len(text):
            yield "out-of-range", f"{what} {start}-{end} is out of range: the text has {len(text)} characters"
        elif not text[start:end].strip():
            yield f"empty-{what}", f"{what} {start}-{end} is empty"
        else:
            if reached and start < reached[1]:
                yield "overlap", f"{what} {start}-{end} overlaps {what} {reached[0]}-{reached[1]}"
            reached = max(reached or (start, end), (start, end), key=lambda r: r[1])


def settle(draft: Draft, labels: Labels) -> tuple[Example | None, list[Finding]]:
    """The example a draft stands for, or ``None`` with every error that forbids it."""
    errors: list[tuple[str, str]] = []
    spans = []
    for raw in sorted(draft.spans, key=lambda span: (span.start, span.end)):
        meaning = labels.resolve(raw.name)
        if meaning is None:
            errors.append(("unknown-label", f"unknown label {raw.name!r}"))
        elif meaning.label is not None:
            worthy = meaning.check_worthy or raw.check_worthy
            if worthy and meaning.label is not Label.CLAIM:
                errors.append(
                    ("check-worthy", f"check_worthy is true of {meaning.label}: only claims can be")
                )
            spans.append(LabelledSpan(raw.start, raw.end, meaning.label, worthy))
    if not draft.text.strip():
        errors.append(("empty-text", "the text is empty"))
    errors += range_problems(draft.text, [(span.start, span.end) for span in spans])
    errors += range_problems(draft.text, draft.sentences or (), "sentence")
    if errors:
        return None, [Finding(draft.place, kind, message) for kind, message in errors]
    described = (draft.sentences, draft.genre, draft.source, draft.document, draft.extra)
    return Example(draft.id, draft.text, tuple(spans), *described), []
