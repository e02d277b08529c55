"""The measurement of ``scripts/benchmark.py scaling``: documents a second of both engines, by how many processes."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from claimcheck.scoring import InputOptions, OutputOptions, score
from claimcheck.scoring.stats import Stats

PART = 256


def measure(engine: str, workers: int, texts: Sequence[str]) -> float:
    """Documents a second, from the first part that is done (every process has its model by then) to the last."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    seen: list[tuple[float, int]] = []

    def progress(stats: Stats, done: int) -> None:
        seen.append((time.perf_counter(), done))

    with tempfile.TemporaryDirectory() as scratch:
        source, out = f"{scratch}/texts.parquet", f"{scratch}/out.parquet"
        parquet.write_table(arrow.table({"text": list(texts)}), source)
        options = InputOptions(), OutputOptions("parquet")
        if engine == "ray":
            from claimcheck.scoring.distributed import score_distributed

            score_distributed(
                [source], out, *options, workers=workers, checkpoint_rows=PART, progress=progress
            )
        else:
            score([source], Path(out), *options, workers=workers, checkpoint_rows=PART, progress=progress)
    warm = workers  # parts: as many as are begun at once
    return (seen[-1][1] - seen[warm][1]) / (seen[-1][0] - seen[warm][0])
