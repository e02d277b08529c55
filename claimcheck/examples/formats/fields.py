"""Taking a JSON object apart: the fields all JSON formats share, each checked, with an error for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimcheck.examples.records import BadRow, Draft, Place, Range, RawSpan

_COMMON = ("id", "genre", "source", "document", "sentences")


@dataclass(frozen=True, slots=True)
class Fields:
    """How a foreign file is read: the names of its text and label fields, and how it counts offsets.

    ``offsets`` is ``"utf-16"``, ``"code-points"``, or ``None`` for what the format is known to do.
    """

    text: str = "text"
    label: str = "label"
    offsets: str | None = None


def as_object(value: Any) -> Mapping[str, Any]:
    """``value`` if it is a JSON object."""
    if not isinstance(value, dict):
        raise BadRow(f"a JSON object was wanted, this is {_kind(value)}")
    return value


def text_of(row: Mapping[str, Any], fields: Fields) -> str:
    """The text field."""
    if fields.text not in row:
        names = ", ".join(map(str, row)) or "none"
        raise BadRow(f"no field {fields.text!r}; there are: {names}. Name the right one with --text-field")
    if not isinstance(row[fields.text], str):
        raise BadRow(f"{fields.text!r} must be a string, this is {_kind(row[fields.text])}")
    return str(row[fields.text])


def integer(value: Any, what: str) -> int:
    """``value`` if it is a whole number (and not a truth value)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRow(f"{what} must be a whole number, this is {value!r}")
    return value


def as_list(value: Any, what: str) -> list[Any]:
    """``value`` if it is a JSON list; ``None`` is an empty one."""
    if value is not None and not isinstance(value, list):
        raise BadRow(f"{what} must be a list, this is {_kind(value)}")
    return value or []


def name(value: Any, what: str = "a label") -> str:
    """A label name."""
    if not isinstance(value, str):
        raise BadRow(f"{what} must be a string, this is {_kind(value)}")
    return value


def draft(
    place: Place, row: Mapping[str, Any], text: str, spans: list[RawSpan], not_extra: tuple[str, ...]
) -> Draft:
    """The draft of a JSON object whose text and spans are known.

    Without an ``id`` a record is named after its file and line. Fields that are neither ours nor in
    ``not_extra`` are kept as ``extra``.
    """
    extra = {key: value for key, value in row.items() if key not in (*_COMMON, *not_extra)}
    genre, source, document = (_optional(row, key) for key in ("genre", "source", "document"))
    identity = row.get("id")
    id_ = str(place) if identity in (None, "") or isinstance(identity, dict | list) else str(identity)
    return Draft(
        place, id_, text, tuple(spans), _sentences(row.get("sentences")), genre, source, document, extra
    )


def _sentences(value: Any) -> tuple[Range, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise BadRow("'sentences' must be a list of [start, end] pairs")
    return tuple((integer(a, "a sentence's start"), integer(b, "a sentence's end")) for a, b in value)


def _optional(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    if isinstance(value, dict | list):
        raise BadRow(f"{key!r} must be a string, this is {_kind(value)}")
    return None if value is None else str(value)


def _kind(value: Any) -> str:
    named = {dict: "an object", list: "a list", str: "a string", type(None): "null"}
    return named.get(type(value), repr(value))
