"""Masked language modelling from any encoder on: an encoder that has read the texts it will have to judge
judges them better (Gururangan et al., "Don't Stop Pretraining", ACL 2020).

AdamW, warm-up and linear decay, clipped gradients, no dropout. Which blocks a step reads and what is masked in
them follows from the seed and the step, so a run goes on from any step as if it had not been stopped.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from claimcheck.training.corpus import Blocks
from claimcheck.training.device import pick_device
from claimcheck.training.encoders import Backbone
from claimcheck.training.fit import TrainingError
from claimcheck.training.log import Log
from claimcheck.training.masked_lm import masked_loss
from claimcheck.training.masking import Masking, masking_of
from claimcheck.training.state import STATE, check_room, load_state, save_state

_ORDER, _MASK, _HELD = range(3)  # what is drawn from the seed
_HELD_EVERY, _HELD_MOST = 50, 64  # blocks that are not learnt from, to measure by


@dataclass(frozen=True, slots=True)
class MlmRecipe:
    """How to pre-train; ``batch`` is in blocks, ``share`` of the words is masked.

    The defaults suit some million pieces on a processor. On a GPU with much text: ``batch=512``,
    ``learning_rate=5e-4``.
    """

    steps: int = 1000
    batch: int = 32
    learning_rate: float = 2e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    share: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or not 0 < self.learning_rate < 1:
            raise ValueError(
                "wanted at least one step and one block a step, and a learning rate between 0 and 1, "
                f"got {self.steps}, {self.batch}, {self.learning_rate}"
            )


@dataclass(frozen=True, slots=True)
class Pretrained:
    """What came of it: the loss on held-out blocks before and after, ``None`` where there were too few."""

    steps: int
    before: float | None
    after: float | None


def pretrain(
    backbone: Backbone,
    blocks: Blocks,
    recipe: MlmRecipe,
    out: Path,
    *,
    every: int = 10,
    keep_every: int = 100,
    say: Callable[[str], None] = lambda line: None,
) -> Pretrained:
    """Pre-train ``backbone.module`` in place and save it in ``out``; go on where ``out`` holds a state.

    Args:
        backbone: what ``open_masked_lm`` opened.
        blocks: ``(blocks, pieces)``, of ``encode_blocks``.
        recipe: how.
        out: the folder to make.
        every: steps between two lines for people and rows of ``out/log``.
        keep_every: steps between two states.
        say: gets lines for people.

    Returns:
        The same for the same seed on the same processor, also after a kill.

    Raises:
        ValueError: the blocks are too long, the disk too small, the state of another run.
        TrainingError: the loss is no number any more.
    """
    if min(every, keep_every) < 1:
        raise ValueError(f"lines and states come every 1 step or more, got {every} and {keep_every}")
    if blocks.shape[1] > backbone.positions:
        raise ValueError(f"{backbone.name} reads {backbone.positions} pieces at most, got {blocks.shape[1]}")
    masking = masking_of(backbone.tokenizer, backbone.specials.get("mask_token"), backbone.name, recipe.share)
    run = _Run(backbone, blocks, recipe, masking)
    out.mkdir(parents=True, exist_ok=True)
    check_room(out, run.module)
    if (out / STATE).is_file():
        run.resume(out)
        say(f"going on from step {run.step}")
    else:
        run.before = run.held_out_loss()
        run.save(out)
    log = Log(out / "log")
    started, losses = time.monotonic(), run.losses
    while run.step < recipe.steps:
        losses.append(run.learn())
        if run.step % every == 0 or run.step == recipe.steps:
            seconds = time.monotonic() - started
            row = {
                "step": run.step,
                "loss": round(sum(losses) / len(losses), 5),
                "rate": run.rate(run.step - 1),
            }
            log.write({**row, "seconds": round(seconds, 1)})
            say(f"step {run.step} of {recipe.steps}  loss {row['loss']:.4f}  seconds {seconds:.1f}")
            losses.clear()
            started = time.monotonic()
        if run.step % keep_every == 0:
            run.save(out)
    log.close()
    after = run.held_out_loss()
    run.module.to("cpu").eval()
    backbone.save(out)
    (out / STATE).unlink(missing_ok=True)
    return Pretrained(run.step, run.before, after)


class _Run:
    """Everything that changes while pre-training, and what a state must hold."""

    def __init__(self, backbone: Backbone, blocks: Blocks, recipe: MlmRecipe, masking: Masking) -> None:
        self.recipe, self.masking = recipe, masking
        held = np.arange(0, len(blocks), _HELD_EVERY)[: _HELD_MOST if len(blocks) >= _HELD_EVERY else 0]
        self.held, self.blocks = blocks[held], np.delete(blocks, held, 0)
        self.size = min(recipe.batch, len(self.blocks))
        self.device, self.half = pick_device()
        self.module = backbone.module.to(self.device).train()
        for part in self.module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0  # every pass masks other words: nothing to regularise
        self.optimizer = torch.optim.AdamW(_groups(self.module, recipe), betas=(0.9, 0.98), fused=True)
        self.step = 0
        self.before: float | None = None
        self.losses: list[float] = []  # since the last row of the log
        digest = hashlib.sha256(np.ascontiguousarray(blocks).tobytes()).hexdigest()
        self.about = {"encoder": backbone.name, "texts": digest, "recipe": asdict(recipe)}

    def resume(self, out: Path) -> None:
        """Go back to the state in ``out``, the log too."""
        about = load_state(out / STATE, self.module, self.optimizer, self.about)
        self.step, self.before, self.losses = about["step"], about["before"], about["losses"]
        history = out / "log" / "history.jsonl"
        if history.is_file():
            rows = history.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [row for row in rows if row.endswith("\n") and json.loads(row)["step"] <= self.step]
            history.write_text("".join(kept), encoding="utf-8")

    def save(self, out: Path) -> None:
        """Keep the state in ``out``."""
        about = {"run": self.about, "step": self.step, "before": self.before, "losses": self.losses}
        save_state(out / STATE, self.module, self.optimizer, about)

    def learn(self) -> float:
        """One step; its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(self.step)
        loss = self._loss(self._read(), np.random.default_rng([self.recipe.seed, _MASK, self.step]))
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is no number any more at step {self.step}; try a smaller --learning-rate than "
                f"{self.recipe.learning_rate}"
            )
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return float(loss.detach())

    def rate(self, step: int) -> float:
        """The learning rate at a step, counted from 0."""
        warm = max(1, int(self.recipe.warmup * self.recipe.steps))
        rest = (self.recipe.steps - step) / max(1, self.recipe.steps - warm)
        return self.recipe.learning_rate * min((step + 1) / warm, rest, 1.0)

    def held_out_loss(self) -> float | None:
        """The loss on what is not learnt from, masked alike every time."""
        if not len(self.held):
            return None
        rng = np.random.default_rng([self.recipe.seed, _HELD])
        parts = [self.held[i : i + self.size] for i in range(0, len(self.held), self.size)]
        with torch.no_grad():
            total = sum(float(self._loss(part, rng)) * len(part) for part in parts)
        return round(total / len(self.held), 5)

    def _read(self) -> Blocks:
        """The blocks of this step: all of them in random order, then all of them in another."""
        epoch, place = divmod(self.step, len(self.blocks) // self.size)
        order = np.random.default_rng([self.recipe.seed, _ORDER, epoch]).permutation(len(self.blocks))
        read: Blocks = self.blocks[order[place * self.size : (place + 1) * self.size]]
        return read

    def _loss(self, ids: Blocks, rng: np.random.Generator) -> torch.Tensor:
        read, chosen = self.masking(ids, rng)
        on_device = [
            torch.from_numpy(array).to(self.device) for array in (read, ids.astype(np.int64), chosen)
        ]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            return masked_loss(self.module, *on_device)


def _groups(module: torch.nn.Module, recipe: MlmRecipe) -> list[dict[str, Any]]:
    """Matrices decay; norms and biases do not."""
    matrices = [parameter for parameter in module.parameters() if parameter.ndim > 1]
    rest = [parameter for parameter in module.parameters() if parameter.ndim < 2]
    return [
        {"params": matrices, "lr": recipe.learning_rate, "weight_decay": recipe.weight_decay},
        {"params": rest, "lr": recipe.learning_rate, "weight_decay": 0.0},
    ]
