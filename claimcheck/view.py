"""Spans to look at: a page or a notebook cell in HTML, and coloured text for a terminal.

Both are drawn from untrusted text (``untrusted.py``). The page keeps bidirectional controls as typed, but closed;
the terminal view leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path

from claimcheck import untrusted
from claimcheck.span import Attribution, Label, Span, Word

_PERSIAN_DIGITS = str.maketrans("0123456789%", "۰۱۲۳۴۵۶۷۸۹٪")
_NAMES = {
    Label.CLAIM: "ادعا",
    Label.OPINION: "نظر",
    Label.CALL_TO_ACTION: "فراخوان به عمل",
    Label.ATTRIBUTION: "گوینده/نقل",
}
_TAGS = _NAMES | {Label.CALL_TO_ACTION: "فراخوان", Label.ATTRIBUTION: "نقل"}  # drawn in the text: short
_FLAGS = {
    "unnamed_source": "منبع بی‌نام",
    "share_pressure": "فشار برای بازنشر",
    "urgency": "فوریت و هیجان",
    "miracle_cure": "درمان معجزه‌آسا",
    "guaranteed_gain": "سود تضمینی",
    "absolute": "مطلق‌گویی",
    "doubtful_attribution": "نقل با تردید",
    "hedged_accusation": "اتهام سربسته",
    "number_without_source": "عدد بی‌منبع",
    "secrecy": "پنهان‌کاری",
    "shouting": "فریاد نوشتاری",
    "already_checked": "پیش‌تر بررسی‌شده",
}
_WORTH_LEVELS = 5
_GLYPHS = {Label.CLAIM: "●", Label.OPINION: "◆", Label.CALL_TO_ACTION: "▲", Label.ATTRIBUTION: "❝"}
# Black on pastels of the fixed part of the 256 colours: the same on a dark and on a light terminal.
_CLAIM_COLOURS = (195, 153, 117, 75, 33)
_COLOURS = {Label.CLAIM: 117, Label.OPINION: 222, Label.CALL_TO_ACTION: 218, Label.ATTRIBUTION: 252}
_RLM = "\u200f"  # around Persian in a Latin line, or its edge («, :, a number) is drawn at the wrong end


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the text as it is drawn; ``label`` is ``None`` between spans."""

    text: str  # after ``untrusted.shown``
    label: Label | None = None
    confidence: float | None = None
    worth: float | None = None
    number: int = 0  # of the frame that it is or stands under; 0 for none
    frame: str = ""  # that frame's text, on what stands under it
    flags: tuple[str, ...] = ()  # their types
    alarming: bool = False  # one of them weighs something
    words: tuple[
        tuple[int, int, str], ...
    ] = ()  # what the label hangs on: places in ``text``, and what stands there


@dataclass(frozen=True)
class View:
    """A text with its spans, to look at; in a notebook the last line of a cell shows it.

    Args:
        text: the text that was analysed.
        spans: what ``analyze`` or ``Model.segments`` gave for it. Frames are drawn from spans labelled
            ``attribution`` and from the ``attribution`` of the others.

    Raises:
        TypeError: ``text`` is not a ``str``, or ``spans`` holds something that is not a ``Span``.
        ValueError: spans overlap, are out of order, or are not slices of ``text``.
    """

    text: str
    spans: Sequence[Span]
    _parts: tuple[_Part, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", tuple(self.spans))
        _check(self.text, self.spans)
        object.__setattr__(self, "_parts", tuple(_divide(self.text, self.spans)))

    def to_html(self) -> str:
        """A whole page: right to left, light or dark as the reader's system is, no script, nothing loaded."""
        ground = "body { margin: 0; color-scheme: light dark; background: light-dark(#ffffff, #14171c); }"
        return (
            '<!DOCTYPE html>\n<html lang="fa" dir="rtl">\n<head>\n<meta charset="utf-8">\n'
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "style-src 'unsafe-inline'\">\n"
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<title>claimcheck</title>\n'
            f"<style>{ground}</style>\n</head>\n<body>\n{self._repr_html_()}</body>\n</html>\n"
        )

    def _repr_html_(self) -> str:
        """The fragment that a notebook shows: its styles reach nothing outside it, and it has no ids."""
        numbers = range(1, 1 + max((part.number for part in self._parts), default=0))
        ties = "".join(
            f'.claimcheck:has([data-tie="{n}"]:is(:hover, :focus)) [data-tie="{n}"] '
            "{ outline: 2px solid var(--line); outline-offset: -2px; }\n"
            for n in numbers
        )
        return (
            f'<div class="claimcheck" lang="fa" dir="rtl">\n<style>\n{css()}{ties}</style>\n'
            f"{self._legend()}{self.marked_text()}\n</div>\n"
        )

    def marked_text(self) -> str:
        """The text with its marks alone, for a page of yours that has ``css()`` and a ``.claimcheck`` around."""
        body = "".join(_mark(part) if part.label else _plain(part.text) for part in self._parts)
        return f'<div class="cc-text">{body}</div>'

    def to_ansi(self, *, colour: bool = True, width: int = 80) -> str:
        """Text for a terminal: a legend, the text with its spans in brackets, and a list of the spans.

        Args:
            colour: with ANSI colours (256 colours, black on pastel); without, the same text plain.
            width: columns of the terminal; the list cuts the texts of spans so that a row fits.
        """
        legend = "  ".join(
            _paint(f" {_GLYPHS[label]} {label.replace('_', ' ')} ", _COLOURS[label], colour)
            for label in Label
        )
        body = "".join(_bracketed(part, colour) for part in self._parts)
        end = "" if body.endswith("\n") else "\n"
        rows = "".join(_row(part, colour, width) for part in self._parts if part.label)
        return f"{legend}  number: whose words\n\n{body}{end}" + (f"\n{rows}" if rows else "")

    def _legend(self) -> str:
        items = []
        for label, name in _NAMES.items():
            count = _digits(sum(part.label is label for part in self._parts))
            items.append(f'<li><mark class="cc-{label}"><bdi>{name}</bdi></mark> <b>{count}</b></li>')
        levels = range(_WORTH_LEVELS)
        depths = "".join(f'<mark class="cc-claim" data-worth="{i}">&nbsp;</mark>' for i in levels)
        items.append(f'<li class="cc-depth">ارزش راستی‌آزمایی: <b>کم</b> {depths} <b>زیاد</b></li>')
        if any(part.number for part in self._parts):
            items.append("<li>شمارهٔ یکسان: <b>گوینده و گفته‌هایش</b></li>")
        return f'<ul class="cc-legend">{"".join(items)}</ul>\n'


def _check(text: str, spans: Sequence[Span]) -> None:
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: {text!r:.60}")
    for span in spans:
        if not isinstance(span, Span):
            raise TypeError(f"spans must hold Span objects, got {type(span).__name__}: {span!r:.60}")
        parts: tuple[Span | Attribution | Word, ...] = (span, *span.words)
        for part in (*parts, span.attribution) if span.attribution else parts:
            start, end = part.start, part.end
            if not 0 <= start < end <= len(text) or text[start:end] != part.text:
                raise ValueError(
                    f"span {start}-{end} says {part.text!r:.60}, but text[{start}:{end}] of the {len(text)} "
                    f"characters is {text[start:end]!r:.60}; show spans with the text they came from"
                )
    _check_order(spans)


def _check_order(spans: Sequence[Span | Attribution]) -> None:
    for one, two in pairwise(spans):
        if two.start < one.end:
            what = "overlap" if one.start < two.end else "are out of order"
            raise ValueError(
                f"spans {one.start}-{one.end} {one.text!r:.40} and {two.start}-{two.end} {two.text!r:.40} "
                f"{what}; wanted disjoint spans sorted by start"
            )


def _divide(text: str, spans: Sequence[Span]) -> Iterator[_Part]:
    """The whole text as parts: spans, frames known only by what stands under them, and the text between."""
    plain = untrusted.shown(text)  # character for character, so that offsets hold
    ties = {(s.attribution.start, s.attribution.end): s.attribution for s in spans if s.attribution}
    numbers = {place: number for number, place in enumerate(sorted(ties), 1)}
    seen = {(s.start, s.end) for s in spans if s.label is Label.ATTRIBUTION}
    frames = [frame for place, frame in ties.items() if place not in seen]
    drawn: list[Span | Attribution] = sorted([*spans, *frames], key=lambda part: part.start)
    _check_order(drawn)
    done = 0
    for part in drawn:
        if done < part.start:
            yield _Part(plain[done : part.start])
        piece, done = plain[part.start : part.end], part.end
        if isinstance(part, Attribution):
            yield _Part(piece, Label.ATTRIBUTION, number=numbers[part.start, part.end])
            continue
        frame = part.attribution
        number = numbers.get((frame.start, frame.end) if frame else (part.start, part.end), 0)
        quoted = plain[frame.start : frame.end] if frame else ""
        at = part.start
        words = tuple((w.start - at, w.end - at, plain[w.start : w.end]) for w in part.words)
        flags = tuple(flag.type for flag in part.flags)
        about = (
            part.confidence,
            part.check_worthiness,
            number,
            quoted,
            flags,
            any(f.score for f in part.flags),
        )
        yield _Part(piece, part.label, *about, words)
    if done < len(plain):
        yield _Part(plain[done:])


@cache
def css() -> str:
    """The styles of the views; they reach nothing outside a ``.claimcheck``."""
    return Path(__file__).with_name("view.css").read_text("utf-8")


def _plain(text: str) -> str:
    return f'<bdi dir="rtl">{escape(untrusted.closed(text))}</bdi>'


def _mark(part: _Part) -> str:
    assert part.label
    about = [_NAMES[part.label]]
    worth = tie = badge = ""
    if part.confidence is not None:
        about.append(f"اطمینان {_percent(part.confidence)}")
    if part.worth is not None:
        about.append(f"ارزش راستی‌آزمایی {_percent(part.worth)}")
        worth = f' data-worth="{_level(part.worth)}"'
    if part.frame:
        about.append(f"گوینده: \u2068{untrusted.closed(_one_line(part.frame))}\u2069")
    flag = ""
    if part.flags:
        about.append(f"نشانه‌ها: {'، '.join(_FLAGS.get(name, name) for name in part.flags)}")
        flag = f'<i data-flag="{"⚑" if part.alarming else "⚐"}"></i>'
    if part.words:
        said = "، ".join(f"\u2068{untrusted.closed(_one_line(word))}\u2069" for _, _, word in part.words)
        about.append(f"به‌سبب: {said}")
    if part.number:
        tie = f' data-tie="{part.number}"'
        badge = f'<i data-number="{_digits(part.number)}"></i>'
    return (
        f'<mark class="cc-{part.label}" tabindex="0" data-tag="{_TAGS[part.label]}"{worth}{tie} '
        f'title="{escape("؛ ".join(about))}">{badge}{_emphasised(part)}{flag}</mark>'
    )


def _emphasised(part: _Part) -> str:
    """The text of a span, the words that its label hangs on in bold."""
    pieces, done = [], 0
    for start, end, _ in part.words:
        if start >= done and end <= len(part.text):  # others stand outside the span
            pieces += [part.text[done:start], f"<b>{escape(untrusted.closed(part.text[start:end]))}</b>"]
            done = end
    pieces.append(part.text[done:])
    pieces[::2] = [escape(untrusted.closed(piece)) for piece in pieces[::2]]
    return f'<bdi dir="rtl">{"".join(pieces)}</bdi>'


def _bracketed(part: _Part, colour: bool) -> str:
    if not part.label:
        return untrusted.without_bidi(part.text)
    mark = f"{_GLYPHS[part.label]}{part.number or ''}"
    return _paint(f"[{mark} {untrusted.without_bidi(part.text)}]", _colour(part), colour)


def _row(part: _Part, colour: bool, width: int) -> str:
    assert part.label
    glyph = f" {_GLYPHS[part.label]} "
    confidence = "" if part.confidence is None else f"{part.confidence:.0%}"
    worth = "" if part.worth is None else f"worth {part.worth:.0%}"
    tie = f"{_GLYPHS[Label.ATTRIBUTION]}{part.number}" if part.number else ""
    about = f" {part.label.replace('_', ' '):<14} {confidence:>4}  {worth:<10}  {tie:<4} "
    room = max(width - len(glyph + about), 20)
    text = _one_line(untrusted.without_bidi(part.text))
    if len(text) > room:
        text = text[: room - 1] + "…"
    return f"{_paint(glyph, _colour(part), colour)}{about}{_RLM}{text}{_RLM}\n"


def _paint(text: str, background: int, colour: bool) -> str:
    """Line by line, so that no colour runs on to the terminal's edge."""
    if not colour:
        return text
    return "\n".join(f"\x1b[38;5;16;48;5;{background}m{line}\x1b[0m" for line in text.split("\n"))


def _colour(part: _Part) -> int:
    assert part.label
    return _COLOURS[part.label] if part.worth is None else _CLAIM_COLOURS[_level(part.worth)]


def _level(worth: float) -> int:
    return min(max(int(worth * _WORTH_LEVELS), 0), _WORTH_LEVELS - 1)


def _percent(share: float) -> str:
    return f"{share:.0%}".translate(_PERSIAN_DIGITS)


def _digits(number: int) -> str:
    return str(number).translate(_PERSIAN_DIGITS)


def _one_line(text: str) -> str:
    return " ".join(text.split())
