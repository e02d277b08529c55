"""A row of the input, on its way from a file to a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Result = list[dict[str, Any]] | str  # the spans of a text (``Span.to_dict`` each), or why it has none


class InputError(ValueError):
    """An input that cannot be read at all; the message says what was seen and what to type."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, its text, and everything else that came with it.

    ``source`` is the file, ``position`` the line or row in it (from 1; 0 for a whole file). ``columns`` hold
    the whole input row, the text too, in its order. A row that cannot be labelled has a ``problem``.
    """

    source: str
    position: int
    text: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """A row with its number in the whole input (from 1) and what was found: ``Span.to_dict`` each."""

    number: int
    row: Row
    spans: list[dict[str, Any]]
