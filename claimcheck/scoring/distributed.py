"""The same scoring on many machines: a Ray Data pipeline over Parquet, one model an actor.

Each task is a run of rows of one row group, known by its number. The actor that gets it reads the rows, labels
them and writes ``part-NNNNNN.parquet`` and, last of all, a marker with its counts; a task that runs again (its
worker was killed, the run resumed) writes the same bytes under the same name, or finds the marker and is done. So
no row is lost or doubled whatever Ray repeats, and no text goes through its object store.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from claimcheck.scoring.arrow import pyarrow
from claimcheck.scoring.filesystems import Folder, open_path, parquet_files
from claimcheck.scoring.outcome import outcome, writable
from claimcheck.scoring.readers import InputOptions, arrow_rows, checked
from claimcheck.scoring.rows import InputError, Result, Row
from claimcheck.scoring.score import Summary
from claimcheck.scoring.stats import Stats
from claimcheck.scoring.workers import CHUNK_ROWS, best_split, label_texts, open_model
from claimcheck.scoring.writers import OutputOptions

_MOST_BLOCKS = 10_000
_LONGEST_STOP = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Task:
    """Rows ``[first, first + count)`` of a row group; ``in_file`` and ``before`` rows of the file and of the
    whole input stand before them."""

    number: int
    path: str
    group: int
    first: int
    count: int
    in_file: int
    before: int


@dataclass(frozen=True, slots=True)
class Job:
    """What every actor must know. ``model`` is a folder on the actor's machine, or ``None`` for the embedded one."""

    output: str
    model: str | None
    read: InputOptions
    write: OutputOptions
    segments: bool
    group_column: str | None
    types: Any  # an Arrow schema


def score_distributed(
    inputs: Sequence[str],
    output: str,
    input_options: InputOptions,
    output_options: OutputOptions,
    *,
    address: str | None = None,
    model: str | None = None,
    workers: int | None = None,
    segments: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    checkpoint_rows: int = 2048,
    group_column: str | None = None,
    progress: Callable[[Stats, int], None] = lambda stats, rows: None,
) -> Summary:
    """Label every row of Parquet ``inputs`` into the folder ``output``, a Parquet file a task.

    Args:
        inputs: files, folders or globs here, or URIs that pyarrow opens (``s3://``, ``gs://``, ``hdfs://``);
            every machine of the cluster must reach them.
        output: a path or a URI. On a local file system the folder has its name only when it is complete;
            elsewhere a file ``_SUCCESS`` says so. ``OUTPUT.errors.jsonl`` beside it holds the bad rows.
        input_options, output_options: as for ``score``.
        address: of a running cluster; ``None`` starts one on this machine.
        model: a folder that every machine has; the embedded one where ``None``.
        workers: actors, a processor each; one a processor of the cluster where ``None``.
        segments, resume, overwrite, group_column, progress: as for ``score``.
        checkpoint_rows: rows a task at most.

    Raises:
        InputError: an input cannot be read, the output cannot be written, or Ray gave up.
    """
    ray = _ray()
    started = time.monotonic()
    folder = Folder(output)
    tasks, schema = plan(inputs, input_options, checkpoint_rows)
    job = Job(output, model, input_options, output_options, segments, group_column, schema)
    described = [list(map(asdict, tasks)), model, asdict(input_options), asdict(output_options), segments]
    folder.begin(json.dumps(described), resume, overwrite)
    stats, done, before = Stats(), 0, 0
    with _cluster(ray, address, workers or best_split()[0]) as processors:
        blocks = min(len(tasks), _MOST_BLOCKS)
        found = ray.data.from_items(list(map(asdict, tasks)), override_num_blocks=blocks).map_batches(
            _bound(job),
            compute=ray.data.ActorPoolStrategy(size=workers or processors),
            batch_size=1,
            num_cpus=1,
        )
        told = iter(found.iter_rows())
        try:
            for row in told:
                stats.merge(Stats.from_dict(json.loads(row["stats"])))
                done += int(row["rows"])
                before += int(row["rows"]) * bool(row["was_done"])
                progress(stats, done - before)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            said = str(cause) if isinstance(cause, InputError) else f"Ray gave up: {str(error)[-500:]}"
            raise InputError(f"{said}; what is done is kept, add --resume to go on") from error
        finally:
            told.close()  # its own threads would otherwise ask a cluster that is gone
            _wait_for_executors()
    folder.finish(len(tasks))
    return Summary(output, stats, time.monotonic() - started, done - before, stats.suspicious())


def plan(inputs: Sequence[str], options: InputOptions, most: int) -> tuple[list[Task], Any]:
    """The tasks, at most ``most`` rows each, and the schema of the first file.

    Raises:
        InputError: an input is not there, is not Parquet, or has no such text column.
    """
    pyarrow()
    import pyarrow.parquet as parquet

    tasks: list[Task] = []
    before, types = 0, None
    for name in parquet_files(inputs):
        fs, path = open_path(name)
        try:
            with fs.open_input_file(path) as stream:
                file = parquet.ParquetFile(stream)
                schema, groups = (
                    file.schema_arrow,
                    [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)],
                )
        except (OSError, ValueError) as error:
            raise InputError(f"{name} cannot be read as Parquet: {error}") from error
        if options.text_column not in schema.names:
            seen = ", ".join(schema.names)
            raise InputError(f"{name}: no column {options.text_column!r}, it has: {seen}; see --text-column")
        types = types or schema
        in_file = 0
        for group, rows in enumerate(groups):
            for first in range(0, rows, most):
                count = min(most, rows - first)
                tasks.append(Task(len(tasks), name, group, first, count, in_file, before))
                in_file += count
                before += count
    if not tasks:
        raise InputError(f"{', '.join(inputs)}: no row in it")
    return tasks, types


class Scorer:
    """An actor: the model, and the row group it read last."""

    def __init__(self, job: Job) -> None:
        from claimcheck.api import embedded_folder

        self.job = job
        self.folder = Folder(job.output)
        self.typed = {field.name: field.type for field in job.types}
        self.held: tuple[tuple[str, int], Any] | None = None
        open_model(job.model or str(embedded_folder()), threads=1, quiet=False)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """What came of tasks: a column each of Ray's batch in, ``rows``, ``stats`` (JSON) and ``was_done`` out."""
        tasks = [
            Task(**{key: value.item() if hasattr(value, "item") else value for key, value in row.items()})
            for row in (dict(zip(batch, cells, strict=True)) for cells in zip(*batch.values(), strict=True))
        ]
        said = [self.run(task) for task in tasks]
        return {
            "rows": [task.count for task in tasks],
            "stats": [stats for stats, _ in said],
            "was_done": [was_done for _, was_done in said],
        }

    def run(self, task: Task) -> tuple[str, bool]:
        """Score one task unless that was done; its counts as JSON, and whether it was."""
        if said := self.folder.marker(task.number):
            return said, True
        rows = self._rows(task)
        texts = [row.text for row in rows if not row.problem]
        results: list[Result] = []
        for i in range(0, len(texts), CHUNK_ROWS):
            results += label_texts(texts[i : i + CHUNK_ROWS], self.job.segments)
        labelled = iter(results)
        part = [(task.before + i, row, row.problem or next(labelled)) for i, row in enumerate(rows, 1)]
        found = outcome(part, self.job.write, self.job.group_column, self.typed)
        counts = json.dumps(found.stats.to_dict())
        self.folder.add(task.number, found.results, found.errors, counts)
        return counts, False

    def _rows(self, task: Task) -> list[Row]:
        import pyarrow.parquet as parquet

        if self.held is None or self.held[0] != (task.path, task.group):
            fs, path = open_path(task.path)
            with fs.open_input_file(path) as stream:
                self.held = (task.path, task.group), parquet.ParquetFile(stream).read_row_group(task.group)
        rows: list[Row] = []
        for batch in self.held[1].slice(task.first, task.count).to_batches():
            for row in arrow_rows(_Place(task.path), batch, task.in_file + len(rows), self.job.read):
                rows.append(writable(checked(row, self.job.read), self.job.write))
        return rows


@dataclass(frozen=True, slots=True)
class _Place:
    name: str


def _wait_for_executors() -> None:
    """Until Ray Data has stopped: a thread of it that goes on would connect to the next cluster by itself."""
    gc.collect()  # what stops an executor is that nobody holds its output
    for thread in threading.enumerate():
        if thread.name.startswith("StreamingExecutor"):
            thread.join(timeout=_LONGEST_STOP)


def _bound(job: Job) -> type[Scorer]:
    """An actor class that brings its job along: arguments of an actor may be lost with the worker that held them."""

    class Bound(Scorer):
        def __init__(self) -> None:
            super().__init__(job)

    return Bound


@contextmanager
def _cluster(ray: Any, address: str | None, processors: int) -> Iterator[int]:
    """A connection to a cluster, its processors; nothing is sent home, and little printed."""
    began = not ray.is_initialized()
    if began:
        here = {"num_cpus": processors, "include_dashboard": False} if address is None else {}
        with _environment(RAY_USAGE_STATS_ENABLED="0"):
            try:
                ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **here)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise InputError(f"no Ray cluster at {address}: {error}") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        yield int(ray.cluster_resources().get("CPU", 1))
    finally:
        if began:
            ray.shutdown()


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Environment variables for what is begun inside, as they were afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _ray() -> Any:
    try:
        import ray
        import ray.data
        import ray.exceptions
    except ImportError as error:
        raise InputError(f"{error}; --engine ray needs the extra: pip install 'claimcheck[ray]'") from error
    return ray
