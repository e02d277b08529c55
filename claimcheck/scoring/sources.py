"""Inputs as people name them: files, folders, globs, stdin, compressed or not, in any encoding."""

from __future__ import annotations

import codecs
import glob
import gzip
import io
import lzma
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from claimcheck.scoring.rows import InputError

FORMATS = {
    ".txt": "txt",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
COMPRESSED = (".gz", ".xz", ".zst")
DATASET_FILES = ("state.json", "dataset_info.json", "dataset_dict.json")
_MARKS = {  # those of UTF-32 first: one of them begins with one of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file (or folder of a data set) and the format it is in; ``path`` is ``None`` for stdin."""

    path: Path | None
    format: str

    @property
    def name(self) -> str:
        """For messages and places."""
        return "stdin" if self.path is None else str(self.path)

    def fingerprint(self) -> list[Any]:
        """By which a resumed run sees that the file is the same."""
        if self.path is None:
            return ["stdin"]
        stat = self.path.stat()
        return [str(self.path.resolve()), stat.st_size, stat.st_mtime_ns]


def find_sources(inputs: Iterable[str], format: str | None) -> list[Source]:
    """The files behind ``inputs``: a file, a folder (searched), a glob, a data set on disk, or ``-``.

    Raises:
        InputError: nothing there, or a file whose ending tells no format while ``format`` is ``None``.
    """
    return [source for name in inputs for source in _find(name, format)]


def _find(name: str, format: str | None) -> Iterator[Source]:
    path = Path(name)
    if name == "-":
        if format is None:
            raise InputError("stdin has no ending to tell its format; add --from txt|jsonl|csv")
        yield Source(None, format)
    elif path.is_dir() and any((path / known).exists() for known in DATASET_FILES):
        yield Source(path, "dataset")
    elif path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        known = [p for p in inside if by_ending(p)]
        if not known:
            raise InputError(f"{name} holds no file ending in {', '.join(FORMATS)} (also .gz, .xz, .zst)")
        yield from (Source(p, format or by_ending(p) or "") for p in known)
    elif path.exists():
        chosen = format or by_ending(path)
        if chosen is None:
            raise InputError(f"{name}: its ending tells no format; add --from txt|jsonl|csv|parquet")
        yield Source(path, chosen)
    else:
        matches = sorted(glob.glob(name, recursive=True))
        if not matches:
            raise InputError(f"{name} does not exist")
        for match in matches:
            yield from _find(match, format)


def by_ending(path: Path) -> str | None:
    """The format that a file's ending tells, its compression aside."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


@contextmanager
def open_text(source: Source, encoding: str, newline: str) -> Iterator[IO[str]]:
    """The characters of a source. Bytes that are not ``encoding`` come out as lone surrogates.

    Raises:
        InputError: the file is in another encoding by its mark, or ``encoding`` is no encoding's name.
    """
    with open_bytes(source) as raw:
        head = raw.peek(4)[:4]
        utf8 = _lookup(encoding) == "utf-8"
        mark = next((mark for mark in _MARKS if head.startswith(mark)), None)
        if utf8 and mark:
            name = _MARKS[mark]
            raise InputError(f"{source.name} begins with the mark of {name}; add --encoding {name}")
        errors = "surrogatepass" if _lookup(encoding).startswith("utf-16") else "surrogateescape"
        yield io.TextIOWrapper(raw, "utf-8-sig" if utf8 else encoding, errors, newline)


@contextmanager
def open_bytes(source: Source) -> Iterator[io.BufferedReader]:
    """The bytes of a source, decompressed by its ending."""
    if source.path is None:
        yield cast(io.BufferedReader, sys.stdin.buffer)
        return
    ending = source.path.suffix.lower()
    with open(source.path, "rb") as file:
        stream: Any = file
        if ending == ".gz":
            stream = gzip.GzipFile(fileobj=file)
        elif ending == ".xz":
            stream = lzma.open(file)  # noqa: SIM115 - closed with the file
        elif ending == ".zst":
            stream = _zstandard().ZstdDecompressor().stream_reader(file, read_across_frames=True)
        yield stream if stream is file else io.BufferedReader(stream, 1 << 20)


@contextmanager
def compressing(path: Path, file: IO[bytes]) -> Iterator[IO[bytes]]:
    """What is written comes to ``file`` compressed as the ending of ``path`` says, the same every time."""
    ending = path.suffix.lower()
    if ending == ".gz":
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as stream:
            yield cast(IO[bytes], stream)
    elif ending == ".xz":
        with lzma.LZMAFile(file, "wb") as stream:
            yield cast(IO[bytes], stream)
    elif ending == ".zst":
        with _zstandard().ZstdCompressor().stream_writer(file, closefd=False) as stream:
            yield stream
    else:
        yield file


def count_rows(sources: Iterable[Source], whole: bool = False) -> int | None:
    """About how many rows there are, where that is cheap to see: lines of plain files, the footers of Parquet.

    Args:
        sources: the inputs.
        whole: a ``.txt`` file is one row.

    Returns:
        ``None`` where a source is compressed, a stream or a data set.
    """
    total = 0
    for source in sources:
        if source.path is None or source.path.suffix.lower() in COMPRESSED or source.format == "dataset":
            return None
        if source.format == "parquet":
            import pyarrow.parquet as parquet

            total += parquet.read_metadata(source.path).num_rows
        elif source.format == "txt" and whole:
            total += 1
        else:
            with open(source.path, "rb") as stream:
                total += sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 22), b""))
    return total


def undecodable(text: str) -> bool:
    """Whether a text holds bytes that were not the encoding (as ``open_text`` leaves them)."""
    return any("\udc80" <= c <= "\udcff" for c in text) if not text.isascii() else False


def fingerprints(sources: Sequence[Source]) -> list[list[Any]]:
    """Of all sources, in order."""
    return [source.fingerprint() for source in sources]


def _lookup(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise InputError(f"--encoding {encoding}: there is no such encoding; try windows-1256") from None
    return "utf-8" if name == "utf-8-sig" else name


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise InputError(".zst files need the extra: pip install 'claimcheck[score]'") from error
    return zstandard
