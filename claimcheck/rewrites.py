"""Persian text typed otherwise: rewrites under which no label may change, as edits, so that offsets follow.

Standard library only, but for ``hazm_normalised``. Each takes a text and a random generator and yields edits
``(start, end, replacement)``, ascending and disjoint.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache

from claimcheck.sentences import split_sentences

Edit = tuple[int, int, str]
Rewrite = Callable[[str, random.Random], Iterable[Edit]]

_DIGITS = ("0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩")
_PUNCTUATION = re.compile(r"(?<!\d)[.,،؛:!؟?…«»\"()\[\]\-–](?!\d)")
_WORD = re.compile("[\u0620-\u063f\u0641-\u064a\u067e-\u06d3]{4,}")
_LETTER = re.compile("[\u0620-\u063f\u0641-\u064a\u067e-\u06d3]")
_ENGLISH = ("ok", "update", "online", "PDF", "vs", "live", "VIP")
_SPOKEN = """
    می‌شود=میشه نمی‌شود=نمیشه می‌شوند=میشن می‌شوم=میشم می‌شویم=میشیم شود=بشه شوند=بشن شدند=شدن
    می‌کند=می‌کنه نمی‌کند=نمی‌کنه می‌کنند=می‌کنن نمی‌کنند=نمی‌کنن کند=کنه کنند=کنن کردند=کردن
    می‌گوید=میگه می‌گویند=میگن می‌گویم=میگم بگویید=بگید گفتند=گفتن می‌رود=میره می‌روند=میرن بروید=برید
    می‌آید=میاد می‌آیند=میان بیاید=بیاد می‌خواهد=می‌خواد می‌خواهند=می‌خوان می‌خواهم=می‌خوام می‌خواهیم=می‌خوایم
    می‌تواند=می‌تونه نمی‌تواند=نمی‌تونه می‌توانند=می‌تونن می‌توانیم=می‌تونیم می‌دهد=میده می‌دهند=میدن بدهید=بدید
    می‌داند=می‌دونه می‌دانند=می‌دونن می‌دانم=می‌دونم نمی‌دانم=نمی‌دونم می‌گیرد=می‌گیره می‌رسد=می‌رسه
    دارد=داره ندارد=نداره دارند=دارن ندارند=ندارن هستند=هستن نیستند=نیستن بودند=بودن باشند=باشن
    را=رو آن=اون آنها=اونا آن‌ها=اونا دیگر=دیگه اگر=اگه خانه=خونه نان=نون
"""
_INFORMAL = dict(pair.split("=") for pair in _SPOKEN.split())
_WORDS_TOO = (
    "بودن",
    "شدن",
    "کردن",
    "گفتن",
    "باشن",
    "میان",
    "بشه",
)  # «بودن» is no spoken «بودند» most of the time
_FORMAL = {spoken: written for written, spoken in _INFORMAL.items() if spoken not in _WORDS_TOO}
_TOKEN = re.compile(r"[\w\u200c]+")
_IS = re.compile("(?<=[بپتثجچحخدذرزژسشصضطظعغفقکگلمن])[ ]است(?![\\w\u200c])|(?<=ه)[ ]است(?![\\w\u200c])")


def arabic_letters(text: str, rng: random.Random) -> Iterator[Edit]:
    """«ی» and «ک» as an Arabic keyboard types them."""
    yield from _each("[یک]", text, lambda found: {"ی": "ي", "ک": "ك"}[found])


def half_spaces_left_out(text: str, rng: random.Random) -> Iterator[Edit]:
    """«می‌رود» as «میرود»."""
    yield from _each("\u200c", text, lambda found: "")


def half_spaces_as_blanks(text: str, rng: random.Random) -> Iterator[Edit]:
    """«می‌رود» as «می رود»."""
    yield from _each("\u200c", text, lambda found: " ")


def diacritics(text: str, rng: random.Random) -> Iterator[Edit]:
    """A short vowel on every fifth letter."""
    for match in _LETTER.finditer(text):
        if rng.random() < 0.2:
            yield match.end(), match.end(), rng.choice("\u064e\u064f\u0650\u0651")


def digits(text: str, rng: random.Random) -> Iterator[Edit]:
    """Every number in another of three scripts: ASCII, Persian, Arabic."""
    for match in re.finditer("|".join(f"[{script}]+" for script in _DIGITS), text):
        now = next(script for script in _DIGITS if match.group()[0] in script)
        to = rng.choice([script for script in _DIGITS if script is not now])
        yield *match.span(), match.group().translate(str.maketrans(now, to))


def hazm_normalised(text: str, rng: random.Random) -> Iterator[Edit]:
    """What hazm's ``Normalizer`` makes of each sentence.

    Raises:
        ImportError: hazm is not installed.
    """
    normalize = _hazm()
    for start, end in split_sentences(text):
        old, new = text[start:end], normalize(text[start:end])
        for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield start + a, start + b, new[c:d]


def informal(text: str, rng: random.Random) -> Iterator[Edit]:
    """Verbs and small words as they are spoken: «می‌شود» as «میشه», «خوب است» as «خوبه»."""
    edits = [
        (*match.span(), _INFORMAL[match.group()])
        for match in _TOKEN.finditer(text)
        if match.group() in _INFORMAL
    ]
    edits += [(*match.span(), "" if text[match.start() - 1] == "ه" else "ه") for match in _IS.finditer(text)]
    yield from sorted(edits)


def formal(text: str, rng: random.Random) -> Iterator[Edit]:
    """Spoken forms as they are written: «میشه» as «می‌شود»."""
    for match in _TOKEN.finditer(text):
        if match.group() in _FORMAL:
            yield *match.span(), _FORMAL[match.group()]


def doubled_letters(text: str, rng: random.Random) -> Iterator[Edit]:
    """A letter inside every tenth word typed twice."""
    for match in _WORD.finditer(text):
        if rng.random() < 0.1:
            at = rng.randrange(match.start() + 1, match.end() - 1)
            yield at, at, text[at]


def no_punctuation(text: str, rng: random.Random) -> Iterator[Edit]:
    """All marks left out, but those inside numbers."""
    yield from ((*match.span(), "") for match in _PUNCTUATION.finditer(text))


def elongation(text: str, rng: random.Random) -> Iterator[Edit]:
    """Every tenth word drawn out, by its last letter («خیلییی») or by tatweel («خیـــلی»)."""
    for match in _WORD.finditer(text):
        if rng.random() < 0.1:
            if rng.random() < 0.5:
                yield match.end(), match.end(), 3 * text[match.end() - 1]
            else:
                yield match.start() + 2, match.start() + 2, "ـــ"


def english_and_hashtags(text: str, rng: random.Random) -> Iterator[Edit]:
    """Every tenth word a hashtag, an English word behind every twentieth."""
    for match in _WORD.finditer(text):
        if text[match.start() - 1 : match.start()] in ("", " ") and (drawn := rng.random()) < 0.15:
            if drawn < 0.1:
                yield match.start(), match.start() + 1, "#" + text[match.start()]
            elif text[match.end() : match.end() + 1] == " ":
                yield match.end(), match.end(), " " + rng.choice(_ENGLISH)


def apply(text: str, edits: Iterable[Edit]) -> tuple[str, Callable[[int, int], tuple[int, int]]]:
    """The text with the edits made, and where a range of the old one stands in it.

    A range takes what was put in place of any character of it, and what was put in where it ends.

    >>> new, place = apply("می‌رود", [(2, 3, "")])
    >>> new, place(0, 6)
    ('میرود', (0, 5))
    """
    pieces, done, shift = [], 0, 0
    starts, olds, shifts = [], [], [0]
    for start, end, put in edits:
        if start < done:
            raise ValueError(f"edits overlap or are out of order at {start}")
        pieces += [text[done:start], put]
        shift += len(put) - (end - start)
        starts.append(start)
        olds.append(end)
        shifts.append(shift)
        done = end
    pieces.append(text[done:])
    return "".join(pieces), lambda start, end: (
        _place(start, starts, olds, shifts, opens=True),
        _place(end, starts, olds, shifts, opens=False),
    )


def _place(at: int, starts: Sequence[int], ends: Sequence[int], shifts: Sequence[int], opens: bool) -> int:
    edit = bisect_right(starts, at) - 1
    if edit < 0:
        return at
    if at < ends[edit] and opens:
        return starts[edit] + shifts[edit]
    if at == starts[edit] < ends[edit]:  # a range that ends where something is replaced
        return at + shifts[edit]
    return max(at, ends[edit]) + shifts[edit + 1]


@cache
def _hazm() -> Callable[[str], str]:
    try:
        from hazm import Normalizer
    except ImportError as error:
        raise ImportError(f"{error}; this rewrite needs hazm: pip install hazm") from error
    normalize: Callable[[str], str] = Normalizer().normalize
    return normalize


def _each(pattern: str, text: str, put: Callable[[str], str]) -> Iterator[Edit]:
    for match in re.finditer(pattern, text):
        yield *match.span(), put(match.group())
