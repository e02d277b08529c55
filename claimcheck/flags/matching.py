"""Already checked? An index over fact-checks that finds the one that says what a text says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any
from zlib import crc32

import numpy as np

from claimcheck.examples.records import DataError, Finding
from claimcheck.flags.claimreview import FactCheck, from_records, read_factchecks
from claimcheck.flags.rarity import Rarity
from claimcheck.flags.reading import Reading, open_lexicon, read
from claimcheck.flags.sentence_vectors import SentenceVectors, encode_bytes
from claimcheck.flags.similarity import Similarity, features
from claimcheck.flags.store import Row, Store
from claimcheck.flags.verdicts import Verdict

_BATCH = 256
_EACH = 20  # candidates from terms and from vectors each
_GRAM = 4
_RECORDS = "the records"  # in messages, for what comes from no file


@dataclass(frozen=True, slots=True)
class Hit:
    """A fact-check that may be about a text.

    ``similarity``: the probability (0-1, calibrated) that it is about the same claim. ``rating`` is what the
    publisher wrote, ``verdict`` what that comes to.
    """

    id: str
    similarity: float
    claim: str
    verdict: Verdict
    rating: str | None = None
    publisher: str | None = None
    url: str | None = None
    date: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "id": self.id,
            "similarity": self.similarity,
            "claim": self.claim,
            "verdict": self.verdict.value,
            "rating": self.rating,
            "publisher": self.publisher,
            "url": self.url,
            "date": self.date,
        }


@dataclass(frozen=True, slots=True)
class Added:
    """What ``add`` did: records read, how many of them were new or other than before, and the bad ones."""

    read: int
    changed: int
    bad: tuple[Finding, ...]


class FactChecks:
    """An index in one file; ``FactChecks.open(path)`` makes or opens it.

    Several processes may search while one adds: a search sees all of an ``add`` or nothing of it.
    """

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> FactChecks:
        """Open the index at ``path``; an empty one is made where there is no file.

        Raises:
            FileNotFoundError: the folder is not there.
            IndexFileError: the file is something else, or an index of another version.
        """
        reader = _reader()
        return cls(Store(path, reader.vectors.size), reader)

    def add(
        self,
        source: str | os.PathLike[str] | Iterable[Any],
        *,
        fresh: bool = False,
        on_bad: Callable[[Finding], None] | None = None,
    ) -> Added:
        """Put fact-checks in; one whose id is there replaces it. All of a call's records, or none of them.

        Args:
            source: a file (JSON lines or a table with at least ``claim``; ClaimReview as ``.json``, ``.jsonld``
                or ``.html``), or records: mappings with the same fields, or ClaimReviews.
            fresh: take out first what is in the index; readers see the old until all is there.
            on_bad: called with every record that cannot be used; such a record costs itself alone.

        Raises:
            DataError: the file as a whole cannot be read, or holds no record that can be used.
        """
        if isinstance(source, str | os.PathLike):
            return self.add_files([source], fresh=fresh, on_bad=on_bad)
        if isinstance(source, bytes | dict):
            raise TypeError(f"a path or an iterable of records was wanted, got {type(source).__name__}")
        return self._write({_RECORDS: from_records(source)}, fresh, on_bad)

    def add_files(
        self,
        paths: Iterable[str | os.PathLike[str]],
        *,
        fresh: bool = False,
        on_bad: Callable[[Finding], None] | None = None,
    ) -> Added:
        """``add`` of several files at once: all of their records, or none of them."""
        return self._write({os.fspath(path): read_factchecks(path) for path in paths}, fresh, on_bad)

    def _write(
        self,
        sources: dict[str, Iterator[FactCheck | Finding]],
        fresh: bool,
        on_bad: Callable[[Finding], None] | None,
    ) -> Added:
        counted = _Counted(sources, on_bad)
        changed = self._store.write(self._reader.rows(counted), fresh=fresh)
        return Added(counted.read, changed, tuple(counted.bad))

    def search(self, text: str, top_k: int = 5) -> list[Hit]:
        """The fact-checks most likely to be about what ``text`` claims, best first; at most ``top_k``.

        Raises:
            TypeError: ``text`` is not a ``str``.
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a str, got {type(text).__name__}: {text!r:.60}")
        if top_k < 1:
            raise ValueError(f"top_k must be 1 or more, got {top_k}")
        reader = self._reader
        asked = reader.read(text)
        if not asked.words:
            return []
        vector = reader.vectors([asked.essence])[0]
        found = self._store.candidates(reader.weighted_terms(asked), vector, max(_EACH, 2 * top_k))
        if not found:
            return []
        records = [reader.read(candidate.fields[1] or "") for candidate in found]
        cosines = np.array([candidate.cosine for candidate in found], np.float32)
        similar = reader.similarity.probabilities(features(asked, records, cosines, reader.rarity))
        order = sorted(range(len(found)), key=lambda i: (-float(similar[i]), found[i].fields[0]))
        return [_hit(found[i].fields, float(similar[i])) for i in order[:top_k]]

    def __len__(self) -> int:
        return len(self._store)

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def __enter__(self) -> FactChecks:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Reader:
    """What texts and records are read with: encoder, lexicon, background, weights."""

    def __init__(self) -> None:
        self.vectors = SentenceVectors()
        self.lexicon = open_lexicon(self.vectors.normalise)
        self.rarity = Rarity.open()
        self.similarity = Similarity.open()

    def read(self, text: str) -> Reading:
        """``text`` taken apart."""
        return read(self.vectors.normalise(text.encode("utf-8", "replace").decode()), self.lexicon)

    def rows(self, checks: Iterable[FactCheck]) -> Iterator[Row]:
        """Records ready to be written."""
        stream = iter(checks)
        while batch := list(islice(stream, _BATCH)):
            readings = [self.read(check.claim) for check in batch]
            codes = encode_bytes(self.vectors([reading.essence for reading in readings]))
            for check, reading, code in zip(batch, readings, codes, strict=True):
                fields = (check.id, check.claim, check.verdict.value, check.rating)
                yield Row(
                    (*fields, check.publisher, check.url, check.date),
                    tuple(map(term_key, terms(reading))),
                    code,
                )

    def weighted_terms(self, reading: Reading) -> list[tuple[str, float]]:
        """The terms a search looks up, with their rarity; a pair of words weighs as much as the rarer."""
        plain = [word.replace("_", " ") for word in reading.words]
        words = dict(zip(plain, self.rarity.of_words(reading.words), strict=True))
        out: dict[str, float] = {}
        for term in terms(reading):
            if "_" in term:
                first, second = term.split("_", 1)
                weight = max(words.get(first, 0.0), words.get(second, 0.0)) + 1
            else:
                weight = words.get(term, 3.0)
            out[term_key(term)] = weight
        return list(out.items())


def terms(reading: Reading) -> list[str]:
    """What a reading is found by: its words, pairs of neighbours (``a_b``), four letters in long words (``$abcd``)."""
    words = [word.replace("_", " ") for word in reading.words]
    pairs = [f"{a}_{b}" for a, b in pairwise(words)]
    grams = [
        f"${word[i : i + _GRAM]}"
        for word in words
        if len(word) > _GRAM and word[0] != "#"
        for i in range(len(word) - _GRAM + 1)
    ]
    return list(dict.fromkeys([*words, *pairs, *grams]))


def term_key(term: str) -> str:
    """A term as the index spells it: by hash, so that no tokenizer can cut it."""
    return f"{crc32(term.encode('utf-8', 'replace')):08x}"


class _Counted:
    """Records passed on, bad ones kept aside; a source of none that can be used is an error."""

    def __init__(
        self,
        sources: dict[str, Iterator[FactCheck | Finding]],
        on_bad: Callable[[Finding], None] | None,
    ) -> None:
        self.sources, self.on_bad = sources, on_bad
        self.read = 0
        self.bad: list[Finding] = []

    def __iter__(self) -> Iterator[FactCheck]:
        for name, found in self.sources.items():
            before, known = self.read, len(self.bad)
            for item in found:
                if isinstance(item, Finding):
                    self.bad.append(item)
                    if self.on_bad:
                        self.on_bad(item)
                else:
                    self.read += 1
                    yield item
            nothing = self.read == before
            if nothing and (len(self.bad) > known or name != _RECORDS):
                first = f"; the first bad one: {self.bad[known]}" if len(self.bad) > known else ""
                raise DataError(f"{name}: no fact-check that can be used{first}")


def _hit(fields: tuple[str | None, ...], similarity: float) -> Hit:
    identity, claim, verdict, *rest = fields
    return Hit(identity or "", round(similarity, 4), claim or "", Verdict(verdict or "other"), *rest)


@lru_cache(maxsize=1)
def _reader() -> Reader:
    return Reader()
