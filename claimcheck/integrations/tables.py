"""A column of texts, of pandas or polars, to spans; neither library is imported unless the column is its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from claimcheck.api import analyze_many
from claimcheck.scoring.writers import FLAT, flat

_COLUMNS = (*FLAT, "flags")


def spans_of(
    column: Any, *, progress: Callable[[Iterable[str]], Iterable[str]] | None = None, **options: Any
) -> Any:
    """A row for every span of a column of texts.

    Args:
        column: a ``pandas.Series`` or ``polars.Series``. What is no text (missing, a number) has no spans, and
            one warning says how many there are.
        progress: wraps the texts while they are read, as ``tqdm.tqdm`` does.
        **options: as for ``analyze_many``: ``model``, ``min_confidence``, ``cues``, ``factchecks``, …

    Returns:
        A data frame of the same library with the columns of ``claimcheck score --flat`` and ``flags`` (their
        types, with blanks between). Of pandas it carries the index of ``column``, a label repeated for every
        span, so that ``frame.join(spans_of(frame["text"]), rsuffix="_of_span")`` lines them up; of polars a first
        column ``row`` counts the rows of ``column`` from 0.

    Raises:
        TypeError: ``column`` is neither.
    """
    library = _library(column)
    rows = []
    for number, spans in enumerate(_analyzed(column.to_list(), progress, options)):
        for span in spans:
            plain = span.to_dict()
            rows.append((number, *flat(plain).values(), " ".join(flag.type for flag in span.flags)))
    if library == "pandas":
        import pandas

        found = pandas.DataFrame([row[1:] for row in rows], columns=list(_COLUMNS))
        found = found.astype({"frame_start": "Int64", "frame_end": "Int64"})
        return found.set_index(column.index.take([row[0] for row in rows]))
    import polars

    kinds: dict[str, Any] = {"row": polars.Int64} | dict.fromkeys(_COLUMNS, polars.String)
    kinds |= dict.fromkeys(("span_start", "span_end", "frame_start", "frame_end"), polars.Int64)
    kinds |= dict.fromkeys(("span_confidence", "span_check_worthiness"), polars.Float64)
    return polars.DataFrame(rows, schema=kinds, orient="row")


def lists_of(
    column: Any, *, progress: Callable[[Iterable[str]], Iterable[str]] | None = None, **options: Any
) -> Any:
    """The spans of every text as a list of ``Span.to_dict()``: a column as long as ``column``, of its library.

    Arguments and errors are those of ``spans_of``.
    """
    library = _library(column)
    found = [[span.to_dict() for span in spans] for spans in _analyzed(column.to_list(), progress, options)]
    if library == "pandas":
        import pandas

        return pandas.Series(found, index=column.index, name="spans", dtype=object)
    import polars

    return polars.Series("spans", found, dtype=polars.Object)


def _library(column: Any) -> str:
    kind = type(column)
    library = kind.__module__.partition(".")[0]
    if library in ("pandas", "polars") and kind.__name__ == "Series":
        return library
    hint = '; name its column of texts, such as frame["text"]' if kind.__name__ == "DataFrame" else ""
    raise TypeError(
        f"column must be a Series of pandas or polars, got {kind.__module__}.{kind.__name__}{hint}"
    )


def _analyzed(
    values: Sequence[Any], progress: Callable[[Iterable[str]], Iterable[str]] | None, options: dict[str, Any]
) -> Iterable[list[Any]]:
    others = [number for number, value in enumerate(values) if not isinstance(value, str)]
    if others:
        first = values[others[0]]
        warnings.warn(
            f"{len(others):,} of {len(values):,} rows hold no text and get no spans; the first is row {others[0]}: "
            f"{type(first).__name__} {first!r:.40}",
            stacklevel=3,
        )
    texts = [value if isinstance(value, str) else "" for value in values]
    return analyze_many(progress(texts) if progress else texts, **options)
