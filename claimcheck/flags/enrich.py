"""Spans with what was asked for beside them: rumour cues, fact-checks that are about them, the words that decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from claimcheck.explain import explain
from claimcheck.flags.cues import attach, find_cues
from claimcheck.flags.matching import FactChecks, Hit
from claimcheck.flags.verdicts import Verdict
from claimcheck.model import Model
from claimcheck.span import Flag, Label, Slice, Span

CHECKED = "already_checked"
_LIKELY = 0.5  # similarity from which a fact-check is more likely than not about the claim
_WEIGHTS = {
    Verdict.FALSE: 1.0,
    Verdict.MISLEADING: 0.8,
    Verdict.UNPROVEN: 0.5,
    Verdict.OTHER: 0.3,
    Verdict.TRUE: 0.0,
}


def enrich(
    model: Model,
    text: str,
    spans: Sequence[Span],
    *,
    cues: bool = False,
    factchecks: FactChecks | None = None,
    words: bool = False,
) -> list[Span]:
    """The same spans with ``flags`` and ``words``.

    Args:
        model: the one that found the spans.
        text: the text that it found them in.
        spans: all four labels of ``Model.segments``: frames tell cues who speaks.
        cues: flag claims with the rumour cues that speak for them.
        factchecks: flag claims that one of these is about. Such a flag weighs its similarity (0-1) times 1
            where the verdict is false, .8 misleading, .5 unproven, .3 unknown, 0 true.
        words: name the words that each label hangs on.
    """
    out = attach(text, spans, find_cues(text, spans)) if cues else list(spans)
    if factchecks is not None:
        out = [_checked(span, factchecks) if span.label is Label.CLAIM else span for span in out]
    return explain(model, text, out) if words else out


def _checked(span: Span, factchecks: FactChecks) -> Span:
    hit = next(iter(factchecks.search(span.text, top_k=1)), None)
    if hit is None or hit.similarity < _LIKELY:
        return span
    evidence = Slice(span.start, span.end, span.text)
    score = round(hit.similarity * _WEIGHTS[hit.verdict], 4)
    return replace(span, flags=(*span.flags, Flag(CHECKED, score, _reason(hit), evidence, hit.to_dict())))


def _reason(hit: Hit) -> str:
    who = f" by {hit.publisher}" if hit.publisher else ""
    rated = f"rated «{hit.rating}»" if hit.rating else "without a rating"
    return f"{hit.similarity:.0%} likely the claim checked{who}, {rated}: «{hit.claim}»"
