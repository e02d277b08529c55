"""Make the sentence encoder that ships from a Hugging Face folder, and say what that costs.

    python scripts/sentence_encoder.py SENTENCE --texts CORPUS.txt [...] --out models/claimcheck-fa-sentence

SENTENCE is a BERT-like encoder of the E5 family with a tokenizer.json; CORPUS raw Persian text, a paragraph
a line (also .xz). The folder's README.md is not touched.
"""

import argparse
import random
from pathlib import Path

from claimcheck import split_sentences
from claimcheck.training.corpus import read_lines
from claimcheck.training.sentence_encoder import export_sentence_encoder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sentence", type=Path)
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--many", type=int, default=10_000, help="sentences to measure axes on")
    parser.add_argument("--size", type=int, default=256, help="axes to keep")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    texts = pick(args.texts, args.many, args.seed)
    found = export_sentence_encoder(args.sentence, texts, args.out, args.size)
    print(
        f"{len(texts)} sentences; {found['megabytes']:.1f} MB; mean cosine to the floats {found['cosine']:.5f}"
    )


def pick(paths: list[Path], many: int, seed: int) -> list[str]:
    """``many`` sentences of 4 to 30 words, at most one a paragraph, an equal share from each file."""
    chance = random.Random(seed)
    out = []
    for path in paths:
        lines = list(read_lines([path]))
        chance.shuffle(lines)
        found = 0
        for line in lines:
            fit = [s for a, b in split_sentences(line) if 4 <= len((s := line[a:b]).split()) <= 30]
            if fit and found < many // len(paths):
                out.append(chance.choice(fit))
                found += 1
    chance.shuffle(out)
    return out


if __name__ == "__main__":
    main()
