"""Tags of tokens to spans and back: BIO (IOB2), with IOBES, BILOU and IOB1 tolerated when read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from claimcheck.examples.labels import name_of
from claimcheck.examples.records import BadRow, Example, LabelledSpan, Range, RawSpan
from claimcheck.sentences import split_sentences
from claimcheck.tags import words

_BEGINS, _LASTS, _POSITIONS = "BSU", "ESLU", "BIESLU"


def parse_tag(tag: str) -> tuple[str, str]:
    """(position, label name); ``("O", "")`` outside.

    >>> parse_tag("B-claim"), parse_tag("O")
    (('B', 'claim'), ('O', ''))
    """
    position, hyphen, name = tag.partition("-")
    if tag == "O":
        return "O", ""
    if not (hyphen and name and position in tuple(_POSITIONS)):
        raise BadRow(f"tag {tag!r} is neither O nor one of B- I- (E- S- L- U-) before a label")
    return position, name


def spans_of(tokens: Sequence[Range], tags: Sequence[str], breaks: Iterable[int] = ()) -> list[RawSpan]:
    """The spans that ``tags`` mark on the ranges ``tokens``.

    A span begins at ``B``, where the label changes, and at the tokens ``breaks`` (sentence starts).
    """
    spans: list[RawSpan] = []
    opening = set(breaks)
    running = ""
    for i, ((start, end), tag) in enumerate(zip(tokens, tags, strict=True)):
        position, name = parse_tag(tag)
        if name and name == running and position not in _BEGINS and i not in opening:
            spans[-1] = RawSpan(spans[-1].start, end, name)
        elif name:
            spans.append(RawSpan(start, end, name))
        running = "" if position in _LASTS else name
    return spans


def sentences_of(example: Example) -> Sequence[Range]:
    """The sentences of the data, or ours where it has none."""
    return example.sentences if example.sentences is not None else split_sentences(example.text)


def cut_tokens(example: Example) -> Iterator[list[tuple[int, int, LabelledSpan | None]]]:
    """(start, end, span) of the tokens of every sentence: words, cut where a span begins or ends inside one."""
    edges = sorted({edge for span in example.spans for edge in (span.start, span.end)})
    starts = [0, *(start for start, _ in sentences_of(example)[1:])]  # so that no word is left out between
    for first, last in zip(starts, [*starts[1:], len(example.text)], strict=True):
        tokens = [
            (start, end, next((s for s in example.spans if s.start <= start and end <= s.end), None))
            for start, end in _cut(words(example.text, first, last), edges)
        ]
        if tokens:
            yield tokens


def tagged_tokens(example: Example) -> Iterator[list[tuple[str, str]]]:
    """(token, BIO tag) of every sentence, tokens as ``cut_tokens`` has them."""
    running: LabelledSpan | None = None
    for sentence in cut_tokens(example):
        rows = []
        for start, end, span in sentence:
            tag = "O"
            if span:
                tag = f"{'I' if span is running else 'B'}-{name_of(span.label, span.check_worthy)}"
            running = span
            rows.append((example.text[start:end], tag))
        yield rows


def _cut(ranges: Iterable[Range], edges: Sequence[int]) -> Iterator[Range]:
    for start, end in ranges:
        cuts = [start, *(edge for edge in edges if start < edge < end), end]
        yield from pairwise(cuts)
