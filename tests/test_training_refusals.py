"""What ``claimcheck train`` refuses, each in one line before anything is learnt, and what it only warns of."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file  # noqa: E402

from claimcheck.cli import main  # noqa: E402
from claimcheck.examples import Example, LabelledSpan, write_examples  # noqa: E402
from claimcheck.span import Label  # noqa: E402
from claimcheck.training import train as training  # noqa: E402
from claimcheck.training.recipe import Recipe  # noqa: E402

WORDS = {
    Label.CLAIM: "رسید",
    Label.OPINION: "زیباست",
    Label.CALL_TO_ACTION: "بروید",
    Label.ATTRIBUTION: "گفت",
}
ROOT = Path(__file__).parent.parent


def _examples(numbers, labels=tuple(WORDS)):
    out = []
    for i in numbers:
        label = labels[i % len(labels)]
        text = f"خبر {i} دربارهٔ شهر {WORDS[label]}."
        out.append(Example(str(i), text, (LabelledSpan(0, len(text) - 1, label),), genre="news"))
    return out


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_examples(_examples(range(45)), folder / "train.jsonl")
    write_examples(_examples(range(45, 60)), folder / "dev.jsonl")
    write_examples(_examples(range(3)), folder / "three.jsonl")
    others = [label for label in WORDS if label is not Label.CALL_TO_ACTION]
    write_examples(_examples(range(30), others), folder / "nocall.jsonl")
    two = _examples(range(30, 32), [Label.CALL_TO_ACTION])
    write_examples([*_examples(range(30), others), *two], folder / "twocalls.jsonl")
    write_examples([Example("1", "باران آمد.", ())], folder / "bare.jsonl")
    (folder / "empty.jsonl").touch()
    (folder / "wrong.csv").write_text("sentence,class\nباران آمد.,claim\n", encoding="utf-8")
    (folder / "texts.txt").write_text("باران آمد.\n", encoding="utf-8")
    (folder / "blank.txt").write_text("\n \n", encoding="utf-8")
    (folder / "old.txt").write_bytes("باران آمد.".encode("windows-1256"))
    (folder / "unseen.txt").write_text("\u200c\n", encoding="utf-8")
    return folder


@pytest.fixture
def run(data, tiny_weights, tmp_path, capsys, monkeypatch):
    """Train as the command does, with no learning at all allowed; its code and its last line."""
    monkeypatch.chdir(data)
    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("it began to learn"))

    def go(arguments, train="train.jsonl", dev="dev.jsonl", out=tmp_path / "out"):
        begun = ["train", train, *(["--dev", dev] if dev else []), "--out", str(out)]
        encoder = [] if "--encoder" in arguments else ["--encoder", str(tiny_weights)]
        code = main([*begun, *encoder, *arguments])
        return code, capsys.readouterr().err.splitlines()[-1]

    return go


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--epochs 0", "--epochs must be 1 or more, got 0"),
        ("--accumulate 0", "--accumulate must be 1 or more, got 0"),
        ("--patience 0", "--patience must be 1 or more"),
        ("--threads 0", "--threads must be 1 or more, got 0"),
        ("--window 4", "--window must be 16 or more, got 4"),
        ("--batch 4", "a batch of 4 pieces cannot hold a window of 128; try --batch 1024"),
        ("--learning-rate -1", "--learning-rate must be"),
        ("--learning-rate nan", "--learning-rate must be"),
        ("--learning-rate inf", "--learning-rate must be"),
        ("--smoothing 2", "--smoothing must be between 0 and 0.9, got 2.0"),
        ("--layer-decay 0", "--layer-decay must be between 0.01 and 1"),
        ("--balance -1", "--balance must be between 0 and 1"),
        ("--folds 1", "--folds must be 2 or more, or 0 for none, got 1"),
        ("--folds -2", "--folds must be 2 or more"),
        ("--folds 50", "texts are too few to keep 2% of them for fold"),
        ("--distil nowhere --texts texts.txt", "nowhere"),
        ("--distil . --texts texts.txt", "not a model folder"),
        ("--distil . --texts blank.txt", "blank.txt holds no text"),
        ("--distil . --texts nofile.txt", "nofile.txt"),
        ("--distil . --texts old.txt", "old.txt:1: not UTF-8"),
        ("--distil . --texts texts.txt --most-texts -1", "--most-texts must be 1 or more, got -1"),
        ("--encoder ./nowhere", "neither a folder nor an id"),
        ("--encoder .", "."),
    ],
)
def test_what_was_typed(run, arguments, said):
    code, line = run(arguments.split())
    assert (code, line[:12]) == (1, "claimcheck: ")
    assert said in line


@pytest.mark.parametrize(
    ("train", "dev", "said"),
    [
        ("wrong.csv", None, "--text-field NAME"),
        ("empty.jsonl", None, "empty.jsonl"),
        ("bare.jsonl", None, "no example has a span"),
        ("train.jsonl", "empty.jsonl", "empty.jsonl"),
        ("train.jsonl", "bare.jsonl", "no example of --dev has a span"),
        ("train.jsonl", "nofile.jsonl", "nofile.jsonl does not exist"),
        ("three.jsonl", None, "too few"),
        ("train.jsonl", "three.jsonl", "none of attribution to choose and calibrate by"),
        ("nocall.jsonl", "dev.jsonl", "0 of call_to_action to learn from"),
        ("twocalls.jsonl", "dev.jsonl", "2 of call_to_action to learn from; label 3"),
    ],
)
def test_the_data(run, train, dev, said):
    code, line = run([], train, dev)
    assert code == 1
    assert said in line


def test_an_encoder_without_a_name(run):
    assert "--encoder is empty" in run(["--encoder", ""])[1]


def test_where_it_should_go(run, data, tmp_path):
    assert "Not a directory" in run([], out=data / "texts.txt")[1]
    assert "Not a directory" in run([], out=data / "texts.txt" / "model")[1]
    (tmp_path / "held").mkdir()
    (tmp_path / "held" / "thesis.tex").touch()
    assert run([], out=tmp_path / "held")[1].endswith("holds something; name a new folder")
    assert "something that is no run" in run(["--resume"], out=tmp_path / "held")[1]
    (tmp_path / "held" / "log").mkdir()
    assert "add --resume" in run([], out=tmp_path / "held")[1]
    (tmp_path / "held" / "report.html").touch()
    assert "nothing is left to resume" in run(["--resume"], out=tmp_path / "held")[1]


def test_a_disk_without_room(run, monkeypatch):
    monkeypatch.setattr(training, "_BYTES", 10**15)
    assert "MB of room" in run([])[1]


def test_a_model_too_large_to_export(run, monkeypatch):
    monkeypatch.setattr("claimcheck.training.export._LARGEST", 1000)
    assert "an ONNX file holds" in run([])[1]


@pytest.mark.parametrize("damage", ["garbage", "truncated"])
def test_weights_that_are_broken(run, tiny_weights, tmp_path, damage):
    folder = shutil.copytree(tiny_weights, tmp_path / "encoder")
    weights = (folder / "model.safetensors").read_bytes()
    broken = weights[: len(weights) // 2] if damage == "truncated" else b"garbage garbage"
    (folder / "model.safetensors").write_bytes(broken)
    code, line = run(["--encoder", str(folder)])
    assert code == 1
    assert "cannot be opened as an encoder" in line


def test_what_it_warns_of(data, tiny_weights, tmp_path, capsys):
    write_examples(_examples(range(12), (Label.CLAIM, Label.OPINION)), tmp_path / "two.jsonl")
    arguments = [str(tmp_path / "two.jsonl"), "--dev", str(tmp_path / "two.jsonl"), "--epochs", "1"]
    encoder = ["--encoder", str(tiny_weights), "--window", "600", "--allow-few"]
    out = tmp_path / "a" / "b"  # parents are made
    assert main(["train", *arguments, *encoder, "--out", str(out), "--resume"]) == 0
    said = capsys.readouterr().err
    assert f"no run in {out} yet: beginning one" in said
    assert "0 of call_to_action to learn from" in said
    assert "12 texts of --dev stand in the training data too" in said
    assert "windows of 512 pieces" in said


def test_a_loss_that_is_no_number_is_one_line(data, tiny_weights, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(data)
    arguments = [
        "train",
        "train.jsonl",
        "--dev",
        "dev.jsonl",
        "--encoder",
        str(tiny_weights),
        "--batch",
        "128",
    ]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--learning-rate", "1e30"]) == 1
    assert "smaller --learning-rate" in capsys.readouterr().err.splitlines()[-1]


def test_teachers_find_nothing_to_say(data, tiny_weights, tiny_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(data)
    arguments = ["train", "train.jsonl", "--encoder", str(tiny_weights), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--distil", str(tiny_folder), "--texts", "unseen.txt"]) == 1
    assert "has a sentence that teachers could label" in capsys.readouterr().err


def test_interrupted(data, tiny_weights, tmp_path, capsys, monkeypatch):
    def stop(checkpoints, *_):
        checkpoints.folder.mkdir()
        raise KeyboardInterrupt

    monkeypatch.chdir(data)
    monkeypatch.setattr("claimcheck.training.checkpoints.Checkpoints.save", stop)
    arguments = ["train", "train.jsonl", "--encoder", str(tiny_weights), "--out", str(tmp_path / "out")]
    assert main(arguments) == 130
    assert "the same command with --resume" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("part", ["train", "dev"])
def test_a_run_is_not_resumed_on_other_data(data, tiny_weights, tmp_path, capsys, monkeypatch, part):
    monkeypatch.chdir(data)
    files = {"train": "train.jsonl", "dev": "dev.jsonl"}
    quick = [
        "--encoder",
        str(tiny_weights),
        "--epochs",
        "2",
        "--batch",
        "512",
        "--out",
        str(tmp_path / "out"),
    ]

    def train(*more):
        return main(["train", files["train"], "--dev", files["dev"], *quick, *more])

    with monkeypatch.context() as patch:
        patch.setattr(training, "export", lambda *_, **__: (_ for _ in ()).throw(OSError("no room")))
        assert train() == 1
    other = _examples(range(45) if part == "train" else range(45, 60))
    text = other[0].text  # as long as it was, with one other label
    changed = Example(other[0].id, text, (LabelledSpan(0, len(text) - 1, Label.ATTRIBUTION),), genre="news")
    files[part] = str(tmp_path / f"{part}.jsonl")
    write_examples([changed, *other[1:]], tmp_path / f"{part}.jsonl")
    assert train("--resume") == 1
    name = "training" if part == "train" else "development"
    assert f"another run (other {name} examples)" in capsys.readouterr().err.splitlines()[-1]


def test_recipes_are_checked_where_they_are_made():
    with pytest.raises(ValueError, match=r"--warmup must be between 0 and 1, got 1\.5"):
        Recipe(warmup=1.5)


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on_with_the_same_weights(data, tiny_weights, tmp_path):
    def begin(out, *more):
        arguments = ["train.jsonl", "--dev", "dev.jsonl", "--out", str(out), "--encoder", str(tiny_weights)]
        quick = ["--epochs", "6", "--patience", "9", "--learning-rate", "5e-3", "--batch", "128"]
        command = [sys.executable, "-m", "claimcheck", "train", *arguments, *quick, "--threads", "1", *more]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=data, env=environment, stderr=subprocess.PIPE, text=True)

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = begin(killed)
    for line in process.stderr:
        if "epoch 2" in line:
            time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    other = begin(killed, "--resume", "--seed", "1")
    assert "other recipe" in other.communicate()[1].splitlines()[-1]
    for process in (begin(whole), begin(killed, "--resume")):
        _, said = process.communicate()
        assert process.returncode == 0, said
    one, two = load_file(whole / "model.safetensors"), load_file(killed / "model.safetensors")
    assert all(torch.equal(one[name], two[name]) for name in one)
