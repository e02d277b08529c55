"""Results on disk while a run is going on, so that whatever stops it, no row is lost or written twice.

``OUTPUT.parts`` holds a numbered part for every few thousand rows: its results, its errors, and last of all a
marker that says what it holds. A part without its marker does not count and is made again. Parts hold a fixed
run of input rows, so a run that was resumed gives the same bytes as one that was not.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from claimcheck.scoring.rows import InputError


class Parts:
    """The parts of one output.

    Args:
        output: the file to be.
        settings: what must be the same for a run to be resumed.
        resume: go on with the parts that are there.
        overwrite: begin anew, whatever is there.

    Raises:
        InputError: the output or parts of it are there and neither was asked for, or the parts are of
            another run, or another run is writing them.
    """

    def __init__(self, output: Path, settings: Mapping[str, Any], resume: bool, overwrite: bool) -> None:
        self.output = output
        self.folder = output.with_name(output.name + ".parts")
        self.errors = output.with_name(output.name + ".errors.jsonl")
        if not output.parent.is_dir():
            raise InputError(f"there is no folder {output.parent}; make it first")
        if output.exists() and not overwrite:
            raise InputError(f"{output} is there already; name another, or add --overwrite")
        if self.folder.exists() and not (resume or overwrite):
            raise InputError(
                f"{self.folder} is there: a run was stopped; add --resume to go on, or --overwrite"
            )
        self.folder.mkdir(exist_ok=True)
        self._lock: IO[str] = open(self.folder / "lock", "w")  # noqa: SIM115 - held until close
        _lock(self._lock, self.folder)
        self._begin(json.loads(json.dumps(settings)), resume)
        self.markers = self._complete()

    def _begin(self, settings: Any, resume: bool) -> None:
        written = self.folder / "settings.json"
        if resume and written.is_file():
            known = json.loads(written.read_text(encoding="utf-8"))
            other = [key for key in settings if known.get(key) != settings[key]]
            if other:
                raise InputError(
                    f"{self.folder} is of another run (other {', '.join(other)}); type the command that began it, "
                    "or add --overwrite"
                )
            return
        for path in self.folder.iterdir():
            if path.name != "lock":
                path.unlink()
        _write(written, json.dumps(settings).encode())

    def _complete(self) -> list[dict[str, Any]]:
        """The markers of the parts that count: those without a gap before them."""
        markers: list[dict[str, Any]] = []
        while (path := self._path(len(markers), "json")).is_file():
            markers.append(json.loads(path.read_text(encoding="utf-8")))
        return markers

    @property
    def rows(self) -> int:
        """Input rows that are done."""
        return sum(marker["rows"] for marker in self.markers)

    def add(self, content: bytes, errors: bytes, marker: dict[str, Any]) -> None:
        """Write the next part: whole on disk before its marker is."""
        number = len(self.markers)
        _write(self._path(number, "part"), content)
        _write(self._path(number, "errors"), errors)
        _write(self._path(number, "json"), json.dumps(marker).encode())
        self.markers.append(marker)

    def paths(self, kind: str = "part") -> list[Path]:
        """The files of all parts, in order."""
        return [self._path(number, kind) for number in range(len(self.markers))]

    def finish(self, join: Any) -> None:
        """Make the output of the parts, and only then give it its name."""
        whole = self.folder / "whole"
        with open(whole, "wb") as stream:
            join(self.paths(), stream)
            _sync(stream)
        bad = self.folder / "bad"
        with open(bad, "wb") as stream:
            for path in self.paths("errors"):
                stream.write(path.read_bytes())
            _sync(stream)
        if bad.stat().st_size:
            os.replace(bad, self.errors)
        else:
            self.errors.unlink(missing_ok=True)
        os.replace(whole, self.output)
        _sync_folder(self.output.parent)
        self.close()
        shutil.rmtree(self.folder)

    def close(self) -> None:
        """Let another run at it; a run that has nothing yet leaves nothing."""
        if not self.markers:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:08}.{kind}"


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".new")
    with open(part, "wb") as stream:
        stream.write(content)
        _sync(stream)
    os.replace(part, path)
    _sync_folder(path.parent)


def _sync(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every system lets a folder be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(stream: IO[str], folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # not on Windows
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError(f"another run is writing {folder}") from error
