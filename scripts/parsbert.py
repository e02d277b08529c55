"""An encoder of ParsBERT's size with random weights, to try everything that ParsBERT would go through.

    python scripts/parsbert.py TEXTS… --out FOLDER [--vocabulary 100000]

TEXTS are text files (also .xz), a paragraph a line. Where the hub is reached, the real one needs no script:
claimcheck train DATA --encoder HooshvareLab/bert-fa-base-uncased --out FOLDER
"""

import argparse
from pathlib import Path
from typing import Any

from transformers import logging

from claimcheck.training.corpus import read_lines
from claimcheck.training.parsbert import build_parsbert


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=Path, nargs="+", help="to learn the vocabulary from")
    parser.add_argument("--out", type=Path, required=True, help="the folder to make")
    parser.add_argument("--vocabulary", type=int, default=100_000, help="pieces (default: %(default)s)")
    args = parser.parse_args()
    quiet: Any = logging
    quiet.disable_progress_bar()
    learnt = build_parsbert(args.out, read_lines(args.texts), vocabulary=args.vocabulary)
    print(f"{args.out}: 12 layers x 768, {args.vocabulary} pieces ({learnt} of them from the texts)")


if __name__ == "__main__":
    main()
