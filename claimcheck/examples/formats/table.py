"""Sentence-level tables: CSV or TSV with a header that names ``text`` and ``label``, one sentence a row.

The separator is the one (comma, semicolon, tab) under which the header has both columns; it is never
guessed from anything else. Columns named ``id``, ``genre``, ``source`` and
``document`` are read as well.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from claimcheck.examples.files import check_decoded, read_mostly_text, replacing
from claimcheck.examples.formats.fields import Fields
from claimcheck.examples.formats.tagged import sentences_of
from claimcheck.examples.labels import NONE, name_of
from claimcheck.examples.records import BadRow, DataError, Draft, Example, Finding, Place, RawSpan
from claimcheck.metrics import sentence_label
from claimcheck.span import Label
from claimcheck.tags import trim

Item = TypeVar("Item")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_DESCRIBED = ("id", "genre", "source", "document")


def read(path: Path, fields: Fields) -> Iterator[Draft | Finding]:
    """A draft or a finding a row; the label covers the row's text less the marks at its edges."""
    text = read_mostly_text(path)
    separator, header = sniff(path, text, fields)
    yield from read_rows(path, text, separator, lambda place, row: _draft(place, header, row, fields))


def read_rows(
    path: Path, text: str, separator: str, build: Callable[[Place, list[str]], Item]
) -> Iterator[Item | Finding]:
    """What ``build`` makes of each row behind the header, or a finding where it raises ``BadRow``.

    Args:
        path: for the places.
        text: of ``read_mostly_text``.
        separator: between cells.
        build: gets the place and the cells of every row that is not empty.
    """
    csv.field_size_limit(1 << 30)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    next(rows)
    while True:
        place = Place(str(path), rows.line_num + 1)
        try:
            row = next(rows)
            if row:
                check_decoded("".join(row))
                yield build(place, row)
        except StopIteration:
            return
        except (BadRow, csv.Error) as bad:
            yield Finding(place, "row", str(bad))


def headers(text: str) -> dict[str, list[str]]:
    """The first line as every separator would cut it."""
    return {
        separator: next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
        for separator in SEPARATORS
    }


def seen(found: Mapping[str, list[str]]) -> str:
    """What of ``headers`` looks most like one, for a message."""
    return ", ".join(sorted(found.values(), key=len)[-1]) or "nothing"


def sniff(path: Path, text: str, fields: Fields) -> tuple[str, list[str]]:
    """The separator and the header, or ``DataError`` with the columns that were seen."""
    found = headers(text)
    for separator, header in found.items():
        if fields.text in header and fields.label in header:
            return separator, header
    raise DataError(
        f"{path}:1: the first line must name the columns {fields.text!r} and {fields.label!r}; "
        f"it names: {seen(found)}. Say which are meant with --text-field NAME --label-field NAME"
    )


def write(examples: Iterable[Example], path: Path) -> None:
    """One sentence a row with the label that covers most of it; spans inside a sentence are lost.

    A ``.tsv`` is separated by tabs.
    """
    with replacing(path) as out:
        writer = csv.writer(out, delimiter="\t" if path.suffix == ".tsv" else ",", lineterminator="\n")
        writer.writerow(["text", "label", *_DESCRIBED])
        for example in examples:
            sentences = sentences_of(example)
            many = len(sentences) > 1
            for number, (start, end) in enumerate(sentences, 1):
                id_ = f"{example.id}.{number}" if many else example.id
                document = example.document or (example.id if many else "")
                described = [id_, example.genre or "", example.source or "", document]
                writer.writerow([example.text[start:end], _label(example, start, end), *described])


def _label(example: Example, start: int, end: int) -> str:
    """The name of the content label that covers most; attribution only where nothing else is."""
    inside = [span for span in example.spans if span.start < end and start < span.end]
    label = sentence_label(inside, start, end)
    if label == NONE:
        return name_of(Label.ATTRIBUTION, False) if inside else NONE
    worth = sum(s.end - s.start if s.check_worthy else s.start - s.end for s in inside if s.label == label)
    return name_of(Label(label), label == Label.CLAIM and worth > 0)


def _draft(place: Place, header: list[str], row: list[str], fields: Fields) -> Draft:
    if len(row) != len(header):
        raise BadRow(
            f"{len(row)} columns, the header has {len(header)}; a text with the separator needs quotes"
        )
    cells = dict(zip(header, row, strict=True))
    text, label = cells[fields.text], cells[fields.label].strip()
    if not label:
        raise BadRow("no label; write none where a sentence has none")
    start, end = trim(text, 0, len(text))
    spans = (RawSpan(start, end, label),) if start < end else ()
    id_, genre, source, document = (cells.get(key) or None for key in _DESCRIBED)
    return Draft(place, id_ or str(place), text, spans, ((0, len(text)),), genre, source, document)
