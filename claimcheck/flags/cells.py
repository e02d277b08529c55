"""Vectors sorted into cells, so that a search reads the few cells near it: an inverted file.

Sivic and Zisserman, "Video Google", ICCV 2003; Jégou et al., "Product Quantization for Nearest Neighbor
Search", PAMI 2011. Centres come from spherical k-means on a sample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Codes = NDArray[np.int8]
A_CELL = 256  # vectors a cell holds on the mean when centres are made
MOST = 4096
_SAMPLE = 32  # vectors a centre is made from
_ROUNDS = 6
_AT_ONCE = 8192


def make_centres(codes: Codes, seed: int = 0) -> FloatArray:
    """Unit centres ``(cells, size)`` for ``codes`` ``(n, size)``; one where there are few."""
    cells = min(MOST, max(1, len(codes) // A_CELL))
    chance = np.random.default_rng(seed)
    sample = codes[np.sort(chance.choice(len(codes), min(len(codes), cells * _SAMPLE), replace=False))]
    centres = _unit(sample[chance.choice(len(sample), cells, replace=False)].astype(np.float32))
    for _ in range(_ROUNDS if cells > 1 else 0):
        cell = nearest(sample, centres)
        order = np.argsort(cell, kind="stable")
        filled, starts = np.unique(cell[order], return_index=True)
        centres[filled] = _unit(np.add.reduceat(sample[order].astype(np.float32), starts, axis=0))
    return centres


def nearest(codes: Codes, centres: FloatArray) -> NDArray[np.intp]:
    """The cell of each code: ``(n,)``."""
    if len(centres) == 1:
        return np.zeros(len(codes), np.intp)
    parts = [
        (codes[start : start + _AT_ONCE].astype(np.float32) @ centres.T).argmax(1)
        for start in range(0, len(codes), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.intp)


def near(vector: FloatArray, centres: FloatArray, many: int) -> list[int]:
    """The ``many`` cells whose centres are nearest to a unit ``vector``."""
    closeness = centres @ vector
    if many >= len(centres):
        return list(range(len(centres)))
    found: list[int] = np.argpartition(-closeness, many)[:many].tolist()
    return found


def _unit(vectors: FloatArray) -> FloatArray:
    out: FloatArray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return out
