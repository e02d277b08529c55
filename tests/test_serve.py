"""The service over its own port, with the model that ships."""

import dataclasses
import io
import json
import multiprocessing
import os
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs claimcheck[serve]")
import docx
import httpx
from serving import index_in, serving

from claimcheck import analyze
from claimcheck.examples import read_examples
from claimcheck.flags import FactChecks
from claimcheck.serve import Limits, Service
from claimcheck.view import View

pytestmark = pytest.mark.process

REPORT = "وی با تأکید بر اینکه باید صرفه‌جویی کنیم، گفت: مصرف برق ۱۲ درصد رشد کرده است."
RUMOUR = "شنیده‌ها حاکی است قیمت نان از هفتهٔ آینده دو برابر می‌شود."
JSON = {"content-type": "application/json"}
LIMITS = Limits(
    body_bytes=300_000,
    texts=50,
    characters=20_000,
    explained_characters=500,
    waiting_characters=40_000,
    seconds_to_send=1.0,
)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return index_in(tmp_path_factory.mktemp("factchecks"))


@pytest.fixture(scope="module")
def address(index):
    with serving(Service(factchecks=index, limits=LIMITS)) as url:
        yield url


@pytest.fixture
def client(address):
    with httpx.Client(base_url=address, timeout=60) as opened:
        yield opened


def plain(text, **asked):
    return [span.to_dict() for span in analyze(text, **asked)]


def test_one_text_and_many(client):
    assert client.post("/analyze", json={"text": REPORT}).json() == {"spans": plain(REPORT)}
    texts = [REPORT, "", "hello", RUMOUR]
    wanted = {"results": [{"spans": plain(text)} for text in texts]}
    assert client.post("/analyze", json={"texts": texts}).json() == wanted
    assert client.post("/analyze", json={"texts": []}).json() == {"results": []}


def test_what_else_is_asked(client, index):
    got = client.post(
        "/analyze", json={"text": RUMOUR, "cues": True, "explain": True, "factchecks": True}
    ).json()
    with FactChecks.open(index) as opened:
        assert got["spans"] == plain(RUMOUR, cues=True, explain=True, factchecks=opened)
    assert {flag["type"] for flag in got["spans"][0]["flags"]} >= {"unnamed_source", "already_checked"}
    high = client.post("/analyze", json={"text": REPORT, "min_confidence": 1}).json()
    assert high == {"spans": []}


def test_offsets_of_javascript(client):
    text = "😀𝔸 " + REPORT
    spans = client.post("/analyze", json={"text": text, "offsets": "utf-16", "explain": True}).json()["spans"]
    units = text.encode("utf-16-le")
    parts = [part for s in spans for part in (s, s["attribution"], *s["words"]) if part]
    assert len(parts) > 4
    for part in parts:
        assert units[2 * part["start"] : 2 * part["end"]].decode("utf-16-le") == part["text"]


@pytest.mark.parametrize("offsets", ["code-points", "utf-16"])
def test_the_words_of_one_span(client, offsets):
    text = "😀 " + REPORT
    asked = {"text": text, "offsets": offsets}
    spans = client.post("/analyze", json=asked | {"explain": True}).json()["spans"]
    for span in spans:
        assert client.post("/explain", json=asked | {"start": span["start"]}).json() == {
            "words": span["words"]
        }
    for start in (1, 10_000):
        told = client.post("/explain", json=asked | {"start": start})
        assert told.status_code == 422 and ("begins at" in told.text or "two units" in told.text)


def test_triage(client):
    body = {"texts": [REPORT, RUMOUR], "factchecks": True, "top": 1}
    [item] = client.post("/triage", json=body).json()["items"]
    assert item["number"] == 1 and item["span"]["text"] in RUMOUR and "×" in item["arithmetic"]


def test_exports(client):
    body = {"text": REPORT + "\n=1+1 است.", "source": "https://example.org/1", "cues": True}
    told = {
        kind: client.post(f"/export/{kind}", json=body) for kind in ("json", "csv", "html", "claimreview")
    }
    for answer in told.values():
        assert answer.status_code == 200 and "attachment" in answer.headers["content-disposition"]
    spans = analyze(body["text"], cues=True)
    assert told["json"].json()["spans"] == [span.to_dict() for span in spans]
    assert told["csv"].content.startswith(b"\xef\xbb\xbfstart,end,label")
    assert len(told["csv"].text.splitlines()) == 1 + len(spans)
    assert told["html"].text == View(body["text"], spans).to_html()
    stubs = told["claimreview"].json()
    assert [stub["claimReviewed"] for stub in stubs] == [s.text for s in spans if s.label == "claim"]
    assert stubs[0]["itemReviewed"]["appearance"]["url"] == body["source"]


def test_an_export_of_some_spans(client):
    body = {"text": REPORT, "labels": ["call_to_action"]}
    [span] = client.post("/export/json", json=body).json()["spans"]
    assert span["label"] == "call_to_action"
    one = client.post("/export/json", json={"text": REPORT, "starts": [span["start"]]}).json()["spans"]
    assert one == [span]


def test_a_cell_that_a_spreadsheet_would_run():
    from claimcheck.serve.exports import EXPORTS
    from claimcheck.span import Label, Span

    text = '=cmd("x") است'
    span = Span(0, len(text), text, Label.OPINION, 0.5)
    assert "\"'=cmd(" in EXPORTS["csv"].write(text, [span], [span.to_dict()], None)


def word_file(*paragraphs, table=None):
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for row, cells in zip(made.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "content", "texts", "column"),
    [
        ("txt", RUMOUR.encode(), [RUMOUR], None),
        ("txt", b"\xef\xbb\xbf" + RUMOUR.encode(), [RUMOUR], None),
        ("txt", RUMOUR.encode("utf-16"), [RUMOUR], None),
        ("txt", "شنيده ها حاکي است".encode("cp1256"), ["شنيده ها حاکي است"], None),
        ("docx", word_file("یک", "دو", table=[["سه", "چهار"]]), ["یک\nدو\nسه\tچهار"], None),
        ("csv", "id;متن\n1;یک\n2;دو\n".encode(), ["یک", "دو"], "متن"),
        ("csv", 'a,b\n1,"یک\nدو"\n2,\n3,سه\n'.encode(), ["یک\nدو", "سه"], "b"),
    ],
    ids=["utf-8", "utf-8 mark", "utf-16", "windows-1256", "word", "named column", "persian column"],
)
def test_files(client, kind, content, texts, column):
    got = client.post("/read", params={"kind": kind}, content=content).json()
    assert got == {"texts": texts, "column": column}


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("txt", b"\xff\xfe\x00", "UTF-16"),
        ("txt", "Größe, naïveté".encode("latin-1"), "save it as UTF-8"),
        ("docx", b"PK\x03\x04 and no more", "no Word document"),
        ("csv", b"text\n", "no rows"),
    ],
)
def test_files_that_cannot_be_read(client, kind, content, said):
    answer = client.post("/read", params={"kind": kind}, content=content)
    assert answer.status_code == 422 and said in answer.json()["detail"]


def test_label_studio(client, tmp_path):
    """What the backend offers, once taken, is read back by ``claimcheck data convert``."""
    interface = (
        '<View><Labels name="what" toName="doc"><Label value="claim"/></Labels>'
        '<Text name="doc" value="$body"/></View>'
    )
    setup = client.post("/label-studio/setup", json={"project": "1.5", "schema": interface, "hostname": "x"})
    assert setup.json() == {"model_version": "claimcheck"}
    assert client.get("/label-studio/health").json()["status"] == "UP"
    text = "😀 " + REPORT
    tasks = [{"id": 7, "data": {"body": text}, "annotations": []}]
    body = {"tasks": tasks, "label_config": interface, "project": "1.5", "params": {"login": None}}
    [prediction] = client.post("/label-studio/predict", json=body).json()["results"]
    assert 0 < prediction["score"] <= 1
    assert {(r["from_name"], r["to_name"]) for r in prediction["result"]} == {("what", "doc")}
    export = [{"id": 7, "data": {"text": text}, "annotations": [{"result": prediction["result"]}]}]
    (tmp_path / "export.json").write_text(json.dumps(export), encoding="utf-8")
    [example] = read_examples(tmp_path / "export.json", format="label-studio")
    wanted = [(s.start, s.end, s.label) for s in analyze(text)]
    assert [(s.start, s.end, s.label) for s in example.spans if s.label != "attribution"] == wanted
    assert any(s.label == "attribution" for s in example.spans)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("predict", {"tasks": [{"data": {"txt": "x"}}]}, "tasks.0.data.text"),
        ("predict", {"tasks": [{"data": {"text": 3}}]}, "got int"),
        ("predict", {"tasks": [], "label_config": "<View"}, "XML"),
        ("setup", {"schema": "<View/>"}, "one that fits"),
        ("setup", {"schema": "<!DOCTYPE a [<!ENTITY b 'c'>]><View>&b;</View>"}, "no declarations"),
    ],
)
def test_label_studio_is_told_what_is_wrong(client, path, body, said):
    answer = client.post(f"/label-studio/{path}", json=body)
    assert answer.status_code == 422 and said in answer.json()["detail"]


def test_doccano(client, tmp_path):
    text = "😀 " + REPORT
    entities = client.post("/doccano", json={"text": text}).json()
    labels = [[one["start_offset"], one["end_offset"], one["label"]] for one in entities]
    (tmp_path / "export.jsonl").write_text(json.dumps({"text": text, "label": labels}), encoding="utf-8")
    [example] = read_examples(tmp_path / "export.jsonl", format="doccano")
    wanted = [(s.start, s.end) for s in analyze(text)]
    assert [(s.start, s.end) for s in example.spans if s.label != "attribution"] == wanted


GUIDE = (Path(__file__).parent.parent / "docs" / "guides" / "serve.md").read_text(encoding="utf-8")


def test_the_guide_asks_and_is_answered(client):
    [(url, header, body)] = re.findall(r"curl (\S+) -H '(.*?)' \\\n\s*-d '(.*?)'", GUIDE)
    name, _, value = header.partition(": ")
    path = url.removeprefix("http://127.0.0.1:8000")
    answer = client.post(path, content=body.encode(), headers={name: value})
    assert answer.json()["spans"][0]["label"] == "claim"
    told = client.get("/openapi.json").json()["paths"]
    for method, path in re.findall(r"^\| `(GET|POST) (/[\w/]*)", GUIDE, re.MULTILINE):
        path = "/export/{kind}" if path == "/export/" else path
        assert path == "/openapi" or method.lower() in told[path]


def test_the_guide_names_every_limit_as_it_is():
    shown = re.findall(r"`--max-([\w-]+)` ([\d,]+) \|", GUIDE)
    limits = dataclasses.asdict(Limits())
    assert {name.replace("-", "_"): float(number.replace(",", "")) for name, number in shown} == limits


def test_the_template_for_doccano(client):
    jinja2 = pytest.importorskip("jinja2")
    [template] = re.findall(r"```text\n(\[\{%.*?)\n```", GUIDE)
    entities = client.post("/doccano", json={"text": REPORT}).json()
    assert json.loads(jinja2.Template(template).render(input=entities)) == entities


HOSTILE = [
    ("no JSON", b"{", 400),
    ("deep JSON", b'{"text":' * 30_000, 400),
    ("deep list", b'{"texts":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    ("bad UTF-8", b'{"text": "\xff\xfe"}', 400),
    ("not a number", b'{"text": "a", "min_confidence": NaN}', 422),
    ("no body", b"", 422),
    ("a list", b"[]", 422),
    ("both", b'{"text": "a", "texts": []}', 422),
    ("null", b'{"text": null}', 422),
    ("unknown field", b'{"text": "a", "txt": "a"}', 422),
    ("number for text", b'{"text": 1}', 422),
    ("text too long", json.dumps({"text": "س" * 20_001}).encode(), 413),
    ("too many texts", json.dumps({"texts": ["س"] * 51}).encode(), 413),
    ("explained too long", json.dumps({"text": "س" * 501, "explain": True}).encode(), 413),
    ("body too large", json.dumps({"text": "x" * 300_001}).encode(), 413),
    ("lone surrogate", json.dumps({"text": "\ud83d باید برویم \udc00"}).encode(), 200),
    ("all controls", json.dumps({"text": "".join(map(chr, range(0x250))) + "باید برویم"}).encode(), 200),
    ("bidi controls", json.dumps({"text": "\u202e\u2066باید برویم\u2069\u2069\u202c"}).encode(), 200),
]


@pytest.mark.parametrize(("body", "status"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_hostile_bodies(client, body, status):
    for path in ("/analyze", "/view"):
        answer = client.post(path, content=body, headers=JSON)
        if path == "/analyze":
            assert answer.status_code == status, answer.text[:300]
        assert answer.status_code < 500
        assert len(answer.content) < 3_000 or answer.status_code == 200
        told = answer.json()
        assert set(told) & {"detail", "spans", "results"}
    assert client.get("/health").json()["status"] == "ok"


def test_html_in_the_text_stays_text(client):
    text = "<img src=x onerror=alert(1)> باید </bdi></mark><script>alert(2)</script> برویم."
    html = client.post("/view", json={"text": text}).json()["html"]
    assert "<img" not in html and "<script" not in html and "&lt;img" in html


@pytest.mark.parametrize("path", ["/analyze", "/doccano", "/export/json", "/export/csv", "/export/html"])
def test_lone_surrogates_everywhere(client, path):
    body = json.dumps({"text": "\ud800 باید برویم \udc00"}).encode()
    assert client.post(path, content=body, headers=JSON).status_code == 200


def test_json_that_does_not_say_so(client):
    answer = client.post("/analyze", content=b'{"text": "a"}', headers={"content-type": "text/plain"})
    assert answer.status_code == 422 and "content-type: application/json" in answer.json()["detail"]


def test_slow_clients_hold_up_nobody(client, address):
    """Half a head, and half a body, a byte at a time, on many connections."""
    host, port = address.removeprefix("http://").split(":")
    head = b"POST /analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    slow = []
    for number in range(60):
        one = socket.create_connection((host, int(port)))
        one.sendall(head + b"\r\n{" if number % 2 else head)
        slow.append(one)
    begun = time.monotonic()
    assert client.post("/analyze", json={"text": REPORT}).status_code == 200
    assert time.monotonic() - begun < 0.9, "it waited for the slow ones"
    ends = []
    for one in slow:
        one.settimeout(5)
        ends.append(one.recv(4096))
        one.close()
    assert ends[::2] == [b""] * 30, "half a head is closed"
    assert all(end.startswith(b"HTTP/1.1 408") for end in ends[1::2])


def test_slow_clients_do_not_take_all_connections():
    """Five times as many as may be open, half a head or half a body each; all others are answered meanwhile."""
    head = b"POST /analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    with serving(Service(limits=dataclasses.replace(LIMITS, connections=40, seconds_to_send=60))) as url:
        host, port = url.removeprefix("http://").split(":")
        slow = []
        for number in range(200):
            one = socket.create_connection((host, int(port)))
            one.sendall(head + b"\r\n{" if number % 2 else head)
            slow.append(one)
        for _ in range(5):
            assert httpx.post(f"{url}/analyze", json={"text": REPORT}, timeout=20).json() == {
                "spans": plain(REPORT)
            }
        for one in slow:
            one.close()


def test_clients_that_go_away(client, address):
    host, port = address.removeprefix("http://").split(":")
    body = json.dumps({"texts": [REPORT] * 50}).encode()
    head = b"POST /analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    for _ in range(8):
        with socket.create_connection((host, int(port))) as gone:
            gone.sendall(head + body)
    assert client.post("/analyze", json={"text": REPORT}).json() == {"spans": plain(REPORT)}
    until = time.monotonic() + 10
    while client.get("/health").json()["waiting"]:
        assert time.monotonic() < until
        time.sleep(0.05)


def workers():
    return [child.pid for child in multiprocessing.active_children() if "Spawn" in type(child).__name__]


def test_a_killed_worker_loses_no_request(client, address):
    texts = [f"{REPORT} شمارهٔ {number}" for number in range(60)]
    wanted = [plain(text) for text in texts]

    def ask(text):
        return client.post("/analyze", json={"text": text})

    before = workers()
    assert before
    with ThreadPoolExecutor(12) as many:
        asked = [many.submit(ask, text) for text in texts]
        time.sleep(0.1)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        answers = [one.result() for one in asked]
    assert [answer.status_code for answer in answers] == [200] * 60
    assert [answer.json()["spans"] for answer in answers] == wanted
    assert set(workers()).isdisjoint(before)


def test_a_full_queue_is_503_and_loses_no_other(client):
    large = {"texts": ["\n".join([REPORT] * 40)] * 10}  # some seconds' work

    with ThreadPoolExecutor(6) as many:
        first = many.submit(client.post, "/analyze", json=large)
        time.sleep(0.3)
        more = [many.submit(client.post, "/analyze", json=large) for _ in range(3)]
        refused = [one.result() for one in more]
        assert {answer.status_code for answer in refused} == {503}
        assert refused[0].headers["retry-after"] and "wait already" in refused[0].json()["detail"]
        small = client.post("/analyze", json={"text": REPORT})
        assert small.json() == {"spans": plain(REPORT)}
        assert first.result().status_code == 200


def test_no_text_is_logged(capfd, caplog):
    with serving(Service(limits=LIMITS)) as url, httpx.Client(base_url=url) as client:
        for path in ("/analyze", "/view", "/doccano", "/rāz", "/export/json"):
            client.post(path, json={"text": "راز بزرگ", "x": "راز بزرگ"})
        assert client.post("/analyze", json={"text": "راز بزرگ"}).status_code == 200
    told = capfd.readouterr()
    assert "راز" not in told.out + told.err + caplog.text
