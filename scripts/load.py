"""``benchmark.py load``: requests a second and latencies of ``claimcheck serve``, beside ``analyze`` alone."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import numpy as np

from claimcheck import load


@contextmanager
def service(workers: int) -> Iterator[str]:
    """The address of ``claimcheck serve`` in processes of its own."""
    command = [sys.executable, "-m", "claimcheck", "serve", "--port", "0", "--workers", str(workers)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        try:
            yield re.findall(r"http://\S+", running.stderr.readline())[0]
        finally:
            running.terminate()


def drive(
    address: str, texts: Sequence[str], wanted: Sequence[object], clients: int, requests: int
) -> tuple[float, list[float], int, int]:
    """(seconds, latencies, wrong answers, none at all) of clients that each ask again once they are answered."""
    numbers = iter([k % len(texts) for k in range(requests)])
    latencies: list[float] = []
    host = urlsplit(address).netloc

    def client() -> tuple[int, int]:
        http = HTTPConnection(host, timeout=60)
        wrong = lost = 0
        for number in numbers:
            body = json.dumps({"text": texts[number]})
            begun = time.perf_counter()
            try:
                http.request("POST", "/analyze", body, {"content-type": "application/json"})
                answer = http.getresponse()
                content = answer.read()
            except (OSError, HTTPException):
                lost += 1
                continue
            latencies.append(time.perf_counter() - begun)
            wrong += answer.status != 200 or json.loads(content)["spans"] != wanted[number]
        return wrong, lost

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        ends = [pool.submit(client) for _ in range(clients)]
        counts = [end.result() for end in ends]
    seconds = time.perf_counter() - begun
    return seconds, latencies, sum(wrong for wrong, _ in counts), sum(lost for _, lost in counts)


def measure(texts: Sequence[str], clients: Sequence[int], requests: int, workers: int) -> None:
    """Print a row a number of clients."""
    model = load()
    begun = time.perf_counter()
    wanted = [[span.to_dict() for span in model.analyze(text)] for text in texts]
    alone = len(texts) / (time.perf_counter() - begun)
    print(f"{len(texts)} texts, {np.mean([len(text) for text in texts]):.0f} characters on average")
    print(f"analyze(text) in one process, all its threads: {alone:.0f} texts/s")
    print(f"claimcheck serve --workers {workers}, {requests} requests of a text each:")
    print(f"{'clients':>8} {'requests/s':>11} {'p50':>8} {'p95':>8} {'p99':>8} {'wrong':>6} {'lost':>6}")
    with service(workers) as address:
        drive(address, texts, wanted, 8, 200)  # warm
        for many in clients:
            seconds, latencies, wrong, lost = drive(address, texts, wanted, many, requests)
            p50, p95, p99 = 1000 * np.percentile(latencies, [50, 95, 99])
            rate = len(latencies) / seconds
            print(
                f"{many:>8} {rate:>11.0f} {p50:>5.1f} ms {p95:>5.1f} ms {p99:>5.1f} ms {wrong:>6} {lost:>6}"
            )
