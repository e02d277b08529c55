"""``create_app`` under uvicorn, with a clock on clients that open a connection and send no request."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from claimcheck.serve.app import create_app
from claimcheck.serve.service import Service


def server(service: Service, host: str, port: int) -> uvicorn.Server:
    """A server that ``run()`` starts; it ends by SIGINT or SIGTERM, with what is being answered answered."""
    limits = service.limits
    config = uvicorn.Config(
        create_app(service),
        host=host,
        port=port,
        http=_clocked(limits.seconds_to_send, limits.connections // 2),
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=30,
        server_header=False,
        proxy_headers=False,
    )
    return uvicorn.Server(config)


def _clocked(seconds: float, most: int) -> type[H11Protocol]:
    """A protocol that closes a connection on which no request has begun in ``seconds``, the oldest where ``most`` wait.

    uvicorn's own clock runs only between whole requests, so half a head would hold its connection for ever.
    """
    waiting: dict[Clocked, asyncio.TimerHandle] = {}  # the oldest first

    class Clocked(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._wait()
            elif self in waiting:
                waiting.pop(self).cancel()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self in waiting:
                waiting.pop(self).cancel()

        def _wait(self) -> None:
            if self in waiting:
                return
            waiting[self] = self.loop.call_later(seconds, self.transport.close)
            if len(waiting) > most:
                oldest = next(iter(waiting))
                waiting.pop(oldest).cancel()
                oldest.transport.close()

    return Clocked


def run(service: Service, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until told to stop; ``ready`` is called with the address when requests are taken.

    Raises:
        OSError: it cannot listen there, or its workers did not start.
    """
    # uvicorn, when all is answered, raises the signal again that ended it; by default that would kill
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _bound(host, port) as listening:
        serving = server(service, host, port)

        async def serve() -> None:
            task = asyncio.create_task(serving.serve(sockets=[listening]))
            while not serving.started and not task.done():
                await asyncio.sleep(0.02)
            if serving.started:
                name, number = listening.getsockname()[:2]
                ready(f"http://{f'[{name}]' if ':' in name else name}:{number}/")
            await task

        asyncio.run(serve())
        if not serving.started:
            raise OSError("the service did not start; what its workers said stands above")


def _bound(host: str, port: int) -> socket.socket:
    # the protocol is named, or asyncio would not take it for TCP and leave Nagle's algorithm on: 40 ms an answer
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # a port that was just left; elsewhere it would let others share it
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise OSError(
            f"cannot listen on {host}, port {port}: {error.strerror}; try another --port"
        ) from error
    return bound
