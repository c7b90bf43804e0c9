"""The scratch election's own place: a private folder beside the instance's secrets, and the instance opened on it.

Everything in it is its own: database, master key, seeds, sessions, roll of people who do not exist, messages. It
lives from the beginning of a rehearsal to its end; one that nobody waits for is destroyed.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2

from isoloir import lifecycle, rehearsal
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.config.located import read_toml
from isoloir.config.secrets import references
from isoloir.errors import IsoloirError
from isoloir.instance import ELECTIONS, FILE, Instance
from isoloir.lifecycle import State
from isoloir_web.trial.folder import Trial, write_instance

_FOLDER = "scratch"
_LOCK = ".lock"


def place_of(instance: Instance) -> Path:
    """Return where the scratch elections of an instance lie."""
    return instance.folder / _FOLDER


@contextmanager
def made(instance: Instance, election: ElectionFile) -> Iterator[Trial]:
    """Write the folder of a new scratch election, held until the block ends; destroyed if the block fails."""
    folder = place_of(instance) / f"{election.id}.{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        with _held(folder):
            source = instance.folder / ELECTIONS / election.id / FILE
            trial = write_instance(
                folder,
                source,
                base_url=instance.settings.base_url,
                demo=False,
                channels=tuple(election.notifiers),
            )
            _bring_secrets(instance, folder, election.id)
            yield trial
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@asynccontextmanager
async def opened(instance: Instance, trial: Trial, http: httpx2.AsyncClient) -> AsyncIterator[Instance]:
    """Open the scratch instance, on a clock that may be moved; whatever its factors ask goes to `http` alone."""
    async with Instance.open(trial.folder, clock=ShiftedClock(instance.clock)) as scratch:
        await scratch.http.aclose()
        scratch.http = http
        yield scratch


def again(instance: Instance, election: ElectionFile, name: str) -> Trial:
    """Return the scratch election that waits; raises IsoloirError ``rehearsal_scratch_missing``."""
    folder = place_of(instance) / name
    if not (folder / ELECTIONS / election.id / FILE).is_file():
        raise IsoloirError("rehearsal_scratch_missing", election=election.id)
    return Trial(folder, election.id, folder / "outbox", instance.settings.base_url, "")


async def destroy(instance: Instance, name: str) -> None:
    """Destroy a scratch election: seeds, keys, roll, sessions, messages."""
    await asyncio.to_thread(shutil.rmtree, place_of(instance) / name, ignore_errors=True)


async def sweep(instance: Instance) -> None:
    """Destroy every scratch election that no rehearsal waits for: one was killed, or its election went on without."""
    for folder in sorted(place_of(instance).glob("*")):
        if not await _is_awaited(instance, folder.name):
            await asyncio.to_thread(_destroy_unless_held, folder)


async def _is_awaited(instance: Instance, name: str) -> bool:
    election_id = name.partition(".")[0]
    if election_id not in instance.elections():
        return False
    election = instance.election(election_id)
    if await lifecycle.state(instance.store, election_id) not in (State.SEALED, State.REHEARSED):
        return False
    try:
        return (await rehearsal.begun(instance.store, election)).scratch == name
    except IsoloirError:
        return False


def _destroy_unless_held(folder: Path) -> None:
    try:
        with _held(folder):
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return  # another process plays in it at this moment
    except OSError:
        return  # and this one has destroyed it meanwhile


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder against whoever sweeps; the system lets go of it when the process ends, however it does."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _bring_secrets(instance: Instance, folder: Path, election_id: str) -> None:
    """Bring the secret files that the scratch file still names: those of plugins that nothing stands in for."""
    document = read_toml(folder / ELECTIONS / election_id / FILE, "election_file_invalid").values
    for reference in references(document).values():
        kind, _, name = reference.partition(":")
        source, target = instance.secrets_folder / name, folder / "secrets" / name
        if kind == "file" and source.is_file() and not target.exists():
            shutil.copy(source, target)
            target.chmod(0o600)
