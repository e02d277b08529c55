"""docs/fine-tuning.md does what it says: its commands run in its order, on a tiny encoder and for one epoch."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from claimcheck.cli import main
from claimcheck.cli.command import VERBS
from claimcheck.examples import lint, read_examples, split, write_examples
from claimcheck.examples.formats.label_studio import INTERFACE
from claimcheck.training.encoders import open_backbone

ROOT = Path(__file__).parent.parent
TUTORIAL = (ROOT / "docs" / "fine-tuning.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", TUTORIAL, re.DOTALL)
COMMANDS = [shlex.split(line, comments=True) for block in BLOCKS for line in block.splitlines()]
FEW = 40  # texts of each part that training and scoring are tried on
SAMPLE = [ROOT / "examples" / name for name in ("train.jsonl", "dev.jsonl")]


def _run(argv, encoder):
    """What a shell would do with the few programs the tutorial calls; training is made small."""
    if argv[0] == "mkdir":
        Path(argv[1]).mkdir()
    elif argv[0] == "cat":
        *inputs, arrow, output = argv[1:]
        assert arrow == ">"
        Path(output).write_bytes(b"".join(Path(name).read_bytes() for name in inputs))
    else:
        assert argv[0] == "claimcheck"
        small = ["--encoder", str(encoder), "--epochs", "1", "--threads", "1", "--allow-few"]
        assert main([*argv[1:], *small] if argv[1] == "train" else argv[1:]) == 0, shlex.join(argv)
        if argv[1:3] == ["data", "split"]:
            for name in ("train.jsonl", "dev.jsonl", "test.jsonl"):
                file = Path("work", name)
                file.write_text("".join(file.read_text("utf-8").splitlines(True)[:FEW]), "utf-8")


@pytest.fixture(scope="module")
def done(tmp_path_factory, tiny_folder):
    """A folder like a clone, in which every command of the tutorial was run."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "examples", folder / "examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for argv in COMMANDS:
            _run(argv, tiny_folder)
    return folder


def test_it_has_commands_and_only_verbs_that_are():
    assert len(COMMANDS) > 12
    assert {argv[1] for argv in COMMANDS if argv[0] == "claimcheck"} == {*VERBS} & {
        "suggest",
        "data",
        "train",
        "evaluate",
        "analyze",
    }


def test_every_command_runs_and_every_file_it_names_is_there(done):
    for name in re.findall(r"\bwork/[\w./-]*\w", TUTORIAL):
        assert (done / name).exists(), name
    left = {path.name for path in (done / "work" / "folds").iterdir()}
    assert not left & {"checkpoint", "kept"}  # gone when the run is done, as the tutorial says
    for name in re.findall(r"\b(?:scripts|examples|docs)/[\w-]+\.\w+", TUTORIAL):
        assert (ROOT / name).exists(), name
    for name in (
        "model.int8.onnx",
        "model.onnx",
        "README.md",
        "report.html",
        "report.json",
        "log/history.jsonl",
    ):
        assert name in TUTORIAL
        assert (done / "work" / "model" / name).is_file(), name


def test_the_python_in_it_runs_on_what_the_commands_made(done, monkeypatch, capsys):
    monkeypatch.chdir(done)
    (code,) = re.findall(r"```python\n(.*?)```", TUTORIAL, re.DOTALL)
    exec(compile(code, "fine-tuning.md", "exec"), {})
    assert all(
        re.match(r"(claim|opinion|call_to_action) \d\.\d\d \S", line)
        for line in capsys.readouterr().out.splitlines()
    )


def test_what_data_prints_is_what_it_shows(done, monkeypatch, capsys):
    monkeypatch.chdir(done)
    main(["data", "lint", "work/labelled.jsonl"])
    main(["data", "split", "work/labelled.jsonl", "--out", "again", "--dev", "0.15", "--test", "0.15"])
    printed = capsys.readouterr().out.replace("again/", "work/")
    for line in printed.splitlines():
        if not line.startswith("file"):
            assert re.sub(r" +", " ", line) in re.sub(r" +", " ", TUTORIAL)


def test_suggest_prints_what_it_shows(tmp_path, monkeypatch, capsys):
    shown = re.search(r"```text\n(work/to_label.jsonl: .*)\n```", TUTORIAL)[1]
    argv = next(argv for argv in COMMANDS if argv[1] == "suggest")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(argv[1:]) == 0
    assert capsys.readouterr().out.strip() == shown


def test_its_flags_are_flags(capsys):
    main(["train", "--help"])
    helped = capsys.readouterr().out
    table = TUTORIAL[TUTORIAL.index("## The flags") :]
    flags = set(re.findall(r"`(--[a-z-]+)", table))
    assert len(flags) > 10
    for flag in flags - {"--help"}:
        assert f"{flag} " in helped, flag


class NoNetwork(Exception):
    """As HTTP clients have it: no OSError."""


def _unreachable(*args, **kwargs):
    raise NoNetwork("Name or service not known")


def test_without_a_way_to_the_hub_one_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("huggingface_hub.model_info", _unreachable)
    argv = next(argv for argv in COMMANDS if "--encoder" in argv)
    assert argv[argv.index("--encoder") + 1] == "HooshvareLab/bert-fa-base-uncased"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    train = ["train", str(SAMPLE[0]), "--dev", str(SAMPLE[1]), "--out", str(tmp_path / "out")]
    assert main([*train, *argv[argv.index("--encoder") :]]) == 1
    error = capsys.readouterr().err
    assert "the hub did not give it (Name or service not known)" in error
    assert "Traceback" not in error


def test_what_was_fetched_before_is_used_without_the_hub(tiny_weights, monkeypatch):
    def cached(name, *, local_files_only):
        assert (name, local_files_only) == ("someone/encoder", True)
        return str(tiny_weights)

    monkeypatch.setattr("huggingface_hub.model_info", _unreachable)
    monkeypatch.setattr("huggingface_hub.snapshot_download", cached)
    assert open_backbone("someone/encoder").name == "someone/encoder"


def test_a_tagger_that_was_never_exported_is_a_start_too(tmp_path, tiny_weights, examples):
    write_examples(examples, tmp_path / "data.jsonl")
    data, out = str(tmp_path / "data.jsonl"), tmp_path / "out"
    argv = ["train", data, "--dev", data, "--out", str(out), "--encoder", str(tiny_weights), "--epochs", "1"]
    argv += ["--allow-few"]
    assert main(argv) == 0
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert {"before", "after"} <= report["scores"].keys()


def test_its_labelling_interface_is_the_one_the_files_fit():
    assert INTERFACE in TUTORIAL


# ---- the sample that ships


def test_the_sample_splits_as_its_readme_says(tmp_path):
    lines = sorted(line for path in SAMPLE for line in path.read_bytes().splitlines())
    (tmp_path / "all.jsonl").write_bytes(b"\n".join(lines))
    parts = split(list(read_examples(tmp_path / "all.jsonl")), {"train": 0.8, "dev": 0.2})
    assert [list(read_examples(path)) for path in SAMPLE] == list(parts.values())


def test_the_sample_is_clean_and_counted_right():
    report = lint(SAMPLE)
    assert not report.findings
    readme = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    for path, held in report.balance.items():
        spans = [
            held.spans[name]
            for name in ("claim", "opinion", "call_to_action", "attribution", "claim_check_worthy")
        ]
        row = " | ".join(map(str, (held.examples, held.sentences, *spans)))
        assert f"`{Path(path).name}` | {row} |" in readme
        assert f"{held.examples} labelled texts ({held.sentences} sentences, {sum(spans):,} spans)" in readme
