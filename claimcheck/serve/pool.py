"""Requests to workers: processes that each hold a model, fed with what waits, in order, some texts at a time.

No request waits for company: whenever a worker is free it takes what is there, so that one request alone is
answered at once and many together go through the model as a batch. A worker that dies is replaced and its texts
are tried again, each by itself: a text that kills its worker costs itself only.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING

from claimcheck.serve.limits import Refused
from claimcheck.span import Span

if TYPE_CHECKING:
    from claimcheck.flags.matching import FactChecks
    from claimcheck.model import Model

_BATCH_TEXTS = 64
_BATCH_CHARACTERS = 20_000  # a third of a second's work: how long a short text may stand behind others
_TRIES = 2  # of a text whose worker died, which may have been chance


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about texts, as ``analyze`` takes it; with one of the last two nothing else is."""

    cues: bool = False
    factchecks: bool = False
    explain: bool = False
    segments: bool = False  # all four labels, frames as spans of their own
    explain_at: int | None = None  # only the span that begins there, with its words; none where none does


@dataclass(eq=False, slots=True)
class _Job:
    text: str
    asked: Asked
    answer: asyncio.Future[list[Span]]
    tries: int = 0


@dataclass(eq=False)
class Pool:
    """Workers and what waits for them. ``async with`` starts them, and ends them.

    Args:
        model: the model's folder, ``None`` for the one that ships.
        factchecks: an index of fact-checks, or ``None``.
        workers: processes.
        waiting_characters: how much text may wait.
    """

    model: str | None
    factchecks: str | None
    workers: int
    waiting_characters: int
    _waiting: deque[_Job] = field(default_factory=deque, init=False)
    _some: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _characters: int = field(default=0, init=False)
    _loops: list[asyncio.Task[None]] = field(default_factory=list, init=False)

    async def __aenter__(self) -> Pool:
        executors = [self._executor() for _ in range(self.workers)]
        run = asyncio.get_running_loop().run_in_executor
        try:
            await asyncio.gather(*(run(executor, _ready) for executor in executors))
        except BrokenProcessPool:
            for executor in executors:
                executor.shutdown(cancel_futures=True)
            raise RuntimeError("a worker did not start; see above") from None
        self._loops = [asyncio.create_task(self._work(executor)) for executor in executors]
        return self

    async def __aexit__(self, *_: object) -> None:
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    @property
    def waiting(self) -> int:
        """Texts that no worker has taken yet."""
        return len(self._waiting)

    async def analyze(self, texts: Sequence[str], asked: Asked) -> list[list[Span]]:
        """The spans of each text, in order.

        Raises:
            Refused: too much waits already (503), or a text could not be analysed (500).
        """
        characters = sum(map(len, texts))
        if self._characters and self._characters + characters > self.waiting_characters:
            raise Refused(
                503,
                f"{self._characters:,} characters wait already, at most {self.waiting_characters:,} may; "
                "try again in a few seconds",
                retry=5,
            )
        loop = asyncio.get_running_loop()
        jobs = [_Job(text, asked, loop.create_future()) for text in texts]
        self._waiting.extend(jobs)
        self._characters += characters
        self._some.set()
        try:
            return await asyncio.gather(*(job.answer for job in jobs))
        finally:  # also where one failed, or the client has gone: what no worker has taken is taken back
            for job in jobs:
                job.answer.cancel()
            self._characters -= characters

    async def _work(self, executor: ProcessPoolExecutor) -> None:
        """Feed one worker for ever."""
        try:
            while True:
                while not (jobs := self._take()):
                    self._some.clear()
                    await self._some.wait()
                executor = await self._run(executor, jobs)
        finally:
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)

    def _take(self) -> list[_Job]:
        """What waits longest, as far as it asks the same and is one batch; only once where it has killed a worker."""
        jobs: list[_Job] = []
        room = _BATCH_CHARACTERS
        share = min(_BATCH_TEXTS, -(-len(self._waiting) // self.workers))  # the others will be free soon
        while self._waiting and len(jobs) < share:
            job = self._waiting[0]
            if job.answer.done():  # nobody waits for it any more
                self._waiting.popleft()
                continue
            if jobs and (job.asked != jobs[0].asked or len(job.text) > room or job.tries or jobs[0].tries):
                break
            room -= len(job.text)
            jobs.append(self._waiting.popleft())
        return jobs

    async def _run(self, executor: ProcessPoolExecutor, jobs: Sequence[_Job]) -> ProcessPoolExecutor:
        """Have jobs answered; the worker that is to be fed next."""
        loop = asyncio.get_running_loop()
        texts = [job.text for job in jobs]
        try:
            answers = await loop.run_in_executor(executor, _analyze_texts, texts, jobs[0].asked)
        except BrokenProcessPool:
            executor.shutdown(wait=False)
            self._again(jobs)
            return self._executor()
        for job, answer in zip(jobs, answers, strict=True):
            if job.answer.done():
                continue
            if isinstance(answer, str):
                job.answer.set_exception(Refused(500, answer))
            else:
                job.answer.set_result(answer)
        return executor

    def _again(self, jobs: Sequence[_Job]) -> None:
        """The worker of these jobs has died."""
        for job in reversed(jobs):
            job.tries += 1
            if job.tries < _TRIES:
                self._waiting.appendleft(job)
            elif not job.answer.done():
                job.answer.set_exception(Refused(500, f"the worker ended {_TRIES} times over this text"))
        self._some.set()

    def _executor(self) -> ProcessPoolExecutor:
        # spawn: a forked copy of a process that has threads may hang
        return ProcessPoolExecutor(1, get_context("spawn"), _open, (self.model, self.factchecks))


_model: Model | None = None
_index: FactChecks | None = None


def _open(model: str | None, factchecks: str | None) -> None:
    """Make this process a worker: interrupts are its parent's, and it does not outlive it."""
    global _model, _index
    from claimcheck.api import embedded_folder
    from claimcheck.model import Model

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    _model = Model.load(model or embedded_folder(), threads=1)
    if factchecks is not None:
        from claimcheck.flags import FactChecks

        _index = FactChecks.open(factchecks)


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ready() -> bool:
    return _model is not None


def _analyze_texts(texts: Sequence[str], asked: Asked) -> list[list[Span] | str]:
    """The spans of each text, or what went wrong with it, in words that hold nothing of the text."""
    from claimcheck.api import analyze_many

    assert _model is not None
    index = _index if asked.factchecks else None
    try:
        if asked.segments:
            return list(_model.segments_many(texts))
        if asked.explain_at is not None:
            return [_explained(_model, text, asked.explain_at) for text in texts]
        return list(
            analyze_many(texts, model=_model, cues=asked.cues, factchecks=index, explain=asked.explain)
        )
    except Exception as error:  # whatever it is, it costs one text
        if len(texts) == 1:
            return [f"this text could not be analysed ({type(error).__name__})"]
        return [answer for text in texts for answer in _analyze_texts([text], asked)]


def _explained(model: Model, text: str, start: int) -> list[Span]:
    from claimcheck.explain import explain

    return explain(model, text, [span for span in model.analyze(text) if span.start == start])
