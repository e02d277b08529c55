"""Scoring on a real Ray cluster of several processes: the same rows as on one machine, whatever is killed."""

import json
import os
import signal
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="--engine ray needs the extra: pip install 'claimcheck[ray]'")
arrow = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")

import pyarrow.parquet as parquet  # noqa: E402
from memory import rows  # noqa: E402

from claimcheck.cli import main  # noqa: E402
from claimcheck.scoring import InputError, InputOptions, OutputOptions, score  # noqa: E402
from claimcheck.scoring.distributed import plan, score_distributed  # noqa: E402

pytestmark = pytest.mark.process

MANY = 400
READ, WRITE = InputOptions(max_chars=500), OutputOptions("parquet", id_column="id")


@pytest.fixture(scope="module")
def address():
    """A cluster with a head process, a scheduler and workers of its own."""
    from ray.cluster_utils import Cluster

    before = os.environ.get("RAY_USAGE_STATS_ENABLED")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    yield cluster.address
    ray.shutdown()
    cluster.shutdown()
    os.environ.pop("RAY_USAGE_STATS_ENABLED") if before is None else os.environ.update(
        RAY_USAGE_STATS_ENABLED=before
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two files in a folder, of several row groups; three rows are bad."""
    folder = tmp_path_factory.mktemp("data")
    texts: list[str | None] = list(rows(MANY))
    texts[3], texts[150], texts[399] = None, "ب" * 600, ""
    table = arrow.table({"id": range(MANY), "text": texts, "tags": [["خبر", str(i)] for i in range(MANY)]})
    parquet.write_table(table.slice(0, 300), folder / "a.parquet", row_group_size=120)
    parquet.write_table(table.slice(300), folder / "b.parquet")
    return folder


@pytest.fixture(scope="module")
def alone(data, tiny_folder, tmp_path_factory):
    """What one machine makes of it."""
    out = tmp_path_factory.mktemp("alone") / "out.parquet"
    summary = score([str(data)], out, READ, WRITE, model=str(tiny_folder), workers=1, group_column="id")
    return parquet.read_table(out), out.with_name("out.parquet.errors.jsonl").read_text("utf-8"), summary


def _run(data, out, address, tiny_folder, **more):
    more = {"workers": 2, "checkpoint_rows": 16, "group_column": "id", **more}
    return score_distributed(
        [str(data)], str(out), READ, WRITE, address=address, model=str(tiny_folder), **more
    )


def _same(out, summary, alone):
    table, errors, other = alone
    assert parquet.read_table(out).equals(table)
    assert Path(f"{out}.errors.jsonl").read_text("utf-8") == errors
    counted, expected = summary.stats.to_dict(), other.stats.to_dict()
    for key in (
        "rows",
        "bad",
        "labels",
        "confidence",
        "worth",
        "groups",
    ):  # letters are counted up to a point
        assert counted[key] == expected[key]
    assert sorted(counted["top"]) == sorted(expected["top"])


def test_the_same_rows_as_on_one_machine_whatever_is_killed(address, data, alone, tiny_folder, tmp_path):
    killed, said = [], []

    def kill(stats, done):
        said.append(done)
        if len(killed) < 2 and done < MANY // 2 and done > 50 * len(killed):
            pid = next(pid for pid in _scorers() if pid not in killed)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    out = tmp_path / "out"
    summary = _run(data, out, address, tiny_folder, progress=kill)
    assert len(killed) == 2
    _same(out, summary, alone)
    assert said == sorted(said)
    assert said[-1] == MANY == summary.rows_this_run
    parts = sum(task.count > 0 for task in plan([str(data)], READ, 16)[0])
    assert sorted(p.name for p in out.iterdir()) == [
        "_SUCCESS",
        *(f"part-{i:06}.parquet" for i in range(parts)),
    ]
    assert not (tmp_path / "out.parts").exists()
    with pytest.raises(InputError, match="is there already"):
        _run(data, out, address, tiny_folder)


def _scorers():
    """Processes of actors that score."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"MapWorker" in path.read_bytes():
                yield int(path.parent.name)
        except OSError:
            continue


def test_a_run_that_was_stopped_goes_on(address, data, alone, tiny_folder, tmp_path):
    class Stopped(Exception):
        pass

    def stop(stats, done):
        if done >= 100:
            raise Stopped

    out = tmp_path / "out"
    with pytest.raises(Stopped):
        _run(data, out, address, tiny_folder, progress=stop)
    assert not out.exists()
    with pytest.raises(InputError, match="add --resume"):
        _run(data, out, address, tiny_folder)
    with pytest.raises(InputError, match="another run"):
        _run(data, out, address, tiny_folder, resume=True, checkpoint_rows=17)
    summary = _run(data, out, address, tiny_folder, resume=True)
    assert summary.rows_this_run <= MANY - 96
    _same(out, summary, alone)


def test_by_command_on_a_cluster_of_its_own(data, tiny_folder, tmp_path, capsys):
    out = tmp_path / "flat"
    command = [
        "score",
        str(data / "b.parquet"),
        "-o",
        str(out),
        "--engine",
        "ray",
        "--workers",
        "1",
        "--flat",
    ]
    assert main([*command, "--model", str(tiny_folder), "--id-column", "id"]) == 0
    assert "100 rows in" in capsys.readouterr().err
    assert parquet.read_table(out).column_names[:2] == ["id", "tags"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.parquet", "-o", "out", "--engine", "ray", "--whole"], "--whole has no meaning"),
        (["a.parquet", "-o", "-", "--engine", "ray"], "writes a folder"),
        (["x.jsonl", "-o", "out", "--engine", "ray"], "leave --engine out"),
        (["none.parquet", "-o", "out", "--engine", "ray"], "none.parquet does not exist"),
        (["b.parquet", "-o", "out", "--engine", "ray", "--text-column", "body"], "it has: id, text, tags"),
        (["b.parquet", "-o", "out", "--engine", "ray", "--workers", "0"], "--workers must be 1 or more"),
        (["b.parquet", "-o", "out.parquet", "--address", "auto"], "add --engine ray"),
        (["broken.parquet", "-o", "out", "--engine", "ray"], "cannot be read as Parquet"),
        (["nothing://b.parquet", "-o", "out", "--engine", "ray"], "cannot be opened"),
    ],
)
def test_what_cannot_be_done(data, arguments, said, monkeypatch, capsys):
    monkeypatch.chdir(data)
    Path("broken.parquet").write_bytes(b"PAR1")
    Path("x.jsonl").write_text(json.dumps({"text": "باران آمد."}), encoding="utf-8")
    assert main(["score", *arguments]) == 1
    assert said in capsys.readouterr().err
    for name in ("broken.parquet", "x.jsonl"):
        Path(name).unlink()


def test_tasks_cover_every_row_once(data):
    tasks, schema = plan([str(data)], READ, 50)
    assert sum(task.count for task in tasks) == MANY
    assert [task.before for task in tasks] == [sum(t.count for t in tasks[:i]) for i in range(len(tasks))]
    assert {(t.path[-9:], t.group) for t in tasks} == {("a.parquet", g) for g in range(3)} | {
        ("b.parquet", 0)
    }
    assert schema.names == ["id", "text", "tags"]
    by_uri, _ = plan([data.as_uri()], READ, 50)
    assert [(t.count, t.before) for t in by_uri] == [(t.count, t.before) for t in tasks]
