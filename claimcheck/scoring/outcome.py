"""What came of a run of rows: the bytes of its results and of its errors, and its counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from claimcheck.scoring.rows import InputError, Result, Row, Scored
from claimcheck.scoring.stats import Stats
from claimcheck.scoring.writers import OutputOptions, render


@dataclass(frozen=True, slots=True)
class Outcome:
    """``results`` as ``writers.render`` makes them, ``errors`` as JSON lines."""

    results: bytes
    errors: bytes = b""
    stats: Stats = field(default_factory=Stats)


def outcome(
    part: Iterable[tuple[int, Row, Result]],
    options: OutputOptions,
    group_column: str | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Outcome:
    """Sort the good rows from the bad.

    Args:
        part: number in the whole input, row, and its spans or why it has none.
        options: how results are written.
        group_column: counts by its values too.
        typed: Arrow types of the columns carried through.
    """
    good: list[Scored] = []
    errors: list[str] = []
    stats = Stats()
    for number, row, result in part:
        if isinstance(result, str):
            errors.append(_error(number, row, result, options))
            stats.bad += 1
        else:
            good.append(Scored(number, row, result))
            stats.add(good[-1], group_column)
    return Outcome(render(good, options, typed or {}), "".join(errors).encode(), stats)


def writable(row: Row, options: OutputOptions) -> Row:
    """The row, or a bad one in its place where its columns cannot be written in that format.

    Raises:
        InputError: it has a column named like that of the spans.
    """
    if options.spans_column in row.columns and not options.flat:
        name = options.spans_column
        raise InputError(f"{row.source} has a column {name!r} of its own; add --spans-column NAME")
    if row.problem or options.holds_surrogates:
        return row
    try:
        json.dumps(dict(row.columns), ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        problem = f"a lone surrogate, which {options.format} cannot hold; JSON lines can"
        return Row(row.source, row.position, columns=row.columns, problem=problem)
    return row


def _error(number: int, row: Row, problem: str, options: OutputOptions) -> str:
    said: dict[str, Any] = {"row": number, "source": row.source, "line": row.position, "problem": problem}
    if options.id_column is not None and options.id_column in row.columns:
        said["id"] = row.columns[options.id_column]
    return json.dumps(said, default=str) + "\n"
