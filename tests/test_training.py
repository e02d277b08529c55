"""Fine-tuning on a tiny encoder: what is learnt from, that it repeats, resumes, and ends in a usable folder."""

import json
import random
import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from claimcheck import load  # noqa: E402
from claimcheck.api import embedded_folder  # noqa: E402
from claimcheck.cli import main  # noqa: E402
from claimcheck.encoding import Encoder  # noqa: E402
from claimcheck.examples import Example, LabelledSpan, write_examples  # noqa: E402
from claimcheck.folder import open_tokenizer  # noqa: E402
from claimcheck.model import Model  # noqa: E402
from claimcheck.runtime import ModelError  # noqa: E402
from claimcheck.span import Label  # noqa: E402
from claimcheck.tags import TAGS  # noqa: E402
from claimcheck.training.batches import (  # noqa: E402
    Row,
    Variation,
    batches,
    collate,
    labelled_rows,
    vary,
)
from claimcheck.training.checkpoints import Checkpoints  # noqa: E402
from claimcheck.training.corpus import read_lines  # noqa: E402
from claimcheck.training.device import pick_device  # noqa: E402
from claimcheck.training.distil import soft_rows  # noqa: E402
from claimcheck.training.encoders import PROBES, check_offsets, open_backbone  # noqa: E402
from claimcheck.training.fit import Recipe, TrainingError, fit  # noqa: E402
from claimcheck.training.folds import cross_validate, fold_parts  # noqa: E402
from claimcheck.training.log import Log  # noqa: E402
from claimcheck.training.parsbert import build_parsbert  # noqa: E402
from claimcheck.training.soft import label_texts  # noqa: E402

ENCODER = Encoder(open_tokenizer(embedded_folder()), 64)
AS_IT_STANDS = Variation(0, 0, 0)
QUICK = Recipe(epochs=3, pieces=512, window=64, learning_rate=5e-3)


@pytest.fixture(scope="module")
def many():
    """Sixty little texts whose label one word tells."""
    words = {Label.CLAIM: "رسید", Label.OPINION: "زیباست", Label.CALL_TO_ACTION: "بروید"}
    words[Label.ATTRIBUTION] = "گفت"
    out = []
    for i in range(60):
        label = list(words)[i % 4]
        text = f"خبر {i} دربارهٔ شهر {words[label]}."
        out.append(Example(str(i), text, (LabelledSpan(0, len(text) - 1, label),), genre="news"))
    return out


# ---- what is learnt from


def test_targets_stand_on_the_pieces_of_their_characters(examples):
    report = examples[0]
    (row,) = labelled_rows([report], ENCODER, AS_IT_STANDS, random.Random(0))
    assert len(row.ids) == len(row.targets)
    assert not row.targets[0].any() and not row.targets[-1].any()  # the special pieces
    names = [TAGS[i] for i in row.targets[1:-1].argmax(1)]
    assert list(dict.fromkeys(names)) == ["attribution", "claim_check_worthy", "call_to_action"]
    assert (row.targets[1:-1].sum(1) == 1).all()


@pytest.mark.parametrize("character", ["\u200c", "\u064e", "\u0640", "ﷺ", "😀", "\u200f", "\ud83d"])
def test_targets_are_right_behind_a_nasty_character(character):
    text = f"{character} باران آمد. خوب شد."
    start = text.index("خوب")
    example = Example("x", text, (LabelledSpan(start, len(text) - 1, Label.OPINION),))
    (row,) = labelled_rows([example], ENCODER, AS_IT_STANDS, random.Random(0))
    (encoding,) = ENCODER.encode([text], [[(0, len(text))]])
    opinion = encoding.starts >= start
    assert (row.targets[1:-1].argmax(1)[: len(opinion)] == 2).sum() == opinion.sum()


def test_typing_otherwise_keeps_the_labels():
    text, tags = "می‌رود، و نمی‌آید.", list(range(18))
    joined, kept = vary(text, tags, Variation(0, 1, 1), random.Random(3))
    assert joined in ("میرود و نمیآید", "می رود و نمی آید")
    assert [text[i] for i in kept if text[i] not in "\u200c "] == [c for c in joined if c != " "]


def test_passages_are_cut_to_sentences(examples):
    whole = labelled_rows(examples, ENCODER, AS_IT_STANDS, random.Random(0))
    cut = labelled_rows(examples, ENCODER, Variation(1, 0, 0), random.Random(0))
    assert len(whole) == 2 < len(cut) == 3


def test_a_long_passage_is_learnt_to_its_end():
    text = "باران آمد و " * 60
    example = Example("x", text, (LabelledSpan(0, len(text) - 1, Label.CLAIM),))
    rows = labelled_rows([example], ENCODER, AS_IT_STANDS, random.Random(0))
    assert len(rows) > 1
    assert all(len(row.ids) <= 64 for row in rows)


def test_batches_hold_every_row_once_and_are_no_larger_than_asked():
    rows = [Row(np.zeros(n, np.int32), np.zeros((n, 6), np.float16)) for n in range(1, 60)]
    lengths = [len(row.ids) for row in rows]
    made = list(batches(lengths, 128, random.Random(0)))
    assert sorted(i for batch in made for i in batch) == list(range(59))
    assert all(max(lengths[i] for i in batch) * len(batch) <= 128 for batch in made)
    ids, mask, targets = collate([rows[i] for i in made[0]], 7)
    assert ids.shape == mask.shape == targets.shape[:2]
    assert (ids[mask == 0] == 7).all()


# ---- the loop


def _fit(folder, many, tmp=None, recipe=QUICK, report=lambda row: None):
    backbone = open_backbone(str(folder))
    checkpoints = Checkpoints(tmp) if tmp else None
    fitted = fit(backbone, many[:45], many[45:], recipe, checkpoints=checkpoints, report=report)
    return fitted, {k: v.clone() for k, v in backbone.module.state_dict().items()}


def test_it_repeats(tiny_weights, many):
    first, weights = _fit(tiny_weights, many)
    again, same = _fit(tiny_weights, many)
    assert first.history == again.history
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert first.history[-1]["loss"] < first.history[1]["loss"]
    assert _fit(tiny_weights, many, recipe=_quick(seed=1))[0].history != first.history


def _quick(**changes):
    return replace(QUICK, **changes)


class Killed(Exception):
    pass


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_killed_run_goes_on_with_the_same_result(tiny_weights, many, tmp_path, epoch):
    def die(row):
        if row["epoch"] == epoch + 1:
            raise Killed  # after the epoch, before its checkpoint

    wanted, weights = _fit(tiny_weights, many)
    with pytest.raises(Killed):
        _fit(tiny_weights, many, tmp_path / "state", report=die)
    got, same = _fit(tiny_weights, many, tmp_path / "state")
    assert got.history == wanted.history
    assert all(torch.equal(weights[name], same[name]) for name in weights)


def test_a_checkpoint_of_another_run_is_refused(tiny_weights, many, tmp_path):
    _fit(tiny_weights, many, tmp_path / "state", recipe=_quick(epochs=1))
    with pytest.raises(ValueError, match="another run \\(other recipe\\)"):
        _fit(tiny_weights, many, tmp_path / "state")


def test_no_gain_ends_it(tiny_weights, many):
    recipe = _quick(epochs=30, patience=2, learning_rate=1e-9)
    assert len(_fit(tiny_weights, many, recipe=recipe)[0].history) == 3


def test_a_loss_that_is_no_number(tiny_weights, many):
    with pytest.raises(TrainingError, match="smaller --learning-rate"):
        _fit(tiny_weights, many, recipe=_quick(learning_rate=1e30))


def test_the_log_of_a_resumed_run_has_every_epoch_once(tmp_path):
    log = Log(tmp_path)
    log.write({"epoch": 1, "step": 5, "loss": 0.5})
    log.close()
    history = tmp_path / "history.jsonl"
    with open(history, "a", encoding="utf-8") as stream:
        stream.write('{"epoch": 2, "st')  # killed while it wrote
    again = Log(tmp_path)
    again.write({"epoch": 1, "step": 5, "loss": 0.5})
    again.write({"epoch": 2, "step": 10, "loss": 0.4})
    again.close()
    rows = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    assert [(row["epoch"], row["loss"]) for row in rows] == [(1, 0.5), (2, 0.4)]


def test_tensorboard_reads_the_log(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = Log(tmp_path)
    log.write({"epoch": 1, "step": 5, "loss": 0.5})
    log.close()
    events = reader.EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(5, 0.5)]


# ---- where it is computed


@pytest.mark.parametrize(
    "able, half",
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx512_bf16": False}, False), ({}, False)],
)
def test_half_precision_where_the_processor_has_it(able, half, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert pick_device() == (torch.device("cpu"), half)


# ---- teachers


def test_a_teacher_says_what_it_says_itself(tiny_model):
    text = "وزیر گفت: باران آمد."
    (row,) = soft_rows([text, ""], [tiny_model, tiny_model], tiny_model.encoder)
    ((_, logs),) = tiny_model.tag_log_probabilities([text], [[(0, len(text))]])
    assert np.allclose(row.targets[1:-1], np.exp(logs), atol=0.01)


def test_rows_of_teachers_are_kept_on_disk(tiny_folder, tiny_model, tmp_path, monkeypatch):
    texts = tmp_path / "texts.txt"
    texts.write_text("باران آمد.\n\n" * 300 + "خانه زیباست.\n", encoding="utf-8")

    def label(most=None):
        return label_texts([texts], [tiny_folder], tiny_model.encoder, tmp_path / "kept", most=most)

    rows = label()
    teacher = Model.load(tiny_folder, runtime="torch")
    told = list(soft_rows(read_lines([texts]), [teacher], tiny_model.encoder))
    assert len(rows) == len(told) == 301
    for row, direct in zip(rows, told, strict=True):
        assert np.array_equal(row.ids, direct.ids) and np.array_equal(row.targets, direct.targets)
    assert rows.lengths == [len(row.ids) for row in told]
    assert np.allclose(rows.totals, sum(row.targets.sum(0, dtype=float) for row in told))
    with monkeypatch.context() as patch:
        patch.setattr("claimcheck.training.soft.soft_rows", lambda *_: pytest.fail("it asked again"))
        assert len(label()) == 301
    assert len(label(most=2)) == 2
    texts.write_text("باران آمد.\n", encoding="utf-8")
    assert len(label()) == 1


# ---- folds


def test_folds_that_are_done_are_not_learnt_again(tiny_weights, many, tmp_path, monkeypatch):
    parts = fold_parts(many, 3, 0)
    assert sorted(example.id for part in parts for example in part) == sorted(e.id for e in many)
    calls = []

    def run(die_at=None):
        def counted(*arguments, **options):
            calls.append(None)
            if len(calls) == die_at:
                raise Killed
            return fit(*arguments, **options)

        monkeypatch.setattr("claimcheck.training.folds.fit", counted)
        recipe = _quick(epochs=1)
        return list(
            cross_validate(
                str(tiny_weights), recipe, parts, None, tmp_path, lambda line: None, lambda steps, *_: steps
            )
        )

    with pytest.raises(Killed):
        run(die_at=3)
    resumed = run()
    assert len(calls) == 4
    (tmp_path / "fold-1.json").unlink()
    assert run() == resumed  # the first is learnt again, the same
    assert len(calls) == 5


# ---- other encoders


@pytest.fixture(scope="module")
def parsbert(tmp_path_factory, many):
    """ParsBERT's layout, tiny: a vocab.txt alone, a normaliser that lower-cases and drops half-spaces."""
    folder = tmp_path_factory.mktemp("parsbert")
    texts = [*(example.text for example in many), *PROBES]
    build_parsbert(folder, texts, vocabulary=400, layers=2, width=32, heads=2)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("vocabulary", [100_000, 42_000])
def test_parsbert_at_its_true_size(many, data, tmp_path, vocabulary):
    folder, out = tmp_path / "parsbert", tmp_path / "model"
    build_parsbert(folder, [*(example.text for example in many), *PROBES], vocabulary=vocabulary)
    arguments = [str(data / "train.jsonl"), "--dev", str(data / "dev.jsonl"), "--out", str(out)]
    assert main(["train", *arguments, "--encoder", str(folder), "--epochs", "1"]) == 0
    assert main(["evaluate", str(data / "dev.jsonl"), "--model", str(out)]) == 0
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert (config["num_hidden_layers"], config["hidden_size"], config["vocab_size"]) == (12, 768, vocabulary)
    text = "علي كتاب‌هاي خود را دید؛ خبر می‌رسید. 😀 به شهر بروید!"
    for span in load(out).segments(text):
        assert text[span.start : span.end] == span.text


@pytest.fixture(scope="module")
def data(tmp_path_factory, many):
    folder = tmp_path_factory.mktemp("data")
    write_examples(many[:45], folder / "train.jsonl")
    write_examples(many[45:], folder / "dev.jsonl")
    return folder


LONGER = ["--epochs", "25", "--patience", "25", "--learning-rate", "1e-2", "--batch", "512"]
QUICKLY = ["--epochs", "2", "--learning-rate", "5e-3", "--batch", "512"]


def test_parsbert_from_encoder_to_offsets(parsbert, data, tmp_path, capsys):
    out = tmp_path / "model"
    arguments = [str(data / "train.jsonl"), "--dev", str(data / "dev.jsonl"), "--out", str(out)]
    code = main(["train", *arguments, "--encoder", str(parsbert), *LONGER])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    made = {path.name for path in out.iterdir()}
    assert made >= {"model.safetensors", "model.onnx", "model.int8.onnx", "claimcheck.json", "README.md"}
    assert made >= {"report.html", "report.json", "log", "tokenizer.json", "config.json"}
    assert "checkpoint" not in made
    model = load(out)
    text = "خبر کتاب‌های شهر رسید. به شهر می‌بروید!"
    for span in model.segments(text):
        assert text[span.start : span.end] == span.text
    assert model.segments(text)
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert "before" not in report["scores"]  # it was no tagger
    assert report["scores"]["after"]["span"]["all"]["value"] > 0.5


def test_fine_tuning_a_model_of_ours_is_held_against_it(tiny_folder, data, tmp_path, capsys):
    out = tmp_path / "model"
    arguments = [str(data / "train.jsonl"), "--out", str(out), "--encoder", str(tiny_folder), *QUICKLY]
    assert main(["train", *arguments, "--folds", "2"]) == 0
    said = capsys.readouterr().err
    assert "no --dev" in said
    assert "2 folds, span_f1" in said
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert {"before", "after", "difference"} == set(report["scores"])
    assert main(["train", *arguments]) == 1
    assert "holds something; name a new folder\n" in capsys.readouterr().err


def test_distilling_by_command(tiny_folder, tiny_weights, data, tmp_path, capsys):
    texts = tmp_path / "texts.txt"
    texts.write_text("باران آمد.\n\nخانه زیباست.\n", encoding="utf-8")
    arguments = [
        "train",
        str(data / "train.jsonl"),
        "--dev",
        str(data / "dev.jsonl"),
        "--out",
        str(tmp_path / "m"),
    ]
    arguments += ["--encoder", str(tiny_folder), *QUICKLY, "--distil", str(tiny_folder), str(tiny_folder)]
    assert main(arguments) == 1
    assert "go together" in capsys.readouterr().err
    assert main([*arguments, "--texts", str(texts)]) == 0
    assert "2 teachers labelled the texts: 2 rows" in capsys.readouterr().err
    assert "kept" not in {path.name for path in (tmp_path / "m").iterdir()}


@pytest.mark.parametrize(
    ("name", "said"),
    [("./nowhere", "neither a folder nor an id"), ("a/b/c", "neither a folder nor an id")],
)
def test_an_encoder_that_is_not_there(name, said):
    with pytest.raises(FileNotFoundError, match=said):
        open_backbone(name)


def test_an_encoder_without_a_tokenizer(tiny_weights, tmp_path):
    folder = shutil.copytree(tiny_weights, tmp_path / "model")
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(ModelError, match="tokenizer"):
        open_backbone(str(folder))


def test_a_tokenizer_of_another_model(tiny_weights, parsbert, tmp_path):
    folder = shutil.copytree(parsbert, tmp_path / "model")
    shutil.copyfile(tiny_weights / "tokenizer.json", folder / "tokenizer.json")
    with pytest.raises(ModelError, match="not of one model"):
        open_backbone(str(folder))


def test_offsets_that_cannot_be_trusted():
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    dropping = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    dropping.normalizer = normalizers.Replace(Regex("[یيک]"), "")
    dropping.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    with pytest.raises(ModelError, match="cannot be used"):
        check_offsets(dropping, "x")
    whole = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    with pytest.raises(ModelError, match="over two words"):
        check_offsets(whole, "x")


def test_data_that_teaches_nothing(tiny_weights, tmp_path, capsys):
    (tmp_path / "data.jsonl").write_text('{"id": "1", "text": "باران آمد.", "spans": []}\n', encoding="utf-8")
    assert main(["train", str(tmp_path / "data.jsonl"), "--out", str(tmp_path / "out")]) == 1
    assert "no example has a span" in capsys.readouterr().err
