"""Does ``claimcheck suggest`` pick texts worth labelling? Scores of the model on what it picks out of labelled data.

    python scripts/suggestions.py DATA [--many 100] [--model FOLDER]

The lower they are beside those on random draws (the mean of 20), the more there is to learn from what was picked.
"""

import argparse
import random
from pathlib import Path

import numpy as np

from claimcheck.api import load
from claimcheck.evaluation import evaluate
from claimcheck.examples import read_examples
from claimcheck.suggest import suggest

COLUMNS = ("sentence_macro_f1", "word_macro_f1", "span_f1", "exact_span_f1")
DRAWS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="labelled, and not what the model learnt from")
    parser.add_argument("--many", type=int, default=100)
    parser.add_argument("--model", metavar="FOLDER", help="default: the embedded model")
    args = parser.parse_args()
    model, examples = load(args.model), list(read_examples(args.data))
    many = min(args.many, len(examples))
    by_text = {example.text: example for example in examples}
    groups = {
        "random": [random.Random(seed).sample(examples, many) for seed in range(DRAWS)],
        "suggested": [[by_text[picked.text] for picked in suggest(model, examples, many)]],
    }
    print(f"{'':10} {'words':>6}" + "".join(f"{name:>19}" for name in COLUMNS))
    for name, draws in groups.items():
        scores = [evaluate(draw, model.segments_many).scores.summary() for draw in draws]
        words = np.mean([sum(len(example.text.split()) for example in draw) for draw in draws])
        cells = "".join(f"{np.mean([row[column] for row in scores]):19.4f}" for column in COLUMNS)
        print(f"{name:10} {words:6.0f}{cells}")


if __name__ == "__main__":
    main()
