"""What holds for every text: offsets, order, sentences, and one result whatever the company."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strings import NASTY, TEXTS

import claimcheck
from claimcheck import Label, load, split_sentences

SENTENCE = "تورم سال گذشته به ۴۰ درصد رسید و مردم ناراضی‌اند. "


def check(text, spans):
    sentences = split_sentences(text)
    done = 0
    for span in spans:
        assert text[span.start : span.end] == span.text
        assert done <= span.start < span.end
        assert any(a <= span.start and span.end <= b for a, b in sentences)
        assert 0 <= span.confidence <= 1
        assert (span.check_worthiness is not None) == (span.label is Label.CLAIM)
        if span.attribution:
            assert text[span.attribution.start : span.attribution.end] == span.attribution.text
        done = span.end


@settings(max_examples=1500, deadline=None)
@given(text=TEXTS)
def test_every_span_is_a_slice_inside_one_sentence(tiny_model, text):
    spans = tiny_model.segments(text)
    check(text, spans)
    assert tiny_model.analyze(text) == [s for s in spans if s.label is not Label.ATTRIBUTION]


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(TEXTS, max_size=8), batch_size=st.integers(1, 9))
def test_batches_change_nothing(tiny_model, texts, batch_size):
    one_by_one = [tiny_model.segments(text) for text in texts]
    assert list(tiny_model.segments_many(texts, batch_size=batch_size)) == one_by_one


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_character_between_and_inside_words(tiny_model, name):
    character = NASTY[name]
    for text in (
        character,
        f"{SENTENCE}{character}{SENTENCE}",
        f"تو{character}رم بالا رفت{character}",
        character * 300,
    ):
        check(text, tiny_model.segments(text))


@pytest.mark.parametrize(
    "text", ["", " \n\t", "Hello, world.", "123 456", "ـــ", "\u200f\u200e\u200c\ufeff\u2060", "😀🔥"]
)
def test_nothing_persian_gives_nothing(tiny_model, text):
    assert tiny_model.analyze(text) == [] == tiny_model.segments(text)


def test_no_span_splits_a_word(tiny_model):
    text = "کتاب‌هایشان را می‌خوانند؛ #نرم‌افزار_آزاد و www.example.ir و info@example.ir ﷺ ۱۲٫۵ درصد " * 20
    for span in tiny_model.segments(text):
        for edge in (span.start, span.end):
            inside = 0 < edge < len(text) and text[edge - 1].isalnum() and text[edge].isalnum()
            assert not inside, (text[edge - 5 : edge], text[edge : edge + 5])


def test_no_span_starts_on_a_combining_mark(tiny_model):
    text = "وَزِیرُ نِیرو گُفت: مَصرَفِ بَرق رُشد کَرده است و بایَد صَرفه‌جویی کُنیم. " * 3
    for span in tiny_model.segments(text):
        assert span.text[0] not in "ًٌٍَُِّْ"
        assert text[span.end : span.end + 1] not in tuple("ًٌٍَُِّْ")


def test_a_long_document_is_read_to_its_end(tiny_model):
    text = SENTENCE * 400
    spans = tiny_model.segments(text)
    check(text, spans)
    assert spans[-1].end > len(text) - len(SENTENCE)


def test_a_sentence_longer_than_the_window_is_read_to_its_end(tiny_model):
    text = " ".join(["مصرف برق در تابستان افزایش یافت و"] * 200)
    spans = tiny_model.segments(text)
    check(text, spans)
    assert spans[-1].end > len(text) - 40


def test_a_word_of_200_kb(tiny_model):
    text = f"خیلی عجی{'ه' * 200_000}ب بود. تورم بالا رفت."
    check(text, tiny_model.segments(text))


def test_names_of_special_tokens_are_text(tiny_model):
    text = "وزیر گفت </s> تورم <mask> بالا رفت <pad>. <s> مردم <unk> ناراضی‌اند."
    special = set(tiny_model.encoder.prefix + tiny_model.encoder.suffix)
    (encoding,) = tiny_model.encoder.encode([text], [split_sentences(text)])
    assert not special & set(encoding.ids.tolist())
    check(text, tiny_model.segments(text))


def test_spellings_of_one_text_get_the_same_labels(tiny_model):
    typed = "رئیس‌جمهور می‌گوید کتاب‌ها گران شد و ۱۲ درصد بالا رفت."
    folded = {
        "Arabic letters": typed.replace("ی", "ي").replace("ک", "ك"),
        "Arabic digits": typed.replace("۱۲", "١٢"),
        "ASCII digits": typed.replace("۱۲", "12"),
        "direction marks": typed.replace(" ", " \u200f"),
        "tatweel": typed.replace("گران", "گـــران"),
        "diacritics": typed.replace("گران", "گِران"),
    }
    wanted = [(s.label, s.confidence) for s in tiny_model.segments(typed)]
    for name, text in folded.items():
        assert [(s.label, s.confidence) for s in tiny_model.segments(text)] == wanted, name


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        (None, "got NoneType"),
        (b"\xd8", "got bytes"),
        (["متن"], "got list"),
    ],
)
def test_a_text_that_is_none(tiny_model, texts, error):
    with pytest.raises(TypeError, match=error):
        tiny_model.analyze(texts)


def test_one_text_where_many_are_wanted(tiny_model):
    with pytest.raises(TypeError, match="analyze\\(text\\)"):
        next(tiny_model.analyze_many("متن"))


def test_a_batch_of_none(tiny_model):
    with pytest.raises(ValueError, match="got 0"):
        next(tiny_model.analyze_many(["متن"], batch_size=0))


def test_a_stream_is_never_held_whole(tiny_model):
    taken = 0

    def stream():
        nonlocal taken
        while True:
            taken += 1
            yield SENTENCE

    results = tiny_model.analyze_many(stream(), batch_size=4)
    next(results)
    assert taken == 4


def test_public_functions_are_the_model(tiny_folder, tiny_model):
    assert claimcheck.analyze(SENTENCE, model=tiny_folder) == tiny_model.analyze(SENTENCE)
    assert list(claimcheck.analyze_many([SENTENCE], model=str(tiny_folder))) == [tiny_model.analyze(SENTENCE)]
    assert load(tiny_folder).segments(SENTENCE) == tiny_model.segments(SENTENCE)
