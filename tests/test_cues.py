"""Rumour cues: the table ``cues.tsv``, spelling, offsets, time, and which claims get which flags."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from strings import TEXTS

from claimcheck.flags.cues import attach, find_cues
from claimcheck.rewrites import apply, arabic_letters, diacritics, half_spaces_as_blanks
from claimcheck.span import Attribution, Label, Span

TABLE = [line.split("\t") for line in Path(__file__).with_name("cues.tsv").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("wanted, text", TABLE)
def test_the_table(wanted, text):
    assert {cue.name for cue in find_cues(text)} == set(wanted.split(",")) - {"-"}


def test_the_table_is_half_near_misses_and_holds_every_cue():
    assert len(TABLE) >= 200 and len({text for _, text in TABLE}) == len(TABLE)
    assert sum(wanted == "-" for wanted, _ in TABLE) >= 100
    counts = Counter(name for wanted, _ in TABLE for name in wanted.split(","))
    assert len(counts) == 12 and min(counts.values()) >= 5


@given(TEXTS)
def test_cues_are_slices_in_order(text):
    cues = find_cues(text)
    assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
    for cue in cues:
        assert text[cue.start : cue.end] == cue.text != ""


@pytest.mark.parametrize(
    "text",
    [
        "شنیده ها حاكي است باران مي‌آید",
        "شُنیده\u200c\u200cهــا   حاکی است",
        "شنیده\u200f‌ها\u00a0حاکی",
        "شنیدهها حاکی",
    ],
)
def test_spelling_does_not_matter(text):
    assert [cue.name for cue in find_cues(text)] == ["unnamed_source"]
    cue = find_cues(text)[0]
    assert text[cue.start : cue.end] == cue.text


@pytest.mark.parametrize("piece", ["م", "!", "\u200c", " ", "\n", "۱", "🔴", "«", "می", "\u064e"])
def test_a_million_signs_take_less_than_a_second(piece):
    find_cues("گرم")
    text = piece * (1_000_000 // len(piece))
    begun = time.perf_counter()
    find_cues(text)
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    "piece", ["شاید ", "همه ", "! ", "۱۲ درصد ", "شنیده ", "می‌گویند ", "۱۲ درصد مردم ", "دو میلیون نفر\n"]
)
def test_time_grows_with_the_text(piece):
    def seconds(size):
        begun = time.perf_counter()
        find_cues(piece * (size // len(piece)))
        return time.perf_counter() - begun

    find_cues("گرم")
    assert seconds(160_000) < 40 * max(seconds(20_000), 0.002)


@pytest.mark.parametrize("edit", [arabic_letters, half_spaces_as_blanks, diacritics])
def test_the_table_typed_otherwise(edit):
    for _, text in TABLE:
        other = apply(text, edit(text, random.Random(0)))[0]
        assert [cue.name for cue in find_cues(other)] == [cue.name for cue in find_cues(text)], other


@pytest.mark.parametrize("wrong", [None, 3, b"x", ["x"]])
def test_a_text_of_another_type(wrong):
    with pytest.raises(TypeError, match=f"got {type(wrong).__name__}"):
        find_cues(wrong)


def span(text, piece, label=Label.CLAIM, frame=None):
    start = text.index(piece)
    under = Attribution(text.index(frame), text.index(frame) + len(frame), frame) if frame else None
    worth = 0.5 if label is Label.CLAIM else None
    return Span(start, start + len(piece), piece, label, 0.9, worth, under)


def flags(spans):
    return [[flag.type for flag in s.flags] for s in spans]


def test_a_cue_goes_to_the_claims_under_its_frame():
    text = "یک منبع آگاه گفت: «سد شکست. پل هم فرو ریخت.» هوا خوب است."
    frame = "یک منبع آگاه گفت:"
    spans = [span(text, "سد شکست", frame=frame), span(text, "پل هم فرو ریخت", frame=frame)]
    spans.append(span(text, "هوا خوب است"))
    assert flags(attach(text, spans, find_cues(text, spans))) == [["unnamed_source"]] * 2 + [[]]


def test_a_cue_inside_one_claim_is_that_claims_alone():
    text = "هوا سرد است و این دمنوش درمان قطعی دیابت است."
    spans = [span(text, "هوا سرد است"), span(text, "این دمنوش درمان قطعی دیابت است")]
    out = attach(text, spans, find_cues(text, spans))
    assert flags(out) == [[], ["miracle_cure"]]
    flag = out[1].flags[0]
    assert flag.evidence.text == text[flag.evidence.start : flag.evidence.end] == "درمان قطعی دیابت"


def test_a_cue_of_the_whole_post_goes_to_the_nearest_claim():
    text = "سد شکست. پل فرو ریخت. تا پاک نشده پخش کنید."
    spans = [span(text, "سد شکست"), span(text, "پل فرو ریخت")]
    spans.append(span(text, "تا پاک نشده پخش کنید", Label.CALL_TO_ACTION))
    assert flags(attach(text, spans, find_cues(text, spans))) == [[], ["share_pressure"], []]


def test_a_cue_without_a_claim_near_is_dropped():
    text = "تا پاک نشده پخش کنید. سلام. چه هوایی. خدا قوت. سد شکست."
    assert flags(attach(text, [span(text, "سد شکست")], find_cues(text))) == [[]]
    assert attach(text, [], find_cues(text)) == []


def test_what_is_quoted_is_not_without_a_source():
    text = "استاندار: هفتاد درصد مردم این شهر بیکارند."
    text, frame = text.replace("استاندار: ", "استاندار، "), "استاندار،"
    spans = [span(text, "هفتاد درصد مردم این شهر بیکارند", frame=frame)]
    assert find_cues(text, spans) == []
    own = [span(text, "هفتاد درصد مردم این شهر بیکارند")]
    assert flags(attach(text, own, find_cues(text, own))) == [["number_without_source"]]
    opinion = [span(text, "هفتاد درصد مردم این شهر بیکارند", Label.OPINION)]
    assert find_cues(text, opinion) == []


def test_spans_without_cues_are_as_they_were():
    text = "سد شکست."
    spans = [span(text, "سد شکست")]
    assert attach(text, spans, find_cues(text, spans)) == spans
    assert "flags" not in attach(text, spans, [])[0].to_dict()


def test_many_cues_for_many_claims_take_no_time():
    text = "شنیده‌ها حاکی است سد شکست!!! " * 10_000
    step = len(text) // 10_000
    begins = range(text.index("سد"), len(text), step)
    spans = [Span(at, at + 7, "سد شکست", Label.CLAIM, 0.9, 0.5) for at in begins]
    cues = find_cues(text, spans)
    begun = time.perf_counter()
    out = attach(text, spans, cues)
    assert time.perf_counter() - begun < 2
    assert flags(out) == [["unnamed_source", "shouting"]] * 10_000
