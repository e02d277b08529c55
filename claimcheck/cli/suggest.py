"""``claimcheck suggest``: which unlabelled texts to label next, as a file annotation tools open."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from claimcheck.cli.output import UsageError, note

if TYPE_CHECKING:
    from claimcheck.examples import Example

FORMATS = ("doccano", "label-studio", "jsonl")
_HOLDERS = ("spans", "label", "labels", "entities")  # labels that come with a text are not kept
_SAY_EVERY = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``run`` reads."""
    parser.add_argument(
        "texts",
        nargs="+",
        type=Path,
        metavar="TEXTS",
        help=".txt (a text a line) or .jsonl with a text field",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--many", type=int, default=200, help="texts to pick (default: %(default)s)")
    parser.add_argument("--model", metavar="FOLDER", help="a model folder (default: the embedded model)")
    parser.add_argument(
        "--format", choices=FORMATS, help="default: label-studio where OUT ends in .json, else doccano"
    )
    parser.add_argument(
        "--labelled",
        nargs="+",
        default=[],
        type=Path,
        metavar="DATA",
        help="labelled data; nothing nearly equal to one of its texts is picked",
    )
    parser.add_argument("--sentences", action="store_true", help="cut the texts and pick single sentences")
    parser.add_argument(
        "--words",
        nargs=2,
        type=int,
        default=(4, 150),
        metavar=("LEAST", "MOST"),
        help="pass over shorter and longer texts (default: 4 150)",
    )
    parser.add_argument("--text-field", default="text", metavar="NAME", help="of .jsonl (default: text)")


def run(args: argparse.Namespace) -> int:
    """Read, rank, spread, write; say what was picked from what."""
    _check(args)
    from claimcheck.api import load
    from claimcheck.examples import DataError, read_examples, write_examples
    from claimcheck.examples.formats import label_studio
    from claimcheck.suggest import suggest

    labelled = [example.text for path in args.labelled for example in read_examples(path)]
    counted = _Counted(_texts(args.texts, args.text_field, args.sentences))
    picked = suggest(load(args.model), counted, args.many, labelled=labelled, words=tuple(args.words))
    if not picked:
        raise DataError(
            f"none of {counted.seen} texts can be suggested: each is without Persian words, has other than "
            f"{args.words[0]} to {args.words[1]} words (--words), or is labelled"
        )
    chosen = args.format or ("label-studio" if args.out.suffix.lower() == ".json" else "doccano")
    if chosen == "label-studio":
        label_studio.write(picked, args.out, predictions=True)
    else:
        write_examples(picked, args.out, format=chosen)
    scores = [example.extra["score"] for example in picked]
    print(
        f"{args.out}: {len(picked)} of {counted.seen} texts for {chosen}, "
        f"uncertainty {max(scores):.2f} to {min(scores):.2f}"
    )
    if len(picked) < args.many:
        note(f"{args.many} were asked for; no more differ enough from each other and from what is labelled")
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.many < 1:
        raise UsageError(f"--many must be 1 or more, got {args.many}")
    least, most = args.words
    if not 1 <= least <= most:
        raise UsageError(f"--words wants LEAST and MOST with 1 <= LEAST <= MOST, got {least} {most}")
    for path in args.texts:
        if path.suffix.lower() not in (".txt", ".jsonl"):
            raise UsageError(f"{path}: texts are read from .txt (a text a line) and .jsonl files")
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist" if not path.exists() else f"{path} is no file")
        if args.out.resolve() == path.resolve():
            raise UsageError(f"{path} would be written over; name another --out")
    if not args.out.resolve().parent.is_dir():
        raise FileNotFoundError(f"there is no folder {args.out.parent}; make it first")


class _Counted:
    """Texts passed through and counted; on a terminal it says now and then how far it is."""

    def __init__(self, texts: Iterable[Example]) -> None:
        self.texts = texts
        self.seen = 0

    def __iter__(self) -> Iterator[Example]:
        for example in self.texts:
            self.seen += 1
            if self.seen % _SAY_EVERY == 0 and sys.stderr.isatty():
                note(f"{self.seen} texts read")
            yield example


def _texts(paths: Iterable[Path], field: str, sentences: bool) -> Iterator[Example]:
    """What stands in the files, a text at a time; ``DataError`` with file and line for what is none."""
    from claimcheck.examples import Example
    from claimcheck.sentences import split_sentences

    for path in paths:
        for example in _read(path, field):
            ranges = split_sentences(example.text) if sentences else [(0, len(example.text))]
            for number, (start, end) in enumerate(ranges, 1):
                name = f"{example.id}#{number}" if len(ranges) > 1 else example.id
                yield Example(
                    name,
                    example.text[start:end],
                    genre=example.genre,
                    source=example.source,
                    document=example.document,
                    extra=example.extra,
                )


def _read(path: Path, field: str) -> Iterator[Example]:
    from claimcheck.examples import DataError, Example
    from claimcheck.examples.files import byte_lines, decode
    from claimcheck.examples.formats.fields import Fields, as_object, draft, text_of
    from claimcheck.examples.records import BadRow, Place

    fields = Fields(text=field)
    for place, line in byte_lines(path):
        try:
            text = decode(line).strip()
            if not text:
                continue
            if path.suffix.lower() == ".txt":
                yield Example(f"{path.name}:{place.line}", text)
                continue
            row = as_object(json.loads(text))
            named = Place(path.name, place.line)  # texts without an id are named by it
            read = draft(named, row, text_of(row, fields), [], (field, *_HOLDERS))
        except BadRow as bad:
            raise DataError(f"{place}: {bad}") from bad
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(f"{place}: not JSON: {error}") from error
        yield Example(
            read.id,
            read.text,
            genre=read.genre,
            source=read.source,
            document=read.document,
            extra=read.extra,
        )
