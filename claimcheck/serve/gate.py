"""What every request passes before the application sees it: who may ask, how much, and for how long.

Plain ASGI, so that a body is counted while it arrives and a client that sends slowly holds no place.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from claimcheck.serve.limits import Limits, Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("claimcheck.serve")
_OPEN_PATHS = ("/", "/health", "/openapi.json", "/favicon.ico")  # and /page/…: nothing to guard in them
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Gate:
    """The application behind its checks.

    Args:
        app: what answers.
        limits: of body, time and requests at a time.
        token: what ``Authorization: Bearer …`` must carry, ``None`` for no check. As the password of
            ``Basic …`` it is taken too: annotation tools can send nothing else.
        hosts: names under which this service may be asked, which keeps other people's web pages from asking
            through a name of theirs (DNS rebinding); ``None`` for any.
    """

    def __init__(
        self, app: App, limits: Limits, token: str | None = None, hosts: Sequence[str] | None = None
    ) -> None:
        self.app = app
        self.limits = limits
        self.token = token
        self.hosts = hosts
        self.answering = 0
        self._reading: dict[asyncio.Timeout, None] = {}  # clocks of bodies that arrive, the oldest first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        guarded = _Guarded(send)
        try:
            self._check_sender(scope)
            body = await self._body(scope, receive)
            if scope["method"] != "POST":
                await self._answer(scope, body, receive, guarded)
                return
            if self.answering >= self.limits.requests:
                raise Refused(
                    429,
                    f"{self.answering} requests are being answered, at most {self.limits.requests} at a time",
                    1,
                )
            self.answering += 1
            try:
                await self._answer(scope, body, receive, guarded)
            finally:
                self.answering -= 1
        except Refused as refused:
            await guarded.refuse(refused)
        except _Gone:
            pass
        except Exception as error:  # its message may quote the text, so it is not logged
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            place = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "?"
            _log.error("%s %s: %s at %s", scope["method"], scope["path"], type(error).__name__, place)
            await guarded.refuse(Refused(500, f"this request could not be answered ({type(error).__name__})"))

    def _check_sender(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if self.hosts is not None and name not in self.hosts:
            raise Refused(421, f"asked as {name[:100]!r}, but this service is {' or '.join(self.hosts)}")
        path = scope["path"]
        if self.token is None or path in _OPEN_PATHS or path.startswith("/page/"):
            return
        if not secrets.compare_digest(_sent_token(headers.get(b"authorization", b"")), self.token.encode()):
            raise Refused(401, "this service wants a token: send the header «Authorization: Bearer TOKEN»")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """All of it, as far as it is not too large, does not take too long, and is not broken off."""
        most = self.limits.body_bytes
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > most:
            raise Refused(413, f"a body of {int(told):,} bytes came, at most {most:,} are taken")
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.limits.seconds_to_send) as clock:
                self._reading[clock] = None
                if len(self._reading) > self.limits.connections // 4:  # or slow ones would leave no room
                    next(iter(self._reading)).reschedule(0)
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise Refused(413, f"a body of more than {most:,} bytes came, at most that are taken")
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            raise Refused(408, f"only {size:,} bytes of the body came in time; send it faster") from None
        finally:
            self._reading.pop(clock, None)

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """Have the application answer; it stops where the client goes away before that."""
        pending = [{"type": "http.request", "body": body, "more_body": False}]

        async def given() -> Message:
            return pending.pop() if pending else await asyncio.Event().wait()  # type: ignore[return-value]

        work = asyncio.ensure_future(self.app(scope, given, send))
        gone = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                raise _Gone
            await work
        finally:
            work.cancel()
            gone.cancel()


class _Gone(Exception):
    """The client has gone."""


class _Guarded:
    """``send`` with our headers on every answer."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await self.send(message)

    async def refuse(self, refused: Refused) -> None:
        if self.begun:
            return
        body = json.dumps({"detail": refused.message}, ensure_ascii=False).encode("utf-8", "replace")
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if refused.retry is not None:
            headers.append((b"retry-after", str(refused.retry).encode()))
        if refused.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if refused.status in (408, 413):  # the rest of the body is not read
            headers.append((b"connection", b"close"))
        await self({"type": "http.response.start", "status": refused.status, "headers": headers})
        await self({"type": "http.response.body", "body": body})


def _sent_token(header: bytes) -> bytes:
    scheme, _, value = header.partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip()
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""
