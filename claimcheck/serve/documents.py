"""The texts of a file that was dropped on the page: plain text, a Word document, or a table."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from claimcheck.byte_order import wide_encoding
from claimcheck.examples.formats.table import headers

_UNPACKED_BYTES = 50_000_000  # of a Word document; a bomb unpacks into more
_TEXT_COLUMNS = ("text", "متن")
_PERSIAN = re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")


class DocumentError(ValueError):
    """A file that cannot be read; the message says why, and what to do."""


def texts_of(content: bytes, kind: str) -> tuple[list[str], str | None]:
    """The texts in a file: one of a ``txt`` or ``docx``, one a row of a ``csv``, whose text column is named.

    Raises:
        DocumentError: it is not what ``kind`` says.
    """
    if not content:
        raise DocumentError("the file is empty: send its bytes as the body")
    if kind == "docx":
        return [_word(content)], None
    text = _decoded(content)
    return ([text], None) if kind == "txt" else _table(text)


def _decoded(content: bytes) -> str:
    """UTF-8, UTF-16 and UTF-32 by their marks, else Windows-1256, in which old Persian files are kept."""
    encoding = wide_encoding(content) or "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise DocumentError(f"the file begins as {encoding.upper()}, but is not") from error
        old = content.decode("cp1256", "replace")
        if "\ufffd" in old or "\x00" in old or len(_PERSIAN.findall(old)) < len(content) / 4:
            raise DocumentError(
                f"the file is neither UTF-8 (byte {error.start + 1:,}) nor Windows-1256; save it as UTF-8"
            ) from error
        return old


def _word(content: bytes) -> str:
    try:
        import docx
    except ImportError as error:
        raise DocumentError("Word documents need python-docx: pip install 'claimcheck[serve]'") from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > _UNPACKED_BYTES:
            raise DocumentError(
                f"the document unpacks to {unpacked:,} bytes, at most {_UNPACKED_BYTES:,} are read"
            )
        return "\n".join(_paragraphs(docx.Document(io.BytesIO(content))))
    except DocumentError:
        raise
    except Exception as error:  # a broken file breaks in many ways
        raise DocumentError(f"this is no Word document (.docx): {type(error).__name__}") from error


def _paragraphs(holder: Any) -> Iterator[str]:
    """Paragraph by paragraph; of tables, row by row, a merged cell once."""
    for part in holder.iter_inner_content():
        if hasattr(part, "rows"):
            for row in part.rows:
                cells = {id(cell._tc): "\n".join(_paragraphs(cell)) for cell in row.cells}
                yield "\t".join(cells.values())
        else:
            yield part.text


def _table(text: str) -> tuple[list[str], str]:
    """The cells of the column called text or متن, else of the one with most Persian letters."""
    found = headers(text)
    separator = max(found, key=lambda each: len(found[each]))
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise DocumentError(f"the table cannot be read: {error}") from error
    if len(rows) < 2:
        raise DocumentError("the table has no rows under its header")
    header, *body = rows
    width = len(header)
    named = [i for i, name in enumerate(header) if name.strip().lower() in _TEXT_COLUMNS]
    letters = [sum(len(_PERSIAN.findall(row[i])) for row in body if i < len(row)) for i in range(width)]
    column = named[0] if named else max(range(width), key=letters.__getitem__)
    texts = [row[column] for row in body if column < len(row) and row[column].strip()]
    return texts, header[column]
