"""Strategies of labelled texts, as broken as files can be: shared by the tests of ``claimcheck.examples``."""

import re
from itertools import pairwise

from hypothesis import strategies as st
from strings import TEXTS

from claimcheck.examples import Example, LabelledSpan
from claimcheck.span import Label

PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # JSON has no way to keep these two characters apart
SURROGATE = re.compile("[\ud800-\udfff]")
NAMES = st.text("ab/.%# =é‌😀«", min_size=1, max_size=6)


def ranges_of(text, edges):
    """The stretches between ``edges`` that are not blank."""
    cuts = sorted({0, len(text), *(edge % (len(text) + 1) for edge in edges)})
    return [(a, b) for a, b in pairwise(cuts) if text[a:b].strip()]


@st.composite
def labelled(draw, texts=TEXTS, one_sentence=False):
    """An example over a nasty text with spans and sentences anywhere in it."""
    text = draw(texts.filter(lambda text: text.strip() and not PAIR.search(text)))
    edges = st.lists(st.integers(0, 200), max_size=6)
    spans = []
    for start, end in ranges_of(text, draw(edges)):
        label = draw(st.sampled_from([None, *Label]))
        if label is not None:
            worthy = label is Label.CLAIM and draw(st.booleans())
            spans.append(LabelledSpan(start, end, label, worthy))
    sentences = (
        ((0, len(text)),) if one_sentence else draw(st.none() | edges.map(lambda e: ranges_of(text, e)))
    )
    optional = st.none() | NAMES
    return Example(
        id=draw(NAMES),
        text=text,
        spans=tuple(spans),
        sentences=None if sentences is None else tuple(sentences),
        genre=draw(optional),
        source=draw(optional),
        document=draw(optional),
        extra=draw(st.dictionaries(st.sampled_from(["url", "votes"]), st.none() | st.integers() | NAMES)),
    )


UTF8 = TEXTS.filter(lambda text: not SURROGATE.search(text))
ONE_LINE = UTF8.filter(lambda text: not re.search(r"[\r\n]", text))
