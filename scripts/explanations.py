"""Are the words that an explanation names the ones a label hangs on?

    python scripts/explanations.py DEV [--sample 300] [--seed 0] [--model FOLDER]

One span of each of ``--sample`` texts is explained; then the words that were named, or only the weightiest, are
deleted from the text, which is analysed again. A label has changed if most letters left of the span carry another
one (or none). Beside it: as many words drawn from the sentence, and from the span itself.
"""

import argparse
import random
from collections import Counter
from pathlib import Path

from claimcheck import Span, load, split_sentences
from claimcheck.examples import read_examples
from claimcheck.explain import explain
from claimcheck.model import Model
from claimcheck.tags import words

COLUMNS = ("the weightiest", "all named")
ROWS = ("of the explanation", "drawn from the sentence", "drawn from the span")
DRAWS = 3  # of random words, for each span


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dev", type=Path)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model")
    args = parser.parse_args()

    model, rng = load(args.model), random.Random(args.seed)
    texts = [example.text for example in read_examples(args.dev)]
    rng.shuffle(texts)
    changed: dict[tuple[str, str], list[bool]] = {}
    named = []
    for text in texts[: args.sample]:
        if not (found := model.segments(text)):
            continue
        (span,) = explain(model, text, [rng.choice(found)])
        named.append(len(span.words))
        for column, row, ranges in deletions(text, span, rng):
            if (answer := label_changes(model, text, span, ranges)) is not None:
                changed.setdefault((row, column), []).append(answer)
    print(f"{len(named)} spans, {sum(named) / len(named):.1f} words named for each, seed {args.seed}")
    print("share of labels that change when words are deleted:\n")
    print(f"{'':28}" + "".join(f"{column:>14}" for column in COLUMNS))
    for row in ROWS:
        shares = (sum(changed[row, column]) / len(changed[row, column]) for column in COLUMNS)
        print(f"{row:28}" + "".join(f"{share:14.3f}" for share in shares))


def deletions(text: str, span: Span, rng: random.Random) -> list[tuple[str, str, list[tuple[int, int]]]]:
    """What to delete: column and row of the table, ranges; in every row of a column equally many words."""
    start, end = next(one for one in split_sentences(text) if one[0] <= span.start < one[1])
    sentence = [(a, b) for a, b in words(text, start, end) if any(map(str.isalnum, text[a:b]))]
    own = [(a, b) for a, b in sentence if span.start <= a < span.end]
    named = [(w.start, w.end) for w in sorted(span.words, key=lambda word: -word.weight)]
    out = []
    for column, ranges in zip(COLUMNS, (named[:1], named), strict=True):
        out.append((column, ROWS[0], ranges))
        for _ in range(DRAWS):
            out.append((column, ROWS[1], rng.sample(sentence, len(ranges))))
            out.append((column, ROWS[2], rng.sample(own, min(len(own), len(ranges)))))
    return out


def label_changes(model: Model, text: str, span: Span, ranges: list[tuple[int, int]]) -> bool | None:
    """Whether the label is another one without ``ranges``; ``None`` where no letter of the span is left."""
    kept = [i for i in range(len(text)) if not any(a <= i < b for a, b in ranges)]
    found = model.segments("".join(text[i] for i in kept))
    labels = Counter(
        next((one.label for one in found if one.start <= j < one.end), None)
        for j, i in enumerate(kept)
        if span.start <= i < span.end and text[i].isalnum()
    )
    return labels.most_common(1)[0][0] is not span.label if labels else None


if __name__ == "__main__":
    main()
