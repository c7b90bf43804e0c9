"""Checking ballots one after the other, or several at once in processes: the same outcomes in the same order."""

from __future__ import annotations

import multiprocessing
import os
import signal
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from isoloir_ballots.encrypted import CheckedBallot
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.setup import Setup

from .ballots import check_ballot

Outcome = CheckedBallot | VerificationError
_WORTH_JOBS = 2**23
"""Bytes of ballots from which other processes are worth their start."""
_BATCH_BALLOTS = 16
_BATCH_BYTES = 2**20
_AHEAD = 3
"""Batches that wait for each process: enough to keep it busy, few enough to bound the memory."""


def _check(setup: Setup, ballots: list[bytes]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for ballot in ballots:
        try:
            outcomes.append(check_ballot(setup, ballot))
        except VerificationError as error:
            outcomes.append(error)
            break  # nothing after the first refusal is looked at
    return outcomes


class Checker(ABC):
    """Takes ballots and gives their outcomes, in the same order, when they are known."""

    @abstractmethod
    def put(self, ballot: bytes) -> Iterator[Outcome]:
        """Take one ballot; yield the outcomes that are ready."""

    @abstractmethod
    def drain(self) -> Iterator[Outcome]:
        """Yield the outcomes of all ballots taken so far."""

    @abstractmethod
    def close(self) -> None:
        """Stop; what is not drained is forgotten."""


class Alone(Checker):
    """Checks in this process, at once."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def put(self, ballot: bytes) -> Iterator[Outcome]:
        """See `Checker`."""
        yield from _check(self._setup, [ballot])

    def drain(self) -> Iterator[Outcome]:
        """See `Checker`."""
        yield from ()

    def close(self) -> None:
        """See `Checker`."""


class Several(Checker):
    """Checks in `jobs` processes."""

    def __init__(self, setup: Setup, jobs: int) -> None:
        # Started afresh, never forked: the same on every system, and safe beside threads.
        self._pool = ProcessPoolExecutor(
            jobs, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(setup,)
        )
        self._limit = _AHEAD * jobs
        self._batch: list[bytes] = []
        self._bytes = 0
        self._running: deque[Future[list[Outcome]]] = deque()

    def put(self, ballot: bytes) -> Iterator[Outcome]:
        """See `Checker`."""
        self._batch.append(ballot)
        self._bytes += len(ballot)
        if len(self._batch) < _BATCH_BALLOTS and self._bytes < _BATCH_BYTES:
            return
        self._submit()
        while self._running and (self._running[0].done() or len(self._running) > self._limit):
            yield from self._running.popleft().result()

    def drain(self) -> Iterator[Outcome]:
        """See `Checker`."""
        self._submit()
        while self._running:
            yield from self._running.popleft().result()

    def close(self) -> None:
        """See `Checker`."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self) -> None:
        if self._batch:
            self._running.append(self._pool.submit(_check_here, self._batch))
            self._batch, self._bytes = [], 0


_setup: dict[str, Any] = {}
"""Of a worker process: the setup that its ballots are checked against."""


def _begin(setup: Setup) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever interrupts speaks to the first process, which ends these
    _setup["setup"] = setup


def _check_here(ballots: list[bytes]) -> list[Outcome]:
    return _check(_setup["setup"], ballots)


def jobs_for(size: int) -> int:
    """How many processes are worth their start for that many bytes of ballots."""
    return (os.cpu_count() or 1) if size >= _WORTH_JOBS else 1


def checker(setup: Setup, jobs: int) -> Checker:
    """What checks ballots of this setup in `jobs` processes, or in this one."""
    return Several(setup, jobs) if jobs > 1 else Alone(setup)


def check_ballots(setup: Setup, ballots: Iterable[bytes], jobs: int = 1) -> Iterator[CheckedBallot]:
    """Check ballots in `jobs` processes; yields them in order, raises VerificationError for the first refused."""
    checking = checker(setup, jobs)
    try:
        for ballot in ballots:
            yield from map(_accepted, checking.put(ballot))
        yield from map(_accepted, checking.drain())
    finally:
        checking.close()


def _accepted(outcome: Outcome) -> CheckedBallot:
    if isinstance(outcome, VerificationError):
        raise outcome
    return outcome
