"""The training loop: rows in, the best weights by the development examples out.

AdamW with a learning rate that falls from layer to layer towards the embeddings (Howard and Ruder,
"Universal Language Model Fine-tuning for Text Classification", ACL 2018), warm-up and linear decay, clipped
gradients, and an exponential moving average of the weights, which is what is evaluated and kept.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from claimcheck.encoding import Encoder
from claimcheck.evaluation import Evaluation, evaluate
from claimcheck.examples import Example
from claimcheck.folder import Settings
from claimcheck.model import Model
from claimcheck.runtime import TorchRuntime
from claimcheck.tags import TAGS
from claimcheck.training.batches import Row, batches, collate, labelled_rows
from claimcheck.training.checkpoints import Checkpoints
from claimcheck.training.device import pick_device
from claimcheck.training.encoders import Backbone
from claimcheck.training.recipe import Recipe
from claimcheck.training.soft import SoftRows

HEADLINE = ("sentence_macro_f1", "word_macro_f1", "span_f1", "exact_span_f1")


class TrainingError(ValueError):
    """Training cannot go on; the message says why and what to try."""


@dataclass(slots=True)
class Fitted:
    """The best epoch (0: the start, where that was a tagger), its evaluation, a row of history an epoch."""

    epoch: int
    evaluation: Evaluation
    history: list[dict[str, float]]


def fit(
    backbone: Backbone,
    train: Sequence[Example],
    dev: Sequence[Example],
    recipe: Recipe,
    *,
    soft: SoftRows | None = None,
    checkpoints: Checkpoints | None = None,
    report: Callable[[dict[str, float]], None] = lambda row: None,
    progress: Callable[[Iterator[Any], int, str], Iterator[Any]] = lambda steps, total, name: steps,
) -> Fitted:
    """Train ``backbone.module`` in place and leave its best weights in it.

    Args:
        backbone: what to start from.
        train: labelled examples to learn from.
        dev: labelled examples to choose the epoch by; none of them in ``train``.
        recipe: how.
        soft: rows labelled by teachers, read once an epoch beside the examples.
        checkpoints: where to keep the state after every epoch, and to go on from.
        report: gets every row of the history.
        progress: wraps the steps of an epoch, for a bar.

    Returns:
        The same for the same seed, also after a kill and a resume on the same machine.

    Raises:
        TrainingError: the loss is no number any more.
    """
    run = _Run(backbone, recipe, train, soft, dev)
    encoder = Encoder(backbone.tokenizer, recipe.window)
    history: list[dict[str, float]] = []
    best, best_epoch = -1.0, 0
    if checkpoints and (state := checkpoints.load(run)):
        history, best, best_epoch = state["history"], state["best"], state["best_epoch"]
    first = 0 if backbone.tagger else 1  # what was a tagger already is measured before it learns
    for epoch in range(first + len(history), run.epochs + 1):
        if history and epoch - best_epoch > recipe.patience:
            break
        started = time.monotonic()
        loss = run.epoch(epoch, encoder, progress) if epoch else None
        with run.averaged():
            evaluation = evaluate(dev, model_of(backbone, recipe.window).segments_many)
            summary = evaluation.scores.summary()
        scores = {f"dev_{name}": summary[name] for name in HEADLINE}
        score = sum(scores.values()) / len(scores)
        if score > best:
            best, best_epoch = score, epoch
            run.keep()
        row = {"epoch": epoch, "step": run.step, **scores, "dev_mean": round(score, 4)}
        if loss is not None:
            row["loss"] = loss
        history.append(row)
        report({**row, "seconds": round(time.monotonic() - started, 1)})
        if checkpoints:
            checkpoints.save(run, {"history": history, "best": best, "best_epoch": best_epoch})
    run.restore_best()
    return Fitted(best_epoch, evaluate(dev, model_of(backbone, recipe.window).segments_many), history)


def model_of(backbone: Backbone, window: int) -> Model:
    """The backbone as it is now, as a model without calibration."""
    encoder = Encoder(backbone.tokenizer, window)
    return Model(encoder, TorchRuntime(backbone.module), Settings(window=window))


class _Run:
    """Everything that changes while training, and what a checkpoint must hold."""

    def __init__(
        self,
        backbone: Backbone,
        recipe: Recipe,
        train: Sequence[Example],
        soft: SoftRows | None,
        dev: Sequence[Example],
    ) -> None:
        self.backbone, self.recipe, self.train, self.soft, self.dev = backbone, recipe, train, soft, dev
        self.device, self.half = pick_device()
        self.module = backbone.module.to(self.device)
        torch.manual_seed(recipe.seed)
        self.optimizer = torch.optim.AdamW(_groups(self.module, recipe.rate(backbone), recipe), fused=True)
        self.base_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.epochs = recipe.most_epochs(backbone, len(train))
        self.step = 0
        self.average = {k: v.detach().clone() for k, v in self.module.named_parameters()}
        self.best = {k: v.clone() for k, v in self.average.items()}
        self.steps_an_epoch = 0

    def fingerprint(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be gone on from."""
        return {
            "encoder": self.backbone.name,
            "recipe": asdict(self.recipe),
            "training examples": digest(self.train),
            "development examples": digest(self.dev),
            "soft rows": len(self.soft) if self.soft else 0,
        }

    def epoch(self, number: int, encoder: Encoder, progress: Callable[..., Iterator[Any]]) -> float:
        """One pass over the examples; the mean loss."""
        rng = random.Random(f"{self.recipe.seed}/{number}")
        rows = labelled_rows(self.train, encoder, self.recipe.variation, rng)
        lengths = [len(row.ids) for row in rows]
        totals = sum((row.targets.sum(0, dtype=np.float64) for row in rows), start=np.zeros(len(TAGS)))
        if self.soft:
            lengths += self.soft.lengths
            totals += self.soft.totals
        weights = _tag_weights(totals, self.recipe.balance).to(self.device)
        pieces = self.recipe.pieces or _batch_pieces(sum(lengths))
        plan = list(batches(lengths, pieces, rng))
        steps = -(-len(plan) // self.recipe.accumulate)
        self.steps_an_epoch = self.steps_an_epoch or steps
        total = self.steps_an_epoch * self.epochs
        self.module.train()
        losses = []
        chunks = [plan[i : i + self.recipe.accumulate] for i in range(0, len(plan), self.recipe.accumulate)]
        for chunk in progress(iter(chunks), steps, f"epoch {number}"):
            self._set_rate(total)
            loss = sum(self._backward(self._pick(rows, batch), weights, len(chunk)) for batch in chunk)
            if loss != loss:
                raise TrainingError(
                    f"the loss is no number any more at step {self.step}; try a smaller --learning-rate "
                    f"than {self.recipe.rate(self.backbone)}"
                )
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            self.step += 1
            self._follow()
            losses.append(loss)
        return round(sum(losses) / max(1, len(losses)), 5)

    def _pick(self, rows: Sequence[Row], batch: Sequence[int]) -> list[Row]:
        """Rows by number, those of teachers behind the labelled ones."""
        own = len(rows)
        return [self.soft[i - own] if self.soft and i >= own else rows[i] for i in batch]

    def _backward(self, batch: Sequence[Row], weights: torch.Tensor, parts: int) -> float:
        ids, mask, targets = (
            torch.from_numpy(array).to(self.device)
            for array in collate(batch, int(self.module.config.pad_token_id or 0))
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits = self.module(input_ids=ids, attention_mask=mask).logits
        smooth = self.recipe.smoothing
        known = targets.sum(-1, keepdim=True)
        wanted = targets * (1 - smooth) + known * smooth / len(TAGS)
        losses = -(wanted * logits.float().log_softmax(-1) * weights).sum(-1)
        loss = losses.sum() / (targets * weights).sum().clamp(min=1) / parts
        loss.backward()
        return float(loss.detach())

    def _set_rate(self, total: int) -> None:
        warm = max(1, int(self.recipe.warmup * total))
        share = min((self.step + 1) / warm, max(0.0, (total - self.step) / max(1, total - warm)))
        for group, base in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            group["lr"] = base * share

    def _follow(self) -> None:
        """Move the average towards the weights, faster at the beginning."""
        decay = min(self.recipe.average, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for name, value in self.module.named_parameters():
                self.average[name].lerp_(value, 1 - decay)

    def averaged(self) -> _Swap:
        """The averaged weights in the module for as long as it lasts."""
        return _Swap(self.module, self.average)

    def keep(self) -> None:
        """Remember the averaged weights as the best."""
        self.best = {name: value.clone() for name, value in self.average.items()}

    def restore_best(self) -> None:
        """Leave the best weights in the module, on the CPU, ready for use."""
        with torch.no_grad():
            for name, value in self.module.named_parameters():
                value.copy_(self.best[name])
        self.module.to("cpu").eval()


class _Swap:
    def __init__(self, module: torch.nn.Module, weights: dict[str, torch.Tensor]) -> None:
        self.module, self.weights = module, weights

    def __enter__(self) -> None:
        self.module.eval()
        self._exchange()

    def __exit__(self, *_: object) -> None:
        self._exchange()

    def _exchange(self) -> None:
        with torch.no_grad():
            for name, value in self.module.named_parameters():
                current = value.clone()
                value.copy_(self.weights[name])
                self.weights[name] = current


def digest(examples: Sequence[Example]) -> str:
    """What tells one set of texts and spans from another, their order included."""
    whole = hashlib.sha256()
    for example in examples:
        spans = [(span.start, span.end, str(span.label), span.check_worthy) for span in example.spans]
        whole.update(f"{example.text!r} {spans}\n".encode())
    return whole.hexdigest()


def _groups(module: Any, rate: float, recipe: Recipe) -> list[dict[str, Any]]:
    """Parameter groups by layer: the head learns fastest, the embeddings slowest; norms do not decay."""
    layers = int(getattr(module.config, "num_hidden_layers", 0))
    groups: dict[tuple[int, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        found = re.search(r"\.(?:layer|layers|h|block)\.(\d+)\.", name)
        depth = layers - int(found.group(1)) if found else (layers + 1 if "embed" in name else 0)
        groups.setdefault((depth, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": rate * recipe.layer_decay**depth,
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for (depth, decays), parameters in sorted(groups.items(), key=lambda item: item[0])
    ]


def _batch_pieces(total: int) -> int:
    """A power of two between 512 and 4096 that makes about fifty batches of ``total`` pieces."""
    return int(min(4096, max(512, 2 ** round(math.log2(max(1, total / 50))))))


def _tag_weights(totals: NDArray[np.float64], balance: float) -> torch.Tensor:
    """A weight for each tag, 1 on average over the targets that ``totals`` ``(len(TAGS),)`` sums up."""
    counts = torch.from_numpy(totals)
    present = counts > 0
    weights = torch.where(present, counts.clamp(min=1) ** -balance, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).float()
