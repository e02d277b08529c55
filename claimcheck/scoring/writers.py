"""Scored rows as bytes, part by part, and the parts as one file.

JSON lines and CSV keep their parts as JSON lines, Parquet keeps its as Parquet; ``join`` makes the file of them.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from claimcheck.scoring.rows import InputError, Scored
from claimcheck.scoring.sources import COMPRESSED, compressing

_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How results are written.

    ``flat`` writes a row for every span in place of a row for every input row; ``id_column`` is repeated in
    them. ``spans_column`` is what the new column is called otherwise.
    """

    format: str = "jsonl"
    flat: bool = False
    id_column: str | None = None
    text_column: str = "text"
    spans_column: str = "spans"

    @property
    def holds_surrogates(self) -> bool:
        """Whether a lone surrogate can be written: JSON has an escape for it, nothing else has."""
        return self.format == "jsonl"


def format_of(path: Path, flat: bool) -> str:
    """The format that a name asks for.

    Raises:
        InputError: its ending tells none, or the format has one row a span only.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    found = _ENDINGS.get(suffixes[-1] if suffixes else "")
    if found is None:
        raise InputError(f"{path}: write to a name that ends in {', '.join(_ENDINGS)} (also .gz, .xz, .zst)")
    if found in ("csv", "tsv") and not flat:
        raise InputError(
            f"{path}: a cell holds no list of spans; add --flat for one row a span, or use .jsonl"
        )
    return found


def render(rows: Sequence[Scored], options: OutputOptions, typed: Mapping[str, Any]) -> bytes:
    """The bytes of one part.

    Args:
        rows: scored rows.
        options: how.
        typed: Arrow types of the columns carried through, where the input has some.
    """
    plain = list(_flat_rows(rows, options) if options.flat else _nested_rows(rows, options))
    if options.format != "parquet":
        return b"".join(_json_line(row) for row in plain)
    from claimcheck.scoring import arrow

    known = dict(typed)
    if options.flat:
        known |= {name: field.type for name, field in zip(FLAT, arrow.flat_fields(), strict=True)}
    else:
        known[options.spans_column] = arrow.pyarrow().list_(arrow.pyarrow().struct(arrow.span_fields()))
    buffer = io.BytesIO()
    import pyarrow.parquet as parquet

    parquet.write_table(arrow.table(plain, known), buffer)
    return buffer.getvalue()


def join(parts: Sequence[Path], out: IO[bytes], path: Path, options: OutputOptions) -> None:
    """Write the parts as one file, compressed as the ending of ``path`` says."""
    writers: dict[str, Callable[..., None]] = {"jsonl": _join_lines, "csv": _join_csv, "tsv": _join_csv}
    if options.format == "parquet":
        _join_parquet(parts, out)
        return
    with compressing(path, out) as stream:
        writers[options.format](parts, stream, options)


FLAT = (
    "span_start",
    "span_end",
    "span_text",
    "span_label",
    "span_confidence",
    "span_check_worthiness",
    "frame_start",
    "frame_end",
    "frame_text",
    "frame_speaker",
    "frame_kind",
    "frame_stance",
)


def _nested_rows(rows: Iterable[Scored], options: OutputOptions) -> Iterator[dict[str, Any]]:
    for scored in rows:
        yield {**scored.row.columns, options.spans_column: scored.spans}


def _flat_rows(rows: Iterable[Scored], options: OutputOptions) -> Iterator[dict[str, Any]]:
    for scored in rows:
        carried = {k: v for k, v in scored.row.columns.items() if k != options.text_column}
        if options.id_column is None:
            carried = {"row": scored.number, **carried}
        for span in scored.spans:
            yield {**carried, **flat(span)}


def flat(span: Mapping[str, Any]) -> dict[str, Any]:
    """``Span.to_dict()`` in one level: the columns ``FLAT``, the frame's beside the span's own."""
    frame = span["attribution"] or {}
    values = [span[name.removeprefix("span_")] for name in FLAT[:6]]
    values += [frame.get(key) for key in ("start", "end", "text")]
    values.append((frame.get("speaker") or {}).get("text"))
    values += [frame.get(key) for key in ("kind", "stance")]
    return dict(zip(FLAT, values, strict=True))


def _json_line(row: Mapping[str, Any]) -> bytes:
    try:
        return (json.dumps(row, ensure_ascii=False, default=str) + "\n").encode()
    except UnicodeEncodeError:  # a lone surrogate: as its escape
        return (json.dumps(row, default=str) + "\n").encode()


def _join_lines(parts: Sequence[Path], out: IO[bytes], _: OutputOptions) -> None:
    for part in parts:
        with open(part, "rb") as stream:
            shutil.copyfileobj(stream, out, 1 << 20)


def _join_csv(parts: Sequence[Path], out: IO[bytes], options: OutputOptions) -> None:
    names: dict[str, None] = {}
    for row in _rows_of(parts):
        names.update(dict.fromkeys(row))
    header = [name for name in names if name not in FLAT] + [
        name for name in FLAT if name in names or not names
    ]
    text = io.TextIOWrapper(out, "utf-8", newline="")
    writer = csv.DictWriter(
        text, header, delimiter="\t" if options.format == "tsv" else ",", lineterminator="\n"
    )
    writer.writeheader()
    for row in _rows_of(parts):
        writer.writerow(
            {k: v if isinstance(v, str | int | float | None) else json.dumps(v) for k, v in row.items()}
        )
    text.flush()
    text.detach()


def _rows_of(parts: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for part in parts:
        with open(part, encoding="utf-8", newline="\n") as stream:
            for line in stream:
                yield json.loads(line)


def _join_parquet(parts: Sequence[Path], out: IO[bytes]) -> None:
    import pyarrow.parquet as parquet

    from claimcheck.scoring import arrow

    schema = arrow.common_schema([parquet.read_schema(part) for part in parts])
    with parquet.ParquetWriter(out, schema) as writer:
        for part in parts:
            writer.write_table(arrow.conform(parquet.read_table(part), schema))
