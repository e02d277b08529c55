"""Bytes in and out: UTF-8 or one clear error with file and line; a file is replaced whole or not at all."""

from __future__ import annotations

import codecs
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from claimcheck.byte_order import wide_encoding
from claimcheck.examples.records import BadRow, DataError, Place

_ESCAPED = re.compile("[\udc80-\udcff]")  # a byte that is not UTF-8, as "surrogateescape" keeps it


def byte_lines(path: Path) -> Iterator[tuple[Place, bytes]]:
    """Every line with its place, line ends and the UTF-8 mark taken off. Only ``\\n`` ends a line."""
    with open(path, "rb") as stream:
        for number, line in enumerate(stream, 1):
            if number == 1:
                line = _unmarked(path, line)
            yield Place(str(path), number), line.rstrip(b"\r\n")


def is_empty(path: Path) -> bool:
    """Whether a file holds nothing but blank lines. A pipe can be read but once, so none is looked into."""
    return path.is_file() and not any(line.strip() for _, line in byte_lines(path))


def decode(line: bytes) -> str:
    """UTF-8 or ``BadRow``, which names the byte."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"0x{line[error.start]:02x} at byte {error.start + 1} of the line"
        raise BadRow(
            f"not UTF-8 ({byte}); fix or leave out this row, or, where the whole file is like it, "
            "save it as UTF-8, for example: iconv -f WINDOWS-1256 -t UTF-8"
        ) from error


def read_text(path: Path, *, keep_mark: bool = False) -> str:
    """The whole file, line ends as they are; its UTF-8 mark is taken off unless ``keep_mark``.

    ``DataError`` names file and line of what is not UTF-8.
    """
    data = path.read_bytes()
    unmarked = _unmarked(path, data)
    data = data if keep_mark else unmarked
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        advice = (
            "most of the file is, so fix or leave out this line"
            if _mostly_utf8(data.decode("utf-8", "surrogateescape"))
            else f"save the file as UTF-8, for example: {_conversion('WINDOWS-1256', path)}"
        )
        raise DataError(f"{path}:{line}: not UTF-8 (byte 0x{data[error.start]:02x}); {advice}") from error


def read_mostly_text(path: Path) -> str:
    """``read_text`` for readers of rows: lines that are not UTF-8, among others that are, cost their rows.

    The bytes of such a line stay in it as lone surrogates, so that ``check_decoded`` refuses its row. The
    first line, a header, and most of the others must be UTF-8, otherwise it is the ``DataError`` of
    ``read_text``.
    """
    text = _unmarked(path, path.read_bytes()).decode("utf-8", "surrogateescape")
    readable = not _ESCAPED.search(text.partition("\n")[0]) and _mostly_utf8(text)
    return text if readable else read_text(path)


def check_decoded(text: str) -> None:
    """``BadRow`` where ``read_mostly_text`` met a byte that is not UTF-8."""
    if match := _ESCAPED.search(text):
        byte = ord(match[0]) - 0xDC00
        raise BadRow(f"not UTF-8 (byte 0x{byte:02x}), as most of the file is; fix or leave out this row")


def _mostly_utf8(text: str) -> bool:
    """Whether, of the lines that are not ASCII, at least half are UTF-8. ASCII looks alike everywhere."""
    bad = [bool(_ESCAPED.search(line)) for line in text.split("\n") if not line.isascii()]
    return 2 * sum(bad) <= len(bad)


def _conversion(encoding: str, path: Path) -> str:
    return f"iconv -f {encoding} -t UTF-8 {shlex.quote(str(path))}"


def _unmarked(path: Path, data: bytes) -> bytes:
    if wide := wide_encoding(data):
        name = wide.upper()
        raise DataError(f"{path}:1: the file is {name}, not UTF-8; convert it: {_conversion(name, path)}")
    return data.removeprefix(codecs.BOM_UTF8)


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Write beside ``path``, then put it in place; nothing is left behind when writing fails."""
    part = path.with_name(f".{path.name}.part")
    try:
        with open(part, "w", encoding="utf-8", newline="") as stream:
            yield stream
        os.replace(part, path)
    except UnicodeEncodeError as error:
        raise DataError(f"{path}: a lone surrogate in a text; only the JSON formats can hold it") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new folder, put in place when all of it is written. A folder that holds something is an error."""
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise DataError(f"{path} is there already; name a new folder, or remove it first")
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        if path.is_dir():
            path.rmdir()
        os.replace(part, path)
    except UnicodeEncodeError as error:
        raise DataError(f"{path}: a lone surrogate in a text; only the JSON formats can hold it") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
