"""What fact-checkers write as their rating, as one of five verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """Of a fact-check. ``other``: there is no rating, or none that is known."""

    TRUE = "true"
    FALSE = "false"
    MISLEADING = "misleading"
    UNPROVEN = "unproven"
    OTHER = "other"


# The first that is found decides: «نیمه درست» before «درست», «not true» before «true».
_SIGNS = (
    (
        Verdict.MISLEADING,
        "half true|half false|partly|partial|mostly false|mixture|mixed|mislead|missing context|out of context|"
        "exaggerat|cherry|distort|altered|manipulat|نیمه|تا حدی|تاحدی|گمراه|اغراق|بزرگنمایی|بزرگ نمایی|ناقص|تحریف|"
        "بدون زمینه|خارج از زمینه|بخشی|ترکیبی|دستکاری|شیطنت",
    ),
    (
        Verdict.UNPROVEN,
        "unproven|unverified|unsupported|not proven|no evidence|inconclusive|undetermined|unconfirmed|research in|"
        "unclear|unsubstantiated|disputed|اثبات نشده|اثبات نشد|ثابت نشده|تایید نشده|نامشخص|نامعلوم|بدون سند|بی سند|"
        "بدون مدرک|قابل اثبات نیست|غیرقابل اثبات|غیر قابل اثبات|غیرقابل راستی|مبهم|در دست بررسی|شواهد کافی",
    ),
    (
        Verdict.FALSE,
        "not true|untrue|incorrect|inaccurate|false|fake|hoax|pants on fire|wrong|fabricat|debunk|fiction|scam|lie|"
        "نادرست|غلط|دروغ|کذب|جعلی|ساختگی|شایعه|شاخدار|شاخ دار|خلاف واقع|صحت ندارد|واقعیت ندارد|درست نیست|"
        "غیرواقعی|غیر واقعی|تکذیب|بی اساس|بی پایه|رد شد|باطل",
    ),
    (
        Verdict.TRUE,
        "true|correct|accurate|fact|confirmed|verified|legit|درست|صحیح|راست|حقیقت|واقعی|واقعیت|تایید|معتبر|صحت دارد",
    ),
)
_PATTERNS = tuple((verdict, re.compile(rf"(?<!\w)(?:{signs})")) for verdict, signs in _SIGNS)
_MARKS = re.compile("[\u064b-\u065f\u0670\u0640]")
_LETTERS = str.maketrans("يىكةأإؤ\u200c_-", "ییکهااو   ")


def verdict_of(rating: str | None) -> Verdict:
    """The verdict a rating in words stands for, English or Persian.

    >>> verdict_of("Mostly True"), verdict_of("نیمه درست"), verdict_of("تأیید نشده")
    (<Verdict.TRUE: 'true'>, <Verdict.MISLEADING: 'misleading'>, <Verdict.UNPROVEN: 'unproven'>)
    """
    plain = _MARKS.sub("", rating or "").translate(_LETTERS).casefold()
    plain = " ".join(plain.split())
    return next((verdict for verdict, signs in _PATTERNS if signs.search(plain)), Verdict.OTHER)


def verdict_of_review(rating: Mapping[str, Any]) -> Verdict:
    """The verdict of a schema.org ``Rating``: its words, or where they say nothing its place on its scale.

    The worst is false, the best true, what lies between misleading (by ClaimReview's convention: 1 is false,
    ``bestRating`` true). A scale without a known best value says nothing.
    """
    words = rating.get("alternateName") or rating.get("name")
    found = verdict_of(words if isinstance(words, str) else None)
    if found is not Verdict.OTHER:
        return found
    value, best = _number(rating.get("ratingValue")), _number(rating.get("bestRating"))
    worst = _number(rating.get("worstRating"))
    worst = 1.0 if worst is None else worst
    if value is None or best is None or best <= worst or not worst <= value <= best:
        return Verdict.OTHER
    place = (value - worst) / (best - worst)
    return Verdict.FALSE if place < 0.25 else Verdict.TRUE if place > 0.75 else Verdict.MISLEADING


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e9 else None
