"""The numbers that a sentence names, in digits or in words: «۱۲٬۵۰۰», «دو میلیون», «بیست و پنج», «یک‌سوم»."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ROWS = {  # the words of each row stand for equal steps from its first value
    (0, 1): "صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده",
    (20, 10): "بیست سی چهل پنجاه شصت هفتاد هشتاد نود",
    (100, 100): "صد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد",
    (6, 1): "شیش",
    (15, 1): "پونزده شونزده هیوده هیجده",
}
_WORDS = {
    word: float(first + step * i)
    for (first, step), row in _ROWS.items()
    for i, word in enumerate(row.split())
}
_SCALES = {"هزار": 1e3, "میلیون": 1e6, "ملیون": 1e6, "میلیارد": 1e9, "ملیارد": 1e9, "تریلیون": 1e12}
_PARTS = {"نیم": 0.5, "نیمی": 0.5, "نصف": 0.5}
_ORDINAL_ROW = "دوم سوم چهارم پنجم ششم هفتم هشتم نهم دهم"
_ORDINALS = {word: float(value) for value, word in enumerate(_ORDINAL_ROW.split(), 2)}
_NUMBER = re.compile(r"\d+(?:[.,/]\d+)*")
_NOT_COUNTED = ("ها", "هاست")  # «ده‌ها» says no number
_ARTICLE = ("یک", "نه")  # «یک» is an article, «نه» a no, unless more follows


def digits(token: str) -> list[float]:
    """What a token of digits says: «250,000» one number, «3/5» and «3.5» the same one, «1402/5/12» three."""
    first, *rest = re.split("[.,/]", token)
    if rest and all(len(group) == 3 for group in rest) and len(first) <= 3 and first != "0":
        return [float(first + "".join(rest))]
    if len(rest) == 1 and "," not in token:
        return [float(f"{first}.{rest[0]}")]
    return [float(group) for group in (first, *rest)]


def numbers(words: Sequence[str]) -> tuple[list[str], list[float]]:
    """Take the numbers out of normalised ``words``.

    Returns:
        The words with every number replaced by ``#`` and its value, and the values.

    >>> numbers("بیست و پنج هزار نفر".split())
    (['#25000', 'نفر'], [25000.0])
    """
    out: list[str] = []
    found: list[float] = []
    at = 0
    while at < len(words):
        values, after = _read(words, at)
        if not values:
            out.append(words[at])
            after = at + 1
        out += [f"#{value:.12g}" for value in values]
        found += values
        at = after
    return out, found


def _read(words: Sequence[str], at: int) -> tuple[list[float], int]:
    """The numbers that begin at ``at`` (none, or one but for dates) and the index behind them."""
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    if _NUMBER.fullmatch(word):
        values = digits(word)
        if len(values) > 1 or following not in _SCALES:
            return values, at + 1
        return _sum(words, at + 1, values[0])
    if following in _NOT_COUNTED:
        return [], at
    if word in _PARTS or word in _ORDINALS:
        return [_PARTS.get(word, _ORDINALS.get(word, 0.0))], at + 1
    if word in _SCALES:
        return _sum(words, at, 1.0)
    if word not in _WORDS or (word in _ARTICLE and following not in _SCALES):
        return [], at
    return _sum(words, at + 1, _WORDS[word])


def _sum(words: Sequence[str], at: int, part: float) -> tuple[list[float], int]:
    """Go on with a number whose first part is read: scales multiply, «و» and a number word add."""
    total = 0.0
    while at < len(words):
        word = words[at]
        if word in _SCALES:
            total, part = total + part * _SCALES[word], 0.0
        elif word == "و" and at + 1 < len(words) and words[at + 1] in _WORDS and words[at + 1] != "نه":
            at += 1
            part += _WORDS[words[at]]
        else:
            break
        at += 1
    return [total + part], at
