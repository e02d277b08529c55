"""Pre-training on a tiny encoder: whole words are masked, it learns, goes on from any step, and can be fine-tuned."""

import gzip
import importlib.util
import json
import lzma
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.torch import load_file  # noqa: E402

from claimcheck.api import embedded_folder  # noqa: E402
from claimcheck.encoding import Encoder  # noqa: E402
from claimcheck.folder import open_tokenizer, tokenizer_probe  # noqa: E402
from claimcheck.training import pretrain as loop  # noqa: E402
from claimcheck.training.corpus import check_files, encode_blocks, read_lines  # noqa: E402
from claimcheck.training.encoders import open_backbone  # noqa: E402
from claimcheck.training.fit import TrainingError, fit  # noqa: E402
from claimcheck.training.masked_lm import open_masked_lm  # noqa: E402
from claimcheck.training.masking import masking_of  # noqa: E402
from claimcheck.training.parsbert import build_parsbert  # noqa: E402
from claimcheck.training.pretrain import MlmRecipe, pretrain  # noqa: E402
from claimcheck.training.recipe import Recipe  # noqa: E402
from claimcheck.training.state import STATE, save_state  # noqa: E402
from claimcheck.training.vocabulary import Cut, cut_vocabulary  # noqa: E402

PLACES = ("تهران", "شیراز", "تبریز", "مشهد", "اهواز", "کرمان", "رشت", "ساری")
THINGS = ("باران", "برف", "باد", "گرما", "سرما", "مه")
LINES = [
    f"هواشناسی گفت: امروز در {a} {b} می‌بارد و فردا {c} می‌آید." for a in PLACES for b in THINGS for c in THINGS
]
QUICK = MlmRecipe(steps=12, batch=8, learning_rate=3e-3)


def _script():
    path = Path(__file__).parents[1] / "scripts" / "pretrain.py"
    spec = importlib.util.spec_from_file_location("pretrain_script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "weather.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def blocks():
    return encode_blocks(LINES, Encoder(open_tokenizer(embedded_folder())), 32)


# ---- what is read


@pytest.mark.parametrize("opener", [open, lzma.open, gzip.open])
def test_text_files_of_every_kind(tmp_path, opener):
    path = tmp_path / ("x.txt" + {open: "", lzma.open: ".xz", gzip.open: ".gz"}[opener])
    with opener(path, "wt", encoding="utf-8") as stream:
        stream.write("\ufeffباران آمد.\r\n\n  \nبرف آمد.\u2028تمام شد.")
    check_files([path])
    assert list(read_lines([path, path], 3)) == ["باران آمد.", "برف آمد.\u2028تمام شد.", "باران آمد."]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.txt", "باران".encode("cp1256"), "not UTF-8"),
        ("x.txt", b"\n \n", "holds no text"),
        ("x.txt.xz", b"no archive", "cannot be unpacked"),
        ("x.txt.gz", b"no archive", "cannot be unpacked"),
        ("x.jsonl", b"{}", "wanted plain text"),
        ("x.csv.gz", b"", "wanted plain text"),
        ("x", None, "no text file at"),
    ],
)
def test_text_files_that_are_none(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        check_files([tmp_path / name])


def test_blocks_hold_the_running_text():
    encoder = Encoder(open_tokenizer(embedded_folder()))
    made = encode_blocks(LINES, encoder, 32)
    assert made.shape[1] == 32
    assert (made[:, 0] == encoder.prefix[0]).all()
    running = [
        i
        for line in LINES
        for i in (*encoder.tokenizer.encode(line, add_special_tokens=False).ids, *encoder.suffix)
    ]
    assert made[:, 1:].ravel().tolist() == running[: made[:, 1:].size]
    with pytest.raises(ValueError, match="not one block of 512"):
        encode_blocks(LINES[:3], encoder, 512)
    with pytest.raises(ValueError, match="too short"):
        encode_blocks(LINES, encoder, 1)


# ---- what is masked


def test_words_are_masked_whole(blocks):
    tokenizer = open_tokenizer(embedded_folder())
    masking = masking_of(tokenizer, "<mask>", "x")
    read, chosen = masking(blocks, np.random.default_rng(0))
    pieces = np.vectorize(tokenizer.id_to_token)(blocks)
    inside = np.array(
        [[not p.startswith("▁") and p[0].isalnum() and p[0] != "<" for p in row] for row in pieces]
    )
    assert inside[:, 2:].any()
    assert (chosen[:, 2:] == chosen[:, 1:-1])[inside[:, 2:]].all()
    special = np.isin(blocks, [0, 1, 2, 3, 18064])
    assert not chosen[special].any()
    assert 0.17 < chosen[~special].mean() < 0.23
    assert (read == blocks)[~chosen].all()
    assert 0.75 < (read == masking.mask)[chosen].mean() < 0.85
    assert 0.05 < (read == blocks)[chosen].mean() < 0.15
    again, _ = masking(blocks, np.random.default_rng(0))
    assert (again == read).all()


def test_words_of_word_pieces(tmp_path):
    build_parsbert(tmp_path, [*LINES, *LINES], vocabulary=60, layers=1, width=8, heads=1)
    backbone = open_backbone(str(tmp_path))
    masking = masking_of(backbone.tokenizer, "[MASK]", "x")
    ids = backbone.tokenizer.encode("هواشناسی").ids
    assert len(ids) > 3  # with [CLS] and [SEP]
    assert masking.starts[ids].tolist() == [True, True, *[False] * (len(ids) - 3), True]
    with pytest.raises(ValueError, match="has no mask token"):
        masking_of(backbone.tokenizer, "<mask>", "x")


# ---- the loop


def _pretrain(folder, blocks, out, recipe=QUICK, **how):
    backbone = open_masked_lm(str(folder))
    made = pretrain(backbone, blocks, recipe, out, every=3, **how)
    rows = [json.loads(line) for line in (out / "log" / "history.jsonl").read_text("utf-8").splitlines()]
    for row in rows:
        del row["seconds"]
    return made, rows, load_file(out / "model.safetensors")


@pytest.fixture(scope="module")
def whole(tiny_weights, blocks, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    return out, _pretrain(tiny_weights, blocks, out)


def test_the_loss_falls(tiny_weights, blocks, whole, tmp_path):
    made, rows, _ = whole[1]
    assert [row["step"] for row in rows] == [3, 6, 9, 12]
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.5
    assert made.after < made.before - 0.5
    assert not (whole[0] / STATE).exists()
    other = _pretrain(tiny_weights, blocks, tmp_path / "out", replace(QUICK, seed=1))
    assert other[1] != rows


class Killed(Exception):
    pass


@pytest.mark.parametrize("step", [2, 7, 12])
def test_a_killed_run_goes_on_with_the_same_result(tiny_weights, blocks, whole, tmp_path, monkeypatch, step):
    def die(path, module, optimizer, about):
        if about["step"] > step:
            raise Killed
        save_state(path, module, optimizer, about)

    monkeypatch.setattr(loop, "save_state", die)
    if step == QUICK.steps:
        monkeypatch.setattr("claimcheck.training.encoders.Backbone.save", lambda *_: die(*[{"step": 99}] * 4))
    with pytest.raises(Killed):
        _pretrain(tiny_weights, blocks, tmp_path / "out", keep_every=1)
    monkeypatch.undo()
    assert (tmp_path / "out" / STATE).is_file()
    lines: list[str] = []
    made, rows, weights = _pretrain(tiny_weights, blocks, tmp_path / "out", say=lines.append)
    assert lines[0] == f"going on from step {step}"
    assert (made, rows) == whole[1][:2]
    wanted = whole[1][2]
    assert weights.keys() == wanted.keys()
    assert all(torch.equal(weights[name], wanted[name]) for name in wanted)


def test_a_state_of_another_run_is_refused(tiny_weights, blocks, tmp_path, monkeypatch):
    monkeypatch.setattr("claimcheck.training.pretrain.masked_loss", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(TrainingError, match="smaller --learning-rate"):
        _pretrain(tiny_weights, blocks, tmp_path / "out")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="another run \\(other texts\\)"):
        _pretrain(tiny_weights, blocks[::2], tmp_path / "out")
    with pytest.raises(ValueError, match="another run \\(other recipe\\)"):
        _pretrain(tiny_weights, blocks, tmp_path / "out", replace(QUICK, steps=5))
    (tmp_path / "out" / STATE).write_bytes(b"broken")
    with pytest.raises(ValueError, match="cannot be read"):
        _pretrain(tiny_weights, blocks, tmp_path / "out")


def test_what_cannot_work_is_said_first(tiny_weights, blocks, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="learning rate between 0 and 1"):
        MlmRecipe(learning_rate=-1)
    with pytest.raises(ValueError, match="between 0 and 1, got 1"):
        _pretrain(tiny_weights, blocks, tmp_path / "out", replace(QUICK, share=1))
    with pytest.raises(ValueError, match="every 1 step"):
        pretrain(open_masked_lm(str(tiny_weights)), blocks, QUICK, tmp_path / "out", keep_every=0)
    with pytest.raises(ValueError, match="512 pieces at most, got 800"):
        _pretrain(tiny_weights, np.tile(blocks[:40], 25), tmp_path / "out")
    full = type("Full", (), {"free": 1000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(ValueError, match="MB are free"):
        _pretrain(tiny_weights, blocks, tmp_path / "out")


# ---- what is made


def test_the_folder_opens_in_transformers(whole):
    folder, (_, _, weights) = whole
    assert {value.dtype for value in weights.values()} == {torch.bfloat16}
    model = transformers.AutoModelForMaskedLM.from_pretrained(folder)
    assert type(model).__name__ == "BertForMaskedLM"
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    wanted = tokenizer_probe(open_tokenizer(embedded_folder()))
    assert tokenizer_probe(open_tokenizer(folder)) == wanted
    assert tokenizer.tokenize("می‌رَوم ۱۲ كتاب") == ["▁می", "▁روم", "▁12", "▁کتاب"]
    written = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert written["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert written["mask_token"] == "<mask>"


def test_by_command_to_a_tagger(tiny_weights, texts, examples, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [
        "mlm",
        str(texts),
        "--init",
        str(tiny_weights),
        "--out",
        str(out),
        "--steps",
        "3",
        "--block",
        "32",
    ]
    assert SCRIPT.main(arguments) == 0, capsys.readouterr().err
    assert "before" in capsys.readouterr().err
    backbone = open_backbone(str(out))
    assert not backbone.tagger  # its head is gone, and nothing says otherwise
    recipe = Recipe(epochs=3, pieces=512, window=32, learning_rate=5e-3)
    history = fit(backbone, examples * 20, examples, recipe).history
    assert history[-1]["loss"] < history[0]["loss"]
    assert SCRIPT.main(arguments) == 1
    assert "add --resume" in capsys.readouterr().err
    assert SCRIPT.main([*arguments, "--resume"]) == 1
    assert "is finished" in capsys.readouterr().err
    assert SCRIPT.main(["mlm", str(tmp_path / "no.txt"), "--out", str(tmp_path / "n")]) == 1
    assert "no text file at" in capsys.readouterr().err


# ---- fewer layers


def test_shrinking_keeps_the_right_layers(tmp_path, capsys):
    deep, out = tmp_path / "deep", tmp_path / "out"
    build_parsbert(deep, LINES, vocabulary=200, layers=5, width=16, heads=2)
    assert SCRIPT.main(["shrink", str(deep), "--layers", "0", "2", "4", "--out", str(out)]) == 0
    old = transformers.AutoModelForMaskedLM.from_pretrained(deep, dtype=torch.bfloat16).state_dict()
    new = transformers.AutoModelForMaskedLM.from_pretrained(out)
    assert new.config.num_hidden_layers == 3
    for name, value in new.state_dict().items():
        for place, layer in ((2, 4), (1, 2)):
            name = name.replace(f"layer.{place}.", f"layer.{layer}.")
        assert torch.equal(value, old[name]), name
    for layers in (["4", "2"], ["2", "2"], ["5"], ["-1"]):
        again = ["shrink", str(deep), "--layers", *layers, "--out", str(tmp_path / "x")]
        assert SCRIPT.main(again) == 1
        assert "layers 0 to 4; wanted some, ascending" in capsys.readouterr().err


# ---- vocabularies


def test_cutting_keeps_rows_and_adds_words(tiny_weights):
    before, lines = open_masked_lm(str(tiny_weights)), [*LINES, *["بادبادک‌سازها آمدند"] * 70]
    rows, bias = before.module.get_input_embeddings().weight.clone(), torch.randn(18065)
    with torch.no_grad():
        before.module.get_output_embeddings().bias.copy_(bias)
    old = before.tokenizer
    after = cut_vocabulary(before, lines, Cut(least=12, least_word=60, size=2000))
    new, moved = after.tokenizer, after.module.get_input_embeddings().weight
    size = new.get_vocab_size()
    assert size < 1000
    assert after.module.config.vocab_size == moved.shape[0] == size
    assert after.module.config.pad_token_id == new.token_to_id("<pad>")
    assert after.module.get_output_embeddings().weight is moved
    added = [piece for piece in new.get_vocab() if old.token_to_id(piece) is None]
    assert "▁بادبادک" in added
    for piece, i in new.get_vocab().items():
        from_ids = [old.token_to_id(piece)]
        if piece in added:
            from_ids = old.encode(piece.removeprefix("▁"), add_special_tokens=False).ids
        assert torch.allclose(moved[i], rows[from_ids].mean(0)), piece
        assert torch.allclose(after.module.get_output_embeddings().bias[i], bias[from_ids].mean()), piece
    for line in LINES:
        ours, theirs = new.encode(line).tokens, old.encode(line).tokens
        assert "".join(ours) == "".join(theirs)
        assert len(ours) < len(theirs)  # «می‌بارد» was three pieces
    assert new.encode("بادبادک").tokens == ["<s>", "▁بادبادک", "</s>"]
    assert new.encode("</s>").ids[1:-1].count(new.token_to_id("</s>")) == 0
    ids = torch.tensor([new.encode(LINES[0]).ids])
    assert after.module(input_ids=ids).logits.shape == (1, ids.shape[1], size)


def test_no_character_of_the_texts_is_lost(tiny_weights):
    backbone = open_masked_lm(str(tiny_weights))
    rare = "ژرفا قضاوت ظریف ثبات ذغال طوفان ضعف غوغا"
    after = cut_vocabulary(backbone, [*LINES, rare], Cut(least=12, least_word=60, size=2000))
    pieces = after.tokenizer.encode(rare)
    assert after.tokenizer.token_to_id("<unk>") not in pieces.ids
    with pytest.raises(ValueError, match="no room for"):
        cut_vocabulary(open_masked_lm(str(tiny_weights)), LINES, Cut(size=20))


def test_vocabularies_by_command(tiny_weights, tmp_path, capsys):
    cut, new, texts = tmp_path / "cut", tmp_path / "new", tmp_path / "texts.txt"
    texts.write_text("\n".join(LINES), encoding="utf-8")
    assert SCRIPT.main(["vocabulary", str(texts), "--out", str(new), "--size", "20"]) == 1
    assert "try another --size" in capsys.readouterr().err
    assert SCRIPT.main(["vocabulary", str(texts), "--init", str(tiny_weights), "--out", str(cut)]) == 0
    shape = ["--size", "300", "--layers", "1", "--width", "16", "--heads", "2"]
    assert SCRIPT.main(["vocabulary", str(texts), "--out", str(new), *shape]) == 0
    for folder in (cut, new):
        out = tmp_path / f"{folder.name}_mlm"
        quickly = ["--steps", "2", "--block", "32", "--batch", "4"]
        capsys.readouterr()
        assert SCRIPT.main(["mlm", str(texts), "--init", str(folder), "--out", str(out), *quickly]) == 0
        tokenizer = open_tokenizer(out)
        assert tokenizer.encode("كتاب ۱۲").ids == tokenizer.encode("کتاب 12").ids
        assert tokenizer.token_to_id("<mask>") is not None
    parsbert = tmp_path / "parsbert"
    build_parsbert(parsbert, LINES, vocabulary=200, layers=1, width=8, heads=1)
    assert SCRIPT.main(["vocabulary", str(texts), "--init", str(parsbert), "--out", str(tmp_path / "x")]) == 1
    assert "only Unigram ones" in capsys.readouterr().err


def test_distilling_is_training(capsys):
    assert SCRIPT.main(["distil", "--help"]) == 0
    assert "--distil TEACHER" in capsys.readouterr().out
