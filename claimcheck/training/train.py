"""From labelled data to a model folder with its card and its report: what ``claimcheck train`` does."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claimcheck.api import load
from claimcheck.encoding import Encoder
from claimcheck.evaluation import evaluate
from claimcheck.examples import Example, split
from claimcheck.folder import Settings
from claimcheck.model import Model
from claimcheck.training.batches import Row
from claimcheck.training.card import write_card
from claimcheck.training.checkpoints import Checkpoints
from claimcheck.training.distil import soft_rows
from claimcheck.training.encoders import Backbone, open_backbone
from claimcheck.training.export import HEADLINE, Exported, export
from claimcheck.training.fit import Fitted, Recipe, fit, model_of
from claimcheck.training.log import Log
from claimcheck.training.report import write_report

_RANGE_TEXTS = 300  # on which the int8 ranges are fixed


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train and where to put it.

    ``encoder`` is a folder, a hub id or ``None`` for the embedded model. ``folds`` above 1 measure first
    how far the scores spread. ``teachers`` label ``texts``, which are learnt from beside the examples.
    """

    out: Path
    encoder: str | None = None
    recipe: Recipe = Recipe()  # noqa: RUF009 - frozen
    folds: int = 0
    teachers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it: the best epoch, what exporting measured, and the scores of each fold."""

    epoch: int
    exported: Exported
    folds: tuple[dict[str, float], ...]


Progress = Callable[[Iterator[Any], int, str], Iterator[Any]]


def train(
    plan: Plan,
    examples: Sequence[Example],
    dev: Sequence[Example],
    *,
    say: Callable[[str], None] = lambda line: None,
    progress: Progress = lambda steps, total, name: steps,
) -> Trained:
    """Train, export and describe a model in ``plan.out``.

    Args:
        plan: what and where.
        examples: labelled texts to learn from.
        dev: labelled texts to choose and calibrate by; where empty, a tenth of ``examples`` is taken for it,
            near-duplicates kept on one side.
        say: gets lines for people.
        progress: wraps the steps of an epoch, for a bar.

    Raises:
        FileExistsError: ``plan.out`` holds something that is not a run to resume.
        ValueError: there is nothing to learn.
    """
    started = time.monotonic()
    checkpoints = _prepare(plan)
    examples, dev = _parts(examples, dev, plan.recipe.seed, say)
    soft = _soft(plan, say)
    folds = tuple(_cross_validate(plan, examples, soft, say, progress)) if plan.folds > 1 else ()
    backbone = open_backbone(plan.encoder, plan.recipe.seed)
    recipe = _fitting(plan.recipe, backbone, say)
    start = _starting_model(plan, backbone, recipe)
    before = evaluate(dev, start.segments_many) if start else None
    log = Log(plan.out / "log")

    def report(row: dict[str, float]) -> None:
        log.write(row)
        say(_line(row))

    fitted = fit(
        backbone,
        examples,
        dev,
        recipe,
        soft=soft,
        checkpoints=checkpoints,
        report=report,
        progress=progress,
    )
    log.close()
    say(f"the best epoch was {fitted.epoch}; exporting")
    exported = _export(plan.out, backbone, recipe, examples, dev)
    about = _about(plan, backbone, recipe, examples, dev, soft, fitted, folds, time.monotonic() - started)
    write_card(plan.out, about, exported)
    write_report(plan.out, before, exported.int8, fitted.history, about)
    checkpoints.remove()
    return Trained(fitted.epoch, exported, folds)


def _prepare(plan: Plan) -> Checkpoints:
    checkpoints = Checkpoints(plan.out / "checkpoint")
    if plan.out.exists() and any(plan.out.iterdir()) and not plan.resume:
        raise FileExistsError(
            f"{plan.out} holds something; name a new folder, or add --resume to go on with a run in it"
        )
    plan.out.mkdir(parents=True, exist_ok=True)
    return checkpoints


def _parts(
    examples: Sequence[Example], dev: Sequence[Example], seed: int, say: Callable[[str], None]
) -> tuple[list[Example], list[Example]]:
    if not any(example.spans for example in examples):
        raise ValueError("no example has a span, so there is nothing to learn; see: claimcheck data lint")
    if not dev:
        parts = split(list(examples), {"train": 0.9, "dev": 0.1}, seed=seed, allow_few=True)
        examples, dev = parts["train"], parts["dev"]
        say(
            f"no --dev: {len(dev)} of the texts are kept to choose and calibrate by, {len(examples)} to learn"
        )
    known = {example.text for example in examples}
    if both := sum(example.text in known for example in dev):
        say(f"WARNING: {both} texts of --dev stand in the training data too: every score will be too good")
    return list(examples), list(dev)


def _soft(plan: Plan, say: Callable[[str], None]) -> list[Row]:
    if not plan.teachers:
        return []
    backbone = open_backbone(plan.encoder, plan.recipe.seed)
    teachers = [Model.load(folder) for folder in plan.teachers]
    rows = list(soft_rows(plan.texts, teachers, Encoder(backbone.tokenizer, plan.recipe.window)))
    say(f"{len(teachers)} teachers labelled {len(plan.texts)} texts: {len(rows)} rows")
    return rows


def _fitting(recipe: Recipe, backbone: Backbone, say: Callable[[str], None]) -> Recipe:
    if recipe.window > backbone.positions:
        say(f"windows of {backbone.positions} pieces: {backbone.name} reads no more at once")
        return replace(recipe, window=backbone.positions)
    return recipe


def _starting_model(plan: Plan, backbone: Backbone, recipe: Recipe) -> Model | None:
    """What there was before training: the folder as people use it, or its weights where it was never exported."""
    if not backbone.tagger:
        return None
    if plan.encoder and not (Path(plan.encoder) / "claimcheck.json").is_file():
        return model_of(backbone, recipe.window)
    return load(plan.encoder)


def _cross_validate(
    plan: Plan,
    examples: Sequence[Example],
    soft: Sequence[Row],
    say: Callable[[str], None],
    progress: Progress,
) -> Iterator[dict[str, float]]:
    shares = {str(k): 1 / plan.folds for k in range(plan.folds)}
    parts = split(list(examples), shares, seed=plan.recipe.seed, allow_few=True)
    found = []
    for name, held in parts.items():
        backbone = open_backbone(plan.encoder, plan.recipe.seed)
        rest = [example for other, part in parts.items() if other != name for example in part]
        random.Random(plan.recipe.seed).shuffle(rest)
        recipe = _fitting(plan.recipe, backbone, say)
        scores = fit(backbone, rest, held, recipe, soft=soft, progress=progress).evaluation.scores.summary()
        found.append({key: scores[key] for key in HEADLINE})
        say(
            f"fold {int(name) + 1} of {plan.folds}: "
            + "  ".join(f"{k} {v:.4f}" for k, v in found[-1].items())
        )
        yield found[-1]
    for key in HEADLINE:
        values = [row[key] for row in found]
        say(f"{plan.folds} folds, {key}: {statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}")


def _export(
    out: Path, backbone: Backbone, recipe: Recipe, examples: Sequence[Example], dev: Sequence[Example]
) -> Exported:
    backbone.save(out)
    step = max(1, len(examples) // _RANGE_TEXTS)
    texts = [example.text for example in examples[::step]]
    return export(out, dev, texts, Settings(window=recipe.window), keep_float=True)


def _about(
    plan: Plan,
    backbone: Backbone,
    recipe: Recipe,
    examples: Sequence[Example],
    dev: Sequence[Example],
    soft: Sequence[Row],
    fitted: Fitted,
    folds: Sequence[dict[str, float]],
    seconds: float,
) -> dict[str, object]:
    spans = sum(len(example.spans) for example in examples)
    about: dict[str, object] = {
        "name": plan.out.name,
        "origin": f"Fine-tuned from `{backbone.name}` with `claimcheck train`.",
        "training texts": f"{len(examples)} with {spans} spans",
        "development texts": len(dev),
        "soft rows of teachers": len(soft),
        "best epoch": f"{fitted.epoch} of {recipe.epochs}",
        "learning rate": recipe.rate(backbone),
        "window": recipe.window,
        "seed": recipe.seed,
        "minutes": round(seconds / 60, 1),
    }
    for key in HEADLINE if folds else ():
        values = [row[key] for row in folds]
        spread = statistics.stdev(values)
        about[f"{key} by {len(folds)} folds"] = f"{statistics.mean(values):.4f} ± {spread:.4f}"
    return about


def _line(row: dict[str, float]) -> str:
    shown = {key.removeprefix("dev_"): value for key, value in row.items()}
    return "  ".join(f"{key} {value:g}" for key, value in shown.items())
