"""The measurement of ``scripts/benchmark.py memory``: how much memory scoring takes, however many rows there are."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PLACES = ("تهران", "شیراز", "تبریز", "اهواز", "رشت", "یزد", "کرمان")
THINGS = ("قیمت نان", "مصرف آب", "تولید فولاد", "شمار بیماران", "صادرات پسته")
FORMS = (
    "{thing} در {place} {number} درصد بالا رفت.",
    "به نظرم {thing} در {place} دیگر مهم نیست؛ {number} بار گفته‌ام.",
    "فرماندار {place} گفت: {thing} به {number} رسیده است.",
)


def rows(many: int) -> Iterator[str]:
    """Made-up short texts, no two alike."""
    for i in range(many):
        form, place, thing = FORMS[i % 3], PLACES[i % 7], THINGS[i % 5]
        yield form.format(place=place, thing=thing, number=i)


def measure(many: int, workers: int) -> tuple[float, float]:
    """Peak memory (MB) of the largest process of a run over ``many`` rows, and its seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "rows.txt"
        with open(source, "w", encoding="utf-8") as stream:
            stream.writelines(row + "\n" for row in rows(many))
        command = [
            sys.executable,
            "-m",
            "claimcheck",
            "score",
            str(source),
            "-o",
            f"{scratch}/out.jsonl",
            "--quiet",
        ]
        began = time.perf_counter()
        child = subprocess.Popen([*command, "--workers", str(workers)])
        _, code, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(code)
        if child.returncode:
            raise SystemExit(f"claimcheck score ended with {child.returncode}")
        scale = 2**20 if sys.platform == "darwin" else 2**10
        return used.ru_maxrss / scale, time.perf_counter() - began
