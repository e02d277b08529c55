"""brat standoff: a folder of ``NAME.txt`` and ``NAME.ann`` pairs; ``T1<TAB>label start end<TAB>text`` lines.

Only text-bound annotations (``T``) are read; relations, events, attributes and notes are passed over. Spans
over a line break are stored by brat in pieces and joined again; truly discontinuous ones cost their document.
Genre, source and sentences have no place in the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from claimcheck.examples.files import read_text, replacing_folder
from claimcheck.examples.formats.fields import Fields
from claimcheck.examples.formats.names import file_name, name_of_file
from claimcheck.examples.labels import name_of
from claimcheck.examples.records import BadRow, DataError, Draft, Example, Finding, Place, Range, RawSpan

_SPAN = re.compile(r"T\S*\t(?P<name>\S+) (?P<pieces>\d+ \d+(?:;\d+ \d+)*)\t(?P<text>.*)")


def read(path: Path, fields: Fields) -> Iterator[Draft | Finding]:
    """A draft or a finding a document, by name."""
    for text_file in sorted(path.rglob("*.txt")):
        annotations = text_file.with_suffix(".ann")
        if not annotations.exists():
            yield Finding(Place(str(text_file)), "row", f"there is no {annotations.name} beside it")
            continue
        name = name_of_file(text_file.relative_to(path))
        text, lines = read_text(text_file, keep_mark=True), read_text(annotations).split("\n")
        yield _document(text, lines, name, annotations)


def write(examples: Iterable[Example], path: Path) -> None:
    """A new folder with a pair for every example, named after its id."""
    with replacing_folder(path) as folder:
        for example in examples:
            name = file_name(example.id)
            text_file = folder / f"{name}.txt"
            if text_file.exists():
                raise DataError(f"two examples have the id {example.id!r}, and brat needs a file for each")
            text_file.write_bytes(example.text.encode())
            (folder / f"{name}.ann").write_bytes("".join(_lines(example)).encode())


def _document(text: str, lines: list[str], name: str, annotations: Path) -> Draft | Finding:
    spans = []
    for number, line in enumerate(lines, 1):
        try:
            if line.startswith("T"):
                spans.append(_span(text, line.removesuffix("\r")))
        except BadRow as bad:
            return Finding(Place(str(annotations), number), "row", str(bad))
    return Draft(Place(str(annotations), 1), name, text, tuple(spans), document=name)


def _span(text: str, line: str) -> RawSpan:
    match = _SPAN.fullmatch(line)
    if match is None:
        raise BadRow(f"not a text-bound annotation of brat (T1<TAB>label start end<TAB>text): {line!r}")
    pieces = [(int(a), int(b)) for a, b in (piece.split() for piece in match["pieces"].split(";"))]
    for (_, end), (start, _) in pairwise(pieces):
        if text[end:start].strip():
            raise BadRow(f"{line.split(maxsplit=1)[0]} is discontinuous; make it one span, or two")
    start, end = pieces[0][0], pieces[-1][1]
    if text[start:end].split() != match["text"].split():
        raise BadRow(f"the text at {start}-{end} is {text[start:end]!r}, not {match['text']!r}")
    return RawSpan(start, end, match["name"])


def _lines(example: Example) -> Iterator[str]:
    for number, span in enumerate(example.spans, 1):
        pieces = list(_pieces(example.text, span.start, span.end))
        where = ";".join(f"{a} {b}" for a, b in pieces)
        quoted = " ".join(example.text[a:b] for a, b in pieces)
        yield f"T{number}\t{name_of(span.label, span.check_worthy)} {where}\t{quoted}\n"


def _pieces(text: str, start: int, end: int) -> Iterator[Range]:
    """The span without its line breaks, as brat keeps it."""
    for match in re.compile(r"[^\r\n]+").finditer(text, start, end):
        yield match.span()
