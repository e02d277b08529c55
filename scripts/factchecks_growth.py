"""How search over fact-checks grows: time, memory and file of an index of made-up records.

    python scripts/factchecks_growth.py [--sizes 10000 100000 1000000] [--queries 200]

Claims are 8 to 14 words drawn from the encoder's own vocabulary, frequent words first (Zipf); their vectors
are made up too (sums of a random vector a word, with noise), since encoding a million claims takes hours of
one core. Everything else is what users run: searches encode their text, read the index and re-rank. Each search asks
for a record by its claim with two words left out and other noise. ``terms`` and ``cells``: how often the
record is among the 20 candidates of that side; ``all``: among the 20 nearest vectors when all are compared.
Memory is the most that a fresh process which only searches holds, pages of the file included.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from claimcheck.flags.matching import FactChecks, Reader, term_key, terms
from claimcheck.flags.sentence_vectors import embedded_folder, encode_bytes
from claimcheck.flags.store import Row, Store

CANDIDATES = 20
NOISE = 0.6  # of a made-up vector, where the words' part has length 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the index files are put and kept")
    parser.add_argument("--search", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.search:
        search(args.search, args.queries)
        return
    print(
        "records    build s   file MB   search ms: median    p95   of it encoding   memory MB   terms  cells    all"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for size in args.sizes:
            path = (args.folder or Path(scratch)) / f"{size}.db"
            path.unlink(missing_ok=True)
            began = time.perf_counter()
            reader = Reader()
            store = Store(path, reader.vectors.size)
            store.write(rows(reader, size))
            store.close()
            built = time.perf_counter() - began
            command = [sys.executable, __file__, "--search", str(path), "--queries", str(args.queries)]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(
                f"{size:9,} {built:8.0f} {path.stat().st_size / 1e6:9.0f} {told['median']:19.1f}"
                f" {told['p95']:6.1f} {told['encoding']:16.1f} {told['memory']:11.0f}"
                f" {told['terms']:7.2f} {told['cells']:6.2f} {told['all']:6.2f}",
                flush=True,
            )


class Made:
    """Claims and vectors by number, the same in every process."""

    def __init__(self, size: int) -> None:
        content = json.loads((embedded_folder() / "tokenizer.json").read_text(encoding="utf-8"))
        pieces = [piece for piece, _ in content["model"]["vocab"] if piece[:1] == "▁"]
        self.words = [piece[1:] for piece in pieces if len(piece) > 3 and "آ" <= piece[1] <= "ی"]
        chance = np.random.default_rng(0)
        self.directions = chance.standard_normal((len(self.words), size)).astype(np.float32)
        self.shares = np.cumsum(1 / (np.arange(len(self.words)) + 20.0))
        self.shares /= self.shares[-1]

    def numbers(self, record: int) -> list[int]:
        """The words of a record."""
        chance = random.Random(record)
        many = chance.randint(8, 14)
        found: list[int] = np.searchsorted(self.shares, [chance.random() for _ in range(many)]).tolist()
        return found

    def claim(self, record: int) -> str:
        """The words of a record as a text."""
        return " ".join(self.words[number] for number in self.numbers(record))

    def shortened(self, record: int) -> str:
        """The claim without its first and last word."""
        return " ".join(self.claim(record).split()[1:-1])

    def vector(self, numbers: list[int], noise: int) -> np.ndarray:  # type: ignore[type-arg]
        """Of some words, of unit length."""
        total = self.directions[numbers].sum(0)
        total /= np.linalg.norm(total)
        extra = np.random.default_rng(noise).standard_normal(len(total)).astype(np.float32)
        total += NOISE * extra / np.linalg.norm(extra)
        return total / np.linalg.norm(total)  # type: ignore[no-any-return]


def rows(reader: Reader, size: int) -> Iterator[Row]:
    made = Made(reader.vectors.size)
    for record in range(size):
        numbers = made.numbers(record)
        claim = made.claim(record)
        keys = tuple(map(term_key, terms(reader.read(claim))))
        code = encode_bytes(made.vector(numbers, record))
        yield Row((f"m{record}", claim, "false", None, None, None, None), keys, code)


def search(path: Path, queries: int) -> None:
    index = FactChecks.open(path)
    many = len(index)
    reader, store = index._reader, index._store
    made = Made(reader.vectors.size)
    chance = random.Random(1)
    seconds, encoding = [], []
    asked = [chance.randrange(many) for _ in range(queries)]
    for record in [asked[0], *asked]:  # the first opens files and is not counted
        text = made.shortened(record)
        began = time.perf_counter()
        index.search(text)
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
        reader.vectors([text])
        encoding.append(time.perf_counter() - began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = store._db.execute("SELECT code FROM records ORDER BY number")
    codes = np.stack([np.frombuffer(code, np.int8) for (code,) in rows])
    hits = {"terms": 0, "cells": 0, "all": 0}
    for record in asked:
        vector = made.vector(made.numbers(record)[1:-1], record + 1)
        every = np.concatenate(
            [codes[i : i + 50_000].astype(np.float32) @ vector for i in range(0, many, 50_000)]
        )
        hits["all"] += int((every > every[record]).sum() < CANDIDATES)
        hits["cells"] += record + 1 in store._by_vector(vector, CANDIDATES)  # numbers begin at 1
        words = reader.weighted_terms(reader.read(made.shortened(record)))
        hits["terms"] += record + 1 in store._by_terms(words, CANDIDATES)
    told = {
        "median": 1e3 * float(np.median(seconds[1:])),
        "p95": 1e3 * float(np.percentile(seconds[1:], 95)),
        "encoding": 1e3 * float(np.median(encoding[1:])),
        "memory": memory,
    }
    print(json.dumps({**told, **{side: many_found / queries for side, many_found in hits.items()}}))


if __name__ == "__main__":
    main()
