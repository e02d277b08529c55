"""What more labelled data buys, as a table.

    python scripts/learning_curve.py TRAIN --dev DEV --encoder FOLDER|ID [--sizes 50 200 1000] [--seeds 3]

``--genre NAME`` takes the examples of one genre only, of TRAIN and of DEV; ``--without NAME`` leaves it out and
``--save FOLDER`` keeps the last model, so that a tagger trained without a genre can be adapted to it.
"""

import argparse
import random
import sys
from pathlib import Path

from claimcheck.examples import Example, read_examples
from claimcheck.training.curve import learning_curve
from claimcheck.training.encoders import open_backbone
from claimcheck.training.export import HEADLINE
from claimcheck.training.fit import fit
from claimcheck.training.recipe import Recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("--dev", type=Path, required=True)
    parser.add_argument("--encoder", required=True, help="a folder or an id of the hub")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[50, 200, 1000], help="0: the encoder as it is"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="at most (default: as claimcheck train)")
    parser.add_argument("--genre", help="examples of this genre only")
    parser.add_argument("--without", help="no examples of this genre")
    parser.add_argument("--save", type=Path, help="instead of a table: train on the largest size and keep it")
    args = parser.parse_args()

    examples, dev = (chosen(path, args) for path in (args.train, args.dev))
    recipe = Recipe(epochs=args.epochs)
    if args.save:
        backbone = open_backbone(args.encoder)
        random.Random(0).shuffle(examples)
        print(fit(backbone, examples[: max(args.sizes)], dev, recipe).evaluation.scores.summary())
        backbone.save(args.save)
        return
    print(f"{'examples':>8} {'seeds':>5}" + "".join(f"{name:>20}" for name in HEADLINE), flush=True)
    for point in learning_curve(args.encoder, examples, dev, args.sizes, args.seeds, recipe, say):
        cells = (f"{mean:.4f} ± {spread:.4f}" for mean, spread in point.scores.values())
        print(f"{point.examples:8} {point.seeds:5}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


def chosen(path: Path, args: argparse.Namespace) -> list[Example]:
    examples = list(read_examples(path))
    if args.genre:
        return [example for example in examples if example.genre == args.genre]
    return [example for example in examples if example.genre != args.without or not args.without]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
