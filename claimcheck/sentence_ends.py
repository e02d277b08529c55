"""Where sentences end in Persian as people type it: one pass, and small rules at each stop.

One character set stops wherever a sentence could end: a line break, an end mark, an emoji, a bracket after
a number or a colon. A rule then says whether it does. It looks at a bounded stretch around its stop, so
time is linear. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from claimcheck.characters import (
    ACCENT,
    BLANK,
    CLOSE,
    DIAMOND,
    EITHER,
    EMOJI,
    FLAG,
    HIDDEN,
    INSIDE,
    JOINED,
    LINE,
    MARK,
    MOOD,
    PERSIAN,
    SIGN,
)

# --- stops and what belongs to them ----------------------------------------------------------------------
# No group is possessive, only single sets: Python before 3.11.5 loses its place in such a group.
_STOP = re.compile(f"[{LINE}{MARK}{EMOJI}()]")  # a bare set is what the engine finds fastest
_PLAIN = re.compile(  # how most sentences end: a word, one mark, and a word or a new line
    rf"(?<=[{PERSIAN}]{{3}})(?<!الف)[.!؟](?= *\n| +[{PERSIAN}])"
)
_TAIL = re.compile(  # more marks, closing quotes, «[۱۲]», «.</b>», «.**», «./»
    rf"(?:[{MARK}{HIDDEN}{ACCENT}]|[{BLANK}]*+[{CLOSE}]|[{BLANK}]++[{MARK}]++(?![\w/])"
    r"|\[\d{1,3}\]|</\w{1,9}>|[/*_~]{1,3}+(?!\w))*"
)
_ADDED = re.compile(rf"\[\d{{1,3}}\]|</\w{{1,9}}>|[/*_~{HIDDEN}{ACCENT}]")  # no mark and no quote
_ELLIPSIS = re.compile(rf"…[.…]*|\.\.+…*|\.(?:[{BLANK}]+\.)+")
_EMOJIS = re.compile(rf"[{EMOJI}{JOINED}]*+(?:[{BLANK}]*+[{EMOJI}][{EMOJI}{JOINED}]*+)*")
_FACES = re.compile(  # emoji that comment, «:))»
    rf"(?:[{BLANK}{HIDDEN}]*+(?:(?![{SIGN}])[{EMOJI}][{EMOJI}{JOINED}]*+|[:;=]-?[()]++(?!\w)))*"
)
_SIGNS, _NO_BULLET = re.compile(f"[{SIGN}]"), re.compile(f"[{MOOD}{FLAG}:;=]")
_MOODS = re.compile(f"[{MOOD}()]")  # «:))» counts as two
_GAP = re.compile(rf"[{BLANK}{HIDDEN}]*+")
EDGE = re.compile(r"[\s\u200c\u200d]*+")  # no joiner begins a sentence
LETTER = re.compile(r"[^\W_\u0640]")

# --- words -----------------------------------------------------------------------------------------------
_LAST = re.compile(rf"[\w{INSIDE}.]+\Z")
_TWO_LETTERS = re.compile(rf"[{PERSIAN}][{INSIDE}]*[{PERSIAN}]")
_INITIAL = re.compile(rf"[^\W\d_][{INSIDE}]*")
_SHORT = re.compile(
    "رک|نک|قس|صص|جج|مج|inc|ltd|co|corp|jr|sr|dr|mr|mrs|ms|prof|st|vs|no|vol|fig|pp|ed|eds|gen|sen|rep|al|ph",
    re.IGNORECASE,
)
_LETTERED = re.compile(  # «گزینهٔ ب.» is no initial
    r"(?:گزینه|ویتامین|گروه|حرف|نوع|کلاس|بلوک|هپاتیت)[ٔی\u200c]*\s+\S\Z"
)
_NUMBER = re.compile(r"(?:\d{1,3}(?:[.\-–]\d{1,3})*|الف|[^\W\d_])\Z")  # of a list item: «۱.», «۱-۲.», «ب)»
_ARTICLE = re.compile(  # «مادهٔ ۳. …» begins as «۳. …» does
    r"(?:ماده|تبصره|بند|اصل|فصل|بخش|جدول|شکل|نمودار|تصویر|مرحله|گام|نکته|پرسش|سؤال|سوال)[ٔی\u200c]*\s+"
)
# Persian puts the verb last: an ellipsis or an emoji after a finite verb ends a sentence; elsewhere the one
# hesitates and the other illustrates.
_VERB = re.compile(
    r"(?<![\w\u200c])(?:ن?می[\u200c ]?\w{2,}(?:\u200c\w+)?"
    r"|ن?(?:شد|کرد|داد|رفت|گفت|زد|گرفت|دید|خورد|ماند|موند|رسید|آمد|یامد|اومد|یومد|برد|آورد|خوند|خرید|خندید|بود|داشت)"
    r"(?:م|ی|یم|ید|ین|ند|ن|ه|ه\u200cا(?:م|ند|ست))?"
    r"|[نب]?(?:دار|کن|ش|شو|باش|ده|خر|رو|ر|گیر|زن|خون|بین)(?:م|ی|د|ه|یم|ید|ین|ند|ن)"
    r"|است|نیست|نیس|هست(?:م|ی|یم|ید|ند|ن)?|بخیر|خوبه|بده|عالیه|عالی|مرسی|ممنون|آفرین|سلام)\s*\Z"
)
_GOES_ON = re.compile(  # carries a clause on
    rf"(?:و|که|را|رو|تا|یا|هم|نیز|است|بود|شد|گفت|گفتند|پرسید|نوشت)(?![\w{INSIDE}])"
)
_SAYS = re.compile(  # what stands before speech, which ends sentences of its own
    r"(?:[:،,.!؟?]|\b(?:گفتم?|گفتند|پرسیدم?|پرسیدند|نوشت|نوشتند|زد|زدند|که|می\u200cگوید|می\u200cپرسد))\s*\Z"
)


def cuts(text: str) -> Iterator[int]:
    """Where the sentences of ``text`` end, ascending, the last at its end; some stretches hold no letter."""
    return _Reader(text).cuts()


class _Reader:
    """One pass over a text, with what the sentence and the line so far tell."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0  # where the sentence being read starts, the blanks before it included
        self.letter = -1  # its first letter or digit, looked for up to ``seen``
        self.seen = 0
        self.item = 0  # number of the last list item on this line
        self.listed = False  # that item opened a sentence
        self.bullet = ""  # the emoji that last opened a sentence on this line
        self.quotes = self.counted = 0  # straight quotes of this line, counted up to ``counted``

    def cuts(self) -> Iterator[int]:
        """Where sentences end, the blanks after them not yet taken off."""
        text, taken = self.text, 0
        for stop in _STOP.finditer(text):
            at = stop.start()
            if at < taken:
                continue  # part of the stop before
            sign = text[at]
            if sign in LINE:
                cut = at + 1
                self.item, self.bullet, self.quotes, self.counted = 0, "", 0, cut
            elif at - self.start > 2 and _PLAIN.match(text, at):
                cut = at + 1
            else:
                if self.letter < 0:
                    found = LETTER.search(text, self.seen, at)
                    self.letter, self.seen = found.start() if found else -1, at
                if sign in "()":
                    cut, taken = self._bracket(at)
                elif sign in MARK:
                    taken = skip(_TAIL, text, at + 1)
                    cut = self._mark(at, taken)
                else:
                    taken = skip(_EMOJIS, text, at)
                    cut = self._emoji(at, taken)
            if cut > self.start:
                yield cut
                self.start, self.letter, self.seen = cut, -1, cut
                taken = max(taken, cut)
        yield len(text)

    def _mark(self, at: int, end: int) -> int:
        """The end of the sentence at the end marks ``[at:end]``; 0 where it goes on."""
        text = self.text
        if self.letter < 0:
            return 0  # a sentence needs a letter before it can end
        gap = skip(_GAP, text, end)
        while gap < len(text) and text[gap] in EITHER and self._closes(end, gap):
            end = skip(_TAIL, text, gap + 1)
            gap = skip(_GAP, text, end)
        if gap < len(text) and text[gap] not in LINE:
            if text[at] == "." and end - at == 1 and not text[end].isdecimal():
                number = self._number(at)
                if number is not None:
                    return number
            if text[at - 1].isspace() and text[skip(EDGE, text, self.start)] == "." and text[end].isalnum():
                return at  # typed from the wrong side, «.هوا سرد است .برف می‌بارد»: the dot opens
            if not self._ends(at, end, gap):
                return 0
            if text[gap].isalnum():
                return end
        return skip(_FACES, text, end)

    def _closes(self, end: int, at: int) -> bool:
        """Whether the quote at ``at``, of a kind that opens or closes, closes what ends at ``end``."""
        text = self.text
        word_follows = text[at + 1 : at + 2].isalnum()
        if at == end and not word_follows:
            return True
        if text[at] != '"' or (word_follows and at > end):
            return False
        self.quotes += text.count('"', self.counted, at)
        self.counted = at
        return self.quotes % 2 == 1

    def _ends(self, at: int, end: int, gap: int) -> bool:
        """Whether the marks ``[at:end]`` end the sentence, something at ``gap`` being next on the line."""
        text = self.text
        tail = _ADDED.sub("", text[at:end])
        marks = tail.rstrip(f"{CLOSE}{EITHER} ")
        closed = marks != tail
        glued = gap == end and text[gap].isalnum()
        if (text[gap] in "،,؛;:" and skip(_FACES, text, gap) == gap) or (closed and text[at - 1] in "(["):
            return False  # «(!)» comments on a word, «[…]» leaves some out
        if not closed and any(sign in CLOSE or sign in EITHER for sign in marks):
            return True  # «!».» has the last word
        if _ELLIPSIS.fullmatch(marks):
            if not closed:
                told = text.count(" ", max(self.start, at - 50), at) > 2 or skip(_FACES, text, gap) > gap
                return gap > end and told and self._clause_ends(at) and not _GOES_ON.match(text, gap)
        elif marks in (".", "۔", "．"):
            if not (self._glued_dot_ends(at) if glued and end == at + 1 else self._dot_ends(at, gap)):
                return False
        elif glued and (self._linked(at) or (text[at - 1].isascii() and text[gap].isascii())):
            return False  # a query, «a!=b»
        return not (closed and (_GOES_ON.match(text, gap) or self._embedded(at, end)))

    def _dot_ends(self, at: int, gap: int) -> bool:
        """Whether a full stop before a blank or a sign ends the sentence: not in «م. ر.», «رک.», «Dr.»."""
        word = self._word_before(at)
        last = word.rpartition(".")[2]
        if not _INITIAL.fullmatch(last):
            return not _SHORT.fullmatch(last)
        if last.isascii() and last == word:  # «ویتامین C. این …», but J. Smith
            return not self.text[gap].isascii()
        return _LETTERED.search(self.text, max(self.start, at - 24), at) is not None

    def _glued_dot_ends(self, at: int) -> bool:
        """Whether a full stop between two words ends the sentence: «شد.جمله», not ۳.۵, «آ.د.ک», a.ir."""
        text, after = self.text, self.text[at + 1]
        last = self._word_before(at).rpartition(".")[2]
        persian = _TWO_LETTERS.search(last) is not None
        if after.isdecimal():
            ends = persian
        elif after.isascii():  # «شد.Apple», but «گزارش.pdf», Node.js and .NET
            ends = persian and after.isupper() and text[at + 2 : at + 3].islower()
        elif last:
            wordy = _TWO_LETTERS.match(text, at + 1) is not None or text[at + 1 : at + 3] == "و "
            ends = wordy and (persian or last[-1].isdecimal() or (last.isascii() and len(last) > 1))
        else:
            ends = True  # «شد .بعد»
        return ends and not _SHORT.fullmatch(last) and not self._linked(at)

    def _bracket(self, at: int) -> tuple[int, int]:
        """What ``_mark`` gives, for a bracket: that of «۱)» or of «:)»; and where the smiley ends."""
        text = self.text
        eyes = at - 2 if text[at - 1] == "-" else at - 1
        end = skip(_FACES, text, eyes) if eyes >= self.start else eyes
        if end > at:
            return self._emoji(eyes, end), end
        return (self._number(at) or 0) if text[at] == ")" else 0, 0

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
        if _ARTICLE.fullmatch(text, self.letter, here):
            return 0
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
        gap = skip(_GAP, text, end)
        if gap == len(text) or not (text[gap].isalnum() or text[gap] in '#@«("['):
            return 0  # a mark, a line break or the end of the text will tell
        clause = self._clause_ends(at)
        if _SIGNS.match(text, at) or first == self.bullet:
            opens = clause or first in DIAMOND or first == self.bullet
            return at if opens and text[at - 1].isspace() else 0
        opening = _SIGNS.search(text, at, end)
        cut = opening.start() if opening else end
        ends = clause or len(_MOODS.findall(text, at, min(cut, at + 40))) > 1
        return cut if ends and not _GOES_ON.match(text, gap) else 0

    def _clause_ends(self, at: int) -> bool:
        return _VERB.search(self.text, max(self.start, at - 24), at) is not None

    def _word_before(self, at: int) -> str:
        found = _LAST.search(self.text, max(self.start, at - 24), at)
        return found.group() if found else ""

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
        """Whether a link, an address or a name of a channel stands before ``at``."""
        token = self.text[max(self.start, at - 200) : at].rsplit(None, 1)[-1:]
        return bool(token) and any(sign in token[0] for sign in ("://", "www.", "@"))


def skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    """The end of a pattern that matches everywhere, if only nothing."""
    return pattern.match(text, at).end()  # type: ignore[union-attr]
