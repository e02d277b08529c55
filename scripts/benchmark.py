"""Measure claimcheck beside other systems, on this machine.

    python scripts/benchmark.py sentences [--text FILE]
    python scripts/benchmark.py start [--model FOLDER] [--runs 5]
    python scripts/benchmark.py throughput [--model FOLDER] [--texts FILE.jsonl] [--single]
    python scripts/benchmark.py memory [--rows 10000 1000000]
    python scripts/benchmark.py scaling [--texts FILE.jsonl] [--documents 8000]
    python scripts/benchmark.py load [--texts FILE.jsonl] [--clients 1 8 32] [--requests 2000] [--workers 2]

``sentences``: the boundaries of tests/sentence_cases.txt and the speed, beside hazm, pysbd and sentencex.
``start``: the time to the first answer of a fresh process, beside ``transformers.pipeline``.
``throughput``: sentences a second of ``claimcheck score``, beside the pipeline on the same weights and at
ParsBERT's size; the share of the processor's own int8 rate; latency. ``--single``: on its sentences one by one.
``memory``: the peak memory of ``claimcheck score``, over few rows and many.
``scaling``: its documents a second with one process and with two, on this machine's engine and on Ray.
``load``: requests a second of ``claimcheck serve`` and their latencies, and that none is wrong or lost.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module, metadata
from pathlib import Path
from statistics import median
from unicodedata import category

import memory
import scaling
from throughput import MACS, REPEATED

from claimcheck import split_sentences
from claimcheck.api import embedded_folder

ROOT = Path(__file__).parents[1]
TEXTS = ROOT / "examples" / "train.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("sentences", help="sentence boundaries: F1 and characters a second")
    command.add_argument("--text", type=Path, help="a text to measure speed on too")
    command.set_defaults(run=sentences)

    command = commands.add_parser("start", help="time to the first answer of a fresh process")
    command.add_argument("--model", type=Path, default=embedded_folder(), help="default: the embedded model")
    command.add_argument("--runs", type=int, default=5, help="processes of each; the median counts")
    command.set_defaults(run=start)

    command = commands.add_parser("throughput", help="sentences a second, and latency")
    command.add_argument("--model", type=Path, default=embedded_folder(), help="default: the embedded model")
    command.add_argument("--texts", type=Path, default=TEXTS, help="JSON lines with a text each")
    command.add_argument("--single", action="store_true", help="each sentence a text of its own")
    command.set_defaults(run=throughput)

    command = commands.add_parser("memory", help="peak memory of scoring, over few rows and many")
    command.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    command.add_argument("--workers", type=int, default=1, help="processes; each takes as much as one")
    command.set_defaults(run=memory_of_rows)

    command = commands.add_parser("scaling", help="documents a second, by how many processes")
    command.add_argument("--texts", type=Path, default=TEXTS, help="JSON lines with a text each")
    command.add_argument("--documents", type=int, default=8000, help="the texts again and again, so many")
    command.set_defaults(run=scaling_of_engines)

    command = commands.add_parser("load", help="requests a second of claimcheck serve")
    command.add_argument("--texts", type=Path, default=TEXTS, help="JSON lines with a text each")
    command.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32], help="at a time")
    command.add_argument("--requests", type=int, default=2000, help="of each number of clients")
    command.add_argument("--workers", type=int, default=2, help="processes of the service")
    command.set_defaults(run=load_of_service)

    args = parser.parse_args()
    args.run(args)


# --- sentences -------------------------------------------------------------------------------------------

Splitter = Callable[[str], Iterable[int]]  # a text to the index where each of its sentences ends


def sentences(args: argparse.Namespace) -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from sentence_cases import read_cases  # type: ignore[import-not-found]

    cases = [(case.text, [end for _, end in case.ranges]) for case in read_cases()]
    texts = {
        "report": ROOT.joinpath("examples/report.txt").read_text(encoding="utf-8"),
        "cases": "\n".join(text for text, _ in cases),
    }
    if args.text:
        texts[args.text.name] = args.text.read_text(encoding="utf-8", errors="replace")[:1_000_000]
    cuts = sum(len(ends) - 1 for _, ends in cases)
    print(
        f"{len(cases)} cases with {cuts} boundaries inside, all ours; claimcheck's rules were mended on most"
    )
    print("speed in million characters a second on")
    for name, text in texts.items():
        print(f"  {name}: {len(text):,} characters, {len(text) / len(split_sentences(text)):.0f} a sentence")
    print()
    rows = [["", "version", "precision", "recall", "F1", *texts]]
    for name, make in SPLITTERS.items():
        try:
            split, version = make(), "this" if name == "claimcheck" else metadata.version(name)
        except ImportError:
            rows.append([name, "not installed"])
            continue
        scores = [f"{score:.3f}" for score in boundary_scores(split, cases)]
        speeds = [f"{_speed(split, text) / 1e6:.2f} M/s" for text in texts.values()]
        rows.append([name, version, *scores, *speeds])
    _print_table(rows)


def boundary_scores(split: Splitter, cases: Sequence[tuple[str, list[int]]]) -> tuple[float, float, float]:
    """Precision, recall and F1 of the boundaries inside texts, pooled over all cases."""
    right = found = wanted = 0
    for text, ends in cases:
        ours, theirs = _places(text, ends), _places(text, split(text))
        right += len(ours & theirs)
        found += len(theirs)
        wanted += len(ours)
    precision, recall = right / max(found, 1), right / max(wanted, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def _places(text: str, ends: Iterable[int]) -> set[int]:
    """Boundaries as the number of visible characters before them: which side a blank is on is no matter."""
    before = [0]
    for character in text:
        before.append(before[-1] + (not character.isspace() and category(character) != "Cf"))
    return {before[end] for end in ends} - {0, before[-1]}


def _claimcheck() -> Splitter:
    return lambda text: [end for _, end in split_sentences(text)]


def _hazm() -> Splitter:
    tokenize = import_module("hazm").SentenceTokenizer().tokenize
    return lambda text: _ends(text.replace("\n", " "), tokenize(text))


def _pysbd() -> Splitter:
    segment = import_module("pysbd").Segmenter(language="fa", clean=False).segment
    return lambda text: _ends(text, segment(text))


def _sentencex() -> Splitter:
    segment = import_module("sentencex").segment
    return lambda text: _ends(text, segment("fa", text))


SPLITTERS: dict[str, Callable[[], Splitter]] = {
    "claimcheck": _claimcheck,
    "hazm": _hazm,
    "pysbd": _pysbd,
    "sentencex": _sentencex,
}


def _ends(text: str, pieces: Iterable[str]) -> Iterator[int]:
    """Where each piece ends in the text, found by walking it; a piece that was rewritten has no end."""
    at = 0
    for piece in map(str.strip, pieces):
        start = text.find(piece, at)
        if piece and start >= 0:
            at = start + len(piece)
            yield at


def _speed(split: Splitter, text: str) -> float:
    """Characters a second over the text repeated to 100,000 characters, the best of three."""
    text = "\n".join([text] * (100_000 // (len(text) + 1) + 1))
    return len(text) / min(_seconds(lambda: list(split(text))) for _ in range(3))


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


# --- start -----------------------------------------------------------------------------------------------

TEXT = "وزیر نیرو گفت: مصرف برق امسال ۱۲ درصد رشد کرده است و مردم باید صرفه‌جویی کنند."
ANSWER = """
import sys
_, folder, text = sys.argv
{answer}
import resource
print(len(found), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
"""
ANSWERS = {
    "claimcheck": "from claimcheck import analyze; found = analyze(text, model=folder)",
    "transformers.pipeline": "from transformers import pipeline\n"
    "found = pipeline('token-classification', model=folder, aggregation_strategy='simple')(text)",
}


def start(args: argparse.Namespace) -> None:
    print(f"{args.model}: fresh processes, {args.runs} of each in turn after one to warm the disk's cache\n")
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in ANSWERS}
    for _ in range(args.runs + 1):
        for name, answer in ANSWERS.items():
            runs[name].append(first_answer(answer, args.model))
    rows = [["", "first answer", "fastest", "slowest", "peak memory"]]
    typical = {}
    for name, measured in runs.items():
        seconds, megabytes = zip(*measured[1:], strict=True)
        typical[name] = median(seconds)
        times = [f"{value:.2f} s" for value in (typical[name], min(seconds), max(seconds))]
        rows.append([name, *times, f"{median(megabytes):.0f} MB"])
    _print_table(rows)
    ours, theirs = typical.values()
    print(f"\n{theirs / ours:.1f} times sooner")


def first_answer(answer: str, folder: Path) -> tuple[float, float]:
    """Seconds from starting an interpreter until it has answered, and its peak memory in MB."""
    command = [sys.executable, "-c", ANSWER.format(answer=answer), str(folder), TEXT]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as child:
        assert child.stdout and child.stderr
        line = child.stdout.readline()
        seconds = time.perf_counter() - began
        if not line:
            raise SystemExit(f"no answer from: {answer}\n{child.stderr.read()}")
    peak = int(line.split()[1])
    return seconds, peak / (2**20 if sys.platform == "darwin" else 2**10)


# --- throughput ------------------------------------------------------------------------------------------


def throughput(args: argparse.Namespace) -> None:
    texts = _texts(args.texts)
    if args.single:
        texts = [text[start:end] for text in texts for start, end in split_sentences(text)]
    sentences = [len(split_sentences(text)) for text in texts]
    print(f"{args.texts}: {len(texts)} texts, {sum(sentences)} sentences; {os.cpu_count()} processors\n")
    rows = [["", "sentences/s", "peak memory"]]
    rates: dict[str, float] = {}
    pieces = 0.0
    for name in ("score", "pipeline-1", "pipeline-8", "pipeline-32", "parsbert", "score"):
        found = _measure(name, args.model, texts)
        many = sum(sentences[: len(sentences) // 4]) if name == "parsbert" else sum(sentences)
        many *= REPEATED if name == "score" else 1
        rates[name] = max(many / found["seconds"], rates.get(name, 0.0))
        rows.append([name, f"{many / found['seconds']:.1f}", f"{found['megabytes']:.0f} MB"])
        if name == "score":
            pieces = max(pieces, found["pieces"] / found["seconds"])
    _print_table(rows)
    batched = max(rates["pipeline-8"], rates["pipeline-32"])
    for name, rate in (("one by one", rates["pipeline-1"]), ("at its best batch", batched)):
        print(f"{rates['score'] / rate:.1f} times the pipeline {name}")
    print(f"{rates['score'] / rates['parsbert']:.1f} times the pipeline at ParsBERT's size")
    share = pieces * MACS / 1e9 / (limit := _measure("ceiling", args.model, texts)["gmacs"])
    print(
        f"\n{pieces:,.0f} pieces/s x {MACS / 1e6:.1f} M products = {share:.0%} of {limit:.0f} G int8 products/s"
    )
    shares = sorted(_measure("profile", args.model, texts).items(), key=lambda item: -item[1])
    print(
        "where the time goes: " + ", ".join(f"{kind} {share:.0%}" for kind, share in shares if share >= 0.01)
    )
    times = _measure("latency", args.model, texts)
    for name in ("tweet", "report"):
        print(f"one {name}, one thread: p50 {times[f'{name}_p50']:.1f} ms, p99 {times[f'{name}_p99']:.1f} ms")


def _texts(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def _measure(name: str, model: Path, texts: Sequence[str]) -> dict[str, float]:
    """One measurement of throughput.py in a process of its own."""
    command = [sys.executable, str(ROOT / "scripts" / "throughput.py"), name, str(model)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    given = json.dumps(texts)
    done = subprocess.run(command, input=given, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


# --- memory ----------------------------------------------------------------------------------------------


def memory_of_rows(args: argparse.Namespace) -> None:
    rows = [["rows", "peak of a process", "rows/s"]]
    for many in args.rows:
        megabytes, seconds = memory.measure(many, args.workers)
        rows.append([f"{many:,}", f"{megabytes:.0f} MB", f"{many / seconds:.0f}"])
    _print_table(rows)


# --- scaling ---------------------------------------------------------------------------------------------


def scaling_of_engines(args: argparse.Namespace) -> None:
    texts = _texts(args.texts)
    texts = (texts * (args.documents // len(texts) + 1))[: args.documents]
    sentences = sum(len(split_sentences(text)) for text in texts)
    print(
        f"{len(texts):,} documents of {sentences / len(texts):.1f} sentences, {sum(map(len, texts)):,} characters\n"
    )
    rows = [["engine", "processes", "documents/s", "of a process"]]
    for engine in ("local", "ray"):
        for workers in (1, 2):
            rate = scaling.measure(engine, workers, texts)
            rows.append([engine, str(workers), f"{rate:.0f}", f"{rate / workers:.0f}"])
    _print_table(rows)
    print(f"\na million an hour would take {1e6 / 3600 / (rate / workers):.1f} such processors")


# --- load -------------------------------------------------------------------------------------------------


def load_of_service(args: argparse.Namespace) -> None:
    import load  # needs the extra serve

    load.measure(_texts(args.texts), args.clients, args.requests, args.workers)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(len(rows[0]))]
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=False)]
        print("  ".join([first.ljust(widths[0]), *cells]))


if __name__ == "__main__":
    main()
