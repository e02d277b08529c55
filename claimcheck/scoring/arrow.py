"""Arrow tables of results: pyarrow where it is installed, the type of spans, and columns of mixed types."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from claimcheck.scoring.rows import InputError


def pyarrow() -> Any:
    """The library, or an error that names the extra."""
    try:
        import pyarrow as arrow
    except ImportError as error:
        raise InputError("Parquet needs the extra: pip install 'claimcheck[score]'") from error
    return arrow


def span_fields() -> list[Any]:
    """The fields of ``Span.to_dict``."""
    arrow = pyarrow()
    place = [("start", arrow.int64()), ("end", arrow.int64()), ("text", arrow.string())]
    speaker = ("speaker", arrow.struct(place))
    frame = arrow.struct([*place, speaker, ("kind", arrow.string()), ("stance", arrow.string())])
    return [
        arrow.field("start", arrow.int64()),
        arrow.field("end", arrow.int64()),
        arrow.field("text", arrow.string()),
        arrow.field("label", arrow.string()),
        arrow.field("confidence", arrow.float64()),
        arrow.field("check_worthiness", arrow.float64()),
        arrow.field("attribution", frame),
    ]


def flat_fields() -> list[Any]:
    """The same for one row a span: the frame's fields beside the span's, of its speaker the words."""
    arrow = pyarrow()
    *own, frame = span_fields()
    plain = {field.name: field.type for field in frame.type} | {"speaker": arrow.string()}
    return [*own, *(arrow.field(f"frame_{name}", kind) for name, kind in plain.items())]


def table(rows: Sequence[Mapping[str, Any]], typed: Mapping[str, Any]) -> Any:
    """A table of ``rows``: columns in ``typed`` have that type, the others the type of their values.

    A column whose values are of several types is kept as JSON text.
    """
    arrow = pyarrow()
    names = list(dict.fromkeys([name for row in rows for name in row] or typed))
    arrays = []
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            arrays.append(arrow.array(values, typed.get(name)))
        except (arrow.ArrowInvalid, arrow.ArrowTypeError):
            arrays.append(arrow.array([as_text(value) for value in values], arrow.string()))
    return arrow.table(arrays, names=names)


def common_schema(schemas: Sequence[Any]) -> Any:
    """One schema for all parts; a column that has types which do not fit together becomes JSON text."""
    arrow = pyarrow()
    fields: dict[str, Any] = {}
    for schema in schemas:
        for field in schema:
            known = fields.setdefault(field.name, field.type)
            try:
                one, other = (arrow.schema([(field.name, kind)]) for kind in (known, field.type))
                unified = arrow.unify_schemas([one, other], promote_options="permissive")
                fields[field.name] = unified.field(0).type
            except (arrow.ArrowInvalid, arrow.ArrowTypeError):
                fields[field.name] = arrow.string()
    return arrow.schema(list(fields.items()))


def conform(part: Any, schema: Any) -> Any:
    """``part`` with exactly the columns of ``schema``."""
    arrow = pyarrow()
    columns = []
    for field in schema:
        if field.name not in part.schema.names:
            columns.append(arrow.nulls(part.num_rows, field.type))
            continue
        column = part.column(field.name)
        if field.type == arrow.string() and column.type not in (arrow.string(), arrow.null()):
            column = arrow.array([as_text(value) for value in column.to_pylist()], arrow.string())
        columns.append(column.cast(field.type))
    return arrow.table(columns, schema=schema)


def as_text(value: Any) -> str | None:
    """Text as it is, everything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
