"""From labelled data to a model folder with its card and its report: what ``claimcheck train`` does."""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
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
from claimcheck.span import Label
from claimcheck.training.batches import Row
from claimcheck.training.card import write_card
from claimcheck.training.checkpoints import Checkpoints
from claimcheck.training.distil import soft_rows
from claimcheck.training.encoders import Backbone, open_backbone
from claimcheck.training.export import HEADLINE, Exported, check_size, export
from claimcheck.training.fit import Fitted, fit, model_of
from claimcheck.training.log import Log
from claimcheck.training.recipe import Recipe
from claimcheck.training.report import write_report

_RANGE_TEXTS = 300  # on which the int8 ranges are fixed
_BYTES = 50  # on disk a parameter: two checkpoints of five numbers each while one replaces the other, exports


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

    def __post_init__(self) -> None:
        if self.folds != 0 and self.folds < 2:
            raise ValueError(f"--folds must be 2 or more, or 0 for none, got {self.folds}")
        if self.teachers and not self.texts:
            raise ValueError("the teachers have nothing to label: no line of --texts holds anything")


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
        FileExistsError: ``plan.out`` holds something, and that is no run that can be resumed.
        ValueError: there is nothing to learn or to measure, or another run is in ``plan.out``.
        OSError: ``plan.out`` cannot be written to, or too little room is left there.
    """
    started = time.monotonic()
    checkpoints = _prepare(plan, say)
    examples, dev = _parts(examples, dev, plan.recipe.seed, say)
    parts = _fold_parts(plan, examples)
    backbone = open_backbone(plan.encoder, plan.recipe.seed)
    recipe = _fitting(plan.recipe, backbone, say)
    check_size(backbone.module)
    _check_room(plan.out, backbone)
    start = _starting_model(plan, backbone, recipe)
    teachers = [Model.load(folder) for folder in plan.teachers]
    soft = _soft(plan.texts, teachers, Encoder(backbone.tokenizer, recipe.window), say)
    folds = tuple(_cross_validate(plan, recipe, parts, soft, say, progress))
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


def _prepare(plan: Plan, say: Callable[[str], None]) -> Checkpoints:
    """See that ``plan.out`` is new, or holds the beginning of a run where one is to be resumed."""
    held = {path.name for path in plan.out.iterdir()} if plan.out.exists() else set()
    if plan.resume and held and "log" not in held:
        raise FileExistsError(f"{plan.out} holds something that is no run; name the folder of the run")
    if plan.resume and not held:
        say(f"no run in {plan.out} yet: beginning one")
    if plan.resume and "report.html" in held:
        raise FileExistsError(f"the run in {plan.out} is done; nothing is left to resume")
    if held and not plan.resume:
        more = ", or add --resume to go on with the run in it" * ("log" in held and "report.html" not in held)
        raise FileExistsError(f"{plan.out} holds something; name a new folder{more}")
    plan.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=plan.out):  # raises where it cannot be written to
        return Checkpoints(plan.out / "checkpoint")


def _check_room(out: Path, backbone: Backbone) -> None:
    wanted = _BYTES * sum(parameter.numel() for parameter in backbone.module.parameters())
    free = shutil.disk_usage(out).free
    if free < wanted:
        raise OSError(
            f"{out} has {free / 1e6:,.0f} MB of room; checkpoints and exports of {backbone.name} take up to "
            f"{wanted / 1e6:,.0f}. Name an --out elsewhere"
        )


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
    if not any(example.spans for example in dev):
        raise ValueError("no example of --dev has a span, so there is nothing to choose or calibrate by")
    learnt, asked = ({span.label for example in part for span in example.spans} for part in (examples, dev))
    for label in Label:
        if label not in learnt:
            say(
                f"WARNING: no training example has a span of {label}: the model will forget or never learn it"
            )
        elif label not in asked:
            say(f"WARNING: no example of --dev has a span of {label}: nothing is known of it, its score is 0")
    known = {example.text for example in examples}
    if both := sum(example.text in known for example in dev):
        say(
            f"WARNING: {both} texts of --dev stand in the training data too: every score will be too good; "
            "claimcheck data lint TRAIN DEV names them"
        )
    return list(examples), list(dev)


def _soft(
    texts: Sequence[str], teachers: Sequence[Model], encoder: Encoder, say: Callable[[str], None]
) -> list[Row]:
    if not teachers:
        return []
    rows = list(soft_rows(texts, teachers, encoder))
    if not rows:
        raise ValueError(
            f"none of the {len(texts)} texts of --texts has a sentence that teachers could label"
        )
    say(f"{len(teachers)} teachers labelled {len(texts)} texts: {len(rows)} rows")
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


def _fold_parts(plan: Plan, examples: Sequence[Example]) -> dict[str, list[Example]]:
    """The examples in ``plan.folds`` parts, each with something to measure and something to learn from."""
    if not plan.folds:
        return {}
    shares = {str(k): 1 / plan.folds for k in range(plan.folds)}
    parts = split(list(examples), shares, seed=plan.recipe.seed, allow_few=True)
    labelled = [any(example.spans for example in part) for part in parts.values()]
    if not all(labelled):
        raise ValueError(
            f"{plan.folds - sum(labelled)} of {plan.folds} folds would have no span to measure by; "
            "take fewer --folds, or label more"
        )
    return parts


def _cross_validate(
    plan: Plan,
    recipe: Recipe,
    parts: dict[str, list[Example]],
    soft: Sequence[Row],
    say: Callable[[str], None],
    progress: Progress,
) -> Iterator[dict[str, float]]:
    found = []
    for name, held in parts.items():
        backbone = open_backbone(plan.encoder, recipe.seed)
        rest = [example for other, part in parts.items() if other != name for example in part]
        random.Random(recipe.seed).shuffle(rest)
        scores = fit(backbone, rest, held, recipe, soft=soft, progress=progress).evaluation.scores.summary()
        found.append({key: scores[key] for key in HEADLINE})
        shown = "  ".join(f"{key} {value:.4f}" for key, value in found[-1].items())
        say(f"fold {int(name) + 1} of {plan.folds}: {shown}")
        yield found[-1]
    for key in HEADLINE if found else ():
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
