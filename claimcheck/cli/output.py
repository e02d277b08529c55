"""What every verb says and how: notes on stderr, and nothing that acts on the terminal."""

from __future__ import annotations

import codecs
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# What json leaves as it is with ensure_ascii off, but a terminal, a line reader or UTF-8 does not take.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


BAD_ROWS = 3  # exit code: done, but some rows could not be


class UsageError(Exception):
    """The command line asks for nothing that can be done; exit code 2."""


def note(message: str) -> None:
    """One line on stderr, behind the name of the command."""
    print(f"claimcheck: {visible(message)}", file=sys.stderr)


def check_not_read(out: str | Path | None, read: Iterable[str | Path | None]) -> None:
    """See that ``out`` is none of the files that a command reads.

    Raises:
        UsageError: it is.
    """
    for name in read:
        if out and name and os.path.exists(out) and os.path.exists(name) and os.path.samefile(out, name):
            raise UsageError(f"{out} is read by this very command; name another")


def visible(message: str) -> str:
    """Names and texts in a message come from outside too: no control character reaches the terminal."""
    return "".join(c if c.isprintable() or c in "\n\u200c\u200d" else ascii(c)[1:-1] for c in message)


def json_text(value: Any, indent: int | None = None) -> str:
    """``value`` as JSON that is UTF-8 clean; ASCII alone where stdout takes nothing else."""
    ascii_only = not is_utf8(getattr(sys.stdout, "encoding", None) or "utf-8")
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_utf8(encoding: str | None) -> bool:
    """Whether ``encoding`` is a name of UTF-8; ``LookupError`` where it is no encoding's name."""
    return encoding is not None and codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
