"""A folder that a pre-training run writes, and the run's state after some step: one file, replaced whole.

Weights and optimizer as safetensors, the rest as JSON in the file's header. No random state: what a step draws
follows from the seed and the number of the step.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

STATE = "pretraining.safetensors"


def check_out(out: Path, resume: bool) -> None:
    """See that a program may write to ``out``.

    Raises:
        FileExistsError: it holds something that is not a run to go on with.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not resume:
        raise FileExistsError(
            f"{out} holds something; name a new folder, or add --resume to go on with a run"
        )
    if not (out / STATE).is_file():
        finished = (out / "model.safetensors").is_file()
        raise FileExistsError(
            f"{out} {'is finished' if finished else 'holds no run'}: nothing to resume there"
        )


def check_room(out: Path, module: torch.nn.Module) -> None:
    """A state is the weights and two moments of them; while one is replaced there are two.

    Raises:
        ValueError: the disk that ``out`` is on has no room for them.
    """
    needed = 2 * 3 * 4 * sum(parameter.numel() for parameter in module.parameters())
    if (free := shutil.disk_usage(out).free) < needed:
        raise ValueError(f"{out} needs {needed / 1e6:,.0f} MB of disk, {free / 1e6:,.0f} MB are free")


def save_state(path: Path, module: torch.nn.Module, optimizer: Any, about: Mapping[str, Any]) -> None:
    """Write the state beside ``path`` and put it in its place; ``about`` is what JSON can hold.

    Raises:
        OSError: the disk is full, or does not let write.
    """
    tensors = pack(module, optimizer)
    new = path.with_name(path.name + ".new")
    ready = {name: value.contiguous().cpu() for name, value in tensors.items()}
    try:
        save_file(ready, new, metadata={"about": json.dumps(about)})
    except SafetensorError as error:  # such as a full disk
        raise OSError(f"{new} cannot be written ({error}); make room, then add --resume") from error
    os.replace(new, path)


def load_state(path: Path, module: torch.nn.Module, optimizer: Any, run: Mapping[str, Any]) -> dict[str, Any]:
    """Put a state into ``module`` and ``optimizer`` and give what was saved about it.

    Args:
        path: a file that ``save_state`` wrote.
        module: as it was opened for the run.
        optimizer: made anew for it.
        run: what must be as it was, ``about["run"]``.

    Raises:
        ValueError: the state is of another run, or the file is broken.
    """
    try:
        with safe_open(path, "pt") as file:
            about: dict[str, Any] = json.loads((file.metadata() or {}).get("about", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except SafetensorError as error:
        raise ValueError(f"{path} cannot be read ({error}); remove it and begin anew") from error
    if about.get("run") != run:
        other = [key for key in run if about.get("run", {}).get(key) != run[key]]
        raise ValueError(
            f"{path} is of another run (other {', '.join(other)}); type the command that began it, "
            "or name another --out"
        )
    unpack(tensors, module, optimizer)
    return about


def pack(module: torch.nn.Module, optimizer: Any) -> dict[str, torch.Tensor]:
    """Weights and what the optimizer knows of them, as tensors with names."""
    tensors = {f"weights/{name}": value.detach() for name, value in module.named_parameters()}
    for index, slot in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{key}": torch.as_tensor(value) for key, value in slot.items()}
    return tensors


def unpack(tensors: Mapping[str, torch.Tensor], module: torch.nn.Module, optimizer: Any) -> None:
    """Put back what ``pack`` took; names of other tensors do not matter."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(tensors[f"weights/{name}"])
    slots = optimizer.state_dict()
    slots["state"] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer/"):
            _, index, name = key.split("/")
            slots["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(slots)
