"""The spans of a text as a file to keep: JSON, a table, a page, ClaimReview stubs, Web Annotations."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from claimcheck.examples.formats.web_annotation import of_analysis
from claimcheck.flags.stubs import claim_review
from claimcheck.scoring.writers import flat
from claimcheck.span import Label, Span
from claimcheck.view import View

_COLUMNS = (
    "start",
    "end",
    "label",
    "confidence",
    "check_worthiness",
    "text",
    "speaker",
    "attribution",
    "flags",
)


class Export(NamedTuple):
    """One kind of file."""

    media_type: str
    ending: str
    write: Callable[[str, Sequence[Span], Sequence[dict[str, Any]], str | None], str]
    escape: str = "replace"  # of lone surrogates, which UTF-8 cannot hold


def _json(text: str, spans: Sequence[Span], plain: Sequence[dict[str, Any]], source: str | None) -> str:
    return json.dumps({"source": source, "text": text, "spans": plain}, ensure_ascii=False, indent=1) + "\n"


def _csv(text: str, spans: Sequence[Span], plain: Sequence[dict[str, Any]], source: str | None) -> str:
    out = io.StringIO("\ufeff", newline="")  # the mark, by which spreadsheets know UTF-8
    out.seek(1)
    rows = csv.writer(out)
    rows.writerow(_COLUMNS)
    for span in plain:
        row = flat(span)
        flags = " ".join(flag["type"] for flag in span.get("flags", ()))
        tail = (span["text"], row["frame_speaker"] or "", row["frame_text"] or "", flags)
        rows.writerow([*(span[name] for name in _COLUMNS[:5]), *map(_inert, tail)])
    return out.getvalue()


def _inert(cell: str) -> str:
    """A quote before what a spreadsheet would run as a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _html(text: str, spans: Sequence[Span], plain: Sequence[dict[str, Any]], source: str | None) -> str:
    return View(text, spans).to_html()


def _claim_review(
    text: str, spans: Sequence[Span], plain: Sequence[dict[str, Any]], source: str | None
) -> str:
    stubs = [claim_review(span, source) for span in spans if span.label is Label.CLAIM]
    return json.dumps(stubs, ensure_ascii=False, indent=1) + "\n"


def _annotations(
    text: str, spans: Sequence[Span], plain: Sequence[dict[str, Any]], source: str | None
) -> str:
    return json.dumps(of_analysis(source or "text", text, spans), ensure_ascii=False, indent=1) + "\n"


EXPORTS = {
    "json": Export("application/json", "json", _json, "backslashreplace"),
    "csv": Export("text/csv; charset=utf-8", "csv", _csv),
    "html": Export("text/html; charset=utf-8", "html", _html),
    "claimreview": Export("application/ld+json", "jsonld", _claim_review, "backslashreplace"),
    "web-annotation": Export("application/ld+json", "jsonld", _annotations, "backslashreplace"),
}
