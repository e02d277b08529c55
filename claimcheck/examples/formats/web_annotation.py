"""W3C Web Annotations as JSON-LD: an ``AnnotationCollection``, one annotation a span.

Each has a ``TextPositionSelector`` and a ``TextQuoteSelector``. Positions count code points, as the model says;
``--offsets utf-16`` reads those of browser tools that count units. The model refers to texts and does not
hold them, so they stand beside the annotations under ``documents`` (``dcterms:references``), and a file without
them cannot be read back. Sentences and other fields are not written.
Model: https://www.w3.org/TR/annotation-model/, sections 4.2.4 and 4.2.5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from claimcheck.examples.files import read_text, replacing
from claimcheck.examples.formats import fields as f
from claimcheck.examples.labels import name_of
from claimcheck.examples.offsets import UTF16, from_utf16
from claimcheck.examples.records import (
    BadRow,
    DataError,
    Draft,
    Example,
    Finding,
    LabelledSpan,
    Place,
    RawSpan,
)
from claimcheck.span import Span

_CONTEXT = [
    "http://www.w3.org/ns/anno.jsonld",
    {"documents": {"@id": "http://purl.org/dc/terms/references", "@container": "@set"}},
]
_URN = "urn:claimcheck:"
_AROUND = 32  # characters of prefix and suffix


def annotation(source: str, text: str, span: LabelledSpan, *more: Mapping[str, Any]) -> dict[str, Any]:
    """One annotation.

    Args:
        source: the IRI of the text.
        text: the text that ``span`` is of.
        more: further bodies.
    """
    start, end = span.start, span.end
    body = {"type": "TextualBody", "purpose": "tagging", "value": name_of(span.label, span.check_worthy)}
    return {
        "type": "Annotation",
        "motivation": "tagging",
        "body": [body, *more] if more else body,
        "target": {
            "source": source,
            "selector": [
                {"type": "TextPositionSelector", "start": start, "end": end},
                {
                    "type": "TextQuoteSelector",
                    "exact": text[start:end],
                    "prefix": text[max(0, start - _AROUND) : start],
                    "suffix": text[end : end + _AROUND],
                },
            ],
        },
    }


def of_analysis(source: str, text: str, spans: Iterable[Span]) -> dict[str, Any]:
    """What ``analyze`` said of a text, as a collection.

    A body of purpose ``describing`` holds, as JSON, what a tag cannot say: confidence, check-worthiness and
    the frame (``Attribution.to_dict()``).

    Args:
        source: the IRI of the text, or a name for it.
    """
    iri = iri_of(source)
    items = []
    for span in spans:
        said = {
            key: value
            for key, value in span.to_dict().items()
            if key not in ("start", "end", "text", "label")
        }
        body = {"type": "TextualBody", "purpose": "describing", "format": "application/json"}
        more = body | {"value": json.dumps(said, ensure_ascii=False)}
        items.append(annotation(iri, text, LabelledSpan.of(span), more))
    return collection([document(iri, text)], items)


def collection(documents: list[dict[str, Any]], items: list[dict[str, Any]]) -> dict[str, Any]:
    """Annotations with the texts they are about."""
    page = {"type": "AnnotationPage", "startIndex": 0, "items": items}
    head = {"@context": _CONTEXT, "type": "AnnotationCollection", "total": len(items), "first": page}
    return head | {"documents": documents}


def document(iri: str, text: str) -> dict[str, Any]:
    """A text, as ``documents`` holds it."""
    return {"id": iri, "type": "Text", "format": "text/plain", "language": "fa", "value": text}


def iri_of(id_: str) -> str:
    """An id as an IRI: as it is where it is one."""
    return id_ if "://" in id_ or id_.startswith("urn:") else _URN + quote(id_)


def write(examples: Iterable[Example], path: Path) -> None:
    """One collection."""
    documents, items = [], []
    for example in examples:
        iri = iri_of(example.id)
        documents.append(document(iri, example.text))
        items += [annotation(iri, example.text, span) for span in example.spans]
    with replacing(path) as out:
        json.dump(collection(documents, items), out, ensure_ascii=False, indent=1)
        out.write("\n")


def read(path: Path, fields: f.Fields) -> Iterator[Draft | Finding]:
    """A draft or a finding a document."""
    try:
        held = f.as_object(json.loads(read_text(path)))
    except (BadRow, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not the JSON-LD of an annotation collection: {error}") from error
    first = held.get("first")
    items = first.get("items") if isinstance(first, dict) else held.get("items")
    if not isinstance(items, list) or not isinstance(held.get("documents"), list):
        raise DataError(
            f"{path}: wanted a collection with first.items, and documents that hold the texts; has {', '.join(held)}"
        )
    waiting = dict(enumerate(items))
    for number, one in enumerate(held["documents"], 1):
        place = Place(str(path), 1, f"document no. {number}")
        try:
            iri, text = _text_of(one)
            mine = [k for k, item in waiting.items() if _source(item) == iri]
            spans = tuple(_span(text, waiting.pop(k), fields) for k in mine)
        except BadRow as bad:
            yield Finding(place, "row", str(bad))
            continue
        id_ = unquote(iri.removeprefix(_URN)) if iri.startswith(_URN) else iri
        yield Draft(place, id_, text, tuple(sorted(spans, key=lambda span: span.start)))
    for k in waiting:
        place = Place(str(path), 1, f"annotation no. {k + 1}")
        yield Finding(place, "row", f"it is about none of the documents: {_source(waiting[k])!r}")


def _text_of(one: Any) -> tuple[str, str]:
    iri, text = f.as_object(one).get("id"), one.get("value")
    if not isinstance(iri, str) or not isinstance(text, str):
        raise BadRow("a document must have an id and a value, which is its text")
    return iri, text


def _source(item: Any) -> Any:
    target = item.get("target") if isinstance(item, dict) else None
    return target.get("source") if isinstance(target, dict) else None


def _span(text: str, item: Mapping[str, Any], fields: f.Fields) -> RawSpan:
    bodies = item.get("body")
    tags = [
        body["value"]
        for body in (bodies if isinstance(bodies, list) else [bodies])
        if isinstance(body, dict) and body.get("purpose") == "tagging" and "value" in body
    ]
    if len(tags) != 1:
        raise BadRow(f"an annotation must have one body of purpose tagging, this has {len(tags)}")
    selectors = item["target"].get("selector")
    known = {
        one.get("type"): one
        for one in (selectors if isinstance(selectors, list) else [selectors])
        if isinstance(one, dict)
    }
    position = known.get("TextPositionSelector")
    if position is None:
        raise BadRow("an annotation must have a TextPositionSelector")
    convert = from_utf16(text) if fields.offsets == UTF16 else int
    start = convert(f.integer(position.get("start"), "a start"))
    end = convert(f.integer(position.get("end"), "an end"))
    exact = known.get("TextQuoteSelector", {}).get("exact")
    if exact is not None and text[max(start, 0) : max(end, 0)] != exact:
        raise BadRow(
            f"at {start}-{end} stands {text[max(start, 0) : max(end, 0)]!r:.60}, not {exact!r:.60}; "
            f"if positions count UTF-16 units: --offsets {UTF16}"
        )
    return RawSpan(start, end, f.name(tags[0]))
