"""The views: what is drawn, what is replaced, what contrasts with what."""

import re
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import claimcheck.view
from claimcheck.span import Attribution, Label, Span
from claimcheck.view import View

TEXT = "وزیر نیرو گفت: مصرف برق ۱۲ درصد رشد کرده است. این بد است و باید صرفه‌جویی کنیم."
ESC = "\x1b"
SGR = re.compile("\x1b\\[[0-9;]*m")
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def span(text, piece, label=Label.CLAIM, confidence=0.9, worth=None, frame=None):
    start = text.index(piece)
    return Span(start, start + len(piece), piece, label, confidence, worth, frame)


def frame(text, piece):
    return Attribution(text.index(piece), text.index(piece) + len(piece), piece)


FRAME = frame(TEXT, "وزیر نیرو گفت:")
CONTENT = [
    span(TEXT, "مصرف برق ۱۲ درصد رشد کرده است", confidence=0.934, worth=0.81, frame=FRAME),
    span(TEXT, "این بد است", Label.OPINION, 0.77, frame=FRAME),
    span(TEXT, "باید صرفه‌جویی کنیم", Label.CALL_TO_ACTION, 0.88),
]
SEGMENTS = [span(TEXT, FRAME.text, Label.ATTRIBUTION, 0.98), *CONTENT]


class Page(HTMLParser):
    """The marks of a fragment with their attributes, and the text of ``cc-text``."""

    VOID = ("meta", "br")

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.marks, self.tags = [], "", [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag not in self.VOID:
            self.open.append((tag, attrs.get("class")))
        if tag == "mark" and self.inside:
            self.marks.append({**attrs, "text": ""})

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.inside:
            self.text += data
            if any(tag == "mark" for tag, _ in self.open):
                self.marks[-1]["text"] += data

    @property
    def inside(self):
        return ("div", "cc-text") in self.open


# ---- what is drawn


def test_every_span_is_a_mark_with_label_confidence_worth_and_frame():
    marks = Page(View(TEXT, SEGMENTS).to_html()).marks
    assert [m["text"] for m in marks] == [s.text for s in SEGMENTS]
    assert [m["class"] for m in marks] == ["cc-attribution", "cc-claim", "cc-opinion", "cc-call_to_action"]
    assert [m["data-tag"] for m in marks] == ["نقل", "ادعا", "نظر", "فراخوان"]
    assert all(m["tabindex"] == "0" for m in marks)
    assert marks[0]["title"] == "گوینده/نقل؛ اطمینان ۹۸٪"
    assert marks[1]["title"] == "ادعا؛ اطمینان ۹۳٪؛ ارزش راستی‌آزمایی ۸۱٪؛ گوینده: \u2068وزیر نیرو گفت:\u2069"
    assert marks[3]["title"] == "فراخوان به عمل؛ اطمینان ۸۸٪"


def test_frames_are_drawn_and_tied_alike_from_analyze_and_from_segments():
    ties = [[m.get("data-tie") for m in Page(View(TEXT, s).to_html()).marks] for s in (CONTENT, SEGMENTS)]
    assert ties == [["1", "1", "1", None]] * 2


def test_frames_are_numbered_in_the_order_of_the_text_and_only_where_they_introduce_something():
    text = "رضا گفت: هوا سرد است. سارا گفت: نان گران است. علی هم گفت."
    one, two = frame(text, "رضا گفت:"), frame(text, "سارا گفت:")
    spans = [
        span(text, "هوا سرد است", frame=two),
        span(text, "نان گران است", frame=one),
        span(text, "علی هم گفت", Label.ATTRIBUTION),
    ]
    html = View(text, spans)._repr_html_()
    assert [(m["text"], m.get("data-tie")) for m in Page(html).marks] == [
        ("رضا گفت:", "1"),
        ("هوا سرد است", "2"),
        ("سارا گفت:", "2"),
        ("نان گران است", "1"),
        ("علی هم گفت", None),
    ]
    assert [a["data-number"] for tag, a in Page(html).tags if tag == "i"] == ["۱", "۲", "۲", "۱"]
    assert '.claimcheck:has([data-tie="2"]:is(:hover, :focus)) [data-tie="2"]' in html
    assert '[data-tie="3"]' not in html


@pytest.mark.parametrize(
    ("worth", "level"), [(0, "0"), (0.19, "0"), (0.2, "1"), (0.5, "2"), (0.79, "3"), (0.8, "4"), (1, "4")]
)
def test_worth_is_depth_of_colour(worth, level):
    view = View("برف آمد", [span("برف آمد", "برف آمد", worth=worth)])
    assert Page(view.to_html()).marks[0]["data-worth"] == level
    colours = {"0": 195, "1": 153, "2": 117, "3": 75, "4": 33}
    assert f"48;5;{colours[level]}m[●" in view.to_ansi()


def test_page_is_whole_right_to_left_and_loads_nothing():
    html = View(TEXT, SEGMENTS).to_html()
    tags = Page(html).tags
    assert html.startswith("<!DOCTYPE html>")
    assert ("html", {"lang": "fa", "dir": "rtl"}) in tags
    assert ("meta", {"charset": "utf-8"}) in tags
    assert any("default-src 'none'" in attrs.get("content", "") for _, attrs in tags)
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    assert not any({"src", "href", "style", "onclick"} & set(attrs) for _, attrs in tags)
    assert not re.search(r"url\(|@import|https?:", html)


def test_legend_names_the_labels_in_persian_and_counts_them():
    legend = View(TEXT, SEGMENTS)._repr_html_().split('<ul class="cc-legend">')[1].split("</ul>")[0]
    words = re.sub(r"<[^>]*>", " ", legend).split()
    assert (
        "".join(words)
        == "ادعا۱نظر۱فراخوانبهعمل۱گوینده/نقل۱ارزشراستی‌آزمایی:کم"
        + "&nbsp;" * 5
        + "زیادشمارهٔیکسان:گویندهوگفته‌هایش"
    )
    assert "یکسان" not in View(TEXT, CONTENT[2:])._repr_html_()


def test_fragment_has_no_id_and_its_styles_stay_inside_it():
    html = View(TEXT, SEGMENTS)._repr_html_()
    assert not any("id" in attrs for _, attrs in Page(html).tags)
    css = re.sub(r"/\*.*?\*/", "", html.split("<style>")[1].split("</style>")[0], flags=re.S)
    selectors = [
        s.strip() for rule in re.findall(r"([^{}]+)\{", css) for s in re.split(r",(?![^(]*\))", rule)
    ]
    assert len(selectors) > 20
    assert [s for s in selectors if not re.match(r"(\[data-jp[^ ]* |\.vscode-\w+ )?\.claimcheck\b", s)] == []


def test_view_is_frozen_and_keeps_the_spans_it_got():
    spans = list(CONTENT)
    view = View(TEXT, spans)
    spans.clear()
    assert view.spans == tuple(CONTENT) and view == View(TEXT, CONTENT)
    with pytest.raises(FrozenInstanceError):
        view.text = ""


def test_terminal_view_as_it_is_read():
    assert View(TEXT, CONTENT).to_ansi(colour=False) == (
        " ● claim    ◆ opinion    ▲ call to action    ❝ attribution   number: whose words\n\n"
        "[❝1 وزیر نیرو گفت:] [●1 مصرف برق ۱۲ درصد رشد کرده است]. [◆1 این بد است] و [▲ باید صرفه‌جویی کنیم].\n\n"
        " ❝  attribution                      ❝1   \u200fوزیر نیرو گفت:\u200f\n"
        " ●  claim           93%  worth 81%   ❝1   \u200fمصرف برق ۱۲ درصد رشد کرده است\u200f\n"
        " ◆  opinion         77%              ❝1   \u200fاین بد است\u200f\n"
        " ▲  call to action  88%                   \u200fباید صرفه‌جویی کنیم\u200f\n"
    )


def test_terminal_list_keeps_long_texts_and_newlines_to_one_row():
    text = "برف\n" + "آ" * 100
    view = View(text, [span(text, text)])
    for width, letters in ((80, 33), (100, 53), (10, 15), (160, 100)):
        row = view.to_ansi(colour=False, width=width).splitlines()[-1]
        assert row.strip("\u200f").endswith("برف " + "آ" * letters + "…" * (letters < 100))


def test_no_colour_runs_over_the_end_of_a_line():
    for line in View("برف\nباران", [span("برف\nباران", "برف\nباران")]).to_ansi().splitlines():
        assert line.count(ESC) == 2 * line.count(ESC + "[0m")


@pytest.mark.parametrize("text", ["", "   \n", "بی‌برچسب"])
def test_nothing_to_mark(text):
    assert Page(View(text, []).to_html()).text == text
    assert View(text, []).to_ansi().endswith(f"\n\n{text.removesuffix(chr(10))}\n")


# ---- errors


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([span(TEXT, "مصرف برق ۱۲"), span(TEXT, "۱۲ درصد")], "overlap"),
        ([span(TEXT, "مصرف برق"), span(TEXT, "مصرف برق")], "overlap"),
        ([span(TEXT, "این بد است"), span(TEXT, "مصرف برق")], "are out of order"),
        ([Span(0, 4, "دلار", Label.CLAIM, 0.9)], r"span 0-4 says 'دلار', but text\[0:4\]"),
        ([Span(0, 0, "", Label.CLAIM, 0.9)], "span 0-0"),
        ([Span(-3, -1, TEXT[-3:-1], Label.CLAIM, 0.9)], "span -3--1"),
        ([Span(0, 999, TEXT, Label.CLAIM, 0.9)], "span 0-999"),
        ([span(TEXT, "این بد است", frame=Attribution(0, 4, "سارا"))], "span 0-4 says 'سارا'"),
        ([span(TEXT, "مصرف برق", frame=frame(TEXT, "گفت: مصرف"))], "overlap"),
    ],
)
def test_spans_that_cannot_be_drawn_are_refused(spans, message):
    with pytest.raises(ValueError, match=message):
        View(TEXT, spans)


@pytest.mark.parametrize(("text", "spans"), [(None, []), (b"x", []), ("x", ["claim"]), ("x", [{"start": 0}])])
def test_wrong_types_are_named(text, spans):
    with pytest.raises(TypeError, match=r"must (be a str|hold Span objects), got (NoneType|bytes|str|dict)"):
        View(text, spans)


# ---- untrusted text

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


# ---- contrast (WCAG 2: at least 4.5 for text, 3 for lines)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    dark, light = sorted(map(luminance, (one, two)))
    return (light + 0.05) / (dark + 0.05)


def palette():
    css = Path(claimcheck.view.__file__).with_name("view.css").read_text("utf-8")
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    return [{name: pair[theme] for name, *pair in found} for theme in (0, 1)]


LINES = {
    "claim": [f"claim-{i}" for i in range(5)],
    "opinion": ["opinion"],
    "call": ["call"],
    "frame": ["frame"],
}


def test_contrast_is_measured_as_wcag_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("colours", palette(), ids=["light", "dark"])
def test_page_has_enough_contrast(colours):
    assert contrast(colours["ink"], colours["paper"]) >= 4.5
    assert contrast(colours["quiet"], colours["paper"]) >= 4.5
    for line, fills in LINES.items():
        assert contrast(colours[f"{line}-line"], colours["paper"]) >= 4.5  # the chips, either way round
        for fill in fills:
            assert contrast(colours["ink"], colours[fill]) >= 4.5
            assert contrast(colours[f"{line}-line"], colours[fill]) >= 3
    depths = [contrast(colours[f"claim-{i}"], colours["paper"]) for i in range(5)]
    assert depths == sorted(depths) and depths[4] / depths[0] > 1.8


def test_terminal_has_enough_contrast():
    text = " ".join(f"برف{i}" for i in range(8))
    spans = [span(text, f"برف{i}", worth=i / 5 + 0.1) for i in range(5)]
    spans += [span(text, f"برف{5 + i}", label) for i, label in enumerate(list(Label)[1:])]
    pairs = set(re.findall(r"38;5;(\d+);48;5;(\d+)m", View(text, spans).to_ansi()))
    assert len(pairs) == 8
    steps = [0, 95, 135, 175, 215, 255]  # xterm's 6 × 6 × 6 cube and its greys

    def rgb(code):
        if code >= 232:
            return f"#{8 + 10 * (code - 232):02x}" + f"{8 + 10 * (code - 232):02x}" * 2
        code -= 16
        return "#" + "".join(f"{steps[c]:02x}" for c in (code // 36, code // 6 % 6, code % 6))

    assert all(contrast(rgb(int(front)), rgb(int(back))) >= 4.5 for front, back in pairs)
