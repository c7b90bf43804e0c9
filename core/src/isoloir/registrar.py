"""The registrar: a pool of credentials for each contest, given to nobody in particular.

The public halves go into the archive's setup; the private ones derive from a seed kept in a file and never in the
database. A booth draws one at random among the unused ones; nobody remembers which.
"""

from __future__ import annotations

import asyncio
import math
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.clock import Clock, SystemClock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import read_private, write_private
from isoloir.errors import IsoloirError
from isoloir.store import box_store, lifecycle_store, roll_store
from isoloir.store.engine import Store
from isoloir_ballots import credentials, groups
from isoloir_ballots.election import new_uuid
from isoloir_ballots.errors import BallotsError
from isoloir_ballots.verify import Setup

LEAST_RESERVE = 5
_SEED_BYTES = 32
_CHUNK = 500
_TRIES = 40

Progress = Callable[[str, int, int], None]
"""Told the contest, how many public halves are made, and of how many."""


@dataclass(frozen=True)
class Pool:
    """The credentials of one contest: for which Belenios uuid, how many for the roll and how many in reserve."""

    contest: str
    uuid: str
    entitled: int
    reserve: int
    public_credentials: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Return how many credentials there are."""
        return self.entitled + self.reserve


def usual_reserve(entitled: int) -> int:
    """Return the reserve for electors whom the board adds later: two in a hundred, five at least."""
    return max(LEAST_RESERVE, math.ceil(entitled / 50))


async def make_pools(
    store: Store,
    keys_folder: Path,
    election: ElectionFile,
    *,
    reserve: int | None = None,
    progress: Progress | None = None,
) -> Mapping[str, Pool]:
    """Make a new pool for each contest, in place of former ones, each under a new Belenios uuid.

    `keys_folder` receives one seed a contest, ``<election>-<contest>.seed``, mode 0600. Some 0.1 ms a credential
    for Ed25519. Raises `IsoloirError` `lifecycle_order` once the keys are made.
    """
    await _still_configured(store, election.id)
    async with store.read("box") as session:
        entitled = await roll_store.entitled(session, election.id)
    pools = {}
    for contest in election.contests:
        voters = entitled.get(contest.id, 0)
        spare = usual_reserve(voters) if reserve is None else reserve
        uuid, seed = new_uuid(), secrets.token_bytes(_SEED_BYTES)
        publics = await _publics(election.group, uuid, seed, voters + spare, contest.id, progress)
        destroy_seed(keys_folder, election.id, contest.id)
        write_private(seed_file(keys_folder, election.id, contest.id), seed)
        async with store.write("box") as session:
            await box_store.put_pool(session, election.id, contest.id, publics)
            await lifecycle_store.put_fact(
                session, election.id, f"pool/{contest.id}", {"uuid": uuid, "entitled": voters, "reserve": spare}
            )
        listed = credentials.public_credentials_file(publics)
        pools[contest.id] = Pool(contest.id, uuid, voters, spare, listed)
    return pools


async def _publics(
    group_name: str, uuid: str, seed: bytes, count: int, contest_id: str, progress: Progress | None
) -> list[str]:
    group = groups.named(group_name)

    def some(first: int) -> list[str]:
        numbers = range(first, min(first + _CHUNK, count))
        return [credentials.public(group, uuid, credentials.from_seed(seed, number)) for number in numbers]

    publics: list[str] = []
    for first in range(0, count, _CHUNK):
        publics += await asyncio.to_thread(some, first)
        if progress is not None:
            progress(contest_id, len(publics), count)
    return publics


async def pools(store: Store, election: ElectionFile) -> Mapping[str, Pool]:
    """Return the pools that were made, by contest."""
    found = {}
    async with store.read("box") as session:
        for contest in election.contests:
            fact = await lifecycle_store.get_fact(session, election.id, f"pool/{contest.id}")
            publics = await box_store.pool(session, election.id, contest.id)
            if fact is not None and publics:
                listed = credentials.public_credentials_file(publics)
                found[contest.id] = Pool(contest.id, fact["uuid"], fact["entitled"], fact["reserve"], listed)
    return found


async def save_setup(
    store: Store, election: ElectionFile, contest_id: str, election_json: bytes, trustees_json: bytes
) -> str:
    """Keep what a contest's ballots are checked against, with the public halves of its pool; return its digest.

    Everything is checked first: proofs of the trustees, the public key, the uuid of the pool, the group.
    Raises `IsoloirError`: `lifecycle_order`, `pool_missing`, `setup_invalid` (with the clause).
    """
    await _still_configured(store, election.id)
    pool = (await pools(store, election)).get(contest_id)
    if pool is None:
        raise IsoloirError("pool_missing", election=election.id, contest=contest_id)
    clause = ""
    try:
        setup = await asyncio.to_thread(Setup.load, election_json, trustees_json, pool.public_credentials)
        if setup.election.uuid != pool.uuid:
            clause = "setup.uuid"
        elif setup.election.group != election.group:
            clause = "setup.group"
    except BallotsError as error:
        clause = error.clause
    if clause:
        raise IsoloirError("setup_invalid", election=election.id, contest=contest_id, clause=clause)
    async with store.write("box") as session:
        return await box_store.put_setup(
            session, election.id, contest_id, election_json, trustees_json, pool.public_credentials
        )


async def draw_credential(
    store: Store,
    election: ElectionFile,
    contest_id: str,
    *,
    keys_folder: Path,
    clock: Clock | None = None,
) -> str:
    """Draw a private credential at random among the unused ones of a contest, and lend it for some ten minutes.

    The lease names no voter and only makes collisions rare; when every unused credential is lent, one that is lent
    is drawn again, so that nobody can lock others out by drawing. Raises `IsoloirError`: `election_not_open`,
    `box_frozen`, `contest_unknown`, `credentials_exhausted`, `seed_missing`.
    """
    now = (clock or SystemClock()).now()
    if contest_id not in {contest.id for contest in election.contests}:
        raise IsoloirError("contest_unknown", election=election.id)
    lent = await store.leases.lent(election.id, contest_id, now)
    while True:
        async with store.read("box") as session:
            await box_store.stand_still(session)
            state = await lifecycle_store.state(session, election.id)
            if state != "open":
                code = "election_not_open" if state in lifecycle_store.BEFORE_OPENING else "box_frozen"
                raise IsoloirError(code, election=election.id)
            number = await _drawn(session, election.id, contest_id, lent)
        if await store.leases.take(election.id, contest_id, number, now) or number in lent:
            break
        lent.add(number)  # to another booth, a moment ago
    return credentials.from_seed(_seed(keys_folder, election.id, contest_id), number)


async def _drawn(session: AsyncSession, election_id: str, contest_id: str, lent: set[int]) -> int:
    size = await box_store.pool_size(session, election_id, contest_id)
    for _ in range(_TRIES if size else 0):
        drawn = secrets.randbelow(size)
        if drawn not in lent and await box_store.is_unused(session, election_id, contest_id, drawn):
            return drawn
    unused = set(await box_store.unused(session, election_id, contest_id))
    free = sorted(unused - lent) or sorted(unused)
    if not free:
        raise IsoloirError("credentials_exhausted", election=election_id, contest=contest_id)
    return secrets.choice(free)


def seed_file(keys_folder: Path, election_id: str, contest_id: str) -> Path:
    """Return where a contest's seed lies."""
    return keys_folder / f"{election_id}-{contest_id}.seed"


def _seed(keys_folder: Path, election_id: str, contest_id: str) -> bytes:
    try:
        return read_private(seed_file(keys_folder, election_id, contest_id))
    except FileNotFoundError:
        raise IsoloirError("seed_missing", election=election_id, contest=contest_id) from None


async def destroy(store: Store, keys_folder: Path, election: ElectionFile) -> None:
    """Destroy the seeds and the leases of an election: from here on nobody can sign a ballot for its pools."""
    for contest in election.contests:
        destroy_seed(keys_folder, election.id, contest.id)
    await store.leases.clear(election.id)


def destroy_seed(keys_folder: Path, election_id: str, contest_id: str) -> None:
    """Overwrite one seed and remove its file; nothing when there is none."""
    path = seed_file(keys_folder, election_id, contest_id)
    try:
        with path.open("r+b") as opened:
            opened.write(secrets.token_bytes(_SEED_BYTES))
            opened.flush()
            os.fsync(opened.fileno())
        path.unlink()
    except FileNotFoundError:
        return


async def _still_configured(store: Store, election_id: str) -> None:
    async with store.read("box") as session:
        state = await lifecycle_store.state(session, election_id)
    if state not in ("draft", "configured"):
        raise IsoloirError("lifecycle_order", election=election_id, state=state, wanted="configured")
