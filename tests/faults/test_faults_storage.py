"""A database that does not answer, a disk that is full: no page without a sentence, and nothing lost."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from isoloir.testing.postgresql import Cluster


@contextmanager
def held(path):
    """Hold the database's write lock, as a back-up or another program might."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.slow
async def test_a_locked_database_is_said_and_the_same_ballot_is_taken_afterwards(failing_on_sqlite, told):
    """Locked beyond patience: reading goes on, writing is refused in words, then the same ballot is taken."""
    failing = failing_on_sqlite
    async with failing.logged_in(0) as voter, failing.logged_in(1) as other:
        contest = failing.contests(voter)[0]
        sent = await failing.ballot(voter, contest)
        with held(failing.trial.folder / "isoloir.sqlite3"):
            assert await failing.ask(voter.browser, f"{failing.root}/", f"{failing.root}/box", "/") == [200, 200, 200]
            status, answer = await failing.cast(voter, contest, *sent)
            assert (status, answer["code"]) == (503, "storage_unavailable")
            assert await failing.box_and_book() == (0, 0)
        status, answer = await failing.cast(voter, contest, *sent)
        assert status == 200
        assert (await failing.cast(voter, contest, *sent))[1]["tracker"] == answer["tracker"]
        theirs = failing.contests(other)[0]
        assert (await failing.cast(other, theirs, *await failing.ballot(other, theirs)))[0] == 200
        assert await failing.box_and_book() == (2, 2)
    told(
        "the database's write lock held by another program for longer than anybody waits (SQLite)",
        "pages; on casting “storage_unavailable”, with what to do and the help line",
        "nothing was written; the same ballot was taken afterwards, once",
    )


@pytest.mark.slow
async def test_a_database_that_goes_away_is_said_and_is_used_again_once_back(failing_on_postgresql, postgresql, told):
    """PostgreSQL killed under the vote: every page says so in words; once it is back the same ballot is taken."""
    failing = failing_on_postgresql
    async with failing.logged_in(0) as voter:
        first, second = failing.contests(voter)[:2]
        assert (await failing.cast(voter, first, *await failing.ballot(voter, first)))[0] == 200
        sent = await failing.ballot(voter, second)
        postgresql.stop(kill=True)
        try:
            pages = [
                f"{failing.root}/",
                f"{failing.root}/contests",
                f"{failing.root}/box",
                f"{failing.root}/login/step",
            ]
            assert set(await failing.ask(voter.browser, *pages)) <= {200, 503}
            status, answer = await failing.cast(voter, second, *sent)
            assert (status, answer["code"]) == (503, "storage_unavailable")
        finally:
            postgresql.start()
        assert await failing.box_and_book() == (1, 1)
        status, answer = await failing.cast(voter, second, *sent)
        assert status == 200
        assert (await failing.cast(voter, second, *sent))[1]["tracker"] == answer["tracker"]
    async with failing.logged_in(1, "password") as other:
        theirs = failing.contests(other)[0]
        assert (await failing.cast(other, theirs, *await failing.ballot(other, theirs)))[0] == 200
    assert await failing.box_and_book() == (3, 3)
    told(
        "the database killed (SIGQUIT) and started again while voters vote (PostgreSQL)",
        "on every page that needs it “storage_unavailable”, with what to do and the help line",
        "the session, and the ballot that could not be sent, were good afterwards; nothing lost, nothing doubled",
    )


@contextmanager
def small_disk(megabytes):
    """A file system of so many megabytes, at a short path: a socket's name has room for a hundred letters."""
    root = [] if os.getuid() == 0 else ["sudo", "-n"]
    folder = Path(tempfile.mkdtemp(prefix="isoloir-full-"))
    size = f"size={megabytes}m,uid={os.getuid()}"
    subprocess.run([*root, "mount", "-t", "tmpfs", "-o", size, "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*root, "umount", "--lazy", folder], check=True)
        folder.rmdir()


def fill(folder):
    """Leave not a byte free."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as opened, suppress(OSError):
        while opened.write(bytes(4096)):
            pass
    assert shutil.disk_usage(folder).free == 0
    return ballast


@contextmanager
def sqlite_on(disk, _):
    """An instance on that disk, its file with it."""
    yield disk / "instance", None


@contextmanager
def postgresql_on(disk, instance):
    """A server whose cluster lies on that disk; the instance lies elsewhere."""
    cluster = Cluster(disk / "c", max_wal_size="32MB")
    cluster.folder.mkdir()
    cluster.make()
    cluster.start()
    try:
        yield instance, cluster.url()
    finally:
        cluster.stop(kill=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "megabytes", "name"),
    [(sqlite_on, 24, "SQLite"), (postgresql_on, 250, "PostgreSQL")],
    ids=["sqlite", "postgresql"],
)
async def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path, trouble_in, told, where, megabytes, name):
    """On a full disk each ballot is taken whole or refused in words, and taken once there is room."""
    with small_disk(megabytes) as disk, where(disk, tmp_path / "instance") as (folder, database):
        async with trouble_in(folder, database, 30) as trouble, AsyncExitStack() as stack:
            voters = [await stack.enter_async_context(trouble.logged_in(number)) for number in range(12)]
            ready = [
                (voter, contest, *await trouble.ballot(voter, contest))
                for voter in voters
                for contest in trouble.contests(voter)
            ]
            ballast = fill(disk)
            taken, waiting = 0, []
            for cast in ready:
                status, answer = await trouble.cast(*cast)
                if status == 200:
                    taken += 1
                else:
                    assert (status, answer["code"]) == (503, "storage_unavailable")
                    waiting.append(cast)
            assert waiting
            pages = [f"{trouble.root}/", f"{trouble.root}/contests", f"{trouble.root}/box"]
            await trouble.ask(voters[0].browser, *pages)
            ballast.unlink()
            for cast in waiting:
                assert (await trouble.cast(*cast))[0] == 200
            assert await trouble.box_and_book() == (len(ready), len(ready))
    told(
        f"disk full while voters cast ({name} on a file system without a byte left)",
        "on casting “storage_unavailable”, with what to do and the help line",
        f"{len(waiting)} ballots refused whole, {taken} taken; with room again taken, once each",
    )
