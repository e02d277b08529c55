"""A service on a free port of this machine, for tests."""

import socket
import threading
import time
from contextlib import contextmanager

from claimcheck.flags import FactChecks
from claimcheck.serve.server import server


def index_in(folder):
    """An index of one fact-check, by its path."""
    path = folder / "index.sqlite"
    with FactChecks.open(path) as opened:
        opened.add([{"id": "1", "claim": "قیمت نان از هفتهٔ آینده دو برابر می‌شود", "verdict": "نادرست"}])
    return str(path)


@contextmanager
def serving(service):
    """Its address, while it runs in a thread; how it ends is looked at too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = server(service, "127.0.0.1", port)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        until = time.monotonic() + 60
        while not running.started:
            assert thread.is_alive(), "the service did not start"
            assert time.monotonic() < until
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.should_exit = True
        thread.join(60)
    assert not thread.is_alive()
