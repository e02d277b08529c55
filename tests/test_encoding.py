"""Windows cover every piece once, and offsets point into the raw text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strings import NASTY, TEXTS

from claimcheck.api import embedded_folder
from claimcheck.encoding import Encoder, Encoding, windows
from claimcheck.folder import open_tokenizer
from claimcheck.sentences import split_sentences

ENCODER = Encoder(open_tokenizer(embedded_folder()), 64)


def encoding_of(lengths):
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    zeros = np.zeros(len(sentence), np.int64)
    return Encoding(zeros, zeros, zeros, sentence)


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(4, 30))
def test_windows_own_every_piece_once_and_fit(lengths, size):
    encoding = encoding_of(lengths)
    found = windows(encoding, size)
    assert [i for w in found for i in range(w.own_start, w.own_stop)] == list(range(sum(lengths)))
    assert all(0 <= w.start <= w.own_start < w.own_stop <= w.stop <= sum(lengths) for w in found)
    assert all(w.stop - w.start <= size for w in found)


def test_a_text_that_fits_is_one_window():
    assert len(windows(encoding_of([10, 20, 30]), 60)) == 1


def test_windows_are_whole_sentences():
    starts = [w.start for w in windows(encoding_of([30, 30, 30, 30]), 60)]
    assert starts == [0, 60]


def test_slices_of_a_long_sentence_overlap():
    first, second, *_ = windows(encoding_of([200]), 60)
    assert second.start < first.own_stop < first.stop


@given(TEXTS)
def test_offsets_are_in_the_text_and_ascend(text):
    ranges = split_sentences(text)
    (encoding,) = ENCODER.encode([text], [ranges])
    assert (encoding.starts <= encoding.ends).all()
    assert (np.diff(encoding.starts) >= 0).all()
    for start, end, place in zip(encoding.starts, encoding.ends, encoding.sentence, strict=True):
        assert ranges[place][0] <= start <= end <= ranges[place][1]


@pytest.mark.parametrize("name", NASTY)
def test_offsets_after_a_nasty_character(name):
    text = f"{NASTY[name]} تورم"
    (encoding,) = ENCODER.encode([text], [[(0, len(text))]])
    assert text[encoding.starts[-1] : encoding.ends[-1]].strip() == "تورم"


def test_texts_are_encoded_apart():
    texts = ["باران آمد. برف آمد.", "", "هوا سرد است."]
    ranges = [split_sentences(text) for text in texts]
    together = ENCODER.encode(texts, ranges)
    for text, part, encoding in zip(texts, ranges, together, strict=True):
        (alone,) = ENCODER.encode([text], [part])
        assert alone.ids.tolist() == encoding.ids.tolist()
        assert alone.starts.tolist() == encoding.starts.tolist()
