"""What was found so far, in numbers that add: for the summary, the report, and to see a wrong encoding."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from claimcheck.scoring.rows import Scored

BINS = 20
TOP = 20
_LETTER = re.compile(r"[^\W\d_]")
_PERSIAN = re.compile("[\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")
_TAH_ZAH = re.compile("[طظ]")  # UTF-8 read as windows-1256 is every other letter one of these
_ENOUGH = 200  # letters by which an encoding can be judged


@dataclass(slots=True)
class Stats:
    """Counts over rows; ``top`` are the claims most worth checking, ``files`` letters by source."""

    rows: int = 0
    bad: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    confidence: dict[str, list[int]] = field(default_factory=dict)
    worth: list[int] = field(default_factory=lambda: [0] * BINS)
    top: list[tuple[float, int, str, str]] = field(default_factory=list)
    groups: dict[str, Counter[str]] = field(default_factory=dict)
    files: dict[str, list[int]] = field(default_factory=dict)

    def add(self, scored: Scored, group_column: str | None) -> None:
        """Count one row that was labelled."""
        self.rows += 1
        self._count_letters(scored.row.source, scored.row.text)
        group = None if group_column is None else str(scored.row.columns.get(group_column))
        if group is not None:
            self.groups.setdefault(group, Counter())["rows"] += 1
        for span in scored.spans:
            label = span["label"]
            self.labels[label] += 1
            self.confidence.setdefault(label, [0] * BINS)[_bin(span["confidence"])] += 1
            if group is not None:
                self.groups[group][label] += 1
            if span["check_worthiness"] is not None:
                self.worth[_bin(span["check_worthiness"])] += 1
                place = f"{scored.row.source}:{scored.row.position}"
                self._offer((span["check_worthiness"], -scored.number, place, span["text"]))

    def merge(self, other: Stats) -> None:
        """Add what another part counted."""
        self.rows += other.rows
        self.bad += other.bad
        self.labels += other.labels
        self.worth = [a + b for a, b in zip(self.worth, other.worth, strict=True)]
        for label, bins in other.confidence.items():
            own = self.confidence.setdefault(label, [0] * BINS)
            self.confidence[label] = [a + b for a, b in zip(own, bins, strict=True)]
        for group, counts in other.groups.items():
            self.groups.setdefault(group, Counter()).update(counts)
        for source, letters in other.files.items():
            own = self.files.setdefault(source, [0, 0, 0])
            self.files[source] = [a + b for a, b in zip(own, letters, strict=True)]
        for claim in other.top:
            self._offer(claim)

    def suspicious(self) -> list[str]:
        """Sources that came out as no Persian text, and what to do."""
        out = []
        for source, (letters, persian, tah) in self.files.items():
            if letters >= _ENOUGH and persian < 0.1 * letters:
                out.append(
                    f"{source}: hardly a Persian letter in it; is its encoding another one (--encoding)?"
                )
            elif letters >= _ENOUGH and tah > 0.25 * persian:
                out.append(f"{source}: looks like UTF-8 that was read as windows-1256; leave --encoding out")
        return out

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Stats:
        """What ``to_dict`` gave."""
        stats = cls(**plain)
        stats.labels = Counter(stats.labels)
        stats.groups = {group: Counter(counts) for group, counts in stats.groups.items()}
        stats.top = [(worth, number, place, text) for worth, number, place, text in stats.top]
        return stats

    def _offer(self, claim: tuple[float, int, str, str]) -> None:
        if len(self.top) < TOP:
            heapq.heappush(self.top, claim)
        else:
            heapq.heappushpop(self.top, claim)

    def _count_letters(self, source: str, text: str) -> None:
        seen = self.files.setdefault(source, [0, 0, 0])
        if seen[0] < 50 * _ENOUGH:  # enough is known
            for i, pattern in enumerate((_LETTER, _PERSIAN, _TAH_ZAH)):
                seen[i] += len(pattern.findall(text))


def _bin(share: float) -> int:
    return min(BINS - 1, int(share * BINS))
