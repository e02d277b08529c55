"""The table of sentence boundaries in ``sentence_cases.txt``, as texts with the ranges of their sentences."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).with_name("sentence_cases.txt")
_ESCAPES = {"~": "\N{ZERO WIDTH NON-JOINER}", r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\f": "\f"}


class Case(NamedTuple):
    """A text and what it is a case of; ``ranges`` are those of its sentences, outer blanks left out."""

    kind: str
    text: str
    ranges: list[tuple[int, int]]


def read_cases(path: Path = TABLE) -> Iterator[Case]:
    """The cases of a table, in order; the table says at its head how it is written."""
    kind = ""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("== "):
            kind = line.removeprefix("== ")
        elif kind and line:
            yield Case(kind, *marked(line))


def marked(line: str) -> tuple[str, list[tuple[int, int]]]:
    """A line of the table as its text and the ranges of its sentences."""
    pieces = [re.sub(r"~|\\.|\{(.+?)\}", _character, piece) for piece in line.split("|")]
    ranges, at = [], 0
    for piece in pieces:
        start = at + len(piece) - len(piece.lstrip())
        ranges.append((start, start + len(piece.strip())))
        at += len(piece)
    return "".join(pieces), ranges


def _character(match: re.Match[str]) -> str:
    return unicodedata.lookup(match[1]) if match[1] else _ESCAPES[match[0]]
