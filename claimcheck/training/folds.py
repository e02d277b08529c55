"""Cross-validation: how far the scores spread over folds of the training examples."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claimcheck.examples import Example, split
from claimcheck.examples.files import replacing
from claimcheck.training.encoders import open_backbone
from claimcheck.training.export import HEADLINE
from claimcheck.training.fit import digest, fit
from claimcheck.training.recipe import Recipe
from claimcheck.training.soft import SoftRows

Scores = dict[str, float]


def fold_parts(examples: Sequence[Example], folds: int, seed: int) -> list[list[Example]]:
    """The examples in ``folds`` parts, each with something to measure and something to learn from.

    Raises:
        ValueError: they are too few for that.
    """
    if not folds:
        return []
    shares = {f"fold {k}": 1 / folds for k in range(1, folds + 1)}
    parts = list(split(list(examples), shares, seed=seed, allow_few=True).values())
    labelled = [any(example.spans for example in part) for part in parts]
    if not all(labelled):
        raise ValueError(
            f"{folds - sum(labelled)} of {folds} folds would have no span to measure by; "
            "take fewer --folds, or label more"
        )
    return parts


def cross_validate(
    encoder: str | None,
    recipe: Recipe,
    parts: Sequence[Sequence[Example]],
    soft: SoftRows | None,
    kept: Path,
    say: Callable[[str], None],
    progress: Callable[[Iterator[Any], int, str], Iterator[Any]],
) -> Iterator[Scores]:
    """The scores on each part of what learnt from the others; those that ``kept`` holds are not computed again.

    Args:
        encoder: what to start from, each time anew.
        recipe: how to train.
        parts: of the examples.
        soft: rows of teachers, learnt from every time.
        kept: a folder for the scores of the folds that are done.
        say: gets a line a fold, and the spread.
        progress: wraps the steps of an epoch.
    """
    found = []
    for number, held in enumerate(parts, 1):
        rest = [example for part in parts if part is not held for example in part]
        random.Random(recipe.seed).shuffle(rest)
        run = {
            "encoder": encoder,
            "recipe": asdict(recipe),
            "train": digest(rest),
            "dev": digest(held),
            "soft": len(soft or ()),
        }
        file = kept / f"fold-{number}.json"
        scores = _read(file, run)
        if scores is None:
            backbone = open_backbone(encoder, recipe.seed)
            summary = fit(
                backbone, rest, held, recipe, soft=soft, progress=progress
            ).evaluation.scores.summary()
            scores = {key: summary[key] for key in HEADLINE}
            _write(file, run, scores)
        found.append(scores)
        shown = "  ".join(f"{key} {value:.4f}" for key, value in scores.items())
        say(f"fold {number} of {len(parts)}: {shown}")
        yield scores
    for key in HEADLINE if found else ():
        values = [row[key] for row in found]
        say(f"{len(parts)} folds, {key}: {statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}")


def _read(file: Path, run: Mapping[str, Any]) -> Scores | None:
    if not file.is_file():
        return None
    state = json.loads(file.read_text(encoding="utf-8"))
    scores: Scores = state["scores"]
    return scores if state["run"] == json.loads(json.dumps(run)) else None


def _write(file: Path, run: Mapping[str, Any], scores: Scores) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as stream:
        json.dump({"run": run, "scores": scores}, stream)
