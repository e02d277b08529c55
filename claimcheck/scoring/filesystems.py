"""Parquet files by path or URI through pyarrow's file systems, and a folder of them that a run writes.

On a local file system the folder is written beside its place and gets its name when it is complete. An object
store cannot rename: there a file ``_SUCCESS`` in it says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from claimcheck.scoring.arrow import pyarrow
from claimcheck.scoring.rows import InputError
from claimcheck.scoring.sources import find_sources

_RUN = (
    "_run"  # settings, markers and errors while a run is going on; readers of Parquet pass names with «_» by
)


def parquet_files(inputs: Sequence[str]) -> Iterator[str]:
    """Every Parquet file behind ``inputs``, by path or URI.

    Raises:
        InputError: nothing is there, or something else than Parquet.
    """
    from pyarrow.fs import FileSelector, FileType

    for name in inputs:
        if "://" not in name:
            for source in find_sources([name], None):
                if source.path is None or source.path.suffix.lower() != ".parquet":
                    raise InputError(
                        f"{source.name}: --engine ray reads .parquet files; leave --engine out for others"
                    )
                yield str(source.path)
            continue
        fs, path = open_path(name)
        info = fs.get_file_info(path)
        if info.type is FileType.NotFound:
            raise InputError(f"{name} does not exist")
        if info.is_file:
            yield name
            continue
        scheme = name.split("://")[0]
        inside = sorted(
            one.path for one in fs.get_file_info(FileSelector(path, recursive=True)) if one.is_file
        )
        found = [one for one in inside if one.endswith(".parquet")]
        if not found:
            raise InputError(f"{name} holds no file ending in .parquet")
        yield from (f"{scheme}://{one}" for one in found)


def open_path(name: str) -> tuple[Any, str]:
    """The file system of a path or URI, and the path in it.

    Raises:
        InputError: there is no such file system, or it cannot be reached.
    """
    pyarrow()
    from pyarrow.fs import FileSystem

    try:
        fs, path = FileSystem.from_uri(name if "://" in name else os.path.abspath(name))
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be opened: {error}") from error
    return fs, path


class Folder:
    """The output of a run while it is written: parts by number, their errors, and a marker for each that is done.

    Args:
        output: path or URI.
    """

    def __init__(self, output: str) -> None:
        self.output = output
        self._fs, self._path = open_path(output.rstrip("/"))
        self._local = self._fs.type_name == "local"
        self._work = self._path + ".parts" * self._local

    def begin(self, settings: str, resume: bool, overwrite: bool) -> None:
        """Make the folder, or go on with the one of a run with the same ``settings``.

        Raises:
            InputError: something is there and neither was asked for, or it is of another run.
        """
        begun = f"{self._work}/{_RUN}/settings.json"
        there = self._read(begun)
        if there is not None and resume:
            if there.decode() != settings:
                raise InputError(
                    f"{self.output} is of another run; type the command that began it, or --overwrite"
                )
            return
        if there is not None and not overwrite:
            raise InputError(f"a run to {self.output} was stopped; add --resume to go on, or --overwrite")
        for path in {self._path, self._work}:
            kind = self._fs.get_file_info(path).type.name
            held = kind == "File" or (kind == "Directory" and self._names(path))
            if held and not overwrite:
                raise InputError(f"{self.output} is there already; name another, or add --overwrite")
            if kind == "Directory":
                self._fs.delete_dir(path)
            elif held:
                self._fs.delete_file(path)
        self._fs.create_dir(f"{self._work}/{_RUN}", recursive=True)
        self._put(begun, settings.encode())

    def marker(self, number: int) -> str | None:
        """What was said of a part that is done; ``None`` where it is not."""
        said = self._read(f"{self._work}/{_RUN}/{number:06}.json")
        return None if said is None else said.decode()

    def add(self, number: int, results: bytes, errors: bytes, marker: str) -> None:
        """Write a part; the marker last, without which it does not count."""
        self._put(f"{self._work}/part-{number:06}.parquet", results)
        self._put(f"{self._work}/{_RUN}/{number:06}.errors.jsonl", errors)
        self._put(f"{self._work}/{_RUN}/{number:06}.json", marker.encode())

    def finish(self, parts: int) -> None:
        """All errors in one file beside the folder, then its name."""
        errors = f"{self._path}.errors.jsonl"
        many = 0
        with self._fs.open_output_stream(errors) as stream:
            for number in range(parts):
                content = self._read(f"{self._work}/{_RUN}/{number:06}.errors.jsonl") or b""
                stream.write(content)
                many += len(content)
        if not many:
            self._fs.delete_file(errors)
        self._fs.delete_dir(f"{self._work}/{_RUN}")
        with self._fs.open_output_stream(f"{self._work}/_SUCCESS"):
            pass
        if self._local:
            self._fs.move(self._work, self._path)

    def _names(self, path: str) -> list[str]:
        from pyarrow.fs import FileSelector

        return [info.path for info in self._fs.get_file_info(FileSelector(path))]

    def _read(self, path: str) -> bytes | None:
        if not self._fs.get_file_info(path).is_file:
            return None
        with self._fs.open_input_stream(path) as stream:
            content: bytes = stream.read()
        return content

    def _put(self, path: str, content: bytes) -> None:
        """Write a file that is there whole or not at all; object stores see to that themselves.

        What a killed writer leaves stays in the run's own folder, which goes when the run is done.
        """
        new = f"{self._work}/{_RUN}/{os.path.basename(path)}.{os.getpid()}.new" if self._local else path
        with self._fs.open_output_stream(new) as stream:
            stream.write(content)
        if self._local:
            self._fs.move(new, path)
