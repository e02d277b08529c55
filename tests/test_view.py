"""The views: what is drawn, what is refused, what contrasts with what."""

import re
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from drawn import Page, frame, span

import claimcheck.view
from claimcheck.span import Attribution, Label, Span, Word
from claimcheck.view import View

TEXT = "وزیر نیرو گفت: مصرف برق ۱۲ درصد رشد کرده است. این بد است و باید صرفه‌جویی کنیم."
ESC = "\x1b"

FRAME = frame(TEXT, "وزیر نیرو گفت:")
CONTENT = [
    span(TEXT, "مصرف برق ۱۲ درصد رشد کرده است", confidence=0.934, worth=0.81, frame=FRAME),
    span(TEXT, "این بد است", Label.OPINION, 0.77, frame=FRAME),
    span(TEXT, "باید صرفه‌جویی کنیم", Label.CALL_TO_ACTION, 0.88),
]
SEGMENTS = [span(TEXT, FRAME.text, Label.ATTRIBUTION, 0.98), *CONTENT]


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


def test_the_words_that_a_label_hangs_on_are_bold_in_it_and_named():
    places = {word: TEXT.index(word) for word in ("۱۲", "کرده", "گفت")}
    words = tuple(
        Word(at, at + len(word), word, 1.0) for word, at in sorted(places.items(), key=lambda x: x[1])
    )
    html = View(TEXT, [replace(CONTENT[0], words=words)]).marked_text()
    assert re.findall("<b>(.*?)</b>", html) == ["۱۲", "کرده"]  # «گفت» stands outside it
    assert "به‌سبب: \u2068گفت\u2069، \u2068۱۲\u2069، \u2068کرده\u2069" in html
    assert Page(html).marks[1]["text"] == CONTENT[0].text
    with pytest.raises(ValueError, match="says 'نه'"):
        View(TEXT, [replace(CONTENT[0], words=(Word(0, 2, "نه", 1.0),))])


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
