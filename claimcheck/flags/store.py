"""Fact-checks in one SQLite file: records, an FTS5 index of their terms, and their vectors in cells.

Everything is written in transactions over a write-ahead log, so a reader sees the state before or after,
never between, and a writer that is killed leaves what was there. A record that is replaced gets a new number;
what terms and vectors say of the old number is passed over when records are fetched, and is gone with the
next sorting into cells (vectors) or the next build (terms).

A search takes candidates from both sides: records that share the text's rarest terms (words, pairs of
words, four letters of long words), and records whose vectors lie in the cells nearest to the text's.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from claimcheck.flags import cells
from claimcheck.flags.sentence_vectors import Codes, cosines

FloatArray = NDArray[np.float32]
FIELDS = ("id", "claim", "verdict", "rating", "publisher", "url", "date")
_VERSION = 2  # of the layout and of the vectors: those of another encoder do not compare
_BUSY = 60.0  # seconds a writer waits for another
_BATCH = 16_384
_BLOCK = 512  # vectors of a cell in one row
_GROWTH = 2  # vectors are sorted into cells anew when there are so many times more
_PROBES = 32  # cells a search reads
_TERM = 400  # records a term may stand in to be worth reading
_READ = 4_000  # numbers of records read from the terms in one search
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE records (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, claim TEXT NOT NULL,
  verdict TEXT, rating TEXT, publisher TEXT, url TEXT, date TEXT, code BLOB NOT NULL);
CREATE VIRTUAL TABLE terms USING fts5(term, content='', detail=none, columnsize=0,
  tokenize='ascii');
CREATE TABLE cells (cell INTEGER, block INTEGER, many INTEGER NOT NULL, numbers BLOB NOT NULL, codes BLOB NOT NULL,
  PRIMARY KEY (cell, block)) WITHOUT ROWID;
"""


class IndexFileError(ValueError):
    """A file that is no index of fact-checks, or one of another version; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record with what is searched for: ``fields`` as ``FIELDS`` names them, ``terms``, ``code`` ``(size,)``."""

    fields: tuple[str | None, ...]
    terms: tuple[str, ...]
    code: Codes


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be what is asked for, and its vector's cosine."""

    fields: tuple[str | None, ...]
    cosine: float


class Store:
    """An open index file; made where there is none.

    Args:
        path: the file.
        size: of the vectors, in bytes; an index of another size is refused.
    """

    def __init__(self, path: str | os.PathLike[str], size: int) -> None:
        self.path, self.size = Path(path), size
        if self.path.is_dir():
            raise IndexFileError(f"{path} is a folder; name a file, such as {Path(path) / 'checks.db'}")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {self.path.parent}; make it first")
        self._lock = threading.RLock()  # a connection may serve several threads, one at a time
        self._db = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
        self._centres: tuple[int, FloatArray] = (0, np.zeros((0, size), np.float32))
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(f"{path}: {error}") from error
            raise IndexFileError(f"{path} is no index of fact-checks ({error}); name another file") from error
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        db = self._db
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            db.execute("PRAGMA journal_mode = WAL")
            with self._writing():
                if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:  # another was first
                    for statement in _SCHEMA.split(";\n"):
                        db.execute(statement)
                    facts = {"version": _VERSION, "size": self.size, "generation": 0, "sorted": 0}
                    db.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA mmap_size = 2147483648")
        found = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"meta", "records", "cells"} <= found:
            raise IndexFileError(f"{self.path} is a database of something else; name another file")
        version, size = self._meta("version"), self._meta("size")
        if (version, size) != (_VERSION, self.size):
            raise IndexFileError(
                f"{self.path} has version {version} and vectors of {size} bytes, wanted {_VERSION} and {self.size}; "
                "remove it and build it again from its sources: claimcheck factchecks build"
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __len__(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM records").fetchone()[0])

    # ---- writing

    def write(self, rows: Iterable[Row], *, fresh: bool = False) -> int:
        """Put ``rows`` in, all or none; one whose id is there replaces it. Returns how many are new or other.

        Args:
            rows: read once, some thousands at a time.
            fresh: what was there before is taken out, in the same transaction.
        """
        stream = iter(rows)
        changed = 0
        with self._lock, self._writing():
            if fresh:
                for statement in (
                    "DELETE FROM records",
                    "DELETE FROM cells",
                    "INSERT INTO terms(terms) VALUES ('delete-all')",
                    "DELETE FROM meta WHERE key = 'centres'",
                    "UPDATE meta SET value = 0 WHERE key = 'sorted'",
                    "UPDATE meta SET value = value + 1 WHERE key = 'generation'",
                ):
                    self._db.execute(statement)
            while batch := list(islice(stream, _BATCH)):
                changed += self._put(batch)
            if changed:
                self._sort_if_grown()
        return changed

    def _put(self, rows: Sequence[Row]) -> int:
        db = self._db
        new: list[tuple[int, Row]] = []
        columns = ", ".join(FIELDS)
        for row in rows:
            old = db.execute(f"SELECT {columns} FROM records WHERE id = ?", row.fields[:1]).fetchone()
            if old == row.fields:
                continue
            if old:
                db.execute("DELETE FROM records WHERE id = ?", row.fields[:1])
            done = db.execute(
                f"INSERT INTO records ({columns}, code) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row.fields, row.code.tobytes()),
            )
            new.append((done.lastrowid or 0, row))
        db.executemany(
            "INSERT INTO terms(rowid, term) VALUES (?, ?)",
            ((number, " ".join(dict.fromkeys(row.terms))) for number, row in new),
        )
        if new:
            numbers = np.array([number for number, _ in new], np.int64)
            self._append(numbers, np.stack([row.code for _, row in new]))
        return len(new)

    def _append(self, numbers: NDArray[np.int64], codes: Codes) -> None:
        """Put vectors in their cells: the last block of a cell is filled up before another is begun."""
        cell = cells.nearest(codes, self._read_centres())
        order = np.argsort(cell, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
            at = int(cell[members[0]])
            last = self._db.execute(
                "SELECT block, many, numbers, codes FROM cells WHERE cell = ? ORDER BY block DESC LIMIT 1",
                (at,),
            ).fetchone()
            block, ours, theirs = 0, numbers[members], codes[members]
            if last and last[1] < _BLOCK:
                block = last[0]
                ours = np.concatenate([np.frombuffer(last[2], np.int64), ours])
                theirs = np.concatenate([np.frombuffer(last[3], np.int8).reshape(-1, self.size), theirs])
            elif last:
                block = last[0] + 1
            for start in range(0, len(ours), _BLOCK):
                part = ours[start : start + _BLOCK]
                self._db.execute(
                    "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?)",
                    (at, block, len(part), part.tobytes(), theirs[start : start + _BLOCK].tobytes()),
                )
                block += 1

    def _sort_if_grown(self) -> None:
        """Make new cells of all vectors, where there are many more than when it was last done."""
        many = len(self)
        if many < 2 * cells.A_CELL or many < _GROWTH * self._meta("sorted"):
            return
        numbers = np.zeros(many, np.int64)
        codes = np.zeros((many, self.size), np.int8)
        for i, (number, code) in enumerate(
            self._db.execute("SELECT number, code FROM records ORDER BY number")
        ):
            numbers[i], codes[i] = number, np.frombuffer(code, np.int8)
        centres = cells.make_centres(codes)
        self._db.execute("DELETE FROM cells")
        generation = self._meta("generation") + 1
        facts = {"centres": centres.tobytes(), "generation": generation, "sorted": many}
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())
        self._centres = generation, centres
        for start in range(0, many, 8 * _BATCH):
            self._append(numbers[start : start + 8 * _BATCH], codes[start : start + 8 * _BATCH])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._centres = (0, np.zeros((0, self.size), np.float32))
            raise
        self._db.execute("COMMIT")

    # ---- reading

    def candidates(
        self, terms: Sequence[tuple[str, float]], vector: FloatArray, many: int
    ) -> list[Candidate]:
        """At most ``2 * many`` records: the ``many`` that share the heaviest terms, and the nearest by vector.

        Args:
            terms: with their weights.
            vector: of unit length, ``(size,)``.
            many: of each side.
        """
        with self._lock:
            return self._candidates(terms, vector, many)

    def _candidates(
        self, terms: Sequence[tuple[str, float]], vector: FloatArray, many: int
    ) -> list[Candidate]:
        self._db.execute("BEGIN")
        try:
            numbers = dict.fromkeys([*self._by_vector(vector, many), *self._by_terms(terms, many)])
            marks = ", ".join("?" * len(numbers))
            found = self._db.execute(
                f"SELECT {', '.join(FIELDS)}, code FROM records WHERE number IN ({marks})", list(numbers)
            ).fetchall()
        finally:
            self._db.execute("COMMIT")
        if not found:
            return []
        codes = np.frombuffer(b"".join(row[-1] for row in found), np.int8).reshape(-1, self.size)
        return [
            Candidate(row[:-1], cosine)
            for row, cosine in zip(found, cosines(vector, codes).tolist(), strict=True)
        ]

    def _by_vector(self, vector: FloatArray, many: int) -> list[int]:
        chosen = cells.near(vector, self._read_centres(), _PROBES)
        marks = ", ".join("?" * len(chosen))
        rows = self._db.execute(
            f"SELECT numbers, codes FROM cells WHERE cell IN ({marks})", chosen
        ).fetchall()
        if not rows:
            return []
        numbers = np.frombuffer(b"".join(row[0] for row in rows), np.int64)
        codes = np.frombuffer(b"".join(row[1] for row in rows), np.int8).reshape(-1, self.size)
        closeness = cosines(vector, codes)
        if len(numbers) > many:
            numbers = numbers[np.argpartition(-closeness, many)[:many]]
        found: list[int] = numbers.tolist()
        return found

    def _by_terms(self, terms: Sequence[tuple[str, float]], many: int) -> list[int]:
        """The records that share most, by weight: the heaviest terms are read first, common ones left out."""
        scores: dict[int, float] = {}
        left = _READ
        for term, weight in sorted(terms, key=lambda pair: -pair[1]):
            if left <= 0:
                break
            found = self._db.execute(
                "SELECT rowid FROM terms WHERE terms MATCH ? LIMIT ?", (f'"{term}"', _TERM)
            ).fetchall()
            left -= len(found)
            if len(found) < _TERM:
                for (number,) in found:
                    scores[number] = scores.get(number, 0.0) + weight
        return sorted(scores, key=lambda number: -scores[number])[:many]

    def _read_centres(self) -> FloatArray:
        """Of the cells as they are now: read again when another process has made new ones."""
        generation = self._meta("generation")
        if self._centres[0] != generation or not len(self._centres[1]):
            raw = self._db.execute("SELECT value FROM meta WHERE key = 'centres'").fetchone()
            centres = np.frombuffer(raw[0], np.float32).reshape(-1, self.size) if raw else None
            one = np.zeros((1, self.size), np.float32)
            self._centres = generation, one if centres is None else centres
        return self._centres[1]

    def _meta(self, key: str) -> int:
        return int(self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])
