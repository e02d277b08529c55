"""Fine-tune on labelled data.

    python scripts/train.py TRAIN --dev DEV --out FOLDER [--encoder FOLDER|ID] [--epochs N] [--seed N]

The same as ``claimcheck train``; ``--help`` lists everything.
"""

import sys

from claimcheck.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
