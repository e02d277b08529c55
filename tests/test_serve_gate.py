"""The gate over an application that answers with what it got: who may ask, how much, for how long."""

import asyncio
import base64
import json
import logging

import pytest

pytest.importorskip("fastapi", reason="needs claimcheck[serve]")
from claimcheck.serve.gate import Gate
from claimcheck.serve.limits import Limits, Refused


async def echo(scope, receive, send):
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


async def ask(gate, parts=(b"",), *, path="/analyze", method="POST", headers=(), pause=0.0, gone=None):
    """(status, headers, body) of one request whose body comes in parts; ``gone`` seconds after it the client is."""
    sent = []
    waiting = list(parts)

    async def receive():
        if not waiting:
            await asyncio.sleep(3600 if gone is None else gone)
            return {"type": "http.disconnect"}
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message):
        sent.append(message)

    head = [(b"host", b"127.0.0.1:8000"), *headers]
    await gate({"type": "http", "method": method, "path": path, "headers": head}, receive, send)
    if not sent:
        return None, {}, b""
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def answer(gate, *args, **named):
    return asyncio.run(ask(gate, *args, **named))


def test_what_is_within_the_limits_passes():
    status, headers, body = answer(Gate(echo, Limits(body_bytes=6)), [b"abc", b"def"])
    assert (status, body) == (200, b"abcdef")
    assert headers[b"x-content-type-options"] == b"nosniff"
    policy = headers[b"content-security-policy"]
    assert policy.startswith(b"default-src 'none'") and b"unsafe" not in policy


@pytest.mark.parametrize(
    ("headers", "parts", "said"),
    [
        ([(b"content-length", b"7")], [b"1234567"], "7 bytes"),
        ([], [b"1234", b"567"], "more than 6"),
        ([(b"content-length", b"1")], [b"1234567"], "more than 6"),
        ([(b"content-length", b"-1")], [b"1234567"], "more than 6"),
    ],
    ids=["told", "in chunks", "told wrongly", "no number"],
)
def test_too_large_a_body_is_413(headers, parts, said):
    status, got, body = answer(Gate(echo, Limits(body_bytes=6)), parts, headers=headers)
    assert status == 413
    assert said in json.loads(body)["detail"]
    assert got[b"connection"] == b"close"


def test_a_slow_body_is_408_and_holds_no_place():
    limits = Limits(seconds_to_send=0.15, requests=1)
    gate = Gate(echo, limits)

    async def both():
        slow = asyncio.create_task(ask(gate, [b"a"] * 50, pause=0.01))
        await asyncio.sleep(0.05)
        quick = await ask(gate, [b"quick"])
        return quick, await slow

    quick, slow = asyncio.run(both())
    assert (quick[0], quick[2]) == (200, b"quick")
    assert slow[0] == 408


def test_one_too_many_at_a_time_is_429_and_the_next_is_answered():
    async def slowly(scope, receive, send):
        await asyncio.sleep(0.1)
        await echo(scope, receive, send)

    gate = Gate(slowly, Limits(requests=2))

    async def three():
        got = await asyncio.gather(*(ask(gate, [b"x"]) for _ in range(3)))
        return [status for status, _, _ in got], got[2][1], (await ask(gate, [b"x"]))[0]

    statuses, headers, after = asyncio.run(three())
    assert statuses == [200, 200, 429] and after == 200
    assert headers[b"retry-after"] == b"1"
    assert gate.answering == 0


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Bearer right", 200),
        (b"bearer right", 200),
        (b"Basic " + base64.b64encode(b"anybody:right"), 200),
        (b"Bearer wrong", 401),
        (b"Bearer ", 401),
        (b"Basic " + base64.b64encode(b"right"), 401),
        (b"Basic !!!", 401),
        (b"right", 401),
        ("Bearer \u06f1".encode(), 401),
        (None, 401),
    ],
)
def test_a_token(header, status):
    headers = [] if header is None else [(b"authorization", header)]
    got, back, _ = answer(Gate(echo, Limits(), token="right"), headers=headers)
    assert got == status
    assert (b"www-authenticate" in back) == (status == 401)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/health", 200), ("/page/page.js", 200), ("/pages", 401), ("/view", 401), ("/read", 401)],
)
def test_the_page_itself_needs_no_token(path, status):
    assert answer(Gate(echo, Limits(), token="right"), path=path)[0] == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost", 200),
        (b"LOCALHOST:8000", 200),
        (b"[::1]:8000", 200),
        (b"[::1]", 200),
        (b"evil.example", 421),
        (b"localhost.evil.example:8000", 421),
        (b"", 421),
    ],
)
def test_only_its_own_names(host, status):
    gate = Gate(echo, Limits(), hosts=["localhost", "[::1]", "127.0.0.1"])
    assert answer(gate, headers=[(b"host", host)])[0] == status


def test_work_stops_where_the_client_has_gone():
    stopped = []

    async def long(scope, receive, send):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            stopped.append(True)
            raise

    gate = Gate(long, Limits())
    assert answer(gate, [b"x"], gone=0.02)[0] is None
    assert stopped and gate.answering == 0


def test_a_body_broken_off_is_no_request():
    gate = Gate(echo, Limits())
    assert answer(gate, [], gone=0)[0] is None


def test_what_fails_is_500_and_the_text_is_not_logged(caplog):
    async def failing(scope, receive, send):
        raise ValueError((await receive())["body"].decode())

    with caplog.at_level(logging.DEBUG):
        status, _, body = answer(Gate(failing, Limits()), ["راز".encode()])
    assert status == 500 and "ValueError" in json.loads(body)["detail"]
    assert "ValueError" in caplog.text and "test_serve_gate" in caplog.text
    assert "راز" not in caplog.text + body.decode()


def test_what_is_refused_inside_is_said():
    async def refusing(scope, receive, send):
        raise Refused(503, "full", 5)

    status, headers, body = answer(Gate(refusing, Limits()))
    assert (status, headers[b"retry-after"], json.loads(body)) == (503, b"5", {"detail": "full"})
