"""``claimcheck analyze``: a text from an argument, a file or stdin to a coloured view, JSON or a page."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from claimcheck.byte_order import wide_encoding
from claimcheck.cli.factchecks import open_factchecks
from claimcheck.cli.output import UsageError, check_not_read, is_utf8, json_text, note

if TYPE_CHECKING:
    from claimcheck.model import Model
    from claimcheck.span import Span

_ARABIC_SCRIPT = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``run`` reads."""
    parser.add_argument("text", nargs="?", metavar="TEXT", help="the text itself; - or nothing reads stdin")
    parser.add_argument("-f", "--file", metavar="FILE", help="read the text from a file (- is stdin)")
    parser.add_argument("--encoding", default="utf-8", help="of the file or stdin (default: %(default)s)")
    parser.add_argument("--model", metavar="FOLDER", help="a model folder (default: the embedded model)")
    parser.add_argument("--segments", action="store_true", help="list the attribution frames as spans too")
    parser.add_argument(
        "--min-confidence", type=float, default=0.0, metavar="P", help="leave out spans below it (0-1)"
    )
    parser.add_argument("--cues", action="store_true", help="flag claims with rumour cues")
    parser.add_argument("--factchecks", metavar="INDEX", help="flag claims that were checked already")
    parser.add_argument("--explain", action="store_true", help="name the words that labels hang on")
    parser.add_argument("--json", action="store_true", help="JSON lines on a terminal too")
    parser.add_argument("--html", metavar="OUT", help="also write the view as a web page")
    parser.add_argument("--no-color", action="store_true", help="no colours (also by NO_COLOR or TERM=dumb)")


def run(args: argparse.Namespace) -> int:
    """One text to the coloured view on a terminal, to JSON lines anywhere else."""
    check_not_read(args.html, [args.file, args.factchecks])
    if not 0 <= args.min_confidence <= 1:
        raise UsageError(f"--min-confidence must be between 0 and 1, got {args.min_confidence:g}")
    text = _text_of(args)
    from claimcheck.api import load
    from claimcheck.span import Label
    from claimcheck.view import View

    model = load(args.model)
    spans = model.segments(text)
    if args.cues or args.factchecks or args.explain:
        spans = _enriched(args, model, text, spans)
    if not args.segments:
        spans = [span for span in spans if span.label is not Label.ATTRIBUTION]
    spans = [span for span in spans if span.confidence >= args.min_confidence]
    if args.html is not None:
        _write_whole(Path(args.html), View(text, spans).to_html())
    if args.json or not sys.stdout.isatty():
        sys.stdout.writelines(json_text(span.to_dict()) + "\n" for span in spans)
    else:
        width = shutil.get_terminal_size().columns
        sys.stdout.write(View(text, spans).to_ansi(colour=_wants_colour(args.no_color), width=width))
    return 0


def _enriched(args: argparse.Namespace, model: Model, text: str, spans: list[Span]) -> list[Span]:
    from claimcheck.flags.enrich import enrich

    with open_factchecks(args.factchecks) as index:
        return enrich(model, text, spans, cues=args.cues, factchecks=index, words=args.explain)


def _text_of(args: argparse.Namespace) -> str:
    if args.text is not None and args.file is not None:
        raise UsageError("a text and --file are both given; wanted one of them")
    if args.text not in (None, "-"):
        text: str = args.text
        if os.path.isfile(text):
            note(f"{text!r} is read as the text itself; for the file type: claimcheck analyze --file {text}")
        return text
    if args.file in (None, "-"):
        if sys.stdin is None or (args.text is None and args.file is None and sys.stdin.isatty()):
            raise UsageError(
                "nothing to read; give a text, --file FILE, or pipe a text in (- reads what you type)"
            )
        text = _decode(sys.stdin.buffer.read(), args.encoding, "stdin")
    else:
        text = _decode(Path(args.file).read_bytes(), args.encoding, args.file)
    if not text.strip():
        note(f"{'stdin' if args.file in (None, '-') else args.file} is empty")
    elif not _ARABIC_SCRIPT.search(text):
        note("no Persian letter in the text; if there should be some, name its encoding with --encoding")
    return text


def _decode(content: bytes, encoding: str, name: str) -> str:
    """The bytes as text, line ends as they are; a UTF-8 byte order mark is no part of it."""
    try:
        utf8 = is_utf8(encoding)
        other = wide_encoding(content)
        if utf8 and other:
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
