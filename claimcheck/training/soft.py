"""Rows that teachers labelled, on disk: written once, read by memory map, found again by a resumed run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import datasets
import numpy as np
from numpy.typing import NDArray

from claimcheck.encoding import Encoder
from claimcheck.folder import fingerprint
from claimcheck.model import Model
from claimcheck.tags import TAGS
from claimcheck.training.batches import Row
from claimcheck.training.corpus import read_lines
from claimcheck.training.distil import soft_rows


class SoftRows(Sequence[Row]):
    """Rows of a data set on disk; only those that are asked for come into memory.

    ``lengths`` are the pieces of each row; ``totals`` ``(len(TAGS),)`` is the sum of all targets.
    """

    def __init__(self, dataset: datasets.Dataset) -> None:
        self._rows = dataset.with_format("numpy")
        self.lengths: list[int] = []
        self.totals: NDArray[np.float64] = np.zeros(len(TAGS))
        for column in dataset.data.column("ids").chunks:
            self.lengths += column.value_lengths().to_pylist()
        for column in dataset.data.column("targets").chunks:
            self.totals += column.flatten().to_numpy().reshape(-1, len(TAGS)).sum(0, dtype=np.float64)

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row = self._rows[index]
        targets = row["targets"].reshape(-1, len(TAGS)).astype(np.float16)
        return Row(row["ids"].astype(np.int32), targets)


def label_texts(
    files: Sequence[Path],
    teachers: Sequence[str],
    encoder: Encoder,
    cache: Path,
    *,
    most: int | None = None,
    progress: Callable[[Iterator[Any], int, str], Iterator[Any]] = lambda steps, total, name: steps,
) -> SoftRows:
    """What ``teachers`` say of the lines of ``files``; what ``cache`` holds of the same call is taken from there.

    Args:
        files: a text a line; also compressed.
        teachers: model folders; their weights answer in full precision.
        encoder: the student's encoding.
        cache: a folder for the rows; they are read from there afterwards too.
        most: lines at most.
        progress: wraps the lines, for a bar.

    Raises:
        ValueError: no line holds a sentence, or a file is not text.
        ModelError: a teacher has no ``model.safetensors``.
    """
    # int8 costs a deep teacher some of its score
    models = [Model.load(folder, runtime="torch") for folder in teachers]

    def rows() -> Iterator[dict[str, Any]]:
        many = sum(1 for _ in read_lines(files, most))
        texts = progress(read_lines(files, most), many, "teachers")
        row = None
        for row in soft_rows(texts, models, encoder):
            yield {"ids": row.ids, "targets": row.targets.ravel()}
        if row is None:
            raise ValueError(
                f"no line of {', '.join(map(str, files))} has a sentence that teachers could label"
            )

    written = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    call = [
        written,
        [fingerprint(folder) for folder in teachers],
        encoder.tokenizer.to_str(),
        encoder.size,
        most,
    ]
    datasets.disable_progress_bars()
    try:
        found = datasets.Dataset.from_generator(
            rows,
            features=datasets.Features(
                ids=datasets.List(datasets.Value("int32")), targets=datasets.List(datasets.Value("float16"))
            ),
            cache_dir=str(cache),
            fingerprint=hashlib.sha256(repr(call).encode()).hexdigest()[:32],
        )
    except datasets.exceptions.DatasetGenerationError as error:
        cause = error.__cause__
        raise cause if isinstance(cause, ValueError | OSError) else error from error
    return SoftRows(found)
