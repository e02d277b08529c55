"""Label Studio's JSON export: a list of tasks, each with ``data`` and ``annotations`` of ``result`` regions.

Old versions count offsets in UTF-16 units, newer ones in code points. Every region carries its text, so
the way of counting is the one under which the texts agree; where nothing can tell, that is an error.
A task that several people annotated differently gives one record each (``lint`` reports the disagreement).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from claimcheck.examples.files import read_text, replacing
from claimcheck.examples.formats import fields as f
from claimcheck.examples.formats.jsonl import dumps
from claimcheck.examples.labels import name_of
from claimcheck.examples.offsets import CODE_POINTS, UTF16, from_utf16, has_astral
from claimcheck.examples.records import BadRow, DataError, Draft, Example, Finding, Place, RawSpan

# The labelling interface the files fit; people paste it into a new project.
INTERFACE = """<View>
  <Labels name="label" toName="text">
    <Label value="claim"/><Label value="claim_check_worthy"/><Label value="opinion"/>
    <Label value="call_to_action"/><Label value="attribution"/>
  </Labels>
  <Text name="text" value="$text" granularity="word"/>
</View>"""


def read(path: Path, fields: f.Fields) -> Iterator[Draft | Finding]:
    """The drafts of every task; a task that cannot be used is one finding with its line and id."""
    for place, task in _tasks(path):
        try:
            yield from _drafts(place, f.as_object(task), fields)
        except BadRow as bad:
            yield Finding(place, "row", str(bad))


def write(examples: Iterable[Example], path: Path, *, predictions: bool = False) -> None:
    """Tasks for import, offsets in code points; with ``predictions`` the spans are offered, not taken."""
    holder = "predictions" if predictions else "annotations"
    tasks = ({"data": _data(example), holder: [{"result": regions(example)}]} for example in examples)
    with replacing(path) as out:
        out.write("[")
        for i, task in enumerate(tasks):
            out.write((",\n" if i else "\n") + dumps(task))
        out.write("\n]\n")


def _tasks(path: Path) -> Iterator[tuple[Place, Any]]:
    """The elements of the outer list, each with its line and id: exports often are one line."""
    text, decoder, line, at = read_text(path), json.JSONDecoder(), 1, 0
    number = 0

    def skip(blanks: str) -> str:
        nonlocal at, line
        while at < len(text) and text[at] in blanks:
            line += text[at] == "\n"
            at += 1
        return text[at : at + 1]

    if skip(" \t\r\n") != "[":
        raise DataError(
            f"{path}:{line}: a Label Studio export is a JSON list of tasks; this begins otherwise"
        )
    at += 1
    while skip(" \t\r\n,") not in ("]", ""):
        begin = at
        try:
            task, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}:{line}: the task that begins here is not JSON: {error}") from error
        number += 1
        yield Place(str(path), line, _task_name(task, number)), task
        line += text.count("\n", begin, at)
    if at >= len(text):
        raise DataError(f"{path}:{line}: the file breaks off before its closing ']'")


def _task_name(task: Any, number: int) -> str:
    """By its id, as Label Studio shows it, or where it has none by its place in the list, from 1."""
    id_ = task.get("id") if isinstance(task, dict) else None
    return f"task {id_}" if isinstance(id_, int | str) and id_ != "" else f"task no. {number}"


def _drafts(place: Place, task: Mapping[str, Any], fields: f.Fields) -> Iterator[Draft]:
    if "data" not in task:
        raise BadRow("no 'data' in the task; export as JSON (not JSON-MIN)")
    data = f.as_object(task["data"])
    text = f.text_of(data, fields)
    annotations = map(f.as_object, f.as_list(task.get("annotations"), "'annotations'"))
    done = [annotation for annotation in annotations if not annotation.get("was_cancelled")]
    if not done:
        raise BadRow("the task has no annotation (predictions are not labels)")
    readings = [_spans(text, a.get("result"), fields) for a in done]
    different = [spans for i, spans in enumerate(readings) if spans not in readings[:i]]
    for number, spans in enumerate(different, 1):
        draft = f.draft(place, {"id": task.get("id"), **data}, text, spans, (fields.text,))
        yield draft if number == 1 else replace(draft, id=f"{draft.id}#{number}")


def _spans(text: str, result: Any, fields: f.Fields) -> list[RawSpan]:
    """The spans of one annotation, read under the way of counting that its texts agree with."""
    regions_ = map(f.as_object, f.as_list(result, "'result' of an annotation"))
    values = [f.as_object(region.get("value", {})) for region in regions_]
    regions = [value for value in values if "labels" in value]
    choices = [f.name(n) for value in values for n in f.as_list(value.get("choices"), "'choices'")]
    chosen = [RawSpan(0, len(text), choice) for choice in choices]
    counted = [(f.integer(v.get("start"), "'start'"), f.integer(v.get("end"), "'end'")) for v in regions]
    names = [_one_name(value["labels"]) for value in regions]
    convert = _way_of_counting(text, counted, [value.get("text") for value in regions], fields.offsets)
    found = [RawSpan(convert(a), convert(b), n) for (a, b), n in zip(counted, names, strict=True)]
    return sorted(chosen + found, key=lambda span: (span.start, span.end))


def _way_of_counting(
    text: str, counted: list[tuple[int, int]], quoted: list[Any], said: str | None
) -> Callable[[int], int]:
    ways: dict[str, Callable[[int], int]] = {UTF16: from_utf16(text), CODE_POINTS: int}
    tried = [said] if said else list(ways) if has_astral(text) else [CODE_POINTS]
    agreeing = [way for way in tried if _agrees(text, counted, quoted, ways[way])]
    if not agreeing:
        raise BadRow(f"no region's text stands at its offsets, counted in {' or in '.join(tried)}")
    results = {way: [(ways[way](a), ways[way](b)) for a, b in counted] for way in agreeing}
    inside = [way for way in agreeing if all(a >= 0 and b <= len(text) for a, b in results[way])]
    left = inside or agreeing  # a slice is cut off at the end, so a text alone can agree with offsets past it
    if any(results[way] != results[left[0]] for way in left):
        raise BadRow(
            "offsets after an emoji, and nothing tells how they count: --offsets utf-16 or code-points"
        )
    return ways[left[0]]


def _agrees(
    text: str, counted: list[tuple[int, int]], quoted: list[Any], convert: Callable[[int], int]
) -> bool:
    try:
        ranges = [(convert(a), convert(b)) for a, b in counted]
    except BadRow:
        return False
    pairs = zip(ranges, quoted, strict=True)
    return all(q is None or _plain(text[max(a, 0) : max(b, 0)]) == _plain(q) for (a, b), q in pairs)


def _plain(text: Any) -> str:
    """Line breaks come back from the browser as the two characters ``\\n``; blanks at the edges may go."""
    return " ".join(str(text).replace("\\n", "\n").split())


def _one_name(names: Any) -> str:
    if not isinstance(names, list) or len(names) != 1:
        raise BadRow(f"a region must have one label, this has {names!r}")
    return f.name(names[0])


def _data(example: Example) -> dict[str, Any]:
    data = example.to_dict()
    data.pop("spans")
    return data


def regions(example: Example) -> list[dict[str, Any]]:
    """The spans as Label Studio's regions, named as ``INTERFACE`` does."""
    return [
        {
            "id": f"s{number}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": span.start,
                "end": span.end,
                "text": example.text[span.start : span.end],
                "labels": [name_of(span.label, span.check_worthy)],
            },
        }
        for number, span in enumerate(example.spans, 1)
    ]
