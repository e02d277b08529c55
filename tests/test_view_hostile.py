"""The views of untrusted text: what would act is replaced, what is left open is closed, no letter is lost."""

import re

import pytest
from drawn import Page, frame, span
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.span import Attribution, Label, Span
from claimcheck.view import View

ESC = "\x1b"
SGR = re.compile("\x1b\\[[0-9;]*m")
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

SHOWN = [
    ("markup", "<b>&amp;\"'</b>", "<b>&amp;\"'</b>"),
    ("end of style", "</style></mark></bdi>", "</style></mark></bdi>"),
    ("end of comment", "--><!-- ]]>", "--><!-- ]]>"),
    ("NUL", "الف\0ب", "الف␀ب"),
    ("ESC", "\x1b[2J", "␛[2J"),
    ("BEL", "\x1b]0;x\x07", "␛]0;x␇"),
    ("backspace", "a\x08b", "a␈b"),
    ("DEL", "\x7f", "␡"),
    ("C1 CSI", "\x9b2J", "\ufffd2J"),
    ("C1 OSC", "\x9d0;x\x9c", "\ufffd0;x\ufffd"),
    ("lone CR", "مردم\rباید", "مردم␍باید"),
    ("CRLF", "یک\r\nدو", "یک \nدو"),
    ("newline and tab", "یک\n\tدو", "یک\n\tدو"),
    ("NEL, LS, PS", "1\x852\u20283\u20294", "1\n2\n3\n4"),
    ("lone surrogates", "\ud83d \udc4f", "\ufffd \ufffd"),
    ("surrogate halves side by side", "\ud83d\ude00", "\ufffd\ufffd"),
    ("astral emoji", "💩😀 🇮🇷", "💩😀 🇮🇷"),
    (
        "ZWNJ, ZWJ, RLM, LRM, ALM",
        "می\u200cرود ه\u200d \u200f\u200e\u061c",
        "می\u200cرود ه\u200d \u200f\u200e\u061c",
    ),
]


@pytest.mark.parametrize(("raw", "shown"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_what_would_act_is_replaced(raw, shown):
    text = f"آغاز {raw} پایان"
    view = View(text, [span(text, raw)])
    html = view.to_html()
    assert Page(html).text == f"آغاز {shown} پایان"
    assert Page(html).marks[0]["text"] == shown
    assert view.to_ansi(colour=False).split("\n\n")[1].startswith(f"آغاز [● {shown}] پایان")
    assert raw == view.spans[0].text


@pytest.mark.parametrize(("raw", "shown"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_what_would_act_is_replaced_in_titles_and_rows(raw, shown):
    text = f"{raw} گفت: نان گران است"
    view = View(text, [span(text, "نان گران است", frame=frame(text, f"{raw} گفت:"))])
    assert Page(view.to_html()).marks[1]["title"].endswith(f"\u2068{' '.join(shown.split())} گفت:\u2069")
    assert " ".join(f"{shown} گفت:".split()) in view.to_ansi(colour=False).split("\n\n")[-1]


CLOSED = [
    ("override left open", "\u202eوارونه", "\u202eوارونه\u202c"),
    ("isolate left open", "\u2066باز", "\u2066باز\u2069"),
    ("both, nested", "\u202eالف \u2066ب", "\u202eالف \u2066ب\u2069\u202c"),
    ("paired", "\u202bتورم\u202c \u2067و\u2069", "\u202bتورم\u202c \u2067و\u2069"),
    ("closers alone", "الف\u2069\u202cب", "الفب"),
    ("escape from the element", "الف\u2069\u202eب", "الف\u202eب\u202c"),
    ("an isolate closes what is open in it", "\u2068\u202aالف\u2069ب", "\u2068\u202aالف\u2069ب"),
    ("no embedding is closed through an isolate", "\u202a\u2066\u202cالف", "\u202a\u2066الف\u2069\u202c"),
    ("a line closes for itself", "\u202eالف\nب\u202c", "\u202eالف\u202c\nب"),
]


@pytest.mark.parametrize(("raw", "shown"), [row[1:] for row in CLOSED], ids=[row[0] for row in CLOSED])
def test_bidi_controls_are_closed_in_each_piece_of_the_page_and_left_out_of_the_terminal(raw, shown):
    text = f"{raw} میان {raw} پایان"
    first, second = Span(0, len(raw), raw, Label.CLAIM, 0.9), len(f"{raw} میان ")
    view = View(text, [first, Span(second, second + len(raw), raw, Label.OPINION, 0.9)])
    page = Page(view.to_html())
    assert [m["text"] for m in page.marks] == [shown, shown]
    assert page.text == f"{shown} میان {shown} پایان"
    assert not set(BIDI) & set(view.to_ansi())
    bdi = [attrs for tag, attrs in page.tags if tag == "bdi" and attrs]
    assert bdi == [{"dir": "rtl"}] * 4


def paired(line):
    """Whether every control of the line has its partner in it, by a reading of its own."""
    while True:
        shorter = re.sub("[\u2066-\u2068][^\u2066-\u2069]*\u2069", "", line)
        if shorter == line:
            break
        line = shorter
    while (shorter := re.sub("[\u202a\u202b\u202d\u202e][^\u202a-\u202e]*\u202c", "", line)) != line:
        line = shorter
    return not set(line) & set(BIDI)


NASTY = st.text(
    st.sampled_from(
        [
            *"اب ی۱1<>&\"'/\n\r\t\0\x07\x1b\x7f\x85\x9b",
            *BIDI,
            *"\u200c\u200d\u200f\u200e\ufeff\u2028",
            *("\ud800", "\udfff", "😀", "\u0301", "ﷺ", "]", "[", "a", "b", "c"),
        ]
    ),
    max_size=60,
)


@st.composite
def views(draw):
    text = draw(NASTY)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans, frames = [], []
    for a, b in zip(cuts[::2], cuts[1::2], strict=False):
        label = draw(st.sampled_from(list(Label)))
        under = draw(st.sampled_from([None, *frames])) if label is not Label.ATTRIBUTION else None
        spans.append(Span(a, b, text[a:b], label, draw(st.floats(0, 1)), draw(st.floats(0, 1)), under))
        if label is Label.ATTRIBUTION:
            frames.append(Attribution(a, b, text[a:b]))
    return View(text, spans)


def as_documented(text):
    """The text as both views show it, bidirectional controls aside, written out from the docstring."""
    out = []
    for i, c in enumerate(text):
        if c == "\r":
            c = " " if text[i + 1 : i + 2] == "\n" else "␍"
        elif c in "\x85\u2028\u2029":
            c = "\n"
        elif c == "\x7f":
            c = "␡"
        elif c < " " and c not in "\n\t":
            c = chr(0x2400 + ord(c))
        elif "\x80" <= c < "\xa0" or "\ud800" <= c <= "\udfff":
            c = "\ufffd"
        out.append(c if c not in BIDI else "")
    return "".join(out)


@given(views())
@settings(max_examples=300, deadline=None)
def test_any_text_comes_back_from_the_page(view):
    html = view.to_html()
    html.encode("utf-8")
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f]", html)
    page = Page(html)
    assert re.sub(f"[{BIDI}]", "", page.text) == as_documented(view.text)
    assert len(page.marks) == len(view.spans)
    for mark, one in zip(page.marks, view.spans, strict=True):
        assert (
            re.sub(f"[{BIDI}]", "", mark["text"])
            == "".join(as_documented(view.text[: one.end])[len(as_documented(view.text[: one.start])) :])
            or "\r" in view.text
        )
        assert all(map(paired, mark["text"].split("\n")))
        assert paired(mark["title"])


@given(views())
@settings(max_examples=300, deadline=None)
def test_any_text_comes_back_from_the_terminal(view):
    coloured = view.to_ansi()
    coloured.encode("utf-8")
    assert SGR.sub("", coloured) == view.to_ansi(colour=False)
    assert not re.search("[\0-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]", coloured)
    assert not re.search(f"[{BIDI}\ud800-\udfff]", coloured)
    assert coloured.count(ESC) == len(SGR.findall(coloured))
    drawn = coloured.split("\n\n", 1)[1]
    unmarked = re.sub("\x1b\\[[0-9;]+m(\\[[●◆▲❝][0-9]* )?|\\]?\x1b\\[0m", "", drawn)
    if not any("\n" in part for part in (as_documented(s.text) for s in view.spans)):
        assert unmarked.startswith(as_documented(view.text).removesuffix("\n") + "\n")
