"""Sentences written by hand, each with its label: the share the model gets right, by table and kind.

    python scripts/hand_tables.py tests/tables/*.tsv [--model FOLDER] [--json] [--wrong]

A table has a sentence, its label (of the four the one that covers most of it: ``claim``, ``opinion``,
``call_to_action`` or ``none``) and its kind on a line, with tabs between. Blank lines cut a table into sets of
sentences that differ in little; then the share of sets without a mistake is printed too. Behind every share
stands its 95 % interval (Wilson). Each sentence is read alone. ``--wrong`` prints those that are not right.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimcheck import load
from claimcheck.metrics import CONTENT, NONE, sentence_label
from claimcheck.model import Model

LABELS = (*CONTENT, NONE)
_Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence, what it should be called, and the number of its set in the table."""

    sentence: str
    label: str
    kind: str
    set: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The rows of a table and what a model calls each."""

    rows: Sequence[Row]
    found: Sequence[str]

    @property
    def right(self) -> list[bool]:
        """One for each row."""
        return [row.label == label for row, label in zip(self.rows, self.found, strict=True)]

    def wrong(self) -> list[str]:
        """A line for each row that is not right."""
        return [
            f"{row.kind}: {row.label}, called {label}\t{row.sentence}"
            for row, label in zip(self.rows, self.found, strict=True)
            if row.label != label
        ]

    def kinds(self) -> dict[str, Answered]:
        """The table cut by kind, in the order of the table."""
        parts: dict[str, list[tuple[Row, str]]] = {}
        for row, label in zip(self.rows, self.found, strict=True):
            parts.setdefault(row.kind, []).append((row, label))
        return {kind: Answered(*zip(*pairs, strict=True)) for kind, pairs in parts.items()}

    def sets(self) -> list[bool]:
        """For each set whether all of it is right."""
        whole: dict[int, bool] = {}
        for row, right in zip(self.rows, self.right, strict=True):
            whole[row.set] = whole.get(row.set, True) and right
        return list(whole.values())

    def confusion(self) -> Counter[tuple[str, str]]:
        """How often a label (first) was called by another name or its own (second)."""
        return Counter((row.label, label) for row, label in zip(self.rows, self.found, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Shares of the whole, of kinds and of sets, and the confusion."""
        confusion = self.confusion()
        return {
            **share(self.right),
            "kinds": {kind: share(part.right) for kind, part in self.kinds().items()},
            **({"sets": share(self.sets())} if self.rows[-1].set else {}),
            "confusion": {a: {b: confusion[a, b] for b in LABELS if confusion[a, b]} for a in LABELS},
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path, nargs="+", metavar="TABLE")
    parser.add_argument("--model", help="a model folder (default: the embedded model)")
    parser.add_argument("--json", action="store_true", help="all numbers as one JSON object")
    parser.add_argument("--wrong", action="store_true", help="print the sentences that are not right")
    args = parser.parse_args()
    model = load(args.model)
    answers = {path.stem: answer(read(path), model) for path in args.tables}
    if args.json:
        print(json.dumps({name: found.to_dict() for name, found in answers.items()}, indent=1))
        return
    for name, found in answers.items():
        print(f"{name}\n\n{table_text(found)}\n")
        if args.wrong:
            print("\n".join(found.wrong()), end="\n\n")


def read(path: Path) -> list[Row]:
    """The rows of a table.

    Raises:
        ValueError: a line has not three fields, or its label is none of those known; says which line. Or there is none.
    """
    rows: list[Row] = []
    number = 0
    for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            number += 1
            continue
        fields = line.split("\t")
        if len(fields) != 3 or fields[1] not in LABELS:
            raise ValueError(
                f"{path}:{at}: wanted sentence, label ({', '.join(LABELS)}) and kind with tabs between, got {line!r}"
            )
        sentence, label, kind = fields
        rows.append(Row(sentence, label, kind, number))
    if not rows:
        raise ValueError(f"{path} has no rows; wanted sentence, label and kind on a line, with tabs between")
    return rows


def answer(rows: Sequence[Row], model: Model) -> Answered:
    """What the model calls each sentence: the label that covers most of it."""
    found = model.analyze_many(row.sentence for row in rows)
    labels = [sentence_label(spans, 0, len(row.sentence)) for row, spans in zip(rows, found, strict=True)]
    return Answered(rows, labels)


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927).

    >>> [round(end, 3) for end in wilson(9, 10)]
    [0.596, 0.982]
    """
    centre = (right + _Z**2 / 2) / (of + _Z**2)
    half = _Z / (of + _Z**2) * math.sqrt(right * (of - right) / of + _Z**2 / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def share(right: Iterable[bool]) -> dict[str, Any]:
    """How many are right, of how many, and the share with its interval."""
    answers = list(right)
    low, high = wilson(sum(answers), len(answers))
    return {
        "right": sum(answers),
        "of": len(answers),
        "share": round(sum(answers) / len(answers), 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def table_text(found: Answered) -> str:
    """The shares and the confusion as two Markdown tables."""
    numbers = found.to_dict()
    parts = {**numbers["kinds"], "all": numbers}
    if "sets" in numbers:
        parts["whole sets"] = numbers["sets"]
    lines = ["| kind | right | of | share | 95 % interval |", "| --- | --- | --- | --- | --- |"]
    for kind, part in parts.items():
        interval = f"{part['low']:.3f}–{part['high']:.3f}"
        lines.append(f"| {kind} | {part['right']} | {part['of']} | {part['share']:.3f} | {interval} |")
    lines += ["", f"| should be | {' | '.join(LABELS)} |", f"| --- |{' --- |' * len(LABELS)}"]
    for label, row in numbers["confusion"].items():
        if row:
            lines.append(f"| {label} | {' | '.join(str(row.get(other, 0)) for other in LABELS)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
