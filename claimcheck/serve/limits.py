"""What the service accepts, and what it says where more came."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All of them at once; those of the command line carry the same names.

    Args:
        body_bytes: of a request.
        texts: in a request.
        characters: of a text.
        explained_characters: of a text whose words are asked for, each of which is erased and analysed without.
        requests: answered at a time; the next one gets 429.
        waiting_characters: that wait for a worker, of all requests together; what would be more gets 503.
        seconds_to_send: for a client to send the head of a request, and again for its body; then 408.
        connections: open at a time; the next one gets 503. So that slow clients do not take them all, half of
            them at most may wait for the head of a request and a quarter for a body: the oldest is closed.
    """

    body_bytes: int = 2_000_000
    texts: int = 256
    characters: int = 100_000
    explained_characters: int = 2_000
    requests: int = 64
    waiting_characters: int = 2_000_000
    seconds_to_send: float = 20.0
    connections: int = 512


class Refused(Exception):
    """A request that is not answered: ``status``, and a message that says what came and what is taken.

    ``retry`` is in how many seconds it is worth trying again, ``None`` where the request itself is wrong.
    """

    def __init__(self, status: int, message: str, retry: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry = retry
