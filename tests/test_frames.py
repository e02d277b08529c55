"""Which frame a span stands under, on marked texts: [A …] a frame, [C …] [P …] [D …] content."""

import re

import pytest

from claimcheck.frames import link
from claimcheck.sentences import split_sentences
from claimcheck.span import Label, Span

LABELS = {"A": Label.ATTRIBUTION, "C": Label.CLAIM, "P": Label.OPINION, "D": Label.CALL_TO_ACTION}


def parse(marked):
    text, spans = "", []
    for plain, label, inside in re.findall(r"([^\[]*)(?:\[([ACPD]) ([^\]]*)\])?", marked):
        text += plain
        if label:
            spans.append(Span(len(text), len(text) + len(inside), inside, LABELS[label], 0.9))
            text += inside
    return text, spans


CASES = {  # marked text: the frame of every content span, by the frame's first word, "-" for none
    "a frame introduces what follows": ("[A وزیر گفت:] [C باران آمد].", "وزیر"),
    "two frames around one content": (
        "[A وی با تأکید بر اینکه] [D باید صرفه‌جویی کنیم]، [A گفت:] [C مصرف زیاد شد].",
        "وی گفت:",
    ),
    "a frame behind": ("[C باران آمد]، [A وزیر راه گفت].", "وزیر"),
    "a frame behind with a colon introduces something else": (
        "[C باران آمد]. [A وزیر گفت:] [C برف آمد].",
        "- وزیر",
    ),
    "a frame behind claims no more than its own sentence": (
        "[C باد وزید]. [C باران آمد]، [A وزیر گفت].",
        "- وزیر",
    ),
    "the author speaks again": ("[A وزیر گفت] [C باران آمد]. [C نشست پایان یافت].", "وزیر -"),
    "a quotation stays open": (
        "[A وزیر گفت:] [C «باران آمد]. [C برف هم آمد].» [C نشست پایان یافت].",
        "وزیر وزیر -",
    ),
    "a quotation in straight quotes": (
        '[A وزیر گفت:] [C "باران آمد]. [C برف آمد]." [C نشست تمام شد].',
        "وزیر وزیر -",
    ),
    "quotation in quotation": (
        "[A وزیر گفت:] [C «نمایندهٔ «راه» آمد]. [P کار خوبی است].» [C نشست تمام شد].",
        "وزیر وزیر -",
    ),
    "after a colon to the end of the paragraph": (
        "[A وزیر گفت:] [C باران آمد]. [C برف آمد].\n[C نشست تمام شد].",
        "وزیر وزیر -",
    ),
    "a new frame takes over": ("[A وزیر گفت:] [C باران آمد]. [A وی افزود:] [C برف آمد].", "وزیر وی"),
    "an open quotation goes over a line break": (
        "[A وزیر گفت:] [C «باران آمد.\nبرف آمد].» [C تمام شد].",
        "وزیر -",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_frames(name):
    marked, wanted = CASES[name]
    text, spans = parse(marked)
    linked = link(text, spans, split_sentences(text))
    content = [s for s in linked if s.label is not Label.ATTRIBUTION]
    assert [s.attribution.text.split()[0] if s.attribution else "-" for s in content] == wanted.split()
    assert [(s.start, s.end, s.label) for s in linked] == [(s.start, s.end, s.label) for s in spans]


def test_a_mark_never_closed_does_not_own_the_document():
    text, spans = parse("[A وزیر گفت:] [C «باران آمد]. " + "[C هوا سرد شد]. " * 1000)
    linked = link(text, spans, split_sentences(text))
    assert linked[2].attribution is not None
    assert linked[-1].attribution is None
