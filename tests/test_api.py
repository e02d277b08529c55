"""The face: what it hands on, what importing it costs, the embedded model."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import claimcheck

HEAVY = {"torch", "transformers", "onnxruntime", "hazm", "tokenizers", "datasets", "numpy", "sklearn", "onnx"}


def loaded_by(code):
    program = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_all_is_the_truth():
    tree = ast.parse(Path(claimcheck.__file__).read_text(encoding="utf-8"))
    handed_on = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert handed_on == set(claimcheck.__all__)
    assert all(hasattr(claimcheck, name) for name in claimcheck.__all__)


def test_importing_loads_nothing_heavy():
    assert not HEAVY & loaded_by("import claimcheck, claimcheck.cli")


def test_analysing_needs_the_base_install_only():
    loaded = loaded_by("import claimcheck; claimcheck.analyze('تورم بالا رفت.')")
    assert not loaded & (HEAVY - {"numpy", "tokenizers", "onnxruntime"})


def test_importing_is_silent_and_sets_nothing():
    code = "import os; before = dict(os.environ); import claimcheck; assert before == dict(os.environ)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


def test_the_embedded_model_is_opened_once():
    assert claimcheck.load() is claimcheck.load()


def test_a_retrained_folder_is_opened_anew(tiny_folder, tmp_path):
    import os
    import shutil

    from claimcheck.api import _resolve

    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    first = _resolve(folder)
    assert _resolve(folder) is first
    os.utime(folder / "claimcheck.json", ns=(1, 1))
    assert _resolve(folder) is not first


@pytest.mark.parametrize("wrong", [None, 12, b"text", ["text"]])
def test_a_text_of_another_type(wrong):
    with pytest.raises(TypeError, match=f"got {type(wrong).__name__}"):
        claimcheck.analyze(wrong)


def test_span_to_dict_is_plain():
    frame = claimcheck.Attribution(0, 4, "گفت:")
    span = claimcheck.Span(5, 7, "شد", claimcheck.Label.CLAIM, 0.9, 0.5, frame)
    assert span.to_dict() == {
        "start": 5,
        "end": 7,
        "text": "شد",
        "label": "claim",
        "confidence": 0.9,
        "check_worthiness": 0.5,
        "attribution": {
            "start": 0,
            "end": 4,
            "text": "گفت:",
            "speaker": None,
            "kind": "role",
            "stance": "neutral",
        },
    }
    assert type(span.to_dict()["label"]) is str
