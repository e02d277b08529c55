"""Texts to spans on several processors: one process and one ONNX session each, results in order."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

from claimcheck.scoring.rows import Result

if TYPE_CHECKING:
    from claimcheck.model import Model

Item = TypeVar("Item")
CHUNK_ROWS = 256  # labelled at once
_model: Model | None = None


class WorkerError(OSError):
    """A worker was killed; what was written is safe."""


def label(
    chunks: Iterable[tuple[Item, Sequence[str]]],
    folder: str,
    workers: int,
    threads: int,
    segments: bool = False,
) -> Iterator[tuple[Item, list[Result]]]:
    """The spans of every chunk of texts, in order, a few chunks ahead of who asks.

    Args:
        chunks: anything with its texts.
        folder: the model.
        workers: processes; one works in this process.
        threads: of each.
        segments: the frames as spans too.

    Raises:
        WorkerError: a process was killed from outside.
    """
    if workers == 1:
        open_model(folder, threads, quiet=False)
        for item, texts in chunks:
            yield item, label_texts(texts, segments)
        return
    waiting: deque[tuple[Item, Future[list[Result]]]] = deque()
    # spawn: a forked copy of a process that has threads of ONNX Runtime may hang
    with ProcessPoolExecutor(workers, get_context("spawn"), open_model, (folder, threads)) as pool:
        try:
            for item, texts in chunks:
                waiting.append((item, pool.submit(label_texts, texts, segments)))
                if len(waiting) > 2 * workers:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()
        except BrokenProcessPool as error:
            raise WorkerError(
                "a worker was killed, by the system if memory ran out; add --resume to go on, perhaps with "
                "fewer --workers"
            ) from error
        finally:
            for _, future in waiting:
                future.cancel()


def best_split() -> tuple[int, int]:
    """Workers and threads for this machine: a process a processor beats threads in one session."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors, 1


def open_model(folder: str, threads: int, quiet: bool = True) -> None:
    """Make this process one that ``label_texts`` works in; ``quiet``: it leaves interrupts to its parent."""
    from claimcheck.model import Model

    global _model
    if quiet:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _model = Model.load(folder, threads=threads)


def label_texts(texts: Sequence[str], segments: bool) -> list[Result]:
    """The spans of each text; a text that cannot be labelled costs itself only."""
    assert _model is not None
    run = _model.segments_many if segments else _model.analyze_many
    try:
        return [[span.to_dict() for span in spans] for spans in run(texts, batch_size=max(1, len(texts)))]
    except Exception as error:  # whatever it is, it costs one row
        if len(texts) == 1:
            return [f"could not be labelled ({type(error).__name__}: {error})"]
        return [result for text in texts for result in label_texts([text], segments)]
