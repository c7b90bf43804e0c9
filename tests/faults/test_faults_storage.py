"""A database that does not answer, a disk that is full: no page without a sentence, and nothing lost."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager

import pytest


@contextmanager
def held(path):
    """Hold the database's write lock, as a back-up or another program might."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.slow
async def test_a_locked_database_is_said_and_the_same_ballot_is_taken_afterwards(failing, told):
    """Locked beyond patience: reading goes on, writing is refused in words, then the same ballot is taken."""
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


@contextmanager
def small_disk(folder):
    """A file system of a few megabytes."""
    root = [] if os.getuid() == 0 else ["sudo", "-n"]
    folder.mkdir()
    subprocess.run([*root, "mount", "-t", "tmpfs", "-o", f"size=24m,uid={os.getuid()}", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*root, "umount", "--lazy", folder], check=True)


def fill(folder):
    """Leave not a byte free."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as opened:
        try:
            while opened.write(bytes(4096)):
                pass
        except OSError:
            pass
    assert shutil.disk_usage(folder).free == 0
    return ballast


@pytest.mark.slow
async def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path, trouble_in, told):
    """On a full disk each ballot is taken whole or refused in words, and taken once there is room."""
    with small_disk(tmp_path / "disk") as disk:
        async with trouble_in(disk) as trouble:
            taken = 0
            async with trouble.logged_in(0) as first, trouble.logged_in(1) as second:
                ready = []
                for voter in (first, second):
                    for contest in trouble.contests(voter):
                        ready.append((voter, contest, *await trouble.ballot(voter, contest)))
                ballast = fill(disk)
                waiting = []
                for cast in ready:
                    status, answer = await trouble.cast(*cast)
                    if status == 200:
                        taken += 1
                    else:
                        assert (status, answer["code"]) == (503, "storage_unavailable")
                        waiting.append(cast)
                    assert await trouble.box_and_book() == (taken, taken)
                assert waiting
                await trouble.ask(
                    first.browser, f"{trouble.root}/", f"{trouble.root}/contests", f"{trouble.root}/box"
                )
                ballast.unlink()
                for cast in waiting:
                    assert (await trouble.cast(*cast))[0] == 200
                assert await trouble.box_and_book() == (len(ready), len(ready))
    told(
        "disk full while voters cast (SQLite on a file system without a byte left)",
        "on casting “storage_unavailable”, with what to do and the help line",
        f"{len(waiting)} ballots refused whole, {taken} taken; with room again taken, once each",
    )
