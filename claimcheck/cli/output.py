"""What every verb says and how: notes on stderr, and nothing that acts on the terminal."""

from __future__ import annotations

import codecs
import sys


class UsageError(Exception):
    """The command line asks for nothing that can be done; exit code 2."""


def note(message: str) -> None:
    """One line on stderr, behind the name of the command."""
    print(f"claimcheck: {visible(message)}", file=sys.stderr)


def visible(message: str) -> str:
    """Names and texts in a message come from outside too: no control character reaches the terminal."""
    return "".join(c if c.isprintable() or c in "\n\u200c\u200d" else ascii(c)[1:-1] for c in message)


def is_utf8(encoding: str | None) -> bool:
    """Whether ``encoding`` is a name of UTF-8; ``LookupError`` where it is no encoding's name."""
    return encoding is not None and codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
