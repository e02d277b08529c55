"""Requests made up from the service's own OpenAPI document: its answers are those that it promises."""

import re
import subprocess
import sys

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs claimcheck[serve]")
pytest.importorskip("schemathesis", reason="needs claimcheck[dev]")
from serving import index_in, serving

from claimcheck.serve import Limits, Service

pytestmark = pytest.mark.process


# a file of the wrong kind, a task without a text, a start of no span are refused, and no schema can say so
READ_INTO = ("/read", "/explain", "/label-studio/predict", "/label-studio/setup")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    index = index_in(tmp_path_factory.mktemp("factchecks"))
    with serving(Service(factchecks=index, limits=Limits(requests=8))) as url:
        yield url
        assert httpx.get(f"{url}/health").json()["waiting"] == 0


@pytest.mark.parametrize(
    "chosen",
    [
        [word for path in READ_INTO for word in ("--exclude-path", path)],
        [word for path in READ_INTO for word in ("--include-path", path)]
        + ["--exclude-checks", "positive_data_acceptance"],
    ],
    ids=["all checks", "what is read into"],
)
def test_answers_are_as_documented(address, chosen, tmp_path):
    """Valid requests and invalid ones, by every check of schemathesis."""
    options = ["--checks", "all", "--max-examples", "20", "--seed", "1", "--no-color"]
    made = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", *options, *chosen],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,  # it keeps its findings
    )
    assert made.returncode == 0, made.stdout[-6000:] + made.stderr[-2000:]
    assert re.search(r"generated, \d\d+ passed", made.stdout)
