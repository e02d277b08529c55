"""A Hugging Face data set saved on disk (``save_to_disk``).

Three layouts are read: ours (``text``, ``spans``), token tags (``tokens`` and ``tags`` or ``ner_tags``), and
a ``label`` a text. Tags and labels may be numbers with names (``ClassLabel``) or strings.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from claimcheck.examples.files import replacing_folder
from claimcheck.examples.formats import fields as f
from claimcheck.examples.formats import jsonl
from claimcheck.examples.formats.tagged import spans_of
from claimcheck.examples.records import BadRow, DataError, Draft, Example, Finding, Place, RawSpan
from claimcheck.tags import trim

_TAG_COLUMNS = ("tags", "ner_tags")


def read(path: Path, fields: f.Fields) -> Iterator[Draft | Finding]:
    """A draft or a finding a row; a set of several splits is an error that names them."""
    datasets = _datasets()
    loaded = datasets.load_from_disk(str(path))
    if isinstance(loaded, datasets.DatasetDict):
        splits = ", ".join(str(path / split) for split in loaded)
        raise DataError(f"{path} holds several splits; name one: {splits}")
    names = {column: _class_names(feature) for column, feature in loaded.features.items()}
    for number, row in enumerate(loaded, 1):
        place = Place(str(path), number)
        try:
            yield _draft(place, row, names, fields)
        except BadRow as bad:
            yield Finding(place, "row", str(bad))


def write(examples: Iterable[Example], path: Path) -> None:
    """A new folder in our layout; ``extra`` becomes one column of JSON where there is any."""
    datasets = _datasets()
    value, listed = datasets.Value, datasets.List
    span = {"start": value("int64"), "end": value("int64"), "label": value("string")}
    columns = {key: value("string") for key in ("id", "text", "genre", "source", "document", "extra")}
    features = datasets.Features(
        columns
        | {
            "sentences": listed(listed(value("int64"))),
            "spans": listed(span | {"check_worthy": value("bool")}),
        }
    )
    with replacing_folder(path) as folder:
        datasets.Dataset.from_list([_row(e) for e in examples], features=features).save_to_disk(str(folder))


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DataError("Hugging Face data sets need the extra: pip install 'claimcheck[train]'") from error
    datasets.disable_progress_bars()
    return datasets


def _class_names(feature: Any) -> list[str] | None:
    return getattr(getattr(feature, "feature", feature), "names", None)


def _draft(place: Place, row: Mapping[str, Any], names: Mapping[str, Any], fields: f.Fields) -> Draft:
    tags = next((column for column in _TAG_COLUMNS if column in row), None)
    if "spans" in row:
        text = f.text_of(row, fields)
        spans = [jsonl.span_of(span) for span in _records(row["spans"])]
        extra = f.as_object(jsonl.parse(row.get("extra") or "{}"))
        return f.draft(place, {**row, **extra}, text, spans, (fields.text, "spans", "extra"))
    if "tokens" in row and tags:
        tokens = [f.name(token, "a token") for token in f.as_list(row["tokens"], "'tokens'")]
        named = [_name(tag, names[tags]) for tag in f.as_list(row[tags], repr(tags))]
        if len(tokens) != len(named):
            raise BadRow(f"{len(tokens)} tokens and {len(named)} {tags}")
        text = " ".join(tokens)
        ends = list(accumulate((len(token) + 1 for token in tokens), initial=0))
        ranges = [(a, b - 1) for a, b in pairwise(ends)]
        return f.draft(place, row, text, spans_of(ranges, named), ("tokens", tags))
    if fields.label in row:
        text = f.text_of(row, fields)
        start, end = trim(text, 0, len(text))
        label = RawSpan(start, end, _name(row[fields.label], names[fields.label]))
        return f.draft(place, row, text, [label] if start < end else [], (fields.text, fields.label))
    raise BadRow(f"wanted 'spans', 'tokens' with 'tags', or {fields.label!r}; there are: {', '.join(row)}")


def _records(spans: Any) -> list[Any]:
    """Spans as rows; older versions of ``datasets`` give them as columns."""
    if isinstance(spans, dict) and all(isinstance(column, list) for column in spans.values()):
        return [dict(zip(spans, row, strict=False)) for row in zip(*spans.values(), strict=False)]
    return f.as_list(spans, "'spans'")


def _name(value: Any, names: list[str] | None) -> str:
    if isinstance(value, str):
        return value
    if names is None or not isinstance(value, int) or not 0 <= value < len(names):
        raise BadRow(f"the label {value!r} is a number without a name; make the column a ClassLabel")
    return names[value]


def _row(example: Example) -> dict[str, Any]:
    extra = json.dumps(dict(example.extra), ensure_ascii=False) if example.extra else None
    described = {key: getattr(example, key) for key in ("id", "text", "genre", "source", "document")}
    spans = [
        {"start": s.start, "end": s.end, "label": s.label.value, "check_worthy": s.check_worthy}
        for s in example.spans
    ]
    sentences = None if example.sentences is None else [list(pair) for pair in example.sentences]
    return {**described, "extra": extra, "sentences": sentences, "spans": spans}
