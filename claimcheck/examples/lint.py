"""What is wrong or odd in labelled data, with file and line.

An **error** is a row that training would refuse: it cannot be read, a label is unknown, a span is empty,
out of range or overlaps another. Everything else is a **warning**: spans that cut words, cross sentences or
carry blanks, texts that come twice (in one file or across files), identical texts labelled differently,
ids that come twice, labels with few spans.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimcheck.examples.formats.fields import Fields
from claimcheck.examples.labels import NAMES, NONE, Labels, name_of
from claimcheck.examples.near import SIMILARITY, fold_text, near_pairs
from claimcheck.examples.reading import read_drafts
from claimcheck.examples.records import DataError, Draft, Example, Finding, Place, settle
from claimcheck.tags import words

FEW = 10  # spans of a label below which it can hardly be learnt or measured


@dataclass(frozen=True, slots=True)
class Balance:
    """What one file holds: usable examples, sentences where known, spans by label name, examples by genre."""

    examples: int = 0
    sentences: int = 0
    spans: Counter[str] = field(default_factory=Counter)
    genres: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Balance:
        """The balance of ``examples``."""
        return cls(
            examples=len(examples),
            sentences=sum(len(example.sentences or ()) for example in examples),
            spans=Counter(name_of(span.label, span.check_worthy) for e in examples for span in e.spans),
            genres=Counter(example.genre for example in examples if example.genre),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        counts = {"examples": self.examples, "sentences": self.sentences}
        return {**counts, "spans": dict(self.spans), "genres": dict(self.genres.most_common())}


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, errors first then in order of place, and the balance of every file."""

    findings: tuple[Finding, ...]
    balance: dict[str, Balance]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.error for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "errors": self.errors,
            "warnings": len(self.findings) - self.errors,
            "files": {file: balance.to_dict() for file, balance in self.balance.items()},
            "findings": [finding.to_dict() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class _Placed:
    place: Place
    example: Example


def lint(
    paths: Sequence[str | Path],
    *,
    format: str | None = None,
    labels: Labels | None = None,
    fields: Fields | None = None,
    similarity: float = SIMILARITY,
) -> Report:
    """Look over files as one collection. A bad row costs that row, an unreadable file that file.

    Args:
        paths: files or folders, such as the two sides of a split.
        format: as in ``read_examples``, for all of them.
        labels: how label names are mapped.
        fields: names of foreign fields, and how offsets are counted.
        similarity: least similarity (0-1) of near-duplicates.
    """
    findings: list[Finding] = []
    placed: list[_Placed] = []
    balance = {}
    for path in map(str, paths):
        good: list[_Placed] = []
        try:
            for row in read_drafts(path, format=format, fields=fields):
                example, errors = settle(row, labels or Labels()) if isinstance(row, Draft) else (None, [row])
                findings += errors
                if example is not None and isinstance(row, Draft):
                    good.append(_Placed(row.place, example))
        except (DataError, OSError) as error:
            findings.append(_unreadable(path, error))
        else:
            balance[path] = Balance.of([item.example for item in good])
            findings += _balance_warnings(path, balance[path])
        placed += good
    for item in placed:
        findings += (Finding(item.place, *warning, error=False) for warning in _oddities(item.example))
    findings += _repeated_ids(placed)
    findings += _repeated_texts(placed, similarity)
    return Report(tuple(sorted(findings, key=_order)), balance)


def _unreadable(path: str, error: DataError | OSError) -> Finding:
    """The error of a whole file; where its message begins with a place, that is the finding's."""
    message = f"{path}: {error.strerror}" if isinstance(error, OSError) else str(error)
    match = re.match(rf"{re.escape(path)}(?::(\d+))?: ", message)
    line = int(match[1]) if match and match[1] else None
    return Finding(Place(path, line), "file", message[match.end() :] if match else message)


def cuts_word(text: str, at: int) -> bool:
    """Whether a span edge at ``at`` stands inside a word: letters or digits of it on both sides.

    A half-space does not end a word; marks at a word's edge may stand outside the span.
    """
    if not 0 < at < len(text) or text[at - 1].isspace() or text[at].isspace():
        return False
    start = next((i + 1 for i in range(at - 1, -1, -1) if text[i].isspace()), 0)
    end = next((i for i in range(at, len(text)) if text[i].isspace()), len(text))
    return any(
        a < at < b and any(map(str.isalnum, text[a:at])) and any(map(str.isalnum, text[at:b]))
        for a, b in words(text, start, end)
    )


def _oddities(example: Example) -> Iterator[tuple[str, str]]:
    text = example.text
    for span in example.spans:
        shown = f"{span.label} {span.start}-{span.end} «{_short(text[span.start : span.end])}»"
        if cuts_word(text, span.start) or cuts_word(text, span.end):
            yield "cut-word", f"{shown} begins or ends inside a word"
        if text[span.start : span.end] != text[span.start : span.end].strip():
            yield "blank-edge", f"{shown} begins or ends with a blank"
        if any(start > span.start and start < span.end for start, _ in example.sentences or ()):
            yield "crosses-sentence", f"{shown} runs on into another sentence"


def _balance_warnings(path: str, balance: Balance) -> Iterator[Finding]:
    if not balance.examples:
        yield Finding(Place(path), "empty", "no example in it that could be used")
        return
    for name in NAMES:
        if name != NONE and balance.spans[name] < FEW:
            many = f"{balance.spans[name]} spans" if balance.spans[name] else "no span"
            yield Finding(Place(path), "balance", f"{many} of {name}; {FEW} or more are wanted", error=False)


def _repeated_ids(placed: Sequence[_Placed]) -> Iterator[Finding]:
    seen: dict[str, Place] = {}
    for item in placed:
        first = seen.setdefault(item.example.id, item.place)
        if first is not item.place:
            message = f"the id {item.example.id!r} stands at {first} too"
            yield Finding(item.place, "repeated-id", message, error=False)


def _repeated_texts(placed: Sequence[_Placed], similarity: float) -> Iterator[Finding]:
    """Each text that came before, with where; near-duplicates against the first text of each kind."""
    firsts: dict[str, _Placed] = {}
    for item in placed:
        first = firsts.setdefault(fold_text(item.example.text), item)
        if first is not item:
            if _meaning(first.example) != _meaning(item.example):
                message = f"the same text is labelled otherwise at {first.place}"
                yield Finding(item.place, "disagreement", message, error=False)
            yield _repeat("duplicate", item, first, "the same text stands at {}")
    kinds = list(firsts.values())
    told: set[int] = set()
    for i, j, alike in near_pairs(list(firsts), similarity):
        if j not in told:
            told.add(j)
            yield _repeat(
                "near-duplicate", kinds[j], kinds[i], f"nearly the same text ({alike:.2f}) stands at {{}}"
            )


def _repeat(kind: str, item: _Placed, first: _Placed, message: str) -> Finding:
    across = item.place.file != first.place.file
    return Finding(item.place, kind + "-across-files" * across, message.format(first.place), error=False)


def _meaning(example: Example) -> list[tuple[str, str]]:
    """Labels with the folded text they cover: what two annotators of one text must agree on."""
    named = [(name_of(span.label, span.check_worthy), span) for span in example.spans]
    return [(name, fold_text(example.text[span.start : span.end])) for name, span in named]


def _order(finding: Finding) -> tuple[bool, str, int]:
    return not finding.error, finding.place.file, finding.place.line or 0


def _short(text: str, length: int = 30) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
