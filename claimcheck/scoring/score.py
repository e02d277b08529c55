"""A run: rows in, parts out, one file at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from claimcheck.api import embedded_folder
from claimcheck.folder import fingerprint
from claimcheck.scoring.outcome import outcome, writable
from claimcheck.scoring.parts import Parts
from claimcheck.scoring.readers import InputOptions, arrow_types, read_rows
from claimcheck.scoring.rows import InputError, Result, Row
from claimcheck.scoring.sources import find_sources, fingerprints
from claimcheck.scoring.stats import Stats
from claimcheck.scoring.workers import CHUNK_ROWS, best_split, label
from claimcheck.scoring.writers import OutputOptions, join

_CHUNK_CHARS = 500_000  # what a worker gets at once, and CHUNK_ROWS
_PART_CHARS = 8 * _CHUNK_CHARS  # a checkpoint comes sooner where texts are long


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did; ``stats`` count over the whole output, resumed parts too."""

    output: Path | str | None
    stats: Stats
    seconds: float
    rows_this_run: int
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows that a worker gets at once, with the number of the first; the last of a part says so."""

    first: int
    rows: list[Row]
    ends_part: bool


def score(
    inputs: Sequence[str],
    output: Path | BinaryIO,
    input_options: InputOptions,
    output_options: OutputOptions,
    *,
    format: str | None = None,
    model: str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    segments: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    checkpoint_rows: int = 2048,
    group_column: str | None = None,
    progress: Callable[[Stats, int], None] = lambda stats, rows: None,
) -> Summary:
    """Label every row of ``inputs`` into ``output``.

    Args:
        inputs: files, folders, globs, or ``-``.
        output: a path, or a binary stream that takes JSON lines as they come (nothing can be resumed then;
            bad rows are in the summary's count only).
        input_options: how inputs are read.
        output_options: how results are written.
        format: of the inputs, where their endings do not tell.
        model: a folder; the embedded one where ``None``.
        workers: processes; one a processor where ``None``.
        threads: of each.
        segments: write the frames as spans too.
        resume: go on with a run that was stopped.
        overwrite: replace an output that is there.
        checkpoint_rows: rows between checkpoints; what is lost at most when a run is killed.
        group_column: count by the values of this column as well.
        progress: gets the counts and the rows of this run, after every chunk.

    Raises:
        InputError: an input cannot be read at all, or the output cannot be written there.
        WorkerError: a process was killed; with ``resume`` the same call goes on.
    """
    started = time.monotonic()
    sources = find_sources(inputs, format)
    folder = str(model or embedded_folder())
    split = best_split()
    run = partial(
        label,
        folder=folder,
        workers=workers or split[0],
        threads=threads or split[1],
        segments=segments,
    )
    stats = Stats()
    if not isinstance(output, Path):
        done = _stream(
            _labelled(read_rows(sources, input_options), 0, checkpoint_rows, run, output_options),
            output,
            output_options,
            stats,
            group_column,
            progress,
        )
        return Summary(None, stats, time.monotonic() - started, done, stats.suspicious())
    if resume and any(source.path is None for source in sources):
        raise InputError("stdin cannot be resumed: what was read is gone; write it to a file first")
    settings = {
        "inputs": fingerprints(sources),
        "model": fingerprint(folder),
        "input options": asdict(input_options),
        "output options": asdict(output_options),
        "segments": segments,
        "checkpoint rows": checkpoint_rows,
        "group column": group_column,
    }
    parts = Parts(output, settings, resume, overwrite)
    try:
        for marker in parts.markers:
            stats.merge(Stats.from_dict(marker["stats"]))
        typed = arrow_types(sources) if output_options.format == "parquet" else {}
        rows = _skip(read_rows(sources, input_options), parts.rows)
        done = 0
        for part in _labelled(rows, parts.rows, checkpoint_rows, run, output_options):
            found = outcome(part, output_options, group_column, typed)
            marker = {"rows": len(part), "stats": found.stats.to_dict()}
            parts.add(found.results, found.errors, marker)
            stats.merge(found.stats)
            done += len(part)
            progress(stats, done)
        parts.finish(lambda paths, stream: join(paths, stream, output, output_options))
    finally:
        parts.close()
    return Summary(output, stats, time.monotonic() - started, done, stats.suspicious())


def _stream(
    parts: Iterable[list[tuple[int, Row, Result]]],
    output: BinaryIO,
    options: OutputOptions,
    stats: Stats,
    group_column: str | None,
    progress: Callable[[Stats, int], None],
) -> int:
    done = 0
    for part in parts:
        found = outcome(part, options, group_column)
        stats.merge(found.stats)
        output.write(found.results)
        output.flush()
        done += len(part)
        progress(stats, done)
    return done


def _labelled(
    rows: Iterator[Row],
    before: int,
    checkpoint_rows: int,
    run: Callable[..., Iterator[tuple[_Chunk, list[Result]]]],
    options: OutputOptions,
) -> Iterator[list[tuple[int, Row, Result]]]:
    """The rows of each part with what was found."""
    cut = _chunks(rows, before, checkpoint_rows, options)
    chunks = ((chunk, [row.text for row in chunk.rows if not row.problem]) for chunk in cut)
    part: list[tuple[int, Row, Result]] = []
    for chunk, results in run(chunks):
        found = iter(results)
        for number, row in enumerate(chunk.rows, chunk.first):
            part.append((number, row, row.problem or next(found)))
        if chunk.ends_part:
            yield part
            part = []
    if part:
        yield part


def _chunks(
    rows: Iterator[Row], before: int, checkpoint_rows: int, options: OutputOptions
) -> Iterator[_Chunk]:
    """Cut by rows and characters alone, so that the same input is always cut alike."""
    number, chunk, characters, in_part, part_characters = before, [], 0, 0, 0
    for row in rows:
        chunk.append(writable(row, options))
        characters += len(row.text)
        in_part += 1
        ends = in_part >= checkpoint_rows or part_characters + characters >= _PART_CHARS
        if ends or len(chunk) >= CHUNK_ROWS or characters >= _CHUNK_CHARS:
            yield _Chunk(number + 1, chunk, ends)
            number += len(chunk)
            part_characters = 0 if ends else part_characters + characters
            in_part = 0 if ends else in_part
            chunk, characters = [], 0
    if chunk:
        yield _Chunk(number + 1, chunk, True)


def _skip(rows: Iterator[Row], many: int) -> Iterator[Row]:
    for _ in range(many):
        if next(rows, None) is None:
            raise InputError(f"the input has fewer than the {many} rows that were done; was it changed?")
    return rows
