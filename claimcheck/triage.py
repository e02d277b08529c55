"""Which claims of many texts a fact-checker should look at first, and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import tee
from typing import TYPE_CHECKING, Any

from claimcheck.api import analyze_many
from claimcheck.span import Flag, Label, Span

if TYPE_CHECKING:
    from claimcheck.flags import FactChecks
    from claimcheck.model import Model


@dataclass(frozen=True, slots=True)
class Item:
    """A claim on the list. ``number`` is the place of ``text`` among the texts, from 0."""

    number: int
    text: str
    span: Span

    @property
    def weight(self) -> float:
        """Of all flags together, 0-1: one less the product of one less each score."""
        return 1 - math.prod(1 - flag.score for flag in self.span.flags)

    @property
    def priority(self) -> float:
        """Check-worthiness times one more the weight of the flags: 0-2."""
        return (self.span.check_worthiness or 0.0) * (1 + self.weight)

    @property
    def arithmetic(self) -> str:
        """How ``priority`` comes about, as people reckon."""
        worth = self.span.check_worthiness or 0.0
        flags = ", ".join(f"{_named(flag)} {flag.score:.2f}" for flag in self.span.flags)
        return f"{worth:.2f} × (1 + {self.weight:.2f}) = {self.priority:.2f}" + (
            f"  [{flags}]" if flags else ""
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "number": self.number,
            "priority": round(self.priority, 4),
            "arithmetic": self.arithmetic,
            "span": self.span.to_dict(),
        }


def _named(flag: Flag) -> str:
    verdict = f" ({flag.factcheck['verdict']})" if flag.factcheck else ""
    return flag.type.replace("_", " ") + verdict


def triage(
    texts: Iterable[str],
    *,
    model: Model | str | None = None,
    cues: bool = True,
    factchecks: FactChecks | None = None,
    top: int | None = None,
) -> list[Item]:
    """The claims of ``texts``, those to look at first in front.

    Args:
        texts: any iterable of ``str``; with ``top`` it may be longer than memory.
        model: as for ``analyze``.
        cues: weigh rumour cues.
        factchecks: weigh what was checked already.
        top: so many at most; ``None`` for all.

    Raises:
        ValueError: ``top`` is below 1.
    """
    from claimcheck.model import stream_of

    kept, read = tee(stream_of(texts))
    return rank(kept, analyze_many(read, model=model, cues=cues, factchecks=factchecks), top)


def rank(texts: Iterable[str], found: Iterable[Sequence[Span]], top: int | None = None) -> list[Item]:
    """``triage`` of texts whose spans, with their flags, are found already: one list of spans a text.

    Raises:
        ValueError: ``top`` is below 1, or there are not as many lists as texts.
    """
    if top is not None and top < 1:
        raise ValueError(f"top must be 1 or more, got {top}")
    items = (
        Item(number, text, span)
        for number, (text, spans) in enumerate(zip(texts, found, strict=True))
        for span in spans
        if span.label is Label.CLAIM
    )
    if top is None:
        return sorted(items, key=lambda item: -item.priority)
    return nlargest(top, items, key=lambda item: item.priority)
