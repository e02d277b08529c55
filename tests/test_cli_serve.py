"""``claimcheck serve`` as people type it, up to where it would listen."""

import socket
import sys

import pytest

pytest.importorskip("fastapi", reason="needs claimcheck[serve]")
from claimcheck.cli import main
from claimcheck.serve import Limits


@pytest.fixture
def served(monkeypatch):
    """What the server would be started with."""
    told = []

    def run(service, host, port, ready):
        told.append((service, host, port))
        ready("http://HOST/")

    monkeypatch.setattr("claimcheck.serve.server.run", run)
    monkeypatch.delenv("CLAIMCHECK_TOKEN", raising=False)
    return told


def test_by_default_it_is_for_this_machine_alone(served, capsys):
    assert main(["serve"]) == 0
    [(service, host, port)] = served
    assert (host, port, service.token, service.limits) == ("127.0.0.1", 8000, None, Limits())
    assert service.hosts == ["127.0.0.1", "localhost", "[::1]"]
    assert "listening on http://HOST/" in capsys.readouterr().err


def test_what_is_asked_for(served, tmp_path, tiny_folder, capsys):
    (tmp_path / "token").write_text("s3cret\n")
    asked = ["--host", "0.0.0.0", "--port", "0", "--model", str(tiny_folder), "--workers", "3"]
    asked += [
        "--token-file",
        str(tmp_path / "token"),
        "--max-characters",
        "10",
        "--max-seconds-to-send",
        "2.5",
    ]
    assert main(["serve", *asked]) == 0
    [(service, host, port)] = served
    assert (host, port, service.workers, service.model) == ("0.0.0.0", 0, 3, str(tiny_folder))
    assert service.limits == Limits(characters=10, seconds_to_send=2.5)
    assert service.hosts is None and service.token == "s3cret"
    assert "s3cret" not in repr(service) + capsys.readouterr().err


def test_names_of_a_proxy(served):
    assert main(["serve", "--allow-host", "News.example"]) == 0
    assert served[0][0].hosts[-1] == "news.example"


def test_without_a_token_others_are_warned_of(served, capsys, monkeypatch):
    assert main(["serve", "--host", "0.0.0.0"]) == 0
    assert "anybody who reaches" in capsys.readouterr().err
    monkeypatch.setenv("CLAIMCHECK_TOKEN", "s3cret")
    assert main(["serve", "--host", "0.0.0.0"]) == 0
    assert "anybody" not in capsys.readouterr().err and served[1][0].token == "s3cret"


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["--port", "70000"], 2, "between 0 and 65535"),
        (["--workers", "0"], 2, "1 or more"),
        (["--max-texts", "0"], 2, "--max-texts must be more than 0"),
        (["--model", "nowhere"], 1, "nowhere"),
        (["--factchecks", "nowhere.db"], 1, "nowhere.db"),
        (["--token-file", "nowhere"], 1, "nowhere"),
    ],
)
def test_what_cannot_be(served, capsys, asked, code, said):
    assert main(["serve", *asked]) == code
    assert said in capsys.readouterr().err and not served


@pytest.mark.parametrize("token", ["راز", "two words", ""])
def test_tokens_that_no_header_holds(served, tmp_path, capsys, token):
    (tmp_path / "token").write_text(token, encoding="utf-8")
    assert main(["serve", "--token-file", str(tmp_path / "token")]) == 2
    assert "token" in capsys.readouterr().err and not served


def test_a_port_that_is_taken(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 1
    told = capsys.readouterr().err
    assert told.startswith("claimcheck: cannot listen on 127.0.0.1, port") and "--port" in told


def test_answers_are_not_held_back_by_nagle():
    """asyncio sets TCP_NODELAY only where a socket says that it is TCP; without, every answer takes 40 ms."""
    from claimcheck.serve.server import _bound

    with _bound("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn"])
def test_without_the_extra_it_is_named(monkeypatch, capsys, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    for name in [name for name in sys.modules if name.startswith("claimcheck.serve")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["serve"]) == 1
    assert "pip install 'claimcheck[serve]'" in capsys.readouterr().err


def test_without_spacy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy.language", None)
    monkeypatch.delitem(sys.modules, "claimcheck.integrations.spacy", raising=False)
    with pytest.raises(ImportError, match=r"claimcheck\[spacy\]"):
        import claimcheck.integrations.spacy  # noqa: F401
