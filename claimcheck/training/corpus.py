"""Raw text files to blocks of pieces, what an encoder is pre-trained on.

Plain text in UTF-8, a paragraph a line, also compressed (``.xz``, ``.gz``). Paragraphs run on one behind the
other, an end mark between them, and are cut into blocks of one length, so that nothing is padding.
"""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimcheck.encoding import Encoder

Blocks = NDArray[np.int32]
_OPENERS: dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open}
_NOT_TEXT = {".json", ".jsonl", ".csv", ".tsv", ".parquet", ".html", ".xml", ".zip", ".zst", ".bz2", ".tar"}
_LINES_AT_ONCE = 10_000
_LEAST_BLOCK = 8


def check_files(paths: Sequence[Path]) -> None:
    """See that ``read_lines`` will get something from each of ``paths``, before anything is done.

    Raises:
        FileNotFoundError: one is not there, or is a folder.
        ValueError: one is not plain text, holds nothing, or its beginning cannot be read.
    """
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"no text file at {str(path)!r}")
        kind = path.with_suffix("").suffix if path.suffix in _OPENERS else path.suffix
        if kind in _NOT_TEXT:
            raise ValueError(f"{path}: wanted plain text, a paragraph a line (.txt, .txt.xz, .txt.gz)")
        if next(read_lines([path]), None) is None:
            raise ValueError(f"{path} holds no text")


def read_lines(paths: Iterable[Path], most: int | None = None) -> Iterator[str]:
    """The lines that hold something, at most ``most``; a file named twice is read twice.

    Raises:
        ValueError: a file is not UTF-8, or its compression is broken.
    """
    return islice((line for path in paths for line in _lines(path)), most)


def _lines(path: Path) -> Iterator[str]:
    opener: Callable[..., Any] = _OPENERS.get(path.suffix, open)
    try:
        with opener(path, "rb") as stream:
            for number, line in enumerate(stream, 1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                except UnicodeDecodeError as error:
                    raise ValueError(
                        f"{path}:{number}: not UTF-8 ({error.reason}); convert it: iconv -t utf-8"
                    ) from error
                if text:
                    yield text
    except (lzma.LZMAError, gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{path} cannot be unpacked ({error})") from error


def encode_blocks(lines: Iterable[str], encoder: Encoder, size: int = 128) -> Blocks:
    """``(blocks, size)`` ids: the opening special pieces, then the running text; the rest of it is left out.

    Everything is held in memory, four bytes a piece.

    Raises:
        ValueError: the lines do not fill one block, or a block has no room for text.
    """
    if (inside := size - len(encoder.prefix)) < _LEAST_BLOCK:
        raise ValueError(f"a block of {size} pieces is too short; wanted {_LEAST_BLOCK} or more")
    stream, parts = iter(lines), []
    while batch := list(islice(stream, _LINES_AT_ONCE)):
        encoded = encoder.tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        parts.append(np.array([i for one in encoded for i in (*one.ids, *encoder.suffix)], np.int32))
    running = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    many = len(running) // inside
    if not many:
        raise ValueError(f"the texts give {len(running)} pieces, not one block of {size}; give more text")
    opening = np.tile(np.array(encoder.prefix, np.int32), (many, 1))
    return np.concatenate([opening, running[: many * inside].reshape(many, inside)], 1)
