"""From labelled data to a model folder with its card and its report: what ``claimcheck train`` does."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claimcheck.api import load
from claimcheck.encoding import Encoder
from claimcheck.evaluation import Evaluation, evaluate
from claimcheck.examples import Example, split
from claimcheck.folder import Settings
from claimcheck.model import Model
from claimcheck.span import Label
from claimcheck.training.card import write_card
from claimcheck.training.checkpoints import Checkpoints
from claimcheck.training.corpus import check_files
from claimcheck.training.encoders import Backbone, open_backbone
from claimcheck.training.export import HEADLINE, Exported, check_size, export
from claimcheck.training.fit import Fitted, fit, model_of
from claimcheck.training.folds import cross_validate, fold_parts
from claimcheck.training.log import Log
from claimcheck.training.recipe import Recipe
from claimcheck.training.report import write_report
from claimcheck.training.soft import SoftRows, label_texts

_RANGE_TEXTS = 300  # on which the int8 ranges are fixed
_LEAST = 3  # training examples of a label; of fewer nothing general is learnt
_KEPT = "kept"  # what a run knows before it learns: rows of teachers, scores of folds
_BYTES = 50  # on disk a parameter: two checkpoints of five numbers each while one replaces the other, exports


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train and where to put it.

    ``encoder`` is a folder, a hub id or ``None`` for the embedded model. ``folds`` above 1 measure first
    how far the scores spread. ``teachers`` label the lines of ``texts``, at most ``most_texts``, which are
    learnt from beside the examples. ``allow_few`` goes on where a label has hardly an example.
    """

    out: Path
    encoder: str | None = None
    recipe: Recipe = Recipe()  # noqa: RUF009 - frozen
    folds: int = 0
    teachers: tuple[str, ...] = ()
    texts: tuple[Path, ...] = ()
    most_texts: int | None = None
    allow_few: bool = False
    resume: bool = False

    def __post_init__(self) -> None:
        if self.folds != 0 and self.folds < 2:
            raise ValueError(f"--folds must be 2 or more, or 0 for none, got {self.folds}")
        if bool(self.teachers) != bool(self.texts):
            raise ValueError("--distil TEACHER… and --texts FILE… go together: teachers label texts")
        if self.most_texts is not None and self.most_texts < 1:
            raise ValueError(f"--most-texts must be 1 or more, got {self.most_texts}")
        check_files(self.texts)


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it: the best epoch, what there was before (where that was a tagger), what exporting measured,
    and the scores of each fold."""

    epoch: int
    before: Evaluation | None
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
    examples, dev = _parts(plan, examples, dev, say)
    parts = fold_parts(examples, plan.folds, plan.recipe.seed)
    backbone = open_backbone(plan.encoder, plan.recipe.seed)
    recipe = _fitting(plan.recipe, backbone, say)
    check_size(backbone.module)
    _check_room(plan.out, backbone)
    start = _starting_model(plan, backbone, recipe)
    kept = plan.out / _KEPT
    soft = _soft(plan, Encoder(backbone.tokenizer, recipe.window), kept, say, progress)
    folds = tuple(cross_validate(plan.encoder, recipe, parts, soft, kept, say, progress))
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
    shutil.rmtree(kept, ignore_errors=True)
    return Trained(fitted.epoch, before, exported, folds)


def _prepare(plan: Plan, say: Callable[[str], None]) -> Checkpoints:
    """See that ``plan.out`` is new, or holds the beginning of a run where one is to be resumed."""
    held = {path.name for path in plan.out.iterdir()} if plan.out.exists() else set()
    begun = bool(held & {"log", _KEPT})
    if plan.resume and held and not begun:
        raise FileExistsError(f"{plan.out} holds something that is no run; name the folder of the run")
    if plan.resume and not held:
        say(f"no run in {plan.out} yet: beginning one")
    if plan.resume and "report.html" in held:
        raise FileExistsError(f"the run in {plan.out} is done; nothing is left to resume")
    if held and not plan.resume:
        more = ", or add --resume to go on with the run in it" * (begun and "report.html" not in held)
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
    plan: Plan, examples: Sequence[Example], dev: Sequence[Example], say: Callable[[str], None]
) -> tuple[list[Example], list[Example]]:
    if not any(example.spans for example in examples):
        raise ValueError("no example has a span, so there is nothing to learn; see: claimcheck data lint")
    if not dev:
        shares = {"train": 0.9, "dev": 0.1}
        parts = split(list(examples), shares, seed=plan.recipe.seed, allow_few=True)
        examples, dev = parts["train"], parts["dev"]
        say(
            f"no --dev: {len(dev)} of the texts are kept to choose and calibrate by, {len(examples)} to learn"
        )
    if not any(example.spans for example in dev):
        raise ValueError("no example of --dev has a span, so there is nothing to choose or calibrate by")
    _check_labels(examples, dev, plan.allow_few, say)
    known = {example.text for example in examples}
    if both := sum(example.text in known for example in dev):
        say(
            f"WARNING: {both} texts of --dev stand in the training data too: every score will be too good; "
            "claimcheck data lint TRAIN DEV names them"
        )
    return list(examples), list(dev)


def _check_labels(
    examples: Sequence[Example], dev: Sequence[Example], allow_few: bool, say: Callable[[str], None]
) -> None:
    """See that every label can be learnt and measured."""
    learnt, asked = (
        Counter(label for example in part for label in {span.label for span in example.spans})
        for part in (examples, dev)
    )
    few = [f"{learnt[label]} of {label} to learn from" for label in Label if learnt[label] < _LEAST]
    few += [f"none of {label} to choose and calibrate by" for label in Label if not asked[label]]
    if few and not allow_few:
        raise ValueError(
            f"too few texts: {', '.join(few)}; label {_LEAST} or more of each and 1 of --dev, or add "
            "--allow-few: a label without examples is forgotten, one without any in --dev scores 0"
        )
    if few:
        say(f"WARNING: few texts: {', '.join(few)}")


def _soft(
    plan: Plan, encoder: Encoder, kept: Path, say: Callable[[str], None], progress: Progress
) -> SoftRows | None:
    if not plan.teachers:
        return None
    rows = label_texts(plan.texts, plan.teachers, encoder, kept, most=plan.most_texts, progress=progress)
    say(f"{len(plan.teachers)} teachers labelled the texts: {len(rows)} rows")
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
    soft: SoftRows | None,
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
        "soft rows of teachers": len(soft or ()),
        "best epoch": f"{fitted.epoch} of at most {recipe.most_epochs(backbone, len(examples))}",
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
