"""A server in a process of its own: it may be killed in the middle of anything and begun again on the same port."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.process import BaseProcess

import httpx2

from isoloir.instance import Instance
from isoloir_web.server import until_stopped
from isoloir_web.trial.folder import Trial
from isoloir_web.trial.serving import served

_BACKLOG = 1024
_PAUSE = 0.05
_STOPS_WITHIN = 30

# A process forked from one that has imported everything begins ten times as fast.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


class ChildServer:
    """Serves a trial on the port that `listening` holds, which outlives each process: callers wait meanwhile."""

    def __init__(self, trial: Trial, listening: socket.socket) -> None:
        self._trial = trial
        self._listening = listening
        self._process: BaseProcess | None = None
        listening.listen(_BACKLOG)

    def begin(self) -> None:
        """Start a process; whoever connects is answered once it is ready."""
        self._process = _processes.Process(target=_serve, args=(self._trial, self._listening), daemon=True)
        self._process.start()

    async def answers(self) -> None:
        """Wait until the process answers."""
        async with httpx2.AsyncClient(base_url=self._trial.base_url) as client:
            while True:
                try:
                    await client.get("/health")
                except httpx2.TransportError:
                    await asyncio.sleep(_PAUSE)
                else:
                    return

    async def kill(self) -> None:
        """End it by SIGKILL: nothing is finished, nothing is said."""
        assert self._process is not None
        self._process.kill()
        await self._ended()

    async def stop(self) -> None:
        """End it by SIGTERM: what was begun is answered."""
        assert self._process is not None
        self._process.terminate()
        await self._ended()

    async def _ended(self) -> None:
        assert self._process is not None
        await asyncio.to_thread(self._process.join, _STOPS_WITHIN)
        if self._process.exitcode is None:
            self._process.kill()
            await asyncio.to_thread(self._process.join)
        self._process.close()
        self._process = None


@asynccontextmanager
async def child_server(trial: Trial, listening: socket.socket) -> AsyncIterator[ChildServer]:
    """Serve a trial from another process until the block ends."""
    server = ChildServer(trial, listening)
    server.begin()
    try:
        yield server
    finally:
        await server.stop()


def _serve(trial: Trial, listening: socket.socket) -> None:
    asyncio.run(_until_stopped(trial, listening))


async def _until_stopped(trial: Trial, listening: socket.socket) -> None:
    async with (
        Instance.open(trial.folder) as instance,
        served(instance, instance.election(trial.election_id), trial, listening),
    ):
        await until_stopped()
