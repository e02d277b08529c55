"""Let a sentence encoder go on learning from headlines and the news below them, its weights staying in four bits.

    python scripts/contrastive.py SENTENCE --texts NEWS.txt [...] --out FOLDER

SENTENCE is a BERT-like encoder of the E5 family, NEWS running news, a paragraph a line (also .xz). FOLDER is what
scripts/sentence_encoder.py reads.
"""

import argparse
from pathlib import Path

from claimcheck.flags.rarity import Rarity
from claimcheck.flags.reading import open_lexicon, read
from claimcheck.folder import open_tokenizer
from claimcheck.training.contrastive import ContrastiveRecipe, headline_pairs, learn_from_pairs
from claimcheck.training.corpus import read_lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sentence", type=Path)
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=ContrastiveRecipe().steps)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    normalise = open_tokenizer(args.sentence).normalizer.normalize_str
    lexicon = open_lexicon(normalise)
    pairs = headline_pairs(
        read_lines(args.texts), lambda text: read(normalise(text), lexicon).words, Rarity.open()
    )
    print(f"{len(pairs):,} headlines with a paragraph below that says the same", flush=True)
    recipe = ContrastiveRecipe(steps=args.steps, seed=args.seed)
    before, after = learn_from_pairs(
        args.sentence, pairs, recipe, args.out, lambda line: print(line, flush=True)
    )
    print(f"held-out headlines nearest to their own paragraph: {before:.3f} before, {after:.3f} after")


if __name__ == "__main__":
    main()
