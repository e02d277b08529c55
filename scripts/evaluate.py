"""Scores of a model on labelled data, beside a TF-IDF + logistic-regression baseline where asked.

    python scripts/evaluate.py DATA [--model FOLDER] [--baseline TRAIN] [--json]

The same as ``claimcheck evaluate``; ``--help`` lists everything.
"""

import sys

from claimcheck.cli import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
