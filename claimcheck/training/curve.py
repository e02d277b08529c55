"""What more labelled data buys: the same training on more and more examples, over several seeds."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from claimcheck.evaluation import evaluate
from claimcheck.examples import Example
from claimcheck.training.encoders import Backbone, open_backbone
from claimcheck.training.export import HEADLINE
from claimcheck.training.fit import fit, model_of
from claimcheck.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Point:
    """The scores of one amount of data: mean and spread (standard deviation) over seeds, by score."""

    examples: int
    seeds: int
    scores: dict[str, tuple[float, float]]


def learning_curve(
    encoder: str,
    examples: Sequence[Example],
    dev: Sequence[Example],
    sizes: Sequence[int],
    seeds: int,
    recipe: Recipe,
    say: Callable[[str], None] = lambda line: None,
) -> Iterator[Point]:
    """A point for every size, the smallest first; the examples of a seed's smaller size are in its larger one.

    Args:
        encoder: folder or hub id to start from, each time anew. Where it is a tagger, size 0 measures it.
        examples: to draw from.
        dev: to stop by and to score on, so that all points are a little too good, alike.
        sizes: how many examples; more than there are means all.
        seeds: how many draws and trainings of each size.
        recipe: how to train.
        say: gets a line after every training.
    """
    for size in sorted({min(size, len(examples)) for size in sizes}):
        found = []
        for seed in range(seeds):
            drawn = random.Random(seed).sample(list(examples), len(examples))[:size]
            backbone = open_backbone(encoder, seed)
            found.append(_scores(backbone, drawn, dev, replace(recipe, seed=seed)))
            say(f"{size} examples, seed {seed}: " + "  ".join(f"{k} {v:.4f}" for k, v in found[-1].items()))
        yield Point(size, seeds, {key: _spread([row[key] for row in found]) for key in HEADLINE})


def _scores(
    backbone: Backbone, drawn: Sequence[Example], dev: Sequence[Example], recipe: Recipe
) -> dict[str, float]:
    if drawn:
        summary = fit(backbone, drawn, dev, recipe).evaluation.scores.summary()
    else:
        summary = evaluate(dev, model_of(backbone, recipe.window).segments_many).scores.summary()
    return {key: summary[key] for key in HEADLINE}


def _spread(values: Sequence[float]) -> tuple[float, float]:
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0
