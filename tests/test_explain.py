"""Which words a label hangs on: offsets, order, determinism; on the shipped model, that they are the ones."""

import random

import pytest
from explanations import label_changes
from hypothesis import given
from strings import TEXTS

from claimcheck import load
from claimcheck.explain import explain
from claimcheck.tags import words

SENTENCES = (  # each with one thing to say, in everyday words
    "وزیر نیرو گفت: مصرف برق امسال ۱۲ درصد رشد کرده است.",
    "به نظر من این فیلم از همهٔ کارهای قبلی او زیباتر بود.",
    "از همهٔ همشهریان می‌خواهیم در مصرف آب صرفه‌جویی کنند.",
    "جمعیت این شهر در ده سال گذشته دو برابر شده است.",
    "همین امروز این نامه را امضا کنید و برای نماینده بفرستید!",
    "رئیس اتحادیه اعلام کرد قیمت نان از فردا بالا می‌رود.",
    "بازی دیشب تیم ملی واقعاً ناامیدکننده و بی‌برنامه بود.",
    "بانک مرکزی نرخ سود سپرده‌ها را به ۲۳ درصد رساند.",
    "دولت باید هر چه زودتر بدهی خود را به کشاورزان بپردازد.",
    "این کتاب در سال ۱۳۴۵ در تهران چاپ شد.",
)


@given(text=TEXTS)
def test_words_are_slices_of_the_text_in_its_order(tiny_model, text):
    for span in explain(tiny_model, text, tiny_model.segments(text)):
        assert len(span.words) <= 5
        assert [word.start for word in span.words] == sorted(word.start for word in span.words)
        for word in span.words:
            assert text[word.start : word.end] == word.text != ""
            assert word.weight >= 0


def test_the_spans_are_the_same_and_twice_is_once(tiny_model):
    text = " ".join(SENTENCES)
    spans = tiny_model.segments(text)
    once = explain(tiny_model, text, spans)
    assert once == explain(tiny_model, text, spans)
    assert [(s.start, s.end, s.label, s.confidence) for s in once] == [
        (s.start, s.end, s.label, s.confidence) for s in spans
    ]
    assert explain(tiny_model, text, []) == []


def test_a_span_far_behind_in_a_long_text_and_a_long_sentence(tiny_model):
    text = "باران آمد. " * 100 + "و باران آمد " * 100
    spans = tiny_model.segments(text)[-1:]
    assert [s.start for s in explain(tiny_model, text, spans)] == [s.start for s in spans]


def test_words_are_in_the_plain_types_only_where_asked_for(tiny_model):
    text = SENTENCES[0]
    bare = load().segments(text)
    assert all("words" not in span.to_dict() for span in bare)
    told = [span.to_dict() for span in explain(load(), text, bare)]
    assert {key for span in told for word in span.get("words", ()) for key in word} == {
        "start",
        "end",
        "text",
        "weight",
    }


def test_without_its_words_a_label_changes_more_often_than_without_others():
    model, rng = load(), random.Random(0)
    named, drawn = [], []
    for text in SENTENCES:
        for span in explain(model, text, model.segments(text)):
            sentence = words(text, 0, len(text))
            named.append(label_changes(model, text, span, [(w.start, w.end) for w in span.words]))
            drawn += [
                label_changes(model, text, span, rng.sample(sentence, len(span.words))) for _ in range(3)
            ]
    of_named, of_drawn = ([answer for answer in given if answer is not None] for given in (named, drawn))
    assert len(of_named) >= len(SENTENCES)
    assert sum(of_named) / len(of_named) > 0.5
    assert sum(of_named) / len(of_named) > 2 * sum(of_drawn) / len(of_drawn)


@pytest.mark.parametrize("text", ["", "   ", "no Persian here"])
def test_nothing_to_explain(tiny_model, text):
    assert explain(tiny_model, text, tiny_model.segments(text)) == []
