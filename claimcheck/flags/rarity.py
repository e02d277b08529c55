"""How rare words and character n-grams are in Persian, and how alike two texts are by what is rare in both.

Rarity is the inverse document frequency (Spärck Jones, 1972) in a background of raw text, not in the index:
so a similarity means the same in an index of ten records and of a million. Frequencies are kept by hash
(Weinberger et al., "Feature Hashing", ICML 2009) in ``rarity.npy``, one byte a bucket;
``scripts/rarity.py`` writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Hashes = NDArray[np.uint32]

FILE = Path(__file__).with_name("rarity.npy")
BITS = 18
STEPS = 16.0  # of a byte to one unit of idf
GRAMS = (2, 3, 4, 5)
_PRIME = np.uint32(0x01000193)


class Rarity:
    """Inverse document frequencies by hash: ``idf`` is ``(2 ** BITS,)``."""

    def __init__(self, table: NDArray[np.uint8]) -> None:
        self.idf: FloatArray = table.astype(np.float32) / np.float32(STEPS)

    @classmethod
    def open(cls) -> Rarity:
        """The background that ships."""
        return cls(np.load(FILE, allow_pickle=False))

    def of_words(self, words: Sequence[str]) -> list[float]:
        """The idf of each word."""
        found: list[float] = self.idf[[word_hash(word) for word in words]].tolist() if words else []
        return found

    def gram_cosines(self, text: str, others: Sequence[str]) -> FloatArray:
        """Cosine of the TF-IDF vectors of ``text`` and each of ``others``, over n-grams inside words: ``(others,)``.

        Term frequency is ``1 + log`` of the count.
        """
        row, gram = gram_hashes([text, *others])
        keys, counts = np.unique(row.astype(np.uint64) << np.uint64(BITS) | gram, return_counts=True)
        row, gram = (keys >> np.uint64(BITS)).astype(np.intp), (keys & np.uint64(2**BITS - 1)).astype(np.intp)
        weight = (1 + np.log(counts)).astype(np.float32) * self.idf[gram]
        norms = np.sqrt(np.bincount(row, weight * weight, len(others) + 1)) + 1e-9
        ours = row == 0
        own = np.zeros(2**BITS, np.float32)
        own[gram[ours]] = weight[ours]
        shared = np.bincount(row, weight * own[gram], len(others) + 1)
        cosines: FloatArray = (shared / (norms * norms[0]))[1:].astype(np.float32)
        return cosines


def word_hash(word: str) -> int:
    """The bucket of a word."""
    return int(crc32(word.encode("utf-8", "replace")) & (2**BITS - 1))


def gram_hashes(texts: Sequence[str]) -> tuple[NDArray[np.intp], Hashes]:
    """The buckets of all n-grams of ``texts``, words with a blank on both sides: ``row`` and ``gram``, ``(grams,)``."""
    padded = [f" {text} " for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), np.uint32)
    place = np.repeat(np.arange(len(texts)), [len(text) for text in padded])
    blank = codes == 32
    rows, grams = [], []
    hashed = np.zeros(len(codes), np.uint32)
    inner = np.zeros(len(codes), bool)  # a blank after the first letter and before the last
    for n in range(1, max(GRAMS) + 1):
        size = len(codes) - n + 1
        if size <= 0:
            break
        if n > 2:
            inner = inner[:size] | blank[n - 2 : n - 2 + size]
        hashed = (hashed[:size] ^ codes[n - 1 : n - 1 + size]) * _PRIME
        if n in GRAMS:
            kept = ~inner[:size] & (place[:size] == place[n - 1 :])
            kept &= ~(blank[:size] & blank[n - 1 :])
            mixed = hashed[kept] ^ (hashed[kept] >> np.uint32(15))
            mixed = mixed * np.uint32(0x2C1B3C6D + 2 * n)
            rows.append(place[:size][kept])
            grams.append((mixed >> np.uint32(32 - BITS)).astype(np.uint32))
    if not rows:
        return np.zeros(0, np.intp), np.zeros(0, np.uint32)
    return np.concatenate(rows), np.concatenate(grams)


def background(texts: Sequence[str], words: Sequence[Sequence[str]]) -> NDArray[np.uint8]:
    """The table of a background: ``texts`` and their ``words`` (stems) as ``Reading`` has them."""
    counts = np.zeros(2**BITS, np.int64)
    for start in range(0, len(texts), 1000):
        row, gram = gram_hashes(texts[start : start + 1000])
        keys = np.unique(row.astype(np.uint64) << np.uint64(BITS) | gram)
        counts += np.bincount((keys & np.uint64(2**BITS - 1)).astype(np.intp), minlength=2**BITS)
    for some in words:
        for bucket in {word_hash(word) for word in some}:
            counts[bucket] += 1
    idf = np.log((1 + len(texts)) / (1 + counts))
    table: NDArray[np.uint8] = np.clip(np.rint(idf * STEPS), 0, 255).astype(np.uint8)
    return table
