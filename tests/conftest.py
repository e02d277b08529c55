"""A tiny random model, exported as a real one is: its labels mean nothing, everything else is true."""

import shutil

import pytest

from claimcheck.api import embedded_folder
from claimcheck.examples import Example, LabelledSpan
from claimcheck.span import Label
from claimcheck.tags import TAGS

REPORT = "وزیر نیرو گفت: مصرف برق ۱۲ درصد رشد کرده است و مردم باید صرفه‌جویی کنند."
TWEET = "به نظرم این تیم بازی زیبایی نکرد. دیروز باران آمد!"


def _span(text, piece, label, check_worthy=False):
    start = text.index(piece)
    return LabelledSpan(start, start + len(piece), label, check_worthy)


@pytest.fixture(scope="session")
def examples():
    """Two labelled texts of ours."""
    report = (
        _span(REPORT, "وزیر نیرو گفت:", Label.ATTRIBUTION),
        _span(REPORT, "مصرف برق ۱۲ درصد رشد کرده است", Label.CLAIM, True),
        _span(REPORT, "و مردم باید صرفه‌جویی کنند", Label.CALL_TO_ACTION),
    )
    tweet = (
        _span(TWEET, "به نظرم این تیم بازی زیبایی نکرد", Label.OPINION),
        _span(TWEET, "دیروز باران آمد", Label.CLAIM),
    )
    return [Example("report", REPORT, report, genre="news"), Example("tweet", TWEET, tweet, genre="social")]


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory):
    """A Hugging Face folder as training leaves it: weights and tokenizer, nothing exported."""
    torch = pytest.importorskip("torch")
    from transformers import BertConfig, BertForTokenClassification

    folder = tmp_path_factory.mktemp("weights")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(embedded_folder() / name, folder / name)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=18065,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        pad_token_id=1,
        id2label=dict(enumerate(TAGS)),
        label2id={tag: i for i, tag in enumerate(TAGS)},
    )
    model = BertForTokenClassification(config)
    torch.nn.init.normal_(model.classifier.weight, std=5.0)  # so that labels differ from word to word
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tiny_weights, tmp_path_factory, examples):
    """A complete model folder that ``claimcheck.load`` opens; do not change it, copy it."""
    from claimcheck.training.export import export

    folder = tmp_path_factory.mktemp("models") / "tiny"
    shutil.copytree(tiny_weights, folder)
    export(folder, examples, [example.text for example in examples], keep_float=True)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tiny_folder):
    """The tiny model, opened."""
    from claimcheck import load

    return load(tiny_folder)
