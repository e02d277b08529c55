"""Our JSON lines: ``{"id", "text", "genre", "source", "sentences", "spans": [{"start", "end", "label"}]}``.

A claim's span has ``check_worthy`` as well; fields that are not ours are kept and written again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from claimcheck.examples.files import byte_lines, decode, replacing
from claimcheck.examples.formats import fields as f
from claimcheck.examples.records import WORTHY, BadRow, DataError, Draft, Example, Finding, Place, RawSpan

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def read(path: Path, fields: f.Fields) -> Iterator[Draft | Finding]:
    """A draft or a finding a line; blank lines are passed over."""
    return read_lines(path, lambda place, row: _draft(place, row, fields))


def read_lines(path: Path, build: Callable[[Place, Mapping[str, Any]], Draft]) -> Iterator[Draft | Finding]:
    """``build`` on the object of every line; what it refuses costs that line."""
    for place, line in byte_lines(path):
        try:
            if text := decode(line).strip():
                yield build(place, f.as_object(parse(text)))
        except BadRow as bad:
            yield Finding(place, "row", str(bad))


def write(examples: Iterable[Example], path: Path) -> None:
    """One example a line, every field."""
    write_lines((example.to_dict() for example in examples), path)


def write_lines(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """One object a line, letters as they are."""
    with replacing(path) as out:
        for row in rows:
            out.write(dumps(row) + "\n")


def dumps(value: Any) -> str:
    """JSON with its letters as they are; only a lone surrogate, which UTF-8 cannot hold, makes escapes."""
    plain = json.dumps(value, ensure_ascii=False)
    if _PAIR.search(plain):
        raise DataError("a text holds the two halves of an emoji as two characters; JSON would join them")
    try:
        plain.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return plain


def parse(line: str) -> Any:
    """The value in ``line``, or ``BadRow``."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:  # ValueError: a number of too many digits as well
        raise BadRow(f"not JSON: {error}") from error


def _draft(place: Place, row: Mapping[str, Any], fields: f.Fields) -> Draft:
    spans = row.get("spans")
    if not isinstance(spans, list):
        raise BadRow("no list of 'spans'; another format? Say which with --from")
    raw = [span_of(span) for span in spans]
    return f.draft(place, row, f.text_of(row, fields), raw, (fields.text, "spans"))


def span_of(value: Any) -> RawSpan:
    """A span of our layout, or ``BadRow``.

    ``check_worthy`` may be left out or null: then a ``check_worthiness``, which ``claimcheck score`` writes,
    says it from one half on.
    """
    span = f.as_object(value)
    if missing := {"start", "end", "label"} - span.keys():
        raise BadRow(f"a span without {', '.join(sorted(missing))}: {span}")
    worthy = span.get("check_worthy")
    if worthy is None:
        said = span.get("check_worthiness")
        worthy = isinstance(said, int | float) and said >= WORTHY
    if not isinstance(worthy, bool):
        raise BadRow(f"'check_worthy' must be true or false, this is {worthy!r}")
    start, end = f.integer(span["start"], "'start'"), f.integer(span["end"], "'end'")
    return RawSpan(start, end, f.name(span["label"]), worthy)
