"""Sentence ranges on the raw string, for Persian as people type it. Standard library only.

One pass of one character set stops wherever a sentence could end: a line break, an end mark, an emoji, a
bracket after a number. Small rules then say whether it does. Nothing is rewritten, so offsets are exact;
a rule looks at a bounded stretch around its stop, so time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import category

# --- characters, as they stand inside [...] --------------------------------------------------------------
_LINE = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_BLANK = "\t\x1f \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_HIDDEN = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # takes no room
_ACCENT = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\ufe00-\ufe0f"
_INSIDE = _ACCENT + "\u0640\u200c\u200d"  # stands within a word: accents, tatweel, joiners
_PERSIAN = "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc"
_MARK = ".!?؟؞⸮…۔。．｡！？‼⁇⁈⁉‽❓❔❕❗"
_CLOSE = "»›”’)]}〉》」』"
_EITHER = "\"'“„‘‟"  # opens or closes
_EMOJI = "•‣\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\U0001f000-\U0001faff"
_JOINED = "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f"  # goes on with the emoji before it
_DIAMOND = "🔹🔸🔷🔶"  # never anything but a bullet
_SIGN = (
    _DIAMOND + "•‣▪▫◾◽◼◻⬛⬜■□●○◆◇♦►▶🔺🔻🔴🔵🟢🟠🟡🟣🔘🔳🔲🔰✅☑✔❇✳⭕📌📍"
    "🚨📢📣🔔🔗👇👈📊📈📉🎥📹📷📸🗣⚠"
)  # opens an item; other emoji comment on what stands before
_MOOD = (
    "\U0001f600-\U0001f64f\U0001f910-\U0001f92f\U0001f970-\U0001f97a💔-💟❤♥🖤🤍🤎🧡"
    "👍👎👏👌💪🤝🌹🌸💐🎉🎊🔥💯✨"
)  # two of these end a clause; a car or a flag may stand for a word

# --- stops and what belongs to them ----------------------------------------------------------------------
_STOP = re.compile(f"[{_LINE}{_MARK}{_EMOJI})]")  # a bare set is what the engine finds fastest
_TAIL = re.compile(  # more marks, closing quotes, «[۱۲]», «.</b>», «.**», «./»
    rf"(?:[{_MARK}{_HIDDEN}{_ACCENT}]|[{_BLANK}]*+[{re.escape(_CLOSE)}]|[{_BLANK}]++[{_MARK}]++(?![\w/])"
    r"|\[\d{1,3}\]|</\w{1,9}>|[/*_~]{1,3}+(?!\w))*+"
)
_EMOJIS = re.compile(rf"[{_EMOJI}{_JOINED}]*+(?:[{_BLANK}]*+[{_EMOJI}][{_EMOJI}{_JOINED}]*+)*+")
_FACES = re.compile(rf"(?:[{_BLANK}{_HIDDEN}]*+(?![{_SIGN}])[{_EMOJI}][{_EMOJI}{_JOINED}]*+)*+")
_GAP = re.compile(rf"[{_BLANK}{_HIDDEN}]*+")
_EDGE = re.compile(r"[\s\u200c\u200d]*+")  # no joiner begins a sentence
_LETTER = re.compile(r"[^\W_\u0640]")
_BROKEN = re.compile(f"[{_LINE}]")
_OPENING = re.compile(rf"[{_SIGN}«(\[“]")  # on a line of its own, this waits for the next
_NO_BULLET = re.compile(f"[{_MOOD}\U0001f1e6-\U0001f1ff]")
_SOLID = re.compile(rf"[^\s{_HIDDEN}]")
_SEEN = re.compile(rf"[^\s{_HIDDEN}{_ACCENT}\u0640]")
_SIGNS, _MOODS = re.compile(f"[{_SIGN}]"), re.compile(f"[{_MOOD}]")
_ELLIPSIS = re.compile(rf"…[.…]*|\.\.+…*|\.(?:[{_BLANK}]+\.)+")
_ADDED = re.compile(rf"\[\d{{1,3}}\]|</\w{{1,9}}>|[/*_~{_HIDDEN}{_ACCENT}]")  # after a mark, no part of it

# --- words -----------------------------------------------------------------------------------------------
_NEXT = re.compile(rf"[\w{_INSIDE}]+")
_LAST = re.compile(rf"[\w{_INSIDE}.]+\Z")
_TWO_LETTERS = re.compile(rf"[{_PERSIAN}][{_INSIDE}]*[{_PERSIAN}]")
_INITIAL = re.compile(rf"[^\W\d_][{_INSIDE}]*")
_SHORT = frozenset(
    "رک نک قس صص جج مج inc ltd co corp jr sr dr mr mrs ms prof st vs no vol fig pp ed eds gen sen rep al ph".split(" ")
)
_LETTERED = re.compile(r"(?:گزینه|ویتامین|گروه|حرف|نوع|کلاس|بلوک|هپاتیت)[ٔی\u200c]*\s+\S\Z")  # «گزینهٔ ب.» is no initial
_NUMBER = re.compile(r"(?:\d{1,3}(?:[.\-–]\d{1,3})*|الف|[^\W\d_])\Z")  # of a list item: «۱.», «۱-۲.», «ب)»
# Persian puts the verb last: an ellipsis or an emoji after a finite verb ends a sentence; elsewhere the one
# hesitates and the other illustrates.
_VERB = re.compile(
    r"(?<![\w\u200c])(?:ن?می[\u200c ]?\w{2,}(?:\u200c\w+)?"
    r"|ن?(?:شد|کرد|داد|رفت|گفت|زد|گرفت|دید|خورد|ماند|موند|رسید|آمد|یامد|اومد|یومد|برد|آورد|خوند|خرید|خندید|بود|داشت)"
    r"(?:م|ی|یم|ید|ین|ند|ن|ه|ه\u200cا(?:م|ند|ست))?"
    r"|[نب]?(?:دار|کن|ش|شو|باش|ده|خر|رو|ر|گیر|زن|خون|بین)(?:م|ی|د|ه|یم|ید|ین|ند|ن)"
    r"|است|نیست|نیس|هست(?:م|ی|یم|ید|ند|ن)?|بخیر|خوبه|بده|عالیه|عالی|مرسی|ممنون|آفرین|سلام)\s*\Z"
)
_ON = frozenset("و که را رو تا یا هم نیز است بود شد گفت گفتند پرسید نوشت".split(" "))  # carries a clause on
_SAYS = re.compile(r"(?:[:،,.!؟?]|\b(?:گفتم?|گفتند|پرسیدم?|پرسیدند|نوشت|نوشتند|زد|زدند|که|می\u200cگوید|می\u200cپرسد))\s*\Z")


def split_sentences(text: str, rules: str = "claimcheck") -> list[tuple[int, int]]:
    """Ranges of the sentences of ``text``, as Python indices into it, end exclusive.

    Ranges ascend, are disjoint and trimmed of outer blanks, and every visible character is in exactly one.
    Closing quotes and emoji stay with the sentence that they follow; a line break ends a sentence; signs
    that stand alone join a neighbour.

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
        return list(_hazm(text))
    if rules != "claimcheck":
        raise ValueError(f"rules must be 'claimcheck' or 'hazm', got {rules!r}")
    return _join(text, _pieces(text, _Reader(text).cuts()))


class _Reader:
    """One pass over a text, with what the line so far tells."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0  # where the sentence being read starts, the blanks before it included
        self.letter = -1  # its first letter or digit, looked for up to ``seen``
        self.seen = 0
        self.item = 0  # number of the last list item on this line
        self.listed = False  # that item opened a sentence
        self.bullet = ""  # the emoji that last opened a sentence on this line
        self.quotes = self.counted = 0  # straight quotes of this line, counted up to ``counted``

    def cuts(self) -> list[int]:
        """Where sentences end, the blanks after them not yet taken off."""
        text, cuts, taken = self.text, [], 0
        for stop in _STOP.finditer(text):
            at = stop.start()
            if at < taken:
                continue  # part of the stop before
            sign = text[at]
            if sign in _LINE:
                cut = at + 1
                self.item, self.bullet, self.quotes, self.counted = 0, "", 0, cut
            else:
                if self.letter < 0:
                    found = _LETTER.search(text, self.seen, at)
                    self.letter, self.seen = found.start() if found else -1, at
                if sign == ")":
                    cut = self._number(at) or 0
                elif sign in _MARK:
                    taken = _skip(_TAIL, text, at + 1)
                    cut = self._mark(at, taken)
                else:
                    taken = _skip(_EMOJIS, text, at)
                    cut = self._emoji(at, taken)
            if cut > self.start:
                cuts.append(cut)
                self.start, self.letter, self.seen = cut, -1, cut
                taken = max(taken, cut)
        cuts.append(len(text))
        return cuts

    def _mark(self, at: int, end: int) -> int:
        """The end of the sentence at the end marks ``[at:end]``; 0 where it goes on."""
        text = self.text
        if self.letter < 0:
            return 0  # a sentence needs a letter before it can end
        gap = _skip(_GAP, text, end)
        while gap < len(text) and text[gap] in _EITHER and self._closes(end, gap):
            end = _skip(_TAIL, text, gap + 1)
            gap = _skip(_GAP, text, end)
        if gap < len(text) and text[gap] not in _LINE:
            if text[at] == "." and end - at == 1 and not text[end].isdecimal():
                number = self._number(at)
                if number is not None:
                    return number
            if text[at - 1].isspace() and text[_skip(_EDGE, text, self.start)] == "." and text[end].isalnum():
                return at  # typed from the wrong side, «.هوا سرد است .برف می‌بارد»: the dot opens
            if not self._ends(at, end, gap):
                return 0
            if text[gap].isalnum():
                return end
        return _skip(_FACES, text, end)

    def _closes(self, end: int, at: int) -> bool:
        """Whether the quote at ``at``, of a kind that opens or closes, closes what ends at ``end``."""
        text = self.text
        word_follows = text[at + 1 : at + 2].isalnum()
        if at == end and not word_follows:
            return True
        if text[at] != '"' or word_follows and at > end:
            return False
        self.quotes += text.count('"', self.counted, at)
        self.counted = at
        return self.quotes % 2 == 1

    def _ends(self, at: int, end: int, gap: int) -> bool:
        """Whether the end marks ``[at:end]`` end the sentence, something at ``gap`` being next on the line."""
        text = self.text
        tail = text[at:end] if end - at == 1 else _ADDED.sub("", text[at:end])
        closed = tail[-1] not in _MARK
        marks = tail.rstrip(f"{_CLOSE}{_EITHER} ") if closed else tail
        if text[gap] in "،,؛;:" or (closed and text[at - 1] in "(["):
            return False  # «(!)» comments on a word, «[…]» leaves some out
        if not closed and any(sign in _CLOSE or sign in _EITHER for sign in marks):
            return True  # «!».» has the last word
        if _ELLIPSIS.fullmatch(marks):
            if not closed:
                started = text.count(" ", max(self.start, at - 50), at) > 2
                return gap > end and started and self._clause_ends(at) and not self._goes_on(gap)
        elif marks in (".", "۔", "．"):
            if not (self._glued_dot_ends if gap == at + 1 and text[gap].isalnum() else self._dot_ends)(at, gap):
                return False
        elif gap == end and text[gap].isalnum() and (text[at - 1].isascii() and text[gap].isascii() or self._linked(at)):
            return False  # a query, «a!=b»
        return not (closed and (self._goes_on(gap) or self._embedded(at, end)))

    def _dot_ends(self, at: int, gap: int) -> bool:
        """Whether a full stop before a blank or a sign ends the sentence: not in initials and abbreviations."""
        found = _LAST.search(self.text, max(self.start, at - 24), at)
        word = found.group() if found else ""
        last = word.rpartition(".")[2]
        if not _INITIAL.fullmatch(last):
            return last.lower() not in _SHORT
        if last.isascii() and last == word:  # «ویتامین C. این …», but J. Smith
            return not self.text[gap].isascii()
        return _LETTERED.search(self.text, max(self.start, at - 24), at) is not None

    def _glued_dot_ends(self, at: int, gap: int) -> bool:
        """Whether a full stop between two words ends the sentence: «شد.جمله», not ۳.۵, «آ.د.ک», example.ir."""
        text, after = self.text, self.text[gap]
        found = _LAST.search(text, max(self.start, at - 24), at)
        last = found.group().rpartition(".")[2] if found else ""
        persian = _TWO_LETTERS.search(last) is not None
        if after.isdecimal():
            ends = persian
        elif after.isascii():  # «شد.Apple», but «گزارش.pdf», Node.js and .NET
            ends = persian and after.isupper() and text[gap + 1 : gap + 2].islower()
        elif last:
            wordy = _TWO_LETTERS.match(text, gap) is not None or text[gap : gap + 2] == "و "
            ends = wordy and (persian or last[-1].isdecimal() or (last.isascii() and len(last) > 1))
        else:
            ends = True  # «شد .بعد»
        return ends and last.lower() not in _SHORT and not self._linked(at)

    def _number(self, at: int) -> int | None:
        """What the number before ``at`` does as the number of a list item: 0 where the item has begun with
        it, where to cut before it, and ``None`` where it is no such number."""
        text = self.text
        found = _NUMBER.search(text, max(self.start, at - 12), at)
        if not found:
            return None
        here, number = found.start(), int(found[0]) if found[0].isdecimal() else 0
        if self.letter >= here or self.letter < 0:
            if text[self.start - 1 : self.start] in ("؟", "?") and number not in (0, 1, self.item + 1):
                return None  # it answers the question
            self.item, self.listed = number, True
            return 0
        if number == 0 or not text[here - 1].isspace():
            return None
        if text[max(self.start, here - 3) : here].rstrip()[-1:] in (":", "،", "؛"):
            self.item, self.listed = number, False
            return 0
        if number != self.item + 1 or self.item == 0:
            return None
        self.item = number
        return here if self.listed else 0

    def _emoji(self, at: int, end: int) -> int:
        """The end of the sentence at the emoji ``[at:end]``; 0 where it goes on."""
        text, first = self.text, self.text[at]
        if self.letter < 0:
            if not _NO_BULLET.match(first):
                self.bullet = first
            return 0
        gap = _skip(_GAP, text, end)
        if gap == len(text) or not (text[gap].isalnum() or text[gap] in "#@«(\"["):
            return 0  # a mark, a line break or the end of the text will tell
        sign = _SIGNS.match(text, at) or first == self.bullet
        clause = self._clause_ends(at)
        if sign:
            return at if text[at - 1].isspace() and (clause or first in _DIAMOND or first == self.bullet) else 0
        opening = _SIGNS.search(text, at, end)
        cut = opening.start() if opening else end
        ends = clause or len(_MOODS.findall(text, at, min(cut, at + 40))) > 1
        return cut if ends and not self._goes_on(gap) else 0

    def _clause_ends(self, at: int) -> bool:
        return _VERB.search(self.text, max(self.start, at - 24), at) is not None

    def _goes_on(self, at: int) -> bool:
        word = _NEXT.match(self.text, at)
        return word is not None and word.group() in _ON

    def _embedded(self, at: int, end: int) -> bool:
        """Whether the bracket or quote that closes is a remark or a title within the clause around it."""
        text = self.text
        if text.find(")", at, end) > 0:
            if text[at] == "." and self._clause_ends(at):
                return False
            opening = text.rfind("(", max(self.start, at - 300), at)
        elif text[at] not in ".…" and text.find("»", at, end) > 0:
            opening = text.rfind("«", max(self.start, at - 60), at)
        else:
            return False
        return self.letter < opening and not _SAYS.search(text, max(self.start, opening - 16), opening)

    def _linked(self, at: int) -> bool:
        token = self.text[max(self.start, at - 200) : at].rsplit(None, 1)[-1:]
        return bool(token) and any(sign in token[0] for sign in ("://", "www.", "@"))


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    """The end of a pattern that matches everywhere, if only nothing."""
    return pattern.match(text, at).end()  # type: ignore[union-attr]


def _pieces(text: str, cuts: list[int]) -> Iterator[tuple[int, int]]:
    """What stands between cuts, trimmed; a mark that combines goes to the piece before it."""
    last = 0
    for cut in cuts:
        start, end = _skip(_EDGE, text, last), cut
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end:
            yield start, end
        last = cut


def _join(text: str, pieces: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentences: a piece without a letter joins the one before it, a bullet or an opening quote the next."""
    ranges: list[tuple[int, int]] = []
    waiting = -1  # start of signs that wait for a sentence
    for start, end in pieces:
        while ranges and waiting < 0 and start < end and category(text[start])[0] == "M":
            start += 1
            ranges[-1] = (ranges[-1][0], start)
        if _LETTER.search(text, start, end):
            ranges.append((start if waiting < 0 else waiting, end))
            waiting = -1
        elif not _SOLID.search(text, start, end):
            continue
        elif waiting >= 0:
            ends = end
        elif not ranges or (_BROKEN.search(text, ranges[-1][1], start) and _OPENING.match(text, start)):
            waiting, ends = start, end
        else:
            ranges[-1] = (ranges[-1][0], end)
    if waiting >= 0 and ranges:
        ranges[-1] = (ranges[-1][0], ends)
    elif waiting >= 0 and _SEEN.search(text, waiting, ends):
        ranges.append((waiting, ends))
    return ranges


_HAZM = re.compile(r"(?<=[!.?⸮؟])[ \n]+|\n\n")  # what hazm 0.10 to 0.12 turns into a blank line, and one


def _hazm(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end, following in [*(match.span() for match in _HAZM.finditer(text)), (len(text), 0)]:
        piece = text[start:end]
        first = start + len(piece) - len(piece.lstrip())
        if piece := piece.strip():
            yield first, first + len(piece)
        start = following
