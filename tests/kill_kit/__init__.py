"""One act of an election in a process of its own, which can be ended by SIGKILL at each point where it leaves a mark.

A point is the moment before and after each transaction that writes is committed, before a file takes its place or is
removed, and between a file's making and its first byte. Nothing of the software knows of them.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import rehearsal_kit
from sqlalchemy import event
from sqlalchemy.engine import Connection as Database
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

from isoloir import board, lifecycle, rehearsal, unsealing
from isoloir.ceremony import hosting
from isoloir.ceremony.documents import Document
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir_ballots.groups import named
from isoloir_minutes import folder as papers
from isoloir_minutes.collect import collect

_FILES = frozenset({"os.rename", "os.remove", "os.chmod"})
_WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")

Act = Callable[[Instance, ElectionFile, Any], Awaitable[object]]


async def _make_keys(instance: Instance, election: ElectionFile, _: Any) -> None:
    await board.make_keys(instance.store, election, instance.secrets_folder, instance.clock)


async def _close(instance: Instance, election: ElectionFile, _: Any) -> None:
    where = instance.archives_folder
    await board.close_vote(instance.store, election, instance.clock, instance.keys, instance.secrets_folder, where)


async def _papers(instance: Instance, election: ElectionFile, folder: Path) -> None:
    record, book = await collect(instance, election)
    await asyncio.to_thread(papers.write, folder, record, book)


ACTS: dict[str, Act] = {
    "ceremony begun": lambda instance, election, _: hosting.begin(instance.store, election, instance.clock),
    "document of the ceremony": lambda instance, election, document: hosting.add(
        instance.store, election, Document.from_json(document), instance.clock
    ),
    "keys made": _make_keys,
    "seal": lambda instance, election, _: board.seal(instance.store, election, instance.plugins, instance.clock),
    "rehearsal begun": lambda instance, election, _: rehearsal_kit.begin(
        instance.store, election, rehearsals(instance, election), instance.clock
    ),
    "partial decryption for the rehearsal": lambda instance, election, given: rehearsal.receive(
        instance.store, election, rehearsals(instance, election), given
    ),
    "rehearsal finished": lambda instance, election, concluded: rehearsal_kit.finish(
        instance.store, election, instance.plugins, rehearsals(instance, election), instance.clock, **concluded
    ),
    "opening": lambda instance, election, _: board.open_vote(
        instance.store, election, instance.plugins, instance.clock
    ),
    "close and archives": _close,
    "partial decryption": lambda instance, election, given: unsealing.receive(
        instance.store, election, instance.archives_folder, given
    ),
    "tally": lambda instance, election, _: unsealing.unseal(
        instance.store, election, instance.archives_folder, instance.clock
    ),
    "publication": lambda instance, election, _: lifecycle.publish_results(instance.store, election, instance.clock),
    "minutes": _papers,
}
"""What is done to an election, by its name in the table."""


def rehearsals(instance: Instance, election: ElectionFile) -> Path:
    """Where archives of rehearsals lie."""
    return instance.archives_folder / election.id / "rehearsals"


class Lives:
    """Does acts, each in a process forked from one that has imported everything, which serves until `end`."""

    def __init__(self) -> None:
        self._begun = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )

    def live(self, folder: Path, act: str, given: Any = None, stop: int | None = None) -> list[str] | None:
        """Do one act, killed at the point `stop` (from 0): then None is returned, else the points that it passed.

        An IsoloirError comes out as it was.
        """
        asked, told = self._begun.stdin, self._begun.stdout
        assert asked is not None
        assert told is not None
        pickle.dump((folder, act, given, stop), asked)
        asked.flush()
        code, said = pickle.load(told)  # noqa: S301 - our own process
        if code == -signal.SIGKILL:
            assert said is None
            return None
        assert code == 0, code
        if isinstance(said, Exception):
            raise said
        passed: list[str] = said
        return passed

    def end(self) -> None:
        """No more acts."""
        self._begun.communicate()


def serve() -> None:
    """Fork a process for each act that is asked for on the standard input, and tell how it ended."""
    forks = multiprocessing.get_context("fork")
    ready = False
    while True:
        try:
            asked = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process
        except EOFError:
            return
        if not ready:
            asyncio.run(_read_once(asked[0]))
            ready = True
        ours, theirs = forks.Pipe(duplex=False)
        process = forks.Process(target=_live, args=(*asked, theirs))
        process.start()
        theirs.close()
        try:
            said = ours.recv()
        except EOFError:
            said = None
        process.join()
        pickle.dump((process.exitcode, said), sys.stdout.buffer)
        sys.stdout.buffer.flush()


async def _read_once(folder: Path) -> None:
    """Have what every process would read for itself: plugins, catalogues, the group's tables."""
    async with Instance.open(folder) as instance:
        (election_id,) = instance.elections()
        named(instance.election(election_id).group)


def _live(folder: Path, act: str, given: Any, stop: int | None, told: Connection) -> None:
    points = _Points(stop)
    points.watch()
    try:
        asyncio.run(_act(folder, act, given, points))
    except Exception as error:  # told to whoever asked, whatever it is
        told.send(error)
    else:
        told.send(points.passed)


async def _act(folder: Path, act: str, given: Any, points: _Points) -> None:
    async with Instance.open(folder) as instance:
        (election_id,) = instance.elections()
        points.counting = True
        try:
            await ACTS[act](instance, instance.election(election_id), given)
        finally:
            points.counting = False


class _Points:
    """Counts the points of this process, and ends it at one of them."""

    def __init__(self, stop: int | None) -> None:
        self.passed: list[str] = []
        self.counting = False
        self._stop = stop
        self._committing = False

    def watch(self) -> None:
        """From now on."""
        sys.addaudithook(lambda name, _: self._at(name) if name in _FILES else None)
        event.listen(Engine, "before_cursor_execute", self._executed)
        event.listen(Engine, "commit", self._commits)
        commit = DefaultDialect.do_commit

        def do_commit(dialect: DefaultDialect, connection: Any) -> None:
            commit(dialect, connection)
            if self._committing:
                self._committing = False
                self._at("committed")

        DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]

    def _executed(self, connection: Database, _: Any, statement: str, *__: Any) -> None:
        if statement.lstrip().upper().startswith(_WRITES):
            connection.info["writes"] = True

    def _commits(self, connection: Database) -> None:
        if connection.info.pop("writes", False):
            self._committing = True
            self._at("commits")

    def _at(self, point: str) -> None:
        if not self.counting:
            return
        if len(self.passed) == self._stop:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(point)
