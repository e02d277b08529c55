"""The state of a training run on disk, so that a run that was killed goes on with the same result.

Tensors as safetensors, the rest as JSON. A state is written beside the last one and put in its place whole.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from claimcheck.training.state import pack, unpack


class Checkpoints:
    """One state, in ``folder``, replaced after every epoch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, run: Any) -> dict[str, Any] | None:
        """Put a saved state into ``run`` and give what was saved with it; ``None`` where there is none.

        Raises:
            ValueError: the state is of another run.
        """
        self._finish_replacing()
        if not (self.folder / "state.json").is_file():
            return None
        state: dict[str, Any] = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        wanted = json.loads(json.dumps(run.fingerprint()))
        if state["fingerprint"] != wanted:
            other = [key for key in wanted if state["fingerprint"].get(key) != wanted[key]]
            raise ValueError(
                f"the checkpoint in {self.folder} is of another run (other {', '.join(other)}); "
                "type the command that began it, or remove the folder"
            )
        tensors = load_file(self.folder / "state.safetensors")
        unpack(tensors, run.module, run.optimizer)
        for name in run.average:
            run.average[name].copy_(tensors[f"average/{name}"])
            run.best[name].copy_(tensors[f"best/{name}"])
        torch.set_rng_state(tensors["random"])
        if torch.cuda.is_available() and "random_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random_cuda"])
        run.step, run.steps_an_epoch = state["step"], state["steps_an_epoch"]
        saved: dict[str, Any] = state["saved"]
        return saved

    def save(self, run: Any, saved: dict[str, Any]) -> None:
        """Write the state of ``run``, with ``saved`` beside it."""
        tensors = pack(run.module, run.optimizer)
        tensors |= {f"average/{name}": value for name, value in run.average.items()}
        tensors |= {f"best/{name}": value for name, value in run.best.items()}
        tensors["random"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random_cuda"] = torch.cuda.get_rng_state()
        state = {
            "fingerprint": run.fingerprint(),
            "step": run.step,
            "steps_an_epoch": run.steps_an_epoch,
            "saved": saved,
        }
        new = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            save_file({k: v.contiguous().cpu() for k, v in tensors.items()}, new / "state.safetensors")
        except SafetensorError as error:  # such as a full disk
            raise OSError(f"{new} cannot be written ({error}); make room, then add --resume") from error
        (new / "state.json").write_text(json.dumps(state), encoding="utf-8")
        (new / "complete").touch()
        self._finish_replacing()

    def remove(self) -> None:
        """The run is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _finish_replacing(self) -> None:
        new = self.folder.with_name(self.folder.name + ".new")
        if (new / "complete").is_file():
            shutil.rmtree(self.folder, ignore_errors=True)
            os.replace(new, self.folder)
        else:
            shutil.rmtree(new, ignore_errors=True)
