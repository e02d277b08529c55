"""The ``claimcheck`` command: one row of ``VERBS`` and one function a verb, everything heavy imported inside.

Exit codes: 0 done, 1 the input could not be worked on, 2 the command was not understood, 130 interrupted.
"""

from __future__ import annotations

import argparse
import codecs
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from claimcheck.span import Span

# What json leaves as it is with ensure_ascii off, but a terminal, a line reader or UTF-8 does not take.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ARABIC_SCRIPT = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")
_BYTE_ORDER_MARKS = {  # those of UTF-32 first: one of them begins with one of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class UsageError(Exception):
    """The command line asks for nothing that can be done; exit code 2."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One row of the command: ``run`` gets the parsed arguments and returns the exit code."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``claimcheck`` with ``argv`` (``sys.argv[1:]`` where ``None``) and return its exit code."""
    _reconfigure_output()
    try:
        args = _parser().parse_args(argv)
        code = args.run(args)
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
    assert isinstance(code, int)
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"claimcheck: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="claimcheck", description="Claims, opinions and calls to action in raw Persian text."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in VERBS:
        sub = verbs.add_parser(verb.name, help=verb.help, description=verb.help)
        verb.add_arguments(sub)
        sub.set_defaults(run=verb.run)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print("claimcheck", version("claimcheck"))
        except PackageNotFoundError:
            print("claimcheck (not installed, run from its source)")
        parser.exit()


# ---- analyze


def _analyze_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", metavar="TEXT", help="the text itself; - or nothing reads stdin")
    parser.add_argument("-f", "--file", metavar="FILE", help="read the text from a file (- is stdin)")
    parser.add_argument("--encoding", default="utf-8", help="of the file or stdin (default: %(default)s)")
    parser.add_argument("--model", metavar="FOLDER", help="a model folder (default: the embedded model)")
    parser.add_argument("--segments", action="store_true", help="list the attribution frames as spans too")
    parser.add_argument("--json", action="store_true", help="JSON lines on a terminal too")
    parser.add_argument("--html", metavar="OUT", help="also write the view as a web page")
    parser.add_argument("--no-color", action="store_true", help="no colours (also by NO_COLOR or TERM=dumb)")


def _analyze(args: argparse.Namespace) -> int:
    """One text to the coloured view on a terminal, to JSON lines anywhere else."""
    text = _text_of(args)
    from claimcheck.api import load
    from claimcheck.view import View

    model = load(args.model)
    spans = model.segments(text) if args.segments else model.analyze(text)
    if args.html is not None:
        _write_whole(Path(args.html), View(text, spans).to_html())
    if args.json or not sys.stdout.isatty():
        sys.stdout.writelines(_json_lines(spans))
    else:
        sys.stdout.write(View(text, spans).to_ansi(colour=_wants_colour(args.no_color)))
    return 0


def _text_of(args: argparse.Namespace) -> str:
    if args.text is not None and args.file is not None:
        raise UsageError("a text and --file are both given; wanted one of them")
    if args.text not in (None, "-"):
        text: str = args.text
        if os.path.isfile(text):
            _note(f"{text!r} is read as the text itself; for the file type: claimcheck analyze --file {text}")
        return text
    if args.file in (None, "-"):
        if args.text is None and args.file is None and sys.stdin.isatty():
            raise UsageError(
                "nothing to read; give a text, --file FILE, or pipe a text in (- reads what you type)"
            )
        text = _decode(sys.stdin.buffer.read(), args.encoding, "stdin")
    else:
        text = _decode(Path(args.file).read_bytes(), args.encoding, args.file)
    if text.strip() and not _ARABIC_SCRIPT.search(text):
        _note("no Persian letter in the text; if there should be some, name its encoding with --encoding")
    return text


def _decode(content: bytes, encoding: str, name: str) -> str:
    """The bytes as text, line ends as they are; a UTF-8 byte order mark is no part of it."""
    try:
        utf8 = _is_utf8(encoding)
        mark = next((mark for mark in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
        if utf8 and mark:
            other = _BYTE_ORDER_MARKS[mark]
            raise ValueError(f"{name} begins with the byte order mark of {other}; type: --encoding {other}")
        return content.decode("utf-8-sig" if utf8 else encoding)
    except LookupError as error:
        raise UsageError(f"--encoding {encoding}: {error}") from None
    except UnicodeDecodeError as error:
        bad = error.object[error.start : error.start + 1].hex()
        raise ValueError(
            f"{name} is not {encoding}: byte 0x{bad} at {error.start} ({error.reason}); "
            "name its encoding, for example: --encoding windows-1256"
        ) from None
    except UnicodeError as error:
        raise ValueError(f"{name} is not {encoding} ({error}); name its encoding with --encoding") from None


def _is_utf8(encoding: str | None) -> bool:
    return encoding is not None and codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _json_lines(spans: Iterable[Span]) -> Iterable[str]:
    """One object a line, UTF-8 clean; ASCII alone where stdout takes nothing else."""
    ascii_only = not _is_utf8(getattr(sys.stdout, "encoding", None) or "utf-8")
    for span in spans:
        line = json.dumps(span.to_dict(), ensure_ascii=ascii_only)
        yield _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n"


def _wants_colour(refused: bool) -> bool:
    return not (refused or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb")


def _write_whole(path: Path, content: str) -> None:
    """Under another name first, so that the file is never there in part; a device or a pipe is written to."""
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        path.write_text(content, "utf-8")
        return
    part = path.with_name(f".{os.getpid()}.part")
    try:
        part.write_text(content, "utf-8")
        os.replace(part, path)
    except OSError as error:  # named after the file that was asked for
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        part.unlink(missing_ok=True)


# ---- what every verb uses


def _reconfigure_output() -> None:
    """An answer in letters that the output's encoding lacks is written as escapes, not as a crash."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not _is_utf8(sys.stdout.encoding):
        sys.stdout.reconfigure(errors="backslashreplace")


def _note(message: str) -> None:
    print(f"claimcheck: {_visible(message)}", file=sys.stderr)


def _fail(error: Exception, code: int) -> int:
    message = str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        message = f"{error.filename}: {error.strerror}"
    _note(message or type(error).__name__)
    return code


def _visible(message: str) -> str:
    """Names and texts in a message come from outside too: no control character reaches the terminal."""
    return "".join(c if c.isprintable() or c in "\n\u200c\u200d" else ascii(c)[1:-1] for c in message)


VERBS: tuple[Verb, ...] = (
    Verb("analyze", "label the claims, opinions and calls to action of a text", _analyze_arguments, _analyze),
)

if __name__ == "__main__":
    sys.exit(main())
