"""A column of spans for Hugging Face ``datasets`` (extra ``train``, or ``pip install datasets``).

>>> from datasets import Dataset                                              # doctest: +SKIP
>>> news = Dataset.from_dict({"text": ["مصرف برق ۱۲ درصد رشد کرده است."]})      # doctest: +SKIP
>>> news.map(add_spans, batched=True, features=with_spans(news.features))     # doctest: +SKIP
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from claimcheck.api import analyze_many


def add_spans(
    batch: Mapping[str, Sequence[Any]], column: str = "text", **options: Any
) -> dict[str, list[list[dict[str, Any]]]]:
    """A column ``spans`` for a batch of rows: for ``Dataset.map(add_spans, batched=True, …)``.

    Args:
        batch: columns by name, as ``map`` gives them.
        column: the one with the texts; what is ``None`` in it has no spans. ``fn_kwargs`` of ``map`` names another.
        **options: as for ``analyze_many``.

    Raises:
        KeyError: there is no such column.
    """
    if column not in batch:
        raise KeyError(
            f"no column {column!r}; there are {', '.join(batch)}: map(…, fn_kwargs={{'column': …}})"
        )
    texts = ("" if text is None else text for text in batch[column])
    return {"spans": [[_row(span.to_dict()) for span in spans] for spans in analyze_many(texts, **options)]}


def with_spans(features: Any) -> Any:
    """The features of a data set with those of ``spans`` added, for ``map``: a first batch cannot tell them all."""
    from datasets import Features, List, Value

    place = {"start": Value("int64"), "end": Value("int64"), "text": Value("string")}
    frame = place | {"speaker": place, "kind": Value("string"), "stance": Value("string")}
    flag = {name: Value("string") for name in ("type", "reason", "factcheck")}
    flag |= {"score": Value("float64"), "evidence": place}
    span = place | {
        "label": Value("string"),
        "confidence": Value("float64"),
        "check_worthiness": Value("float64"),
    }
    span |= {"attribution": frame, "words": List(place | {"weight": Value("float64")}), "flags": List(flag)}
    return Features({**features, "spans": List(span)})


def _row(span: dict[str, Any]) -> dict[str, Any]:
    """Every field there; a fact-check, whose fields differ from one to the next, as JSON."""
    flags = [
        flag
        | {"factcheck": json.dumps(flag["factcheck"], ensure_ascii=False) if "factcheck" in flag else None}
        for flag in span.get("flags", ())
    ]
    return span | {"words": span.get("words", []), "flags": flags}
