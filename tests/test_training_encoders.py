"""What training may start from: weights without pickles, from a folder or from the hub, and honest tokenizers."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
hub = pytest.importorskip("huggingface_hub")

import transformers  # noqa: E402
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402

from claimcheck import load  # noqa: E402
from claimcheck.cli import main  # noqa: E402
from claimcheck.examples import write_examples  # noqa: E402
from claimcheck.runtime import ModelError, TorchRuntime  # noqa: E402
from claimcheck.training.encoders import check_offsets, open_backbone  # noqa: E402
from claimcheck.training.hub import fetch  # noqa: E402


class Program:
    """What a pickle could hold: it runs when it is opened."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


def test_a_pickle_is_not_opened(tiny_weights, tmp_path):
    folder, trace = tmp_path / "model", tmp_path / "it-ran"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((tiny_weights / name).read_bytes())
    torch.save({"weights": Program(trace)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickle alone"):
        open_backbone(str(folder))
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="no weights"):
        open_backbone(str(folder))
    assert not trace.exists()


def test_a_teacher_s_pickle_is_not_opened(tiny_weights, tmp_path):
    folder, trace = tmp_path / "model", tmp_path / "it-ran"
    folder.mkdir()
    (folder / "config.json").write_bytes((tiny_weights / "config.json").read_bytes())
    torch.save({"weights": Program(trace)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        TorchRuntime.open(folder)
    assert not trace.exists()


@pytest.fixture
def online(monkeypatch, tmp_path):
    """A hub of one model: its files by revision, who proposed what, and what was downloaded."""
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    it = SimpleNamespace(files={}, proposals=[], asked=[])

    def proposals(api, name, *, author, discussion_type, discussion_status):
        assert (discussion_type, discussion_status) == ("pull_request", "open")
        return iter([SimpleNamespace(num=num) for num, by in it.proposals if by == author])

    def info(name, *, revision, timeout):
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=file) for file in it.files[revision]])

    def download(name, *, revision=None, allow_patterns=(), local_files_only=False):
        if local_files_only:
            raise hub.errors.LocalEntryNotFoundError("not here")
        it.asked.append((revision, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(hub, "model_info", info)
    monkeypatch.setattr(hub.HfApi, "get_repo_discussions", proposals)
    monkeypatch.setattr(hub, "snapshot_download", download)
    return it


def test_safetensors_are_fetched_and_no_pickle(online):
    online.files = {None: ["config.json", "model.safetensors", "pytorch_model.bin"]}
    fetch("owner/name")
    ((revision, patterns),) = online.asked
    assert revision is None
    assert not any("bin" in pattern for pattern in patterns)


def test_a_model_of_pickles_is_fetched_as_the_converter_proposed_it(online):
    both = ["config.json", "model.safetensors"]
    online.files = {None: ["config.json", "pytorch_model.bin"], "refs/pr/1": both, "refs/pr/2": both}
    online.proposals = [(1, "somebody"), (2, "SFconvertbot")]
    fetch("owner/name")
    assert [revision for revision, _ in online.asked] == ["refs/pr/2"]


def test_nobody_elses_proposal_is_taken(online):
    online.files = {None: ["pytorch_model.bin"], "refs/pr/1": ["model.safetensors"]}
    online.proposals = [(1, "somebody")]
    with pytest.raises(ModelError, match="pickle alone"):
        fetch("owner/name")
    assert not online.asked


@pytest.mark.parametrize("revision", ["main", "refs/pr/7"])
def test_what_is_in_the_hubs_cache_is_found_without_the_hub(monkeypatch, tmp_path, revision):
    def unreachable(*args, **kwargs):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(hub, "model_info", unreachable)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--owner--name"
    folder = cached / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    reference = cached / "refs" / revision
    reference.parent.mkdir(parents=True)
    reference.write_text("abc")
    real = hub.snapshot_download
    monkeypatch.setattr(hub, "snapshot_download", lambda *a, **k: real(*a, cache_dir=str(tmp_path), **k))
    assert os.path.samefile(fetch("owner/name"), folder)


def test_pieces_that_stand_for_other_letters():
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "nato": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    check_offsets(tokenizer, "x")  # unknown pieces may stand for anything
    tokenizer.normalizer = normalizers.Replace("OPEC", "nato")
    with pytest.raises(ModelError, match="the piece 'nato' stands for"):
        check_offsets(tokenizer, "x")


# ---- layouts other than BERT

_SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
_BYTES = {"vocab_size": 400, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
_OURS = {"vocab_size": 18065, "pad_token_id": 1}
_RELATIVE = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False}
LAYOUTS = {
    "Roberta": {**_BYTES, **_SMALL, "max_position_embeddings": 66},
    "ModernBert": {**_BYTES, **_SMALL, "cls_token_id": 0, "sep_token_id": 2, "max_position_embeddings": 64},
    "XLMRoberta": {**_OURS, **_SMALL, "max_position_embeddings": 66},
    "DebertaV2": {**_OURS, **_SMALL, **_RELATIVE, "max_position_embeddings": 64},
    "Electra": {**_OURS, **_SMALL, "embedding_size": 32, "max_position_embeddings": 64},
}


def _bytes_tokenizer(folder, texts):
    """Bytes instead of letters, as RoBERTa and ModernBERT have them: half a letter is a piece too."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path, tiny_weights, examples):
    """A folder with a masked language model of the layout, random, 64 positions."""
    folder, settings = tmp_path / request.param, LAYOUTS[request.param]
    config = getattr(transformers, f"{request.param}Config")(**settings)
    torch.manual_seed(0)
    transformers.AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    if settings["vocab_size"] == 400:
        _bytes_tokenizer(folder, [example.text for example in examples])
    else:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(tiny_weights / name, folder / name)
    return folder


def test_a_layout_is_opened_and_kept(layout, tmp_path):
    backbone = open_backbone(str(layout))
    assert (backbone.tagger, backbone.positions) == (False, 64)
    ids = torch.arange(5, 5 + backbone.positions)[None]
    backbone.module.eval()
    logits = backbone.module(input_ids=ids, attention_mask=torch.ones_like(ids)).logits  # as many as it can
    assert logits.shape == (1, 64, 6)
    backbone.save(tmp_path / "saved")
    again = open_backbone(str(tmp_path / "saved"))
    assert again.tagger
    text = "علي كتاب\u200cهاي OPEC را 😀 دید."
    assert again.tokenizer.encode(text).offsets == backbone.tokenizer.encode(text).offsets


@pytest.mark.slow
def test_a_layout_is_trained_exported_and_used(layout, tmp_path, examples, capsys):
    write_examples(examples, tmp_path / "data.jsonl")
    data, out = str(tmp_path / "data.jsonl"), tmp_path / "out"
    argv = ["train", data, "--dev", data, "--encoder", str(layout), "--out", str(out), "--epochs", "1"]
    assert main(argv) == 0
    assert "windows of 64 pieces" in capsys.readouterr().err
    text = "علي كتاب\u200cهاي خود را دید؛ خبر می\u200cرسید. 😀 به شهر بروید! " * 20
    spans = load(out).segments(text)
    assert spans
    assert all(text[span.start : span.end] == span.text for span in spans)


def test_a_piece_that_only_begins_a_word_is_no_other_letter():
    from claimcheck.training.encoders import _offset_problem

    assert _offset_problem("OPEC", [(0, 1), (0, 4)], ["▁", "OPEC"]) == ""
    assert "stands for" in _offset_problem("OPEC", [(0, 4)], ["▁NATO"])
