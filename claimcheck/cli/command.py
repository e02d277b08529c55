"""The ``claimcheck`` command: one row of ``VERBS`` and one module a verb, imported when asked for.

Exit codes: 0 done, 1 the input could not be worked on, 2 the command was not understood, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from claimcheck.cli.output import UsageError, is_utf8, note

VERBS = {
    "analyze": "label the claims, opinions and calls to action of a text",
    "train": "fine-tune on labelled data",
    "evaluate": "scores of a model on labelled data",
    "data": "labelled data: convert, lint, split",
    "score": "label files of any size",
    "triage": "the claims of many texts, those to check first in front",
    "factchecks": "an index of fact-checks: build, add, search",
    "serve": "a page and an HTTP API",
    "suggest": "pick the unlabelled texts that are worth labelling next",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``claimcheck`` with ``argv`` (``sys.argv[1:]`` where ``None``) and return its exit code."""
    _reconfigure_output()
    try:
        args = _parser(sys.argv[1:] if argv is None else argv)
        code: int = args.run(args)
        sys.stdout.flush()
    except SystemExit as end:  # --help, or argparse has written what was wrong
        return end.code if isinstance(end.code, int) else 2
    except UsageError as error:
        return _fail(error, 2)
    except BrokenPipeError:  # the reader has had enough, as in «claimcheck … | head»
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except (ValueError, TypeError, OSError, ImportError) as error:
        return _fail(error, 1)
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"claimcheck: {message}\n")


def _parser(argv: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="claimcheck", description="Claims, opinions and calls to action in raw Persian text."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    asked = next((word for word in argv if not word.startswith("-")), None)
    for name, text in VERBS.items():
        sub = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == asked:
            module = importlib.import_module(f"claimcheck.cli.{name}")
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser.parse_args(argv)


def subparser(verb: str) -> argparse.ArgumentParser:
    """The parser of one command alone, for its help and its flags."""
    parser = _Parser(prog=f"claimcheck {verb}", description=f"{VERBS[verb][0].upper()}{VERBS[verb][1:]}.")
    importlib.import_module(f"claimcheck.cli.{verb}").add_arguments(parser)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print("claimcheck", version("claimcheck"))
        except PackageNotFoundError:
            print("claimcheck (not installed, run from its source)")
        parser.exit()


def _reconfigure_output() -> None:
    """An answer in letters that the output's encoding lacks is written as escapes, not as a crash."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not is_utf8(sys.stdout.encoding):
        sys.stdout.reconfigure(errors="backslashreplace")


def _fail(error: Exception, code: int) -> int:
    message = str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        message = f"{error.filename}: {error.strerror}"
    note(message or type(error).__name__)
    return code
