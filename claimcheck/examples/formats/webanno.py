"""WebAnno TSV 3, as WebAnno and INCEpTION read and write it: a folder with a file for every document.

Spans are written on the layer *Named entity*, which every project has, their label as its value. Offsets count
UTF-16 units. The format keeps the sentences and their tokens: of the blanks between two sentences it keeps how
many there are, not which. Genre and source have no place in it; relations and other layers are passed over.
Layout: the guide of WebAnno 3, appendix *WebAnno TSV 3*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from claimcheck.examples.files import read_text, replacing_folder
from claimcheck.examples.formats.fields import Fields
from claimcheck.examples.formats.names import file_name, name_of_file
from claimcheck.examples.formats.tagged import cut_tokens
from claimcheck.examples.labels import name_of
from claimcheck.examples.offsets import from_utf16, to_utf16
from claimcheck.examples.records import BadRow, DataError, Draft, Example, Finding, Place, RawSpan

_LAYER = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
SIGNATURE = "#FORMAT=WebAnno TSV 3"
_HEAD = f"{SIGNATURE}.3\n#T_SP={_LAYER}|identifier|value\n\n"
_LABEL_COLUMNS = ("value", "label")
_TOKEN = re.compile(r"\d+-\d+(\.\d+)?\t(?P<start>\d+)-(?P<end>\d+)\t(?P<rest>.*)")
_VALUE = re.compile(r"(?P<value>.*?)(?:\[(?P<id>\d+)\])?", re.DOTALL)
_ESCAPES = {"\t": "t", "\n": "n", "\f": "f", "\r": "r", "\b": "b", "\\": "\\"} | {
    chr(code): chr(code) for code in range(32) if not 7 < code < 14
}
_UNESCAPES = {escape: letter for letter, escape in _ESCAPES.items()}


def read(path: Path, fields: Fields) -> Iterator[Draft | Finding]:
    """A draft or a finding a document: of one file, or of all ``.tsv`` files under a folder, by name."""
    for file in sorted(path.rglob("*.tsv")) if path.is_dir() else [path]:
        name = name_of_file(file.relative_to(path) if path.is_dir() else Path(file.name))
        document = _Document()
        try:
            document.read(read_text(file))
            spans = tuple(document.labelled())
        except BadRow as bad:
            yield Finding(Place(str(file), document.line), "row", str(bad))
            continue
        yield Draft(Place(str(file), 1), name, document.text, spans, document=name)


def write(examples: Iterable[Example], path: Path) -> None:
    """A new folder with a file for every example, named after its id."""
    with replacing_folder(path) as folder:
        for example in examples:
            file = folder / f"{file_name(example.id)}.tsv"
            if file.exists():
                raise DataError(f"two examples have the id {example.id!r}, and WebAnno needs a file for each")
            file.write_bytes((_HEAD + "".join(_lines(example))).encode())


def _lines(example: Example) -> Iterator[str]:
    unit = to_utf16(example.text)
    numbers = {span: number for number, span in enumerate(example.spans, 1)}
    for sentence, tokens in enumerate(cut_tokens(example), 1):
        yield f"\n#Text={_escaped(example.text[tokens[0][0] : tokens[-1][1]])}\n"
        for number, (start, end, span) in enumerate(tokens, 1):
            cells = ("_", "_")
            if span:
                # the number says which tokens are one span; one token alone needs none, but may have it
                mark = f"[{numbers[span]}]"
                cells = (f"*{mark}", _name(name_of(span.label, span.check_worthy)) + mark)
            place = f"{unit(start)}-{unit(end)}"
            token = _escaped(example.text[start:end])
            yield f"{sentence}-{number}\t{place}\t{token}\t{cells[0]}\t{cells[1]}\t\n"


def _name(label: str) -> str:
    return label.replace("_", r"\_")


def _escaped(text: str) -> str:
    return "".join(f"\\{_ESCAPES[letter]}" if letter in _ESCAPES else letter for letter in text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _UNESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)


@dataclass(slots=True)
class _Document:
    """What is read so far; offsets in UTF-16 units."""

    line: int = 1
    column: int = 0  # of the label, among those after the token
    text: str = ""
    units: int = 0
    sentence: str | None = None  # whose place its first token will tell
    spans: list[RawSpan] = field(default_factory=list)
    open: dict[str, int] = field(default_factory=dict)  # number of a span -> its place in ``spans``

    def read(self, content: str) -> None:
        """All lines of a file."""
        lines = content.split("\n")
        if not lines[0].startswith(SIGNATURE):
            raise BadRow(f"not WebAnno TSV 3: the first line should be {SIGNATURE}.3")
        self.column = _label_column(lines)
        for self.line, line in enumerate(lines, 1):
            self.take(line.removesuffix("\r"))

    def take(self, line: str) -> None:
        """One line."""
        if line.startswith("#Text="):
            more = _unescaped(line.removeprefix("#Text="))
            self.sentence = more if self.sentence is None else f"{self.sentence}\n{more}"
        elif match := _TOKEN.fullmatch(line):
            start, end = int(match["start"]), int(match["end"])
            self.place(start)
            cells = match["rest"].split("\t")[1:]
            if self.column >= len(cells):
                raise BadRow(f"the token has {len(cells)} columns, wanted more than {self.column}")
            self.add(start, end, cells[self.column])
        elif line.strip() and not line.startswith("#"):
            raise BadRow(f"neither a token (1-1<TAB>0-4<TAB>…) nor a comment: {line[:60]!r}")

    def place(self, start: int) -> None:
        """Put the waiting sentence where its first token begins: after a line break, and blanks."""
        if self.sentence is None:
            return
        gap = start - self.units
        if gap < 0:
            raise BadRow(f"a sentence that begins at {start} overlaps the one before it")
        self.text += ("\n" + " " * (gap - 1) if gap and self.text else " " * gap) + self.sentence
        self.units = start + to_utf16(self.sentence)(len(self.sentence))
        self.sentence = None

    def add(self, start: int, end: int, cell: str) -> None:
        """The labels of a token."""
        for one in re.split(r"(?<!\\)\|", cell):
            match = _VALUE.fullmatch(one)
            assert match
            name, number = _unescaped(match["value"]), match["id"]
            if name in ("_", "*") or start == end:
                continue
            if number in self.open:
                known = self.spans[self.open[number]]
                self.spans[self.open[number]] = RawSpan(known.start, max(end, known.end), known.name)
                continue
            if number:
                self.open[number] = len(self.spans)
            self.spans.append(RawSpan(start, end, name))

    def labelled(self) -> Iterator[RawSpan]:
        """The spans, offsets in code points."""
        convert = from_utf16(self.text)
        return (RawSpan(convert(s.start), convert(s.end), s.name) for s in self.spans)


def _label_column(lines: Iterable[str]) -> int:
    """Which column has the label: «value» or «label» of a span layer, else its first column."""
    columns: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(("#T_SP=", "#T_RL=", "#T_CH=")):
            columns += [(line[:5], name) for name in line.strip().split("|")[1:] or [""]]
    spans = [at for at, (layer, _) in enumerate(columns) if layer == "#T_SP"]
    if not spans:
        raise BadRow("no layer of spans (#T_SP=…) among its layers")
    named = (at for at in spans if columns[at][1] in _LABEL_COLUMNS)
    return next(named, spans[0])
