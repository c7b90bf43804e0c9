"""The acts of the board, each with what it needs put together: keys, seal, opening, close, unsealing."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from isoloir import lifecycle, registrar, sealing, unsealing
from isoloir.ceremony import hosting
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.lifecycle import Seal, State
from isoloir.plugin_set import PluginSet
from isoloir.roll import entries
from isoloir.store.engine import Store


async def make_keys(
    store: Store,
    election: ElectionFile,
    keys_folder: Path,
    clock: Clock,
    progress: registrar.Progress | None = None,
) -> None:
    """Configured → keyed: pools and setups, once the key ceremony is complete. Raises ``ceremony_unfinished``."""
    await hosting.make_keys(store, election, keys_folder, progress)
    await lifecycle.key(store, election, clock)


async def present_seal(store: Store, election: ElectionFile, plugins: PluginSet) -> tuple[sealing.SystemSeal, str]:
    """Return the seals as they would be made now: of the system, and the digest of the roll."""
    # In a thread: every file of the software is read, and voters would wait meanwhile.
    trustees = await hosting.trustees_files(store, election)
    system = await asyncio.to_thread(sealing.system_seal, election, trustees, plugins)
    return system, await asyncio.to_thread(sealing.roll_digest, await entries(store, election.id))


async def seal(store: Store, election: ElectionFile, plugins: PluginSet, clock: Clock) -> Seal:
    """Keyed → sealed; the order in which each contest shows its lists is drawn by lot."""
    system, roll = await present_seal(store, election, plugins)
    drawn = secrets.SystemRandom()
    orders = {
        contest.id: drawn.sample([shown.id for shown in contest.lists], len(contest.lists))
        for contest in election.contests
    }
    await lifecycle.seal(
        store,
        election,
        clock,
        system_digest=system.digest,
        roll_digest=roll,
        display_orders=orders,
        details={"parts": dict(system.parts)},
    )
    return Seal(system.digest, roll)


async def open_vote(store: Store, election: ElectionFile, plugins: PluginSet, clock: Clock) -> None:
    """Rehearsed → open, if nothing has changed since the seal. Raises as `lifecycle.open_` does."""
    system, roll = await present_seal(store, election, plugins)
    await lifecycle.open_(store, election, clock, system_digest=system.digest, roll_digest=roll)


async def close_vote(
    store: Store,
    election: ElectionFile,
    clock: Clock,
    keys: Keys,
    keys_folder: Path,
    archives: Path,
    progress: unsealing.Progress | None = None,
) -> dict[str, Path]:
    """Open → closed, once the grace is over; then each contest's archive. Run again, it finishes what was cut off."""
    if await lifecycle.state(store, election.id) in (State.CLOSED, State.TALLIED, State.PUBLISHED):
        await lifecycle.finish_closing(store, election, keys_folder)
    else:
        try:
            await lifecycle.close(store, election, clock, keys, keys_folder)
        except IsoloirError as error:
            if error.code != "lifecycle_order" or await lifecycle.state(store, election.id) is not State.CLOSED:
                raise
            # A server closed it by the clock in the meantime.
            await lifecycle.finish_closing(store, election, keys_folder)
    timestamp = int(election.window.grace_ends.timestamp())
    return await unsealing.build_archives(store, election, archives, timestamp, progress)
