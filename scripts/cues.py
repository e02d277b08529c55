"""Rumour cues of a file: how well they fit a table, or what they are, to be read.

    python scripts/cues.py tests/cues.tsv
    python scripts/cues.py --sample 300 passages.jsonl

A table (.tsv) has the expected cues with commas between, or «-», a tab and a sentence a line; precision and
recall of each cue are printed. Of JSON lines with a ``text`` (and ``sentences``, as offsets, where it has
them) every cue of a random sample of sentences is printed with its words. The spans are not looked at, as in
``find_cues(text)``.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from pathlib import Path

from claimcheck.flags.cues import find_cues
from claimcheck.sentences import split_sentences


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--sample", type=int, default=0, help="sentences to draw (seed 0); all where left out"
    )
    parser.add_argument("--genre", help="only passages with this genre")
    args = parser.parse_args()
    lines = args.file.read_text("utf-8").splitlines()
    if args.file.suffix == ".tsv":
        measure([line.split("\t") for line in lines])
    else:
        show(sentences(lines, args.genre), args.sample)


def measure(table: list[list[str]]) -> None:
    """Print what was wanted, found and right of every cue."""
    wanted, found, right = Counter[str](), Counter[str](), Counter[str]()
    for names, text in table:
        one, two = set(names.split(",")) - {"-"}, {cue.name for cue in find_cues(text)}
        wanted.update(one)
        found.update(two)
        right.update(one & two)
    print(f"{'cue':<24}{'wanted':>7}{'found':>7}{'precision':>11}{'recall':>8}")
    for name in [*sorted(wanted | found), None]:
        w, f, r = (count[name] if name else count.total() for count in (wanted, found, right))
        print(f"{name or 'all':<24}{w:>7}{f:>7}{r / max(f, 1):>11.3f}{r / max(w, 1):>8.3f}")
    clean = sum(names == "-" for names, _ in table)
    print(f"{len(table)} sentences, {clean} of them near misses")


def sentences(lines: list[str], genre: str | None) -> list[str]:
    """The sentences of all passages, in order."""
    out: list[str] = []
    for row in map(json.loads, lines):
        if genre in (None, row.get("genre")):
            text = row["text"]
            out += [text[start:end] for start, end in row.get("sentences") or split_sentences(text)]
    return out


def show(rows: list[str], sample: int) -> None:
    """Print each cue with what stands around it, and how many there are of each kind."""
    random.seed(0)
    rows = random.sample(rows, min(sample, len(rows))) if sample else rows
    counts, marked = Counter[str](), 0
    for row in rows:
        cues = find_cues(row)
        marked += bool(cues)
        counts.update(cue.name for cue in cues)
        for cue in cues:
            print(cue.name, cue.text, " ".join(row[max(cue.start - 80, 0) : cue.end + 80].split()), sep="\t")
    print(f"{len(rows)} sentences, {marked} with a cue:", dict(counts))


if __name__ == "__main__":
    main()
