"""Every format as rows: what can be read is a row, what cannot is a row with its problem."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from claimcheck.scoring.rows import InputError, Row
from claimcheck.scoring.sources import Source, open_bytes, open_text, undecodable

_SEPARATORS = (",", ";", "\t")
_ARROW_ROWS = 1024


@dataclass(frozen=True, slots=True)
class InputOptions:
    """How inputs are read.

    ``text_column`` names the text in everything but ``.txt``; ``whole`` reads a ``.txt`` file as one text;
    texts over ``max_chars`` characters are bad rows; ``encoding`` is that of ``.txt``, ``.jsonl``, ``.csv``.
    """

    text_column: str = "text"
    encoding: str = "utf-8"
    whole: bool = False
    max_chars: int = 1_000_000
    split: str | None = None


class Named(Protocol):
    """Anything a row can come from."""

    @property
    def name(self) -> str:
        """For messages and places."""


def read_rows(sources: Sequence[Source], options: InputOptions) -> Iterator[Row]:
    """The rows of all sources, one after the other, none held longer than it is looked at.

    Raises:
        InputError: a source as a whole cannot be read.
    """
    readers = {"txt": _read_txt, "jsonl": _read_jsonl, "csv": _read_csv, "parquet": _read_parquet}
    readers["dataset"] = _read_dataset
    for source in sources:
        try:
            for row in readers[source.format](source, options):
                yield checked(row, options)
        except (OSError, EOFError, UnicodeError) as error:
            raise InputError(f"{source.name} cannot be read: {error}") from error


def checked(row: Row, options: InputOptions) -> Row:
    """The row, bad where its text is too long."""
    if not row.problem and len(row.text) > options.max_chars:
        problem = f"{len(row.text)} characters, over --max-chars {options.max_chars}"
        return replace(row, problem=problem)
    return row


def _read_txt(source: Source, options: InputOptions) -> Iterator[Row]:
    with open_text(source, options.encoding, "\n") as stream:
        if options.whole:
            text = stream.read()
            yield _text_row(source, 0, text, {"file": source.name, "text": text}, options)
            return
        for number, line in enumerate(stream, 1):
            text = line.rstrip("\r\n")
            yield _text_row(source, number, text, {"text": text}, options)


def _text_row(source: Source, number: int, text: str, columns: dict[str, Any], options: InputOptions) -> Row:
    if undecodable(text):
        return _undecodable(source, number, options)
    return Row(source.name, number, text, columns)


def _undecodable(source: Source, number: int, options: InputOptions) -> Row:
    problem = f"not {options.encoding}; name its encoding with --encoding"
    return Row(source.name, number, problem=problem)


def _read_jsonl(source: Source, options: InputOptions) -> Iterator[Row]:
    with open_text(source, options.encoding, "\n") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield _json_row(source, number, line, options)


def _json_row(source: Source, number: int, line: str, options: InputOptions) -> Row:
    if undecodable(line):
        return _undecodable(source, number, options)
    try:
        columns = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(source.name, number, problem=f"not JSON ({error})")
    if not isinstance(columns, dict):
        return Row(source.name, number, problem=f"a JSON object was wanted, got {type(columns).__name__}")
    return _row_of(source, number, columns, options)


def _row_of(source: Named, number: int, columns: dict[str, Any], options: InputOptions) -> Row:
    name = options.text_column
    row = Row(source.name, number, columns=columns)
    if name not in columns:
        seen = ", ".join(columns) or "nothing"
        return replace(row, problem=f"no {name!r} in it, only {seen}; see --text-column")
    text = columns[name]
    if not isinstance(text, str):
        return replace(row, problem=f"{name!r} is {type(text).__name__}, not text")
    return replace(row, text=text)


def _read_csv(source: Source, options: InputOptions) -> Iterator[Row]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # a long article is no error
    with open_text(source, options.encoding, "") as stream:
        lines = iter(stream)
        first = next(lines, None)
        if first is None:
            return
        separator = _separator(source, first, options)
        rows = csv.reader(_again(first, lines), delimiter=separator)
        header = next(rows)
        if len(set(header)) < len(header):
            raise InputError(f"{source.name}: two columns have one name: {', '.join(header)}")
        while True:
            number = rows.line_num + 1
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(source.name, number, problem=f"not CSV ({error})")
                continue
            if cells:
                yield _csv_row(source, number, header, cells, options)


def _again(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _separator(source: Source, line: str, options: InputOptions) -> str:
    """The one under which the header names the text column; nothing else is guessed."""
    headers = {separator: next(csv.reader([line], delimiter=separator)) for separator in _SEPARATORS}
    for separator, header in headers.items():
        if options.text_column in header:
            return separator
    seen = max(headers.values(), key=len)
    raise InputError(
        f"{source.name}: no column {options.text_column!r} in its first line, which names: "
        f"{', '.join(seen)}; say which holds the text with --text-column"
    )


def _csv_row(source: Source, number: int, header: list[str], cells: list[str], options: InputOptions) -> Row:
    if any(map(undecodable, cells)):
        return _undecodable(source, number, options)
    columns = dict(zip(header, cells, strict=False))
    if len(cells) != len(header):
        problem = f"{len(cells)} columns, the header has {len(header)}"
        return Row(source.name, number, columns=columns, problem=problem)
    return _row_of(source, number, columns, options)


def _read_parquet(source: Source, options: InputOptions) -> Iterator[Row]:
    from claimcheck.scoring.arrow import pyarrow

    arrow = pyarrow()
    import pyarrow.parquet as parquet

    with open_bytes(source) as stream:
        compressed = source.path is not None and source.path.suffix.lower() != ".parquet"
        try:
            file = parquet.ParquetFile(arrow.py_buffer(stream.read()) if compressed else source.path)
        except arrow.ArrowInvalid as error:
            raise InputError(f"{source.name} is not a Parquet file ({error})") from error
        number = 0
        for batch in file.iter_batches(batch_size=_ARROW_ROWS):
            yield from arrow_rows(source, batch, number, options)
            number += batch.num_rows


def _read_dataset(source: Source, options: InputOptions) -> Iterator[Row]:
    try:
        from datasets import DatasetDict, load_from_disk
    except ImportError as error:
        raise InputError("data sets on disk need the extra: pip install 'claimcheck[train]'") from error
    data = load_from_disk(str(source.path))
    if isinstance(data, DatasetDict):
        if options.split not in data:
            raise InputError(f"{source.name} has the splits {', '.join(data)}; add --split NAME")
        data = data[options.split]
    number = 0
    for table in data.with_format("arrow").iter(_ARROW_ROWS):
        for batch in table.to_batches():
            yield from arrow_rows(source, batch, number, options)
            number += batch.num_rows


def arrow_rows(source: Named, batch: Any, before: int, options: InputOptions) -> Iterator[Row]:
    """The rows of an Arrow batch, of which ``before`` stand before it in the source.

    Raises:
        InputError: it has no such text column.
    """
    names = batch.schema.names
    if options.text_column not in names:
        seen = ", ".join(names)
        raise InputError(
            f"{source.name}: no column {options.text_column!r}, it has: {seen}; see --text-column"
        )
    for i in range(batch.num_rows):
        number = before + i + 1
        try:
            columns = {name: column[i].as_py() for name, column in zip(names, batch.columns, strict=True)}
        except UnicodeDecodeError as error:
            yield Row(source.name, number, problem=f"not UTF-8 ({error})")
        else:
            yield _row_of(source, number, columns, options)


def arrow_types(sources: Sequence[Source]) -> dict[str, Any]:
    """The types of the columns of the first Parquet input, so that they come out as they went in."""
    source = next((source for source in sources if source.format == "parquet"), None)
    if source is None or source.path is None or source.path.suffix.lower() != ".parquet":
        return {}
    import pyarrow.parquet as parquet

    return {field.name: field.type for field in parquet.read_schema(source.path)}
