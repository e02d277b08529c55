"""``claimcheck data convert|lint|split``: labelled data as people have it, made ready for training."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from claimcheck.cli.output import json_text, visible
from claimcheck.examples.formats.fields import Fields
from claimcheck.examples.labels import NAMES, NONE, Labels
from claimcheck.examples.lint import Balance, Report, lint
from claimcheck.examples.near import SIMILARITY
from claimcheck.examples.offsets import UNITS
from claimcheck.examples.reading import FORMATS, describe, detect, read_examples, write_examples
from claimcheck.examples.records import Example, Finding
from claimcheck.examples.split import GROUPINGS, split

SHOWN = 20  # findings of one kind that people are shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Put the three verbs under ``parser``; ``run`` answers what it parses."""
    verbs = parser.add_subparsers(dest="data_verb", required=True, metavar="convert|lint|split")
    convert = verbs.add_parser("convert", help="from one format into another")
    convert.add_argument("input", type=Path, metavar="IN")
    convert.add_argument("output", type=Path, metavar="OUT")
    convert.add_argument("--to", choices=FORMATS, help="format to write; by the ending of OUT when left out")
    convert.add_argument("--skip-bad", action="store_true", help="leave bad rows out, saying which")
    convert.set_defaults(data_run=_convert)

    look = verbs.add_parser(
        "lint",
        help="errors, duplicates and label balance",
        description="Look over labelled data. Exit code 1 where there are errors (rows that training would "
        "refuse), 0 where there are warnings only; --strict counts warnings too.",
    )
    look.add_argument("input", type=Path, nargs="+", metavar="FILE")
    look.add_argument("--json", action="store_true", help="the whole report as JSON")
    look.add_argument("--all", action="store_true", help=f"every finding, not the first {SHOWN} of a kind")
    look.add_argument("--strict", action="store_true", help="exit code 1 where there are warnings too")
    look.set_defaults(data_run=_lint)

    part = verbs.add_parser("split", help="into train.jsonl, dev.jsonl and test.jsonl")
    part.add_argument("input", type=Path, metavar="IN")
    part.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    part.add_argument("--dev", type=float, default=0.1, metavar="SHARE", help="default %(default)s")
    part.add_argument(
        "--test", type=float, default=0.1, metavar="SHARE", help="default %(default)s; 0 for none"
    )
    part.add_argument(
        "--group", choices=GROUPINGS, help="what stays together; documents where there are some"
    )
    part.add_argument("--seed", type=int, default=0)
    part.add_argument("--allow-few", action="store_true", help="go on where a label cannot be in every part")
    part.add_argument("--skip-bad", action="store_true", help="leave bad rows out, saying which")
    part.set_defaults(data_run=_split)

    for verb in (look, part):
        verb.add_argument(
            "--similarity",
            type=float,
            default=SIMILARITY,
            help="of near-duplicates, 0-1; default %(default)s",
        )
    for verb in (convert, look, part):
        add_reading_arguments(verb)


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """How labelled data is read: format, label names, field names. For every verb that reads some."""
    parser.add_argument("--from", dest="format", choices=FORMATS, help="format; found out when left out")
    parser.add_argument(
        "--map", action="append", default=[], metavar="NAME=LABEL", help=f"LABEL is one of {', '.join(NAMES)}"
    )
    parser.add_argument("--text-field", default="text", metavar="NAME", help="field or column of the text")
    parser.add_argument("--label-field", default="label", metavar="NAME", help="field or column of the label")
    parser.add_argument(
        "--offsets", choices=UNITS, help="how offsets count emoji; what the format does when left out"
    )


def fields_of(args: argparse.Namespace) -> Fields:
    """The ``Fields`` of parsed ``add_reading_arguments``; their labels are ``Labels.parse(args.map)``."""
    return Fields(args.text_field, args.label_field, args.offsets)


def run(args: argparse.Namespace) -> int:
    """Do what was parsed. Exit code: 0 done, 1 errors in the data that ``lint`` read, 2 could not be done."""
    work: Callable[[argparse.Namespace], int] = args.data_run
    try:
        return work(args)
    except (ValueError, OSError) as error:
        print(visible(f"claimcheck data {args.data_verb}: {error}"), file=sys.stderr)
        return 2


def read_labelled(path: Path, args: argparse.Namespace) -> list[Example]:
    """The examples at ``path`` for any verb with ``add_reading_arguments`` and ``--skip-bad``."""
    return _read(path, args)[0]


def _read(path: Path, args: argparse.Namespace) -> tuple[list[Example], int]:
    """The examples at ``path`` and how many rows were passed over."""
    _say_format(path, args)
    bad: list[Finding] = []
    examples = read_examples(
        path,
        format=args.format,
        labels=Labels.parse(args.map),
        fields=fields_of(args),
        on_bad=bad.append if args.skip_bad else None,
    )
    read = list(examples)
    for finding in bad:
        print(visible(str(finding)), file=sys.stderr)
    return read, len({finding.place for finding in bad})


def _say_format(path: Path, args: argparse.Namespace) -> None:
    said = describe(path, args.format or detect(path), fields_of(args))
    print(visible(f"{path}: reading as {said}"), file=sys.stderr)


def _convert(args: argparse.Namespace) -> int:
    if args.output.resolve() == args.input.resolve():
        raise ValueError(f"{args.output} would be written over itself; name another OUT")
    examples, skipped = _read(args.input, args)
    write_examples(examples, args.output, format=args.to)
    spans = sum(len(example.spans) for example in examples)
    print(
        f"{args.output}: {len(examples)} examples, {spans} spans"
        + f"; {skipped} bad rows left out" * bool(skipped)
    )
    return 0


def _split(args: argparse.Namespace) -> int:
    shares = {"train": 1 - args.dev - args.test, "dev": args.dev, "test": args.test}
    wanted = {name: share for name, share in shares.items() if share}
    files = {name: args.out / f"{name}.jsonl" for name in shares}
    if args.input.resolve() in {file.resolve() for file in files.values()}:
        raise ValueError(f"{args.input} would be written over; name another --out")
    if stale := [str(file) for name, file in files.items() if name not in wanted and file.exists()]:
        raise ValueError(f"{stale[0]} is there from another split; remove it, or name another --out")
    examples, _ = _read(args.input, args)
    parts = split(
        examples,
        wanted,
        group=args.group,
        seed=args.seed,
        similarity=args.similarity,
        allow_few=args.allow_few,
    )
    args.out.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        write_examples(part, files[name])
    print(_table({str(files[name]): Balance.of(part) for name, part in parts.items()}))
    return 0


def _lint(args: argparse.Namespace) -> int:
    report = lint(
        args.input,
        format=args.format,
        labels=Labels.parse(args.map),
        fields=fields_of(args),
        similarity=args.similarity,
    )
    if args.json:
        print(json_text(report.to_dict(), indent=1))
    else:
        _print(report, None if args.all else SHOWN)
    return int(bool(report.findings if args.strict else report.errors))


def _print(report: Report, most: int | None) -> None:
    kinds = Counter(finding.kind for finding in report.findings)
    printed: Counter[str] = Counter()
    for finding in report.findings:
        printed[finding.kind] += 1
        if most is None or printed[finding.kind] <= most:
            print(visible(str(finding)))
    if most is not None:
        for kind, many in kinds.items():
            if many > most:
                print(f"… and {many - most} more [{kind}]; --all shows them")
    if report.balance:
        print(_table(report.balance))
    counted = ", ".join(f"{many} {kind}" for kind, many in kinds.most_common())
    print(
        f"{report.errors} errors, {len(report.findings) - report.errors} warnings"
        + f" ({counted})" * bool(counted)
    )


def _table(balance: dict[str, Balance]) -> str:
    """Files down, counts across."""
    names = [name for name in NAMES if name != NONE]
    rows = [["file", "examples", "sentences", *names]]
    for file, held in balance.items():
        rows.append([file, *map(str, (held.examples, held.sentences, *(held.spans[name] for name in names)))])
    wide = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(wide[0]), *(cell.rjust(w) for cell, w in zip(row[1:], wide[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join(lines)
