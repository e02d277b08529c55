"""Label files of any size.

    python scripts/score.py INPUT… -o OUTPUT [--text-column NAME] [--flat] [--workers N] [--resume]

The same as ``claimcheck score``; ``--help`` lists everything.
"""

import sys

from claimcheck.cli import main

if __name__ == "__main__":
    sys.exit(main(["score", *sys.argv[1:]]))
