"""What a sentence says that another must say too to claim the same: words, numbers, negation, names, sides.

Everything works on text as the tokenizer's normaliser leaves it (letters and digits folded, half-spaces as
blanks), so spelling variants meet here as they do in the encoder. The word lists are data:
``matching_words.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from claimcheck.flags.numerals import numbers

_FILE = Path(__file__).with_name("matching_words.txt")
_WORD = re.compile(r"\d+(?:[.,/]\d+)*|[^\W\d_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_MARKS = ' -!؟?.:؛/+"«»،'
_ENDINGS = ("هایی", "های", "ترین", "ها", "تر", "ان", "ات", "ای", "ی")
_AFFIRMED = {
    "نمی": "می",
    "نیست": "است",
    "نیستند": "هستند",
    "نیستم": "هستم",
    "نیستیم": "هستیم",
    "نیامد": "آمد",
}
_LONG = 4  # letters that must be left of a word when an ending is cut off
_NOT_NAMES = ("verbs", "negative", "denials", "rumour", "about", "opposites")


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence, taken apart.

    Attributes:
        essence: what is left when words about the report are taken out («تکذیب»، «+ عکس»): what is encoded.
        text: the words of the essence, blanks between: what character grams are of.
        words: stems of these words without negation, a number as ``#`` and its value.
        numbers: the values named.
        negated: whether an odd number of verbs is negated.
        rumour: whether the sentence speaks of a rumour («شایعه»، «صحت ندارد»).
        names: (kind, name) of listed names.
        sides: (axis, side) of listed opposites.
    """

    essence: str
    text: str
    words: tuple[str, ...]
    numbers: frozenset[float]
    negated: bool
    rumour: bool
    names: frozenset[tuple[str, str]]
    sides: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The lists of ``matching_words.txt``, normalised. A name or word of several parts is joined by ``_``."""

    verbs: frozenset[str]
    negative: frozenset[str]
    denials: tuple[str, ...]
    rumour: frozenset[str]
    about: frozenset[str]
    sides: dict[str, tuple[int, int]]
    names: dict[str, tuple[str, ...]]
    phrases: frozenset[str]


def read(normalised: str, lexicon: Lexicon) -> Reading:
    """Take a normalised sentence apart."""
    bare, rumour = normalised, False
    for denial in lexicon.denials:
        if denial in bare:
            bare, rumour = bare.replace(denial, " "), True
    found = set(_LETTERS.findall(bare))
    if light := found & (lexicon.about | lexicon.rumour):
        bare = _LETTERS.sub(lambda word: " " if word[0] in light else word[0], bare)
    essence = " ".join(bare.split()).strip(_MARKS)
    if len(essence.split()) < 2:  # nothing but words about a report: then they are what it says
        essence = " ".join(normalised.split())
    plain = _WORD.findall(essence)
    counted, values = numbers(_join(plain, lexicon.phrases))
    return Reading(
        essence,
        " ".join(plain),
        tuple(stem(_affirmed(word, lexicon)) for word in counted),
        frozenset(values),
        sum(_negative(word, lexicon) for word in counted) % 2 == 1,
        rumour or not found.isdisjoint(lexicon.rumour),
        frozenset((kind, word) for word in counted for kind in lexicon.names.get(word, ())),
        frozenset(lexicon.sides[word] for word in counted if word in lexicon.sides),
    )


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The word less one plural, comparative or indefinite ending, where enough is left of it."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LONG:
            return word[: -len(ending)]
    return word


def open_lexicon(normalise: Callable[[str], str]) -> Lexicon:
    """Read ``matching_words.txt`` through ``normalise``, the tokenizer's."""
    sections = _sections()

    def parts(word: str) -> list[str]:
        return _WORD.findall(normalise(word))

    def joined(kind: str) -> list[str]:
        return ["_".join(parts(word)) for line in sections[kind] for word in line.split()]

    def loose(kind: str) -> frozenset[str]:
        """Single words; of those with a half-space the parts that can stand for it."""
        return frozenset(part for word in joined(kind) for part in word.split("_") if len(part) > 2)

    names: dict[str, tuple[str, ...]] = {}
    for kind in sections:
        for word in joined(kind) if kind not in _NOT_NAMES else ():
            names[word] = (*names.get(word, ()), kind)
    sides = {
        "_".join(parts(word)): (axis, side)
        for axis, line in enumerate(sections["opposites"])
        for side, half in enumerate(line.split("|"))
        for word in half.split()
    }
    negative = frozenset(joined("negative"))
    return Lexicon(
        frozenset(part for word in joined("verbs") for part in word.split("_")[:1]),
        negative,
        tuple(" ".join(parts(line)) for line in sections["denials"]),
        loose("rumour"),
        loose("about"),
        sides,
        names,
        frozenset(word for word in (*names, *sides, *negative) if "_" in word),
    )


def _sections() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    kind = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            kind = line.strip("[]")
        elif line:
            sections.setdefault(kind, []).append(line)
    return sections


def _negative(word: str, lexicon: Lexicon) -> bool:
    if word in lexicon.negative:
        return True
    return (word.startswith("ن") and word[1:] in lexicon.verbs) or (
        word.startswith("نمی") and word[3:] in lexicon.verbs
    )


def _affirmed(word: str, lexicon: Lexicon) -> str:
    """The word without its negation, which is counted apart: «نکرد» and «کرد» are one word."""
    if word in _AFFIRMED:
        return _AFFIRMED[word]
    return word.removeprefix("ن") if _negative(word, lexicon) and word not in lexicon.negative else word


def _join(words: list[str], phrases: frozenset[str]) -> list[str]:
    """Neighbours that are one listed word, joined."""
    out: list[str] = []
    for word in words:
        if out and f"{out[-1]}_{word}" in phrases:
            out[-1] = f"{out[-1]}_{word}"
        else:
            out.append(word)
    return out
