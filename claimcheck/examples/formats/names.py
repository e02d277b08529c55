"""Ids as names of files, and back."""

from __future__ import annotations

import re
from pathlib import PurePath
from urllib.parse import unquote

_UNSAFE = re.compile(r'[/\\:*?"<>|%\x00-\x1f]|^\.')


def file_name(id_: str) -> str:
    """``id_`` with what a file system would not take as ``%XX``."""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", id_)


def name_of_file(path: PurePath) -> str:
    """The id that ``file_name`` was given, or what a file of others is called; its ending taken off."""
    return unquote(path.with_suffix("").as_posix())
