"""``claimcheck score``: label files of any size, and lose no row."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimcheck.cli.output import BAD_ROWS, check_not_read, note, visible

if TYPE_CHECKING:
    from claimcheck.scoring import Summary
    from claimcheck.scoring.stats import Stats


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``run`` reads."""
    parser.epilog = (
        "Exit code 0: every row was labelled; 3: done, but some rows could not be (see OUTPUT.errors.jsonl) or a "
        "file looks wrongly decoded; 1: the run could not be done; 130: interrupted, go on with --resume."
    )
    parser.add_argument(
        "input", nargs="+", metavar="INPUT", help="files, folders, globs, data sets on disk; - is stdin"
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        help=".jsonl, .parquet, or with --flat .csv, .tsv (also .gz, .xz, .zst); -",
    )
    parser.add_argument(
        "--from", dest="format", choices=("txt", "jsonl", "csv", "parquet"), help="of the inputs"
    )
    parser.add_argument("--text-column", default="text", metavar="NAME", help="default: %(default)s")
    parser.add_argument("--id-column", metavar="NAME", help="names a row in errors, and in --flat rows")
    parser.add_argument("--spans-column", default="spans", metavar="NAME", help="default: %(default)s")
    parser.add_argument("--encoding", default="utf-8", help="of text files (default: %(default)s)")
    parser.add_argument("--whole", action="store_true", help="a .txt file is one text, not a text a line")
    parser.add_argument("--split", metavar="NAME", help="of a data set that has several")
    parser.add_argument(
        "--max-chars", type=int, default=1_000_000, help="longer texts are bad rows (%(default)s)"
    )
    parser.add_argument("--flat", action="store_true", help="a row for every span")
    parser.add_argument("--segments", action="store_true", help="the attribution frames as spans too")
    parser.add_argument("--model", metavar="FOLDER", help="a model folder (default: the embedded model)")
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="this machine, or a Ray cluster (Parquet only)",
    )
    parser.add_argument(
        "--address", help="of a running Ray cluster (default: one is started on this machine)"
    )
    parser.add_argument("--workers", type=int, help="processes, or actors of Ray (default: one a processor)")
    parser.add_argument("--threads", type=int, help="of each process (default: 1)")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument(
        "--checkpoint", type=int, default=2048, metavar="ROWS", help="rows between checkpoints (%(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--report", type=Path, metavar="HTML", help="also a page of what was found")
    parser.add_argument(
        "--group-column", metavar="NAME", help="count by its values in the report, such as genre"
    )


def run(args: argparse.Namespace) -> int:
    """Score, say what came of it."""
    from claimcheck.scoring import InputOptions, OutputOptions, score
    from claimcheck.scoring.writers import format_of

    check_not_read(args.report, args.input)
    if args.engine == "ray":
        return _run_on_ray(args)
    if args.address is not None:
        raise ValueError("--address is of a Ray cluster; add --engine ray")
    stream = args.output == "-"
    written = OutputOptions(
        format="jsonl" if stream else format_of(Path(args.output), args.flat),
        flat=args.flat,
        id_column=args.id_column,
        text_column=args.text_column,
        spans_column=args.spans_column,
    )
    read = InputOptions(args.text_column, args.encoding, args.whole, args.max_chars, args.split)
    output = sys.stdout.buffer if stream else Path(args.output)
    summary = score(
        args.input, output, read, written, format=args.format, threads=args.threads, **_of_both_engines(args)
    )
    return _end(args, summary)


def _run_on_ray(args: argparse.Namespace) -> int:
    from claimcheck.scoring import InputOptions, OutputOptions
    from claimcheck.scoring.distributed import score_distributed

    for name in ("whole", "split", "threads"):
        if getattr(args, name):
            raise ValueError(f"--{name} has no meaning with --engine ray; leave it out")
    if args.output == "-" or "-" in args.input or args.format not in (None, "parquet"):
        raise ValueError(
            "--engine ray reads .parquet files and writes a folder of them; leave --engine out for others"
        )
    if args.workers is not None and args.workers < 1:
        raise ValueError(f"--workers must be 1 or more, got {args.workers}")
    summary = score_distributed(
        args.input,
        args.output,
        InputOptions(args.text_column, max_chars=args.max_chars),
        OutputOptions("parquet", args.flat, args.id_column, args.text_column, args.spans_column),
        address=args.address,
        **_of_both_engines(args),
    )
    return _end(args, summary)


def _of_both_engines(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "model": args.model,
        "workers": args.workers,
        "segments": args.segments,
        "resume": args.resume,
        "overwrite": args.overwrite,
        "checkpoint_rows": args.checkpoint,
        "group_column": args.group_column,
        "progress": _Progress(args),
    }


def _end(args: argparse.Namespace, summary: Summary) -> int:
    _say(summary, args.quiet)
    if args.report is not None:
        from claimcheck.scoring.report import write_report

        write_report(args.report, summary)
    return BAD_ROWS if summary.stats.bad or summary.warnings else 0


class _Progress:
    """One line that is written over on a terminal; nothing anywhere else."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.shown = not args.quiet and sys.stderr.isatty()
        self.total = _total(args) if self.shown else None
        self.started = time.monotonic()

    def __call__(self, stats: Stats, rows: int) -> None:
        if not self.shown:
            return
        rate = rows / max(1e-9, time.monotonic() - self.started)
        labels = "  ".join(f"{label} {many:,}" for label, many in stats.labels.most_common())
        bad = f"  bad rows {stats.bad:,}" if stats.bad else ""
        done = stats.rows + stats.bad
        left = f"  {_duration((self.total - done) / rate)} left" if self.total and rate else ""
        sys.stderr.write(f"\r\x1b[K{done:,} rows  {rate:,.0f}/s{left}  {labels}{bad}")
        sys.stderr.flush()


def _total(args: argparse.Namespace) -> int | None:
    from claimcheck.scoring.sources import count_rows, find_sources

    try:
        return count_rows(find_sources(args.input, args.format), args.whole)
    except (ValueError, OSError, ImportError):  # a URI, or an input that the run itself will say more about
        return None


def _duration(seconds: float) -> str:
    """
    >>> _duration(59.6), _duration(4000), _duration(-3)
    ('1:00', '1:06:40', '0:00')
    """
    minutes, second = divmod(round(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _say(summary: Summary, quiet: bool) -> None:
    stats = summary.stats
    if not quiet and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    for warning in summary.warnings:
        note(f"WARNING: {warning}")
    if stats.bad:
        where = f"; see {summary.output}.errors.jsonl" if summary.output else ""
        note(f"{stats.bad:,} rows could not be labelled{where}")
    if not quiet:
        labels = ", ".join(f"{many:,} {label}" for label, many in stats.labels.most_common()) or "no span"
        rate = summary.rows_this_run / max(1e-9, summary.seconds)
        place = f" in {summary.output}" if summary.output else ""
        note(visible(f"{stats.rows:,} rows{place}: {labels}; {summary.seconds:,.1f} s, {rate:,.0f} rows/s"))
