"""The sentence encoder's making: pairs from running news, learning that stays on four bits, packing, turning."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.numpy import load_file, save_file  # noqa: E402

from claimcheck.flags.rarity import Rarity  # noqa: E402
from claimcheck.flags.sentence_vectors import SentenceVectors, embedded_folder  # noqa: E402
from claimcheck.training.contrastive import (  # noqa: E402
    ContrastiveRecipe,
    headline_pairs,
    learn_from_pairs,
)
from claimcheck.training.fit import TrainingError  # noqa: E402
from claimcheck.training.sentence_encoder import (  # noqa: E402
    export_sentence_encoder,
    four_bits,
    half_whitening,
    pack,
)

HEADLINE = "سد کارون لبریز شد"
PARAGRAPH = "مدیر سد کارون امروز گفت آب این سد به تاج آن رسیده و دریچه‌ها برای مدتی کوتاه باز می‌شوند"
ELSEWHERE = "فهرست تازهٔ نامزدهای جایزهٔ کتاب سال در نشستی با حضور داوران این دوره در تالار شهر خوانده شد"
PLACES = ("تهران", "شیراز", "تبریز", "مشهد", "اهواز", "کرمان", "رشت", "ساری")
THINGS = ("باران", "برف", "تگرگ", "توفان", "سرما", "مه")
PAIRS = [(f"{thing} در {place}", f"امروز {place} {thing} دید") for place in PLACES for thing in THINGS]
QUICK = ContrastiveRecipe(steps=12, batch=8, held_out=8, rate=3e-2, table_rate=3e-2)


@pytest.fixture(scope="module")
def folder(tiny_weights, tmp_path_factory):
    """A tiny encoder of random weights that stand on four bits, as those of the real one do."""
    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(0)
    config = transformers.AutoConfig.from_pretrained(tiny_weights, vocab_size=10497)
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    for name, value in weights.items():
        if name.startswith("encoder.") and value.ndim == 2:
            levels, scales = four_bits(10 * value)  # so that layers matter
            weights[name] = (levels * scales[..., None]).reshape(value.shape)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copyfile(embedded_folder() / "tokenizer.json", folder / "tokenizer.json")
    return folder


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        pytest.param([HEADLINE, PARAGRAPH], [HEADLINE], id="right below"),
        pytest.param([HEADLINE, "ایرنا، اهواز", PARAGRAPH], [HEADLINE], id="a short line between"),
        pytest.param([HEADLINE, "ایرنا", "اهواز", PARAGRAPH], [], id="two lines between"),
        pytest.param([HEADLINE, ELSEWHERE, PARAGRAPH], [], id="another paragraph between"),
        pytest.param([HEADLINE, ELSEWHERE], [], id="about something else"),
        pytest.param([HEADLINE + ":", PARAGRAPH], [], id="leads on"),
        pytest.param(["کارون لبریز شد", PARAGRAPH], [], id="too short"),
        pytest.param(
            [HEADLINE + " و نه سد دیگر استان هم تا هفتهٔ آینده دوباره", PARAGRAPH], [], id="too long"
        ),
        pytest.param(["کارون از سد گذشت و رفت", HEADLINE, PARAGRAPH], [HEADLINE], id="the nearer of two"),
        pytest.param([" ".join(PARAGRAPH.split()[:8]), PARAGRAPH], [], id="the same words"),
        pytest.param(["[سد کارون لبریز شد", PARAGRAPH], [], id="a list of keywords"),
        pytest.param([HEADLINE, PARAGRAPH, HEADLINE, PARAGRAPH], [HEADLINE], id="twice"),
        pytest.param(["و از در به را", PARAGRAPH], [], id="no rare word"),
    ],
)
def test_headlines_find_their_paragraph(lines, wanted):
    assert headline_pairs(lines, str.split, Rarity.open()) == [(one, PARAGRAPH) for one in wanted]


def test_learning_moves_scales_and_leaves_levels(folder, tmp_path):
    said = []
    learn_from_pairs(folder, PAIRS, QUICK, tmp_path / "out", said.append)
    assert said[0].startswith("step 10 of 12  loss ")
    old, new = load_file(folder / "model.safetensors"), load_file(tmp_path / "out" / "model.safetensors")
    assert old.keys() == new.keys()
    moved = 0
    for name, value in old.items():
        if name.startswith("encoder.") and value.ndim == 2:
            (levels, scales), (levels_after, scales_after) = four_bits(value), four_bits(new[name])
            np.testing.assert_array_equal(levels, levels_after)
            moved += not np.allclose(scales, scales_after)
    assert moved == 12  # every matrix of both layers


def test_the_loss_falls_and_nothing_kept_is_nothing_changed(folder, tmp_path):
    said = []
    recipe = replace(QUICK, steps=40, kept=0.0)
    before, after = learn_from_pairs(folder, PAIRS, recipe, tmp_path / "out", said.append)
    losses = [float(line.split()[-1]) for line in said]
    assert losses[-1] < losses[0]
    assert before == after
    old, new = load_file(folder / "model.safetensors"), load_file(tmp_path / "out" / "model.safetensors")
    assert all(np.allclose(old[name], new[name], atol=1e-6) for name in old)


def test_too_few_pairs_and_a_rate_that_breaks_it(folder, tmp_path):
    with pytest.raises(ValueError, match="15 pairs; wanted 8 to measure on and 8 for a batch"):
        learn_from_pairs(folder, PAIRS[:15], QUICK, tmp_path / "few")
    wild = replace(QUICK, rate=float("inf"))
    with pytest.raises(TrainingError, match="no number any more"):
        learn_from_pairs(folder, PAIRS, wild, tmp_path / "wild")
    with pytest.raises(TrainingError, match="no numbers any more"):
        learn_from_pairs(folder, PAIRS, replace(wild, steps=1), tmp_path / "wild")
    assert not (tmp_path / "wild").exists()
    with pytest.raises(ValueError, match="is the folder that is read"):
        learn_from_pairs(folder, PAIRS, QUICK, folder)


def test_free_weights_are_refused(folder, tmp_path):
    free = tmp_path / "free"
    shutil.copytree(folder, free)
    weights = load_file(free / "model.safetensors")
    weights["encoder.layer.1.output.dense.weight"] += np.linspace(0, 0.5, 64, dtype=np.float32)
    save_file(weights, free / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="the weights are free numbers"):
        learn_from_pairs(free, PAIRS, QUICK, tmp_path / "out")


def test_what_is_exported_answers_as_the_floats_do(folder, tmp_path):
    texts = [text for pair in PAIRS for text in pair]
    found = export_sentence_encoder(folder, texts, tmp_path / "out", size=16)
    assert found["cosine"] > 0.99
    vectors = SentenceVectors(tmp_path / "out")(texts)
    assert vectors.shape == (len(texts), 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors.mean(0)).max() < 0.3  # centred: no direction that all share


def test_packing_keeps_what_stands_on_its_levels():
    chance = np.random.default_rng(0)
    levels = chance.integers(-8, 8, (6, 2, 32)).astype(np.float32)
    levels[..., 0] = -8
    scales = chance.normal(size=(6, 2)).astype(np.float32)
    matrix = (levels * scales[..., None]).reshape(6, 64)
    found, found_scales = four_bits(matrix)
    np.testing.assert_array_equal(found, levels)
    np.testing.assert_allclose(found_scales, scales, rtol=1e-6)
    packed, packed_scales = pack(matrix.T)
    opened = np.stack([packed & 15, packed >> 4], -1).reshape(6, 2, 32).astype(np.float32) - 8
    np.testing.assert_array_equal(opened, levels)
    np.testing.assert_array_equal(packed_scales, found_scales)
    assert not four_bits(np.zeros((1, 32), np.float32))[0].any()


def test_half_whitening_takes_the_root_of_every_deviation():
    chance = np.random.default_rng(0)
    vectors = (chance.normal(size=(5000, 3)) * (9, 4, 1) + 5).astype(np.float32)
    mean, turn = half_whitening(vectors, 2)
    np.testing.assert_allclose(((vectors - mean) @ turn).std(0), (3, 2), rtol=0.05)
