"""Texts that are the same to a reader, or nearly: found over all pairs without looking at all pairs.

Folded texts are compared by the Jaccard similarity of their five-letter shingles. Two sets that share enough
must share one of their rarest shingles (the prefix filter of Chaudhuri et al., "A Primitive Operator for
Similarity Joins in Data Cleaning", ICDE 2006), so only texts that share a rare shingle are compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

SIMILARITY = 0.7  # one word changed in ten or twelve
_SHINGLE = 5
# A shingle that many texts share pairs each with this many next ones only (they are in order of length):
# time stays linear where a template is repeated thousands of times, and grouping chains across it.
_NEIGHBOURS = 24
_LETTERS = str.maketrans("يىئكةھہۀ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "ییی" + "ک" + "هههه" + "0123456789" * 2, "ـ")
_NOT_LETTERS = re.compile(r"[\W_]+")


def fold_text(text: str) -> str:
    """``text`` as a reader's ear has it: no blanks, half-spaces, marks, diacritics; one ye, ke, he, digit.

    >>> fold_text("می‌رَوم ۱۲ كتاب!") == fold_text("میروم 12 کتاب")
    True
    """
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).translate(_LETTERS).lower()
    return _NOT_LETTERS.sub("", plain) or " ".join(text.split())


def near_pairs(folded: Sequence[str], similarity: float = SIMILARITY) -> list[tuple[int, int, float]]:
    """(i, j, similarity) of texts at least this alike, i < j, in order; equal texts have 1.

    Every pair is found unless a rare shingle of it stands in dozens of texts of like length.

    Args:
        folded: texts from ``fold_text``. Equal ones are best put together before.
        similarity: the least Jaccard similarity of shingle sets, above 0 and at most 1.

    Raises:
        ValueError: ``similarity`` is out of its range.
    """
    if not 0 < similarity <= 1:
        raise ValueError(f"--similarity must be above 0 and at most 1, got {similarity}")
    sets = _ranked_shingles(folded)
    sizes = np.array([len(ranks) for ranks in sets], np.int64)
    prefixes = [ranks[: len(ranks) - int(np.ceil(similarity * len(ranks) - 1e-9)) + 1] for ranks in sets]
    found = []
    known: dict[int, set[int]] = {}
    for i, j in _candidates(prefixes, sizes, similarity):
        one, other = (known.setdefault(k, set(sets[k].tolist())) for k in (i, j))
        shared = len(one & other)
        alike = shared / (len(one) + len(other) - shared)
        if alike >= similarity:
            found.append((i, j, alike))
    return found


def groups(size: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """For each of ``size`` things the first of those it is linked to, by any chain (union-find).

    >>> groups(4, [(0, 2), (2, 3)])
    [0, 1, 0, 0]
    """
    head = list(range(size))

    def find(i: int) -> int:
        while head[i] != i:
            head[i] = head[head[i]]
            i = head[i]
        return i

    for i, j in links:
        a, b = sorted((find(i), find(j)))
        head[b] = a
    return [find(i) for i in range(size)]


def _ranked_shingles(folded: Sequence[str]) -> list[NDArray[np.int64]]:
    """The distinct shingles of each text as ranks, the rarest shingle of all texts being 0; ascending."""
    hashes = [_hashes(text) for text in folded]
    if not hashes:
        return []
    _, which, counts = np.unique(np.concatenate(hashes), return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    ends = np.cumsum([len(values) for values in hashes])
    return [np.unique(part) for part in np.split(rank[which], ends[:-1])]


def _hashes(text: str) -> NDArray[np.uint64]:
    """A 64-bit number for every shingle of ``text``; a shorter text is one shingle."""
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    count = max(1, len(letters) - _SHINGLE + 1)
    letters = np.pad(letters, (0, max(0, _SHINGLE - len(letters))))
    value = np.zeros(count, np.uint64)
    for k in range(_SHINGLE):
        value = (value ^ letters[k : k + count]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
    return value


def _candidates(
    prefixes: Sequence[NDArray[np.int64]], sizes: NDArray[np.int64], similarity: float
) -> list[tuple[int, int]]:
    """Pairs that share a prefix shingle and are near enough in size, ascending."""
    if not prefixes:
        return []
    owner = np.repeat(np.arange(len(prefixes)), [len(prefix) for prefix in prefixes])
    shingle = np.concatenate(prefixes)
    order = np.lexsort((owner, sizes[owner], shingle))
    owner, shingle = owner[order], shingle[order]
    pairs = []
    for step in range(1, _NEIGHBOURS + 1):
        first, second = owner[:-step], owner[step:]
        fits = (shingle[:-step] == shingle[step:]) & (sizes[first] >= similarity * sizes[second])
        if not fits.any():
            break
        pairs.append(np.stack([first[fits], second[fits]], 1))
    if not pairs:
        return []
    both = np.sort(np.concatenate(pairs), axis=1)
    return [(int(i), int(j)) for i, j in np.unique(both, axis=0)]
