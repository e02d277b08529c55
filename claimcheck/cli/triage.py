"""``claimcheck triage``: the claims of many texts in the order in which to check them, and why."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

from claimcheck.cli.factchecks import open_factchecks
from claimcheck.cli.output import BAD_ROWS, UsageError, check_not_read, json_text, note

if TYPE_CHECKING:
    from claimcheck.scoring.rows import Row
    from claimcheck.triage import Item

_SHOWN = 20  # bad rows that people are shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``run`` reads."""
    parser.add_argument("input", nargs="+", metavar="INPUT", help="files as for score; - is stdin")
    parser.add_argument(
        "--from", dest="format", choices=("txt", "jsonl", "csv", "parquet"), help="of the inputs"
    )
    parser.add_argument("--text-column", default="text", metavar="NAME", help="default: %(default)s")
    parser.add_argument("--encoding", default="utf-8", help="of text files (default: %(default)s)")
    parser.add_argument("--whole", action="store_true", help="a .txt file is one text, not a text a line")
    parser.add_argument("--model", metavar="FOLDER", help="a model folder (default: the embedded model)")
    parser.add_argument("--factchecks", metavar="INDEX", help="weigh what was checked already")
    parser.add_argument("--no-cues", action="store_true", help="do not weigh rumour cues")
    parser.add_argument("--top", type=int, default=20, metavar="N", help="claims (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="a JSON object a claim")
    parser.add_argument("--html", type=Path, metavar="OUT", help="also a page to look at")
    parser.add_argument("--claimreview", type=Path, metavar="OUT", help="also ClaimReview stubs, as JSON-LD")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.add_argument(
        "--mark", metavar="N,N…", help="for which numbers of the list stubs are written (default: all)"
    )


def run(args: argparse.Namespace) -> int:
    """List the claims, and write what else was asked for."""
    from claimcheck.scoring.readers import InputOptions, read_rows
    from claimcheck.scoring.sources import find_sources
    from claimcheck.triage import triage

    options = InputOptions(args.text_column, args.encoding, args.whole)
    _check_outputs(args)
    rows = _Rows(read_rows(find_sources(args.input, args.format), options))
    with open_factchecks(args.factchecks) as index:
        items = triage(rows, model=args.model, cues=not args.no_cues, factchecks=index, top=args.top)
    marked = _marked(args.mark, len(items)) if args.claimreview else []
    for rank, item in enumerate(items, 1):
        place = rows.places[item.number]
        if args.json:
            print(json_text({"rank": rank, "place": place, **item.to_dict()}))
        else:
            print(f"{rank:3}. {item.arithmetic}\n     {json_text(item.span.text)[1:-1]}\n     {place}")
    if args.html:
        from claimcheck.triage_page import page

        args.html.write_text(page([(item, rows.places[item.number]) for item in items]), encoding="utf-8")
    if args.claimreview:
        _write_stubs(args.claimreview, items, rows.places, marked)
    if rows.bad:
        note(f"{rows.bad:,} rows could not be read")
    return BAD_ROWS if rows.bad else 0


def _check_outputs(args: argparse.Namespace) -> None:
    """See that nothing is written over, the inputs and the index least of all."""
    for out in filter(None, (args.html, args.claimreview)):
        check_not_read(out, [*args.input, args.factchecks])
        if out.exists() and not args.overwrite:
            raise UsageError(f"{out} is there already; name another, or add --overwrite")
    if args.mark and not args.claimreview:
        raise UsageError("--mark says for which claims stubs are written; add --claimreview OUT")


class _Rows:
    """The texts of rows that can be read; where each came from is kept, and what was wrong with the others told."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self.rows = rows
        self.places: list[str] = []
        self.bad = 0

    def __iter__(self) -> Iterator[str]:
        for row in self.rows:
            place = f"{row.source}:{row.position}" if row.position else row.source
            if row.problem:
                self.bad += 1
                if self.bad <= _SHOWN:
                    note(f"{place}: {row.problem}")
                continue
            self.places.append(place)
            yield row.text


def _marked(asked: str | None, many: int) -> list[bool]:
    if asked is None:
        return [True] * many
    try:
        numbers = {int(number) for number in asked.replace("،", ",").split(",")}
    except ValueError:
        raise UsageError(f"--mark {asked}: wanted numbers of the list, such as --mark 1,4") from None
    if outside := sorted(number for number in numbers if not 1 <= number <= many):
        raise UsageError(f"--mark {outside[0]}: the list has the numbers 1 to {many}")
    return [rank in numbers for rank in range(1, many + 1)]


def _write_stubs(path: Path, items: Sequence[Item], places: Sequence[str], marked: Sequence[bool]) -> None:
    from claimcheck.flags.stubs import claim_review

    stubs = [claim_review(item.span, places[item.number]) for item in compress(items, marked)]
    text = json.dumps(stubs, ensure_ascii=False, indent=1)
    path.write_text(text.encode("utf-8", "backslashreplace").decode() + "\n", encoding="utf-8")
