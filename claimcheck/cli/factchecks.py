"""``claimcheck factchecks build|add|search``: an index of fact-checks, and which of them is about a text."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from claimcheck.cli.output import BAD_ROWS, UsageError, json_text, note, visible

if TYPE_CHECKING:
    from claimcheck.examples.records import Finding
    from claimcheck.flags.matching import FactChecks, Hit

_SHOWN = 20  # bad records that people are shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Put the three verbs under ``parser``; ``run`` answers what it parses."""
    verbs = parser.add_subparsers(dest="factchecks_verb", required=True, metavar="build|add|search")
    build = verbs.add_parser(
        "build",
        help="an index of these sources alone",
        description="Make an index. One that is there is used until the new one is complete, then replaced.",
    )
    build.set_defaults(factchecks_run=_build)
    add = verbs.add_parser("add", help="more fact-checks; one whose id is there replaces it")
    add.set_defaults(factchecks_run=_add)
    for verb in (build, add):
        verb.add_argument("index", type=Path, metavar="INDEX", help="the index file, such as checks.db")
        verb.add_argument(
            "sources",
            type=Path,
            nargs="+",
            metavar="SOURCE",
            help=".jsonl or .csv with a claim column, ClaimReview as .json, .jsonld or .html",
        )
    search = verbs.add_parser("search", help="the fact-checks most likely to be about a text")
    search.add_argument("index", type=Path, metavar="INDEX")
    search.add_argument("text", help="the text; - reads a text a line from stdin")
    search.add_argument("--top", type=int, default=5, metavar="K", help="hits (default: %(default)s)")
    search.add_argument(
        "--least", type=float, default=0.0, metavar="P", help="leave out hits below this similarity, 0-1"
    )
    search.add_argument("--json", action="store_true", help="a JSON object a hit")
    search.set_defaults(factchecks_run=_search)


def run(args: argparse.Namespace) -> int:
    """Do what was parsed. Exit code 3 where records were left out, 1 where no record of a source could be used."""
    work: Callable[[argparse.Namespace], int] = args.factchecks_run
    return work(args)


def _build(args: argparse.Namespace) -> int:
    return _write(args, fresh=True)


def _add(args: argparse.Namespace) -> int:
    if not args.index.exists():
        raise UsageError(f"there is no index {args.index}; make one: claimcheck factchecks build")
    return _write(args, fresh=False)


def _write(args: argparse.Namespace, fresh: bool) -> int:
    for source in args.sources:
        if source.resolve() == args.index.resolve():
            raise UsageError(f"{source} is the index itself")
        if not source.is_file():
            raise FileNotFoundError(
                f"{source} does not exist" if not source.exists() else f"{source} is no file"
            )
    from claimcheck.flags.matching import FactChecks

    told = _Told()
    with FactChecks.open(args.index) as index:
        added = index.add_files(args.sources, fresh=fresh, on_bad=told)
        told.rest()
        what = "built" if fresh else f"{added.changed} new or changed"
        print(
            visible(f"{args.index}: {what}, {len(index)} fact-checks")
            + f"; {len(added.bad)} bad records left out" * bool(added.bad)
        )
    return BAD_ROWS if added.bad else 0


class _Told:
    """Bad records on stderr, the first of them."""

    def __init__(self) -> None:
        self.many = 0

    def __call__(self, finding: Finding) -> None:
        self.many += 1
        if self.many <= _SHOWN:
            print(visible(str(finding)), file=sys.stderr)

    def rest(self) -> None:
        """How many were not shown."""
        if self.many > _SHOWN:
            note(f"… and {self.many - _SHOWN} more bad records")


def _search(args: argparse.Namespace) -> int:
    if args.top < 1:
        raise UsageError(f"--top must be 1 or more, got {args.top}")
    if not 0 <= args.least <= 1:
        raise UsageError(f"--least must be between 0 and 1, got {args.least}")
    with open_index(args.index) as index:
        if not len(index):
            note(
                f"{args.index} holds no fact-checks; add some: claimcheck factchecks add {args.index} SOURCE"
            )
        texts = [line.rstrip("\r\n") for line in sys.stdin] if args.text == "-" else [args.text]
        for text in texts:
            hits = [hit for hit in index.search(text, top_k=args.top) if hit.similarity >= args.least]
            for hit in hits:
                row = {"text": text, **hit.to_dict()} if args.text == "-" else hit.to_dict()
                print(json_text(row) if args.json or args.text == "-" else _line(hit))
    return 0


def _line(hit: Hit) -> str:
    about = ", ".join(part for part in (hit.rating, hit.publisher, hit.date, hit.url) if part)
    return visible(f"{hit.similarity:.2f}  {hit.verdict}  {hit.claim}" + f"  ({about})" * bool(about))


def open_factchecks(path: str | None) -> AbstractContextManager[FactChecks | None]:
    """The index that another verb was given, where it was given one, closed afterwards."""
    return nullcontext() if path is None else open_index(Path(path))


def open_index(path: Path) -> FactChecks:
    """An index that is there; one that is not is an error, not a new one."""
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no index {path}; make one: claimcheck factchecks build {path} SOURCE"
        )
    from claimcheck.flags.matching import FactChecks

    return FactChecks.open(path)
