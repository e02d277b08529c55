"""The learning curve on disk: JSON lines always, and what TensorBoard opens where it is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Log:
    """Rows of numbers by step, written as they come to ``folder/history.jsonl`` and as TensorBoard events."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "history.jsonl"
        whole = path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines() if path.exists() else []
        path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")  # a kill may tear the last
        self._known = {json.loads(line)["step"] for line in whole}
        self._lines = open(path, "a", encoding="utf-8")  # noqa: SIM115 - closed by close
        self._board: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:  # tensorboard is not installed; the lines are there all the same
            return
        self._board = SummaryWriter(str(folder))

    def write(self, row: Mapping[str, float]) -> None:
        """One row; ``step`` is its place on the axis. A row that a run writes again, resumed, stands there once."""
        if row["step"] in self._known:
            return
        self._lines.write(json.dumps(row) + "\n")
        self._lines.flush()
        if self._board is not None:
            for name, value in row.items():
                if name != "step":
                    self._board.add_scalar(name, value, int(row["step"]))
            self._board.flush()

    def close(self) -> None:
        """Nothing more will come."""
        self._lines.close()
        if self._board is not None:
            self._board.close()
