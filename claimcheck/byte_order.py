"""Byte order marks: the encoding that a file says of itself."""

from __future__ import annotations

import codecs

_MARKS = {  # those of UTF-32 first: one of them begins with one of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def wide_encoding(content: bytes) -> str | None:
    """``"utf-16"`` or ``"utf-32"`` where ``content`` begins with a mark of it.

    >>> wide_encoding("بله".encode("utf-16")), wide_encoding("بله".encode())
    ('utf-16', None)
    """
    return next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
