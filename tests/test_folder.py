"""Model folders that cannot be used: one clear error each."""

import json
import shutil

import pytest

from claimcheck import load
from claimcheck.folder import SETTINGS
from claimcheck.runtime import ModelError


@pytest.fixture
def folder(tiny_folder, tmp_path):
    """A copy to break."""
    return shutil.copytree(tiny_folder, tmp_path / "model")


def rewrite(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def lower_case(tokenizer):
    tokenizer["normalizer"]["normalizers"].append({"type": "Lowercase"})
    tokenizer["normalizer"]["normalizers"] = tokenizer["normalizer"]["normalizers"][:1]


BROKEN = {
    "no config": (lambda f: (f / "config.json").unlink(), FileNotFoundError, "has no config.json"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), FileNotFoundError, "has no tokenizer.json"),
    "no settings": (lambda f: (f / SETTINGS).unlink(), FileNotFoundError, "scripts/export.py"),
    "no onnx": (
        lambda f: [p.unlink() for p in f.glob("*.onnx")],
        FileNotFoundError,
        "neither model.int8.onnx",
    ),
    "config not JSON": (lambda f: (f / "config.json").write_text("{"), ModelError, "is not JSON"),
    "config a list": (lambda f: (f / "config.json").write_text("[]"), ModelError, "got list"),
    "other labels": (
        lambda f: rewrite(f / "config.json", lambda c: c.update(id2label={"0": "O", "1": "B-PER"})),
        ModelError,
        r"\['O', 'B-PER'\].*claimcheck train",
    ),
    "no labels": (lambda f: rewrite(f / "config.json", lambda c: c.pop("id2label")), ModelError, "wanted"),
    "tokenizer broken": (lambda f: (f / "tokenizer.json").write_text("{}"), ModelError, "cannot be opened"),
    "another model's tokenizer": (
        lambda f: rewrite(f / "config.json", lambda c: c.update(vocab_size=100)),
        ModelError,
        "another model's",
    ),
    "rebuilt tokenizer": (
        lambda f: rewrite(f / "tokenizer.json", lower_case),
        ModelError,
        "restore the original file",
    ),
    "settings of another program": (
        lambda f: rewrite(f / SETTINGS, lambda c: c.pop("decoder")),
        ModelError,
        "not what claimcheck writes",
    ),
    "truncated weights": (
        lambda f: (f / "model.int8.onnx").write_bytes((f / "model.int8.onnx").read_bytes()[:5000]),
        ModelError,
        "cannot be opened by ONNX Runtime",
    ),
    "empty weights": (lambda f: (f / "model.int8.onnx").write_bytes(b""), ModelError, "model.int8.onnx"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_folder(folder, name):
    break_it, error, message = BROKEN[name]
    break_it(folder)
    with pytest.raises(error, match=message):
        load(folder)


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="without a path opens the embedded model"):
        load(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="no model folder"):
        load(tmp_path / "file")


@pytest.mark.parametrize("location", ["../../../etc/hostname", "/etc/hostname", "weights.bin"])
def test_weights_outside_the_file_are_refused(folder, location):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(str(folder / "model.int8.onnx"))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "4")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    (folder / "model.int8.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="external files"):
        load(folder)


def test_an_onnx_file_of_another_kind(folder):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "other", [value], [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "model.int8.onnx"))
    with pytest.raises(ModelError, match="no input named attention_mask, input_ids"):
        load(folder)


def test_float_weights_are_run_where_there_is_no_int8_file(folder):
    (folder / "model.int8.onnx").unlink()
    assert load(folder).analyze("تورم بالا رفت و باید کاری کرد.")


def test_an_unknown_runtime(tiny_folder):
    from claimcheck.model import Model

    with pytest.raises(ValueError, match="'onnx' or 'torch', got 'tensorflow'"):
        Model.load(tiny_folder, runtime="tensorflow")
