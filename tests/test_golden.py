"""The shipped model on sentences of ours: what must never get worse unseen."""

import pytest

from claimcheck import Label, load
from claimcheck.model import Model

MARKS = {Label.CLAIM: "C", Label.OPINION: "P", Label.CALL_TO_ACTION: "D", Label.ATTRIBUTION: "A"}

GOLDEN = {  # text: its segments; what stands between them has no label
    "وی با تأکید بر اینکه باید صرفه‌جویی کنیم، گفت: مصرف برق ۱۲ درصد رشد کرده است.": [
        ("A", "وی با تأکید بر اینکه"),
        ("D", "باید صرفه‌جویی کنیم"),
        ("A", "گفت:"),
        ("C", "مصرف برق ۱۲ درصد رشد کرده است"),
    ],
    "وزیر نیرو گفت: مصرف برق امسال ۱۲ درصد رشد کرده است و مردم باید صرفه‌جویی کنند.": [
        ("A", "وزیر نیرو گفت:"),
        ("C", "مصرف برق امسال ۱۲ درصد رشد کرده است"),
        ("D", "و مردم باید صرفه‌جویی کنند"),
    ],
    "به نظر من بهترین فیلم امسال همین بود، حتماً برید ببینید.": [
        ("P", "به نظر من بهترین فیلم امسال همین بود"),
        ("D", "حتماً برید ببینید"),
    ],
    "بچه‌ها لطفاً این پیام رو برای همه بفرستید! شهرداری داره درخت‌های پارک رو قطع میکنه.": [
        ("D", "بچه‌ها لطفاً این پیام رو برای همه بفرستید"),
        ("C", "شهرداری داره درخت‌های پارک رو قطع میکنه"),
    ],
    "طبق آمار رسمی سال گذشته ۲۰ هزار نفر در تصادفات جاده‌ای جان باختند. این یعنی فاجعه!": [
        ("A", "طبق آمار رسمی سال گذشته"),
        ("C", "۲۰ هزار نفر در تصادفات جاده‌ای جان باختند"),
        ("P", "این یعنی فاجعه"),
    ],
    "وزیر نیرو: صادرات برق متوقف شد": [
        ("A", "وزیر نیرو:"),
        ("C", "صادرات برق متوقف شد"),
    ],
    "سلام دوستان! صبح همگی بخیر.": [],
}


@pytest.fixture(scope="module")
def model():
    return load()


@pytest.mark.parametrize("text", GOLDEN)
def test_segments(model, text):
    assert [(MARKS[s.label], s.text) for s in model.segments(text)] == GOLDEN[text]


def test_each_span_stands_under_the_frame_that_introduces_it(model):
    spans = model.analyze("وی با تأکید بر اینکه باید صرفه‌جویی کنیم، گفت: مصرف برق ۱۲ درصد رشد کرده است.")
    assert [s.attribution.text for s in spans] == ["وی با تأکید بر اینکه", "گفت:"]


def test_a_quotation_keeps_its_frame_over_sentences(model):
    spans = model.analyze(
        "یکی از ساکنان گفت: «دیروز سه بار برق خانهٔ ما رفت. یخچال ما سوخت.» تابستان گرم است."
    )
    assert [s.attribution and s.attribution.text for s in spans] == ["یکی از ساکنان گفت:"] * 2 + [None]


def test_figures_are_worth_checking_and_trifles_are_not(model):
    (figure,) = model.analyze("نرخ بیکاری در پاییز به ۹ درصد رسید.")
    (trifle,) = model.analyze("دیروز با خواهرم به بازار رفتیم.")
    assert figure.check_worthiness > 0.8 > 0.3 > trifle.check_worthiness


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda t: t.replace("ی", "ي").replace("ک", "ك"),
        lambda t: t.replace("\u200c", " "),
        lambda t: t.replace("۱۲", "12"),
        lambda t: t.replace(" ", " \u200f"),
    ],
    ids=["Arabic letters", "blank for ZWNJ", "ASCII digits", "direction marks"],
)
def test_spelling_changes_no_label(model, rewrite):
    for text, wanted in GOLDEN.items():
        assert [MARKS[s.label] for s in model.segments(rewrite(text))] == [mark for mark, _ in wanted], text


def test_torch_gives_the_same_segments(model):
    pytest.importorskip("torch")
    slow = Model.load(model_folder(), runtime="torch")
    for text, wanted in GOLDEN.items():
        assert [(MARKS[s.label], s.text) for s in slow.segments(text)] == wanted


def test_the_folder_is_a_hugging_face_folder(model):
    transformers = pytest.importorskip("transformers")
    tagger = transformers.pipeline(
        "token-classification", model=str(model_folder()), aggregation_strategy="none"
    )
    text = next(iter(GOLDEN))
    tags = {found["entity"] for found in tagger(text)}
    assert {"attribution", "call_to_action", "claim_check_worthy"} <= tags


def test_what_ships_is_small():
    sizes = {path.name: path.stat().st_size for path in model_folder().iterdir()}
    assert sizes["model.int8.onnx"] <= 20_000_000
    assert sum(sizes.values()) <= 60_000_000


def model_folder():
    from claimcheck.api import embedded_folder

    return embedded_folder()
