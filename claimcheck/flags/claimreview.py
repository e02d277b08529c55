"""Fact-checks as people publish them: ClaimReview JSON-LD, JSON lines, tables.

ClaimReview (https://schema.org/ClaimReview) comes in a page's ``<script type="application/ld+json">``, as a
list, in a ``@graph``, in a feed or an item list, or in the dump of Data Commons: ``{"dataFeedElement":
[{"item": [{…}]}]}``. A record that cannot be used costs itself and is reported with its place and the reason.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from claimcheck.examples.files import byte_lines, decode, read_text
from claimcheck.examples.formats import table
from claimcheck.examples.records import BadRow, DataError, Finding, Place
from claimcheck.flags.verdicts import Verdict, verdict_of, verdict_of_review

_NAMES = {  # columns and fields that say the same, ours first
    "id": ("id",),
    "claim": ("claim", "claimReviewed", "claim_reviewed", "claim_text"),
    "verdict": ("verdict",),
    "rating": ("rating", "textualRating", "alternateName", "label"),
    "publisher": ("publisher", "author", "publisher_name", "source"),
    "url": ("url", "link"),
    "date": ("date", "datePublished", "reviewDate", "published"),
}
_DEEPEST = 50  # levels of lists and objects that are searched for reviews


@dataclass(frozen=True, slots=True)
class FactCheck:
    """One fact-check: the claim as it was checked, what came of it and where that stands.

    ``rating`` is what the publisher wrote, ``verdict`` what that comes to. ``ValueError`` for a blank claim.
    """

    id: str
    claim: str
    verdict: Verdict = Verdict.OTHER
    rating: str | None = None
    publisher: str | None = None
    url: str | None = None
    date: str | None = None

    def __post_init__(self) -> None:
        if not self.claim.strip():
            raise ValueError(f"fact-check {self.id!r}: the claim is empty")


def read_factchecks(path: str | os.PathLike[str]) -> Iterator[FactCheck | Finding]:
    """What a file holds, a record or a finding at a time; tables and JSON lines are streamed.

    Args:
        path: ``.jsonl``/``.ndjson``, ``.csv``/``.tsv``, ``.json``/``.jsonld``, ``.html``/``.htm``.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist" if not path.exists() else f"{path} is no file")
    ending = path.suffix.lower()
    if ending in (".jsonl", ".ndjson"):
        return _lines(path)
    if ending in (".csv", ".tsv"):
        return _table(path)
    if ending in (".html", ".htm"):
        return _page(path)
    if ending in (".json", ".jsonld"):
        return _found(_parse(read_text(path), f"{path}"), Place(str(path)))
    raise DataError(f"{path}: fact-checks are read from .jsonl, .csv, .tsv, .json, .jsonld and .html files")


def from_records(records: Iterable[Any]) -> Iterator[FactCheck | Finding]:
    """Records as Python has them: mappings like our JSON lines, ClaimReviews, or ``FactCheck`` itself."""
    for number, record in enumerate(records, 1):
        if isinstance(record, FactCheck):
            yield record
        else:
            yield from _either(record, Place("record", number))


def _lines(path: Path) -> Iterator[FactCheck | Finding]:
    for place, line in byte_lines(path):
        try:
            text = decode(line).strip()
            value = _parse(text, "") if text else None
        except (BadRow, DataError) as bad:
            yield Finding(place, "row", str(bad))
            continue
        if text:
            yield from _either(value, place)


def _either(value: Any, place: Place) -> Iterator[FactCheck | Finding]:
    """A plain record, or the reviews in a piece of JSON-LD."""
    if isinstance(value, Mapping) and not ({"@type", "@graph", "dataFeedElement"} & value.keys()):
        yield _kept(lambda: _plain(value, place), place)
    elif isinstance(value, Mapping | list):
        yield from _found(value, place)
    else:
        yield Finding(place, "row", f"an object with id and claim was wanted, this is {value!r:.60}")


def _table(path: Path) -> Iterator[FactCheck | Finding]:
    text = read_text(path)
    found = table.headers(text)
    separator = next((s for s, header in found.items() if set(header) & set(_NAMES["claim"])), None)
    if separator is None:
        seen = table.seen(found)
        raise DataError(f"{path}:1: the first line must name a column 'claim'; it names: {seen}")
    header = found[separator]

    def build(place: Place, row: list[str]) -> FactCheck | Finding:
        if len(row) != len(header):
            raise BadRow(f"{len(row)} columns, the header has {len(header)}")
        return _kept(lambda: _plain(dict(zip(header, row, strict=True)), place), place)

    return table.read_rows(path, text, separator, build)


def _page(path: Path) -> Iterator[FactCheck | Finding]:
    parser = _Scripts()
    parser.feed(read_text(path))
    parser.close()
    for line, script in parser.found:
        place = Place(str(path), line)
        try:
            value = _parse(script, str(place))
        except DataError as bad:
            yield Finding(place, "script", str(bad))
            continue
        yield from _found(value, place, quiet=True)


class _Scripts(HTMLParser):
    """The JSON-LD scripts of a page, each with its line."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._parts: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = (dict(attrs).get("type") or "").split(";")[0].strip().lower()
        self._parts = [] if tag == "script" and kind == "application/ld+json" else None

    def handle_data(self, data: str) -> None:
        if self._parts is not None:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._parts is not None:
            self.found.append((self.getpos()[0], "".join(self._parts)))
            self._parts = None


def _found(value: Any, place: Place, quiet: bool = False) -> Iterator[FactCheck | Finding]:
    """The reviews anywhere in ``value``; where there is none a finding says so, unless ``quiet``."""
    none = True
    for where, review in _reviews(value, ""):
        none = False
        yield _kept(lambda review=review: _review(review), place, where)
    if none and not quiet:
        yield Finding(place, "row", 'no ClaimReview in it: an object with "@type": "ClaimReview" was wanted')


def _reviews(value: Any, where: str, depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for number, part in enumerate(value):
            yield from _reviews(part, f"{where}[{number}]", depth + 1)
    elif isinstance(value, Mapping):
        kinds = value.get("@type")
        if "ClaimReview" in (kinds if isinstance(kinds, list) else [kinds]):
            yield where, value
            return
        for key, part in value.items():
            if isinstance(part, list | Mapping):
                yield from _reviews(part, f"{where}.{key}" if where else str(key), depth + 1)


def _review(review: Mapping[str, Any]) -> FactCheck:
    claim = review.get("claimReviewed")
    if not isinstance(claim, str) or not claim.strip():
        raise BadRow(f"'claimReviewed' must be a text, this is {claim!r:.60}")
    rating = _first(review.get("reviewRating"))
    rating = rating if isinstance(rating, Mapping) else {}
    words = rating.get("alternateName") or rating.get("name")
    if not isinstance(words, str):
        value, best = rating.get("ratingValue"), rating.get("bestRating")
        words = None if value is None else f"{value}" if best is None else f"{value}/{best}"
    url = _text(review.get("url")) or _text(review.get("@id"))
    return FactCheck(
        _identity(url, claim),
        claim,
        verdict_of_review(rating),
        words,
        _name(review.get("author")) or _name(review.get("publisher")),
        url,
        _text(review.get("datePublished")),
    )


def _plain(row: Mapping[str, Any], place: Place) -> FactCheck:
    fields = {
        name: next((row[key] for key in keys if row.get(key) not in (None, "")), None)
        for name, keys in _NAMES.items()
    }
    claim = fields["claim"]
    if not isinstance(claim, str) or not claim.strip():
        named = (
            "there is no field 'claim'" if claim is None else f"'claim' must be a text, this is {claim!r:.60}"
        )
        raise BadRow(f"{named}; there are: {', '.join(map(str, row)) or 'none'}")
    rating, said = _text(fields["rating"]), _text(fields["verdict"])
    known = said.casefold() if said else ""
    verdict = Verdict(known) if known in set(Verdict) else verdict_of(said or rating)
    rating = rating or (None if known in set(Verdict) else said)
    url = _text(fields["url"])
    identity = _text(fields["id"]) or _identity(url, claim)
    return FactCheck(identity, claim, verdict, rating, _name(fields["publisher"]), url, _text(fields["date"]))


def _kept(build: Any, place: Place, where: str = "") -> FactCheck | Finding:
    try:
        made: FactCheck = build()
        for text in (made.id, made.claim, made.rating, made.publisher, made.url, made.date):
            (text or "").encode()
    except UnicodeEncodeError:
        return Finding(place, "row", f"{where}: a lone surrogate in a text".removeprefix(": "))
    except (BadRow, ValueError) as bad:
        return Finding(place, "row", f"{where}: {bad}".removeprefix(": "))
    return made


def _identity(url: str | None, claim: str) -> str:
    """The same for the same claim at the same address, in every run."""
    return blake2b(f"{url or ''}\n{claim}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _name(value: Any) -> str | None:
    value = _first(value)
    return _text(value.get("name") or value.get("url")) if isinstance(value, Mapping) else _text(value)


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def _parse(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: not JSON: {error}".removeprefix(": ")) from error
