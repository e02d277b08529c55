"""doccano's JSON lines: ``label`` as ``[start, end, name]`` triples, or the newer ``entities``.

doccano counts offsets in UTF-16 units (its issue 2290); ``--offsets code-points`` reads files whose
offsets were made in Python. Relations are kept as ``extra``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from claimcheck.examples.formats import fields as f
from claimcheck.examples.formats.jsonl import read_lines, write_lines
from claimcheck.examples.labels import name_of
from claimcheck.examples.offsets import CODE_POINTS, from_utf16, to_utf16
from claimcheck.examples.records import BadRow, Draft, Example, Finding, Place, RawSpan

_HOLDERS = ("entities", "labels", "label")


def read(path: Path, fields: f.Fields) -> Iterator[Draft | Finding]:
    """A draft or a finding a line."""
    return read_lines(path, lambda place, row: _draft(place, row, fields))


def write(examples: Iterable[Example], path: Path) -> None:
    """Lines that doccano imports as JSONL for sequence labelling, one ``label`` triple a span."""
    write_lines(map(_row, examples), path)


def _draft(place: Place, row: Mapping[str, Any], fields: f.Fields) -> Draft:
    text = f.text_of(row, fields)
    holder = next((key for key in (*_HOLDERS, fields.label) if isinstance(row.get(key), list)), None)
    if holder is None:
        raise BadRow(f"no list of labels; wanted one of {', '.join(_HOLDERS)}")
    convert = int if fields.offsets == CODE_POINTS else from_utf16(text)
    spans = []
    for item in row[holder]:
        start, end, name = _parts(item)
        spans.append(RawSpan(convert(start), convert(end), name))
    return f.draft(place, row, text, spans, (fields.text, holder))


def _parts(item: Any) -> tuple[int, int, str]:
    if isinstance(item, dict):  # of "entities"
        item = [item.get("start_offset"), item.get("end_offset"), item.get("label")]
    if not isinstance(item, list) or len(item) != 3:
        raise BadRow(f"a label must be [start, end, name], this is {item!r}")
    return f.integer(item[0], "a start offset"), f.integer(item[1], "an end offset"), f.name(item[2])


def _row(example: Example) -> dict[str, Any]:
    row = example.to_dict()
    row.pop("spans")
    row["label"] = triples(example)
    return row


def triples(example: Example) -> list[list[Any]]:
    """``[start, end, name]`` of every span, in UTF-16 units."""
    unit = to_utf16(example.text)
    return [[unit(s.start), unit(s.end), name_of(s.label, s.check_worthy)] for s in example.spans]
