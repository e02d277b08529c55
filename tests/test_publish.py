"""What goes to the hub, without the hub."""

import re

import push as script
import pytest

from claimcheck.api import embedded_folder
from claimcheck.examples import read_examples, write_examples
from claimcheck.examples.records import DataError
from claimcheck.runtime import ModelError
from claimcheck.training.publish import data_card, model_files, push, write_data


class Hub:
    """Notes what it is told."""

    def __init__(self):
        self.told = []

    def create_repo(self, name, **options):
        self.told.append((name, options))
        return f"https://huggingface.co/{name}"

    def create_commit(self, name, operations, **options):
        self.told.append((name, [one.path_in_repo for one in operations], options["repo_type"]))


def test_a_model(capsys):
    pytest.importorskip("huggingface_hub")
    script.main(["model", str(embedded_folder()), "me/tagger"])
    told = capsys.readouterr().out
    assert "model.safetensors" in told and "Nothing was sent" in told and "license: apache-2.0" in told
    hub = Hub()
    files = model_files(embedded_folder())
    assert push(hub, "me/tagger", "model", files) == "https://huggingface.co/me/tagger"
    assert hub.told[0] == ("me/tagger", {"repo_type": "model", "private": True, "exist_ok": True})
    assert hub.told[1] == ("me/tagger", [file.name for file in files], "model")
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in hub.told[1][1])


def test_a_model_without_a_card(tiny_folder, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tiny_folder.iterdir():
        if file.is_file() and file.name != "README.md":
            (copy / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelError, match="no card"):
        model_files(copy)
    (copy / "README.md").write_text("# x\n")
    with pytest.raises(ModelError, match="language and license"):
        model_files(copy)
    with pytest.raises(FileNotFoundError):
        model_files(tmp_path / "nowhere")


def test_a_data_set(examples, tmp_path, capsys):
    write_examples(examples, tmp_path / "mine.jsonl")
    script.main(["data", "me/set", "--license", "cc0-1.0", "--train", str(tmp_path / "mine.jsonl")])
    told = capsys.readouterr().out
    assert re.search(r"\| train \| 2 \|", told) and 'load_dataset("me/set")' in told and "n<1K" in told
    assert "| news | 1 |" in told
    card = data_card({"train": examples, "test": examples}, "set", "cc0-1.0", "از ما.")
    files = write_data({"train": examples, "test": examples}, tmp_path / "out", card)
    assert [file.name for file in files] == ["README.md", "test.jsonl", "train.jsonl"]
    assert list(read_examples(files[2])) == examples


def test_a_data_set_that_the_hub_reads(examples, tmp_path):
    datasets = pytest.importorskip("datasets")
    card = data_card({"train": examples}, "set", "cc0-1.0")
    write_data({"train": examples}, tmp_path / "out", card)
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"]["text"] == [example.text for example in examples]


def test_an_empty_split(examples, tmp_path):
    with pytest.raises(DataError, match="nothing is in test"):
        write_data({"train": examples, "test": []}, tmp_path / "out", "")
