"""CoNLL/BIO columns: the token first, its tag last, a blank line between sentences.

``# id = …`` opens a record, ``# newdoc id = …`` names the document of the records that follow,
``# genre = …`` and ``# source = …`` are kept. Where ``# text = …`` gives the raw text (CoNLL-U does) the tokens
are found in it and offsets are those of the raw text; otherwise the text is the tokens joined by blanks.
Without ``# id`` a sentence is a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from claimcheck.examples.files import read_text, replacing
from claimcheck.examples.formats.fields import Fields
from claimcheck.examples.formats.tagged import parse_tag, spans_of, tagged_tokens
from claimcheck.examples.records import BadRow, Draft, Example, Finding, Place, Range

_COMMENT = re.compile(r"#[ \t]+(?P<key>[A-Za-z_][A-Za-z_ ]*?) *= ?(?P<value>.*)")
_NEW_DOCUMENT = ("newdoc id", "newdoc", "doc", "doc_id", "document")


@dataclass(slots=True)
class _Block:
    """The lines of one record while they are gathered."""

    line: int
    document: str | None = None
    known: dict[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    breaks: list[int] = field(default_factory=lambda: [0])
    problem: str | None = None


def read(path: Path, fields: Fields) -> Iterator[Draft | Finding]:
    """A draft or a finding a record."""
    for block in _blocks(read_text(path)):
        place = Place(str(path), block.line)
        try:
            yield _draft(place, block)
        except BadRow as bad:
            yield Finding(place, "row", str(bad))


def write(examples: Iterable[Example], path: Path) -> None:
    """Two columns with a tab; ``# text`` where the text is one line. Extra fields are not written."""
    document = ""
    with replacing(path) as out:
        for example in examples:
            out.write(_described("id", example.id))
            if (example.document or "") != document:
                document = example.document or ""
                out.write(_described("newdoc id", document))
            for key in ("genre", "source", "text"):
                out.write(_described(key, getattr(example, key)))
            for sentence in tagged_tokens(example):
                out.writelines(f"{token}\t{tag}\n" for token, tag in sentence)
                out.write("\n")


def _described(key: str, value: str | None) -> str:
    return "" if value is None or re.search(r"[\r\n]", value) else f"# {key} = {value}\n"


def _blocks(text: str) -> Iterator[_Block]:
    document: str | None = None
    block = _Block(1)
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        comment = _comment(line)
        opens = comment is not None and comment[0] in ("id", *_NEW_DOCUMENT)
        closes = not line.strip() and "id" not in block.known
        if block.tokens and (opens or closes or line.startswith("-DOCSTART-")):
            yield block
            block = _Block(number)
        if comment:
            key, value = comment
            if key in _NEW_DOCUMENT:
                document = value or None
            block.known.setdefault(key, value)
        elif line.startswith("-DOCSTART-"):
            document = f"line {number}"
        elif not line.strip():
            block.breaks.append(len(block.tokens))
        else:
            _add(block, line, number)
        block.document = document
    if block.tokens:
        yield block


def _comment(line: str) -> tuple[str, str] | None:
    """(key, value) of a comment, ``("", "")`` of a bare remark. A hashtag with a tag is no comment."""
    if not line.startswith("#"):
        return None
    if match := _COMMENT.fullmatch(line):
        return match["key"].lower(), match["value"]
    return None if re.search(r"\s(O|[BIESLU]-\S+)\s*$", line) else ("", "")


def _add(block: _Block, line: str, number: int) -> None:
    if not block.tokens:
        block.line = number
    columns = line.split("\t") if "\t" in line else line.split()
    try:
        if len(columns) < 2:
            raise BadRow("a token and its tag were wanted")
        parse_tag(columns[-1].strip())
    except BadRow as bad:
        block.problem = block.problem or f"line {number}: {bad}"
    block.tokens.append(columns[0].strip())
    block.tags.append(columns[-1].strip())


def _draft(place: Place, block: _Block) -> Draft:
    if block.problem:
        raise BadRow(block.problem)
    text = block.known.get("text", " ".join(block.tokens))
    ranges = _find(text, block.tokens)
    breaks = sorted({b for b in block.breaks if b < len(ranges)})
    sentences = tuple(
        (ranges[a][0], ranges[b - 1][1]) for a, b in zip(breaks, [*breaks[1:], len(ranges)], strict=True)
    )
    id_ = block.known.get("id") or block.known.get("sent_id") or str(place)
    spans = tuple(spans_of(ranges, block.tags, breaks))
    genre, source = block.known.get("genre"), block.known.get("source")
    return Draft(place, id_, text, spans, sentences, genre, source, block.document)


def _find(text: str, tokens: list[str]) -> list[Range]:
    """Where the tokens stand in ``text``, one after the other."""
    ranges: list[Range] = []
    at = 0
    for token in tokens:
        start = text.find(token, at)
        if start < 0 or text[at:start].strip():
            raise BadRow(f"the token {token!r} does not follow in '# text ='")
        at = start + len(token)
        ranges.append((start, at))
    return ranges
