"""Count how rare words and character n-grams are in raw text: claimcheck/flags/rarity.npy.

    python scripts/rarity.py CORPUS.txt [...]

CORPUS: raw Persian text, a paragraph a line (also .xz). Only counts by hash are kept, no text.
"""

import argparse
import lzma
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from claimcheck.flags.rarity import FILE, background
from claimcheck.flags.reading import open_lexicon, read
from claimcheck.flags.sentence_vectors import SentenceVectors

_LONGEST = 2_000  # characters of a paragraph that are counted
_MOST = 200_000  # paragraphs of a file


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, nargs="+")
    args = parser.parse_args()
    normalise = SentenceVectors().normalise
    lexicon = open_lexicon(normalise)
    texts, words = [], []
    for line in _lines(args.corpus):
        reading = read(normalise(line[:_LONGEST]), lexicon)
        texts.append(reading.text)
        words.append(reading.words)
    np.save(FILE, background(texts, words))
    print(f"{FILE}: {len(texts):,} paragraphs")


def _lines(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        with (
            lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else open(path, encoding="utf-8")
        ) as file:
            for number, line in enumerate(file):
                if number == _MOST:
                    break
                yield line.strip()


if __name__ == "__main__":
    main()
