"""Sentence ranges on the raw string, for Persian as people type it. Standard library only.

One pass of one pattern stops at every place where a sentence could end: a run of end marks with the
quotes and emoji that belong to it, a line break, an emoji, a bullet. Small rules then decide. Nothing is
rewritten, so offsets are exact; what they look at around a stop is bounded, so time is linear.
"""

from __future__ import annotations

import re

# --- characters -----------------------------------------------------------------------------------------
_LINE = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_HIDDEN = "\u200b-\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff\u0300-\u036f\u064b-\u0652\u0670"
_BLANK = r"[^\S\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
_PERSIAN = "\u0620-\u063f\u0641-\u064a\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdfb\ufe70-\ufefc"
_BULLET = "🔹🔸🔺🔻🔷🔶🔴🔵🟢🟠🟡🟣🔘🔲🔳🔰📌⚪⚫✅☑✔❌✳❇♦◆◇◾◽▪▫■□●○•▶►"
_EMOJI = (
    "\u203c\u2049\u2139\u2190-\u21ff\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934-\u2935\u2b00-\u2bff"
    "\U0001f000-\U0001faff"
)
_JOINED = "\ufe0e\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"  # what continues an emoji
_MARKS = ".!?؟۔…。"
_CLOSING = "»”›)\\]}"  # always closes
_EITHER = "\"'“„’‘"  # opens or closes: closes here when no letter follows

# --- where a sentence could end --------------------------------------------------------------------------
_TAIL = rf"(?:{_BLANK}?[»”›](?!\w)|[{_CLOSING}{_HIDDEN}]|[{_EITHER}](?![\w«(]))"
_FACE = rf"(?:(?![{_BULLET}])[{_EMOJI}][{_JOINED}]*)"
_ANY = re.compile(rf"[{_LINE}{_MARKS}{_BULLET}{_EMOJI}]")  # a bare set is what the engine finds fastest
_STOP = re.compile(
    rf"""
    (?P<line>[{_LINE}]+)
  | (?P<mark>(?:[{_MARKS}]+(?:{_BLANK}\.+(?={_BLANK}|[{_LINE}]|\Z))*)
      (?P<close>{_TAIL}*(?:[{_MARKS}]+{_TAIL}*)*))
    (?P<after>(?:{_BLANK}*{_FACE}+)*)
  | (?P<bullet>[{_BULLET}][{_JOINED}]*)
  | (?P<emoji>{_FACE}(?:{_BLANK}*{_FACE})*)
    """,
    re.VERBOSE,
)

# --- what the rules look at ------------------------------------------------------------------------------
_CONTENT = re.compile(r"[^\W_]")
_VISIBLE = re.compile(rf"[^\s{_HIDDEN}\u0640]")
_ITEM = re.compile(rf"\s*[{_BULLET}]")
_LAST_WORD = re.compile(r"[\w\u200c\u200d.]+\Z")
_NEXT_WORD = re.compile(rf"[\s{_HIDDEN}]*([\w\u200c\u200d]+)")
_PERSIAN_WORD = re.compile(rf"[{_PERSIAN}][{_PERSIAN}\u200c\u0640\u064b-\u0652]*")
_LIST_NUMBER = re.compile(r"[\W_]*(?:\d{1,3}|[^\W\d_])")
# One letter, or letters with dots between: an initial, «ه. ق.», «ج.ا.ا.», U.S.
_INITIALS = re.compile(r"(?:[^\W\d_]\u200d?\.)*[^\W\d_]\u200d?")
_ABBREVIATIONS = frozenset(
    "رک نک صص قس Inc Dr Mr Mrs Ms Prof St vs etc Co Ltd Corp Jr Sr No Vol Fig al pp ed eds Gen Sen Rep".split()  # noqa: SIM905
)
# A finite verb closes a clause: an ellipsis or an emoji after it ends the sentence, elsewhere it hesitates.
_VERB = re.compile(
    r"(?:است|نیست|هست|بود|شد|کرد|دارد|داد|رفت|آمد|گفت|رسید|گرفت|خورد|ماند|شود|کند|باشد|دهد|کنید|کنیم"
    r"|شدم|کردم|دارم|بودم|دیم|[^\W\d_]{2}ند|شده|کرده|بوده|کنه|داره|نداره|می‌?شه|می‌?ره|می‌?کنه)\Z"
)
_CONTINUES = frozenset(
    "و که را ولی اما تا یا هم نیز گفت گفتند نوشت نوشتند پرسید می‌گوید است بود شد خطاب".split()  # noqa: SIM905
)


def split_sentences(text: str, rules: str = "claimcheck") -> list[tuple[int, int]]:
    """Ranges of the sentences of ``text``, as Python indices into it, end exclusive.

    Ranges ascend, are disjoint and begin and end with something other than a blank; every visible
    character is in exactly one. Closing quotes and emoji stay with the sentence they follow; a line break
    always ends one.

    Args:
        text: raw text of any length.
        rules: ``"claimcheck"``, or ``"hazm"`` for the exact boundaries of hazm's ``SentenceTokenizer``.

    Raises:
        TypeError: ``text`` is not a ``str``.
        ValueError: ``rules`` names no rules.

    >>> text = "دکتر م. ر. کاشانی گفت: «هوا خوب است. برف نمی‌بارد.» جلسه تمام شد."
    >>> [text[start:end] for start, end in split_sentences(text)]
    ['دکتر م. ر. کاشانی گفت: «هوا خوب است.', 'برف نمی‌بارد.»', 'جلسه تمام شد.']
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: {text!r:.60}")
    if rules == "hazm":
        return _hazm(text)
    if rules != "claimcheck":
        raise ValueError(f"rules must be 'claimcheck' or 'hazm', got {rules!r}")
    ranges: list[tuple[int, int]] = []
    start = seen = 0
    letter = -1  # where the first letter or digit of this sentence is, looked for up to ``seen``
    end = 0
    for at in _ANY.finditer(text):
        stop = _STOP.match(text, at.start()) if at.start() >= end else None
        if stop is None:
            continue  # inside the stop before
        kind, end = stop.lastgroup, stop.end()
        if kind == "line":
            ends, cut = True, stop.start()
        else:
            if letter < start:
                found = _CONTENT.search(text, max(start, seen), stop.start())
                letter, seen = found.start() if found else -1, stop.start()
            if letter < start:
                continue  # a sentence needs a letter before it can end
            if kind == "bullet":
                ends, cut = _bullet_ends(text, start, stop), stop.start()
            elif kind == "emoji":
                ends, cut = _emoji_ends(text, start, stop), stop.end()
            else:
                ends, cut = _mark_ends(text, start, stop), stop.end()
        if ends:
            _append(text, ranges, start, cut)
            start = cut
    _append(text, ranges, start, len(text))
    return ranges


def _append(text: str, ranges: list[tuple[int, int]], start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if _VISIBLE.search(text, start, end):
        ranges.append((start, end))


def _mark_ends(text: str, start: int, stop: re.Match[str]) -> bool:
    """Whether a run of end marks, with the quotes and emoji after it, ends the sentence."""
    first, end = stop.start(), stop.end()
    marks, close = stop["mark"], stop["close"]
    if end == len(text):
        return True
    glued = not text[end].isspace()
    if text[first - 1] in "([" and close[:1] in (")", "]"):
        return False  # «(؟)» and «(!)» comment on a word
    if marks[0] == "…" or marks.startswith(".."):
        return not glued and _closes_clause(text, start, first) and not _goes_on(text, end)
    if marks == "." or (marks[0] == "." and not glued):
        return _dot_ends(text, start, first, end, glued, bool(close))
    if glued:
        return _PERSIAN_WORD.match(text, end) is not None or text[end] in '«("“-–' or stop["after"] != ""
    return not (close and _goes_on(text, end))


def _dot_ends(text: str, start: int, dot: int, end: int, glued: bool, closed: bool) -> bool:
    """Whether a full stop ends the sentence: not in numbers, links, initials and abbreviations."""
    before = _LAST_WORD.search(text, max(start, dot - 24), dot)
    word = before.group() if before else ""
    if glued and not closed:
        after = _PERSIAN_WORD.match(text, end)
        if text[end].isdigit():
            return not word[-1:].isdigit() and _VERB.search(word) is not None
        if text[end] in '«("“':
            return len(word) > 1
        # «شد.جمله»: two Persian words, neither of them a letter of an initialism
        long = after is not None and len(after.group()) > 1 and len(word.rpartition(".")[2]) > 1
        return long and (word[-1].isdigit() or _PERSIAN_WORD.match(word[-1]) is not None)
    if _INITIALS.fullmatch(word) or word in _ABBREVIATIONS:
        return False
    if closed:
        return not _goes_on(text, end)
    return _LIST_NUMBER.fullmatch(text, start, dot) is None  # «۱. …» is the number of an item


def _bullet_ends(text: str, start: int, stop: re.Match[str]) -> bool:
    """Whether a bullet within a line opens the next item: after another item, or a closed clause."""
    free = text[stop.start() - 1].isspace() and _NEXT_WORD.match(text, stop.end()) is not None
    return free and (_ITEM.match(text, start) is not None or _closes_clause(text, start, stop.start()))


def _emoji_ends(text: str, start: int, stop: re.Match[str]) -> bool:
    """Whether emoji end the sentence: they follow a closed clause, and another begins."""
    if "\U0001f1e6" <= stop["emoji"][0] <= "\U0001f1ff":
        return False  # a flag stands for its country
    return _closes_clause(text, start, stop.start()) and not _goes_on(text, stop.end())


def _closes_clause(text: str, start: int, end: int) -> bool:
    while end > start and text[end - 1].isspace():
        end -= 1
    return _VERB.search(text, max(start, end - 24), end) is not None


def _goes_on(text: str, end: int) -> bool:
    """Whether the next word on the line carries the sentence on («گفت «برو!» و رفت.»)."""
    word = _NEXT_WORD.match(text, end)
    return word is not None and word[1] in _CONTINUES


# hazm 0.10 to 0.12: the pattern of its SentenceTokenizer, and the blank line it cuts at.
_HAZM = re.compile(r"([!.?⸮؟]+)[ \n]+")


def _hazm(text: str) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    start = 0
    for match in [*_HAZM.finditer(text), None]:
        end = match.end(1) if match else len(text)
        while start <= end:
            cut = text.find("\n\n", start, end)
            piece = text[start : cut if cut >= 0 else end]
            if piece.strip():
                at = start + len(piece) - len(piece.lstrip())
                ranges.append((at, at + len(piece.strip())))
            if cut < 0:
                break
            start = cut + 2
        start = match.end() if match else end
    return ranges
