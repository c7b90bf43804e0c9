"""Several processes that answer on one port: begun, begun again when one dies, ended together."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import socket
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from isoloir.config.settings import Settings
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir_web.background import kept_going
from isoloir_web.server import bound, refuse_unsafe, served, stop_signal

_log = logging.getLogger(__name__)
_BACKLOG = 1024
_LOOK_SECONDS = 0.2
_AGAIN_SECONDS = 1.0
_ENDS_WITHIN = 30
_processes = multiprocessing.get_context("spawn")


class Worker:
    """One process, and whether it answers yet."""

    def __init__(self, folder: Path, listening: socket.socket) -> None:
        self.ready: Event = _processes.Event()
        self.process: BaseProcess = _processes.Process(target=_serve, args=(folder, listening, self.ready))
        self.process.start()

    @property
    def ended(self) -> bool:
        """Say whether the process is over."""
        return self.process.exitcode is not None


async def serve_in_workers(
    folder: Path,
    settings: Settings,
    host: str,
    port: int,
    count: int,
    *,
    started: Callable[[], None] | None = None,
) -> None:
    """Serve an instance from `count` processes until a signal comes; `started` is called once all of them answer.

    A worker that dies later is replaced; the port stays open, so that callers wait. Raises `IsoloirError`
    ``workers_need_postgresql``, ``serve_unsafe_host``, ``port_taken``, ``worker_failed`` (one ended before it
    answered: the instance cannot be opened).
    """
    if count > 1 and not settings.database.startswith("postgres"):
        raise IsoloirError("workers_need_postgresql")
    refuse_unsafe(settings, host)
    with bound(host, port) as listening:
        listening.listen(_BACKLOG)
        stopped = asyncio.ensure_future(stop_signal().wait())  # heard from here on, while the workers begin too
        workers = [Worker(folder, listening) for _ in range(count)]
        try:
            await _all_answer(workers, stopped)
            if started is not None and not stopped.done():
                started()
            await _keep(workers, folder, listening, stopped)
        finally:
            stopped.cancel()
            await asyncio.gather(*(asyncio.to_thread(_end, worker) for worker in workers))


async def _all_answer(workers: list[Worker], stopped: asyncio.Future[Any]) -> None:
    while not stopped.done() and not all(worker.ready.is_set() for worker in workers):
        if any(worker.ended for worker in workers):
            raise IsoloirError("worker_failed")
        await asyncio.sleep(_LOOK_SECONDS)


async def _keep(workers: list[Worker], folder: Path, listening: socket.socket, stopped: asyncio.Future[Any]) -> None:
    while not stopped.done():
        for place, worker in enumerate(workers):
            if worker.ended:
                _log.error("a worker ended (%s): another one begins", worker.process.exitcode)
                if not worker.ready.is_set():
                    await asyncio.sleep(_AGAIN_SECONDS)  # it would fail again at once: the database may be away
                workers[place] = Worker(folder, listening)
        await asyncio.wait([stopped], timeout=_LOOK_SECONDS)


def _end(worker: Worker) -> None:
    """End it by SIGTERM: what was begun is answered; by force when that takes too long."""
    worker.process.terminate()
    worker.process.join(_ENDS_WITHIN)
    if not worker.ended:
        worker.process.kill()
        worker.process.join()


def _serve(folder: Path, listening: socket.socket, ready: Event) -> None:
    asyncio.run(_until_stopped(folder, listening, ready))


async def _until_stopped(folder: Path, listening: socket.socket, ready: Event) -> None:
    async with Instance.open(folder) as instance, kept_going(instance), served(instance, listening):
        ready.set()
        stopped = stop_signal()
        parent = multiprocessing.parent_process()
        assert parent is not None
        # Without the process that would end it, a worker ends by itself and gives the port back.
        asyncio.get_running_loop().add_reader(parent.sentinel, stopped.set)
        await stopped.wait()
