"""An election's life up to its opening, as an organiser and a board would lead it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from isoloir import board, roll_import
from isoloir.ceremony import hosting, trial
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.key_share import KeyShare
from isoloir.notifications import DeliveryReport, Invited
from isoloir.rehearsal import Rehearsal
from isoloir_web import rehearsal
from isoloir_web.trial.members import Members

CODE = "code de démonstration"
"""What locks every share of a trial; a real board's never lie on the server, and each has a code of its own."""

Rehearse = Callable[[Instance, ElectionFile, Iterable[KeyShare]], Awaitable[Rehearsal]]
Say = Callable[[str], None]
"""Told the id of the text of each step (``trial.<step>``) as it begins."""


async def prepare(
    instance: Instance,
    election: ElectionFile,
    roll_csv: bytes,
    by: Path | Members,
    say: Say,
    rehearse: Rehearse = rehearsal.rehearse,
) -> list[KeyShare]:
    """Import the roll, hold the key ceremony, make keys, seal, rehearse with the real shares. Returns the shares.

    The board's shares lie in a folder of this machine; or its `Members` act for themselves, and keep theirs.
    """
    say("roll")
    preview = roll_import.read_roll(roll_csv, election, instance.plugins.roll_checks.values())
    await roll_import.import_roll(instance.store, election, preview)
    say("keys")
    shares: list[KeyShare] = []
    if isinstance(by, Members):
        await by.hold_ceremony()
    else:
        shares = await _ceremony(instance, election, by)
    await board.make_keys(instance.store, election, instance.secrets_folder, instance.clock)
    say("seal")
    await board.seal(instance.store, election, instance.plugins, instance.clock)
    say("rehearsal")
    if isinstance(by, Members):
        passed = (await by.rehearse())["passed"]
    else:
        passed = (await rehearse(instance, election, shares)).passed
    if not passed:
        raise IsoloirError("rehearsal_failed", election=election.id)
    return shares


async def _ceremony(instance: Instance, election: ElectionFile, folder: Path) -> list[KeyShare]:
    begun = await hosting.begin(instance.store, election, instance.clock)
    documents, shares = await asyncio.to_thread(trial.hold, begun.plan)
    for document in documents:
        await hosting.add(instance.store, election, document, instance.clock)
    for share in shares:
        await asyncio.to_thread(share.write, folder / f"{share.board}-{share.member}.json", CODE)
    (folder / "code").write_text(f"{CODE}\n", encoding="utf-8")
    return shares


async def open_vote(instance: Instance, election: ElectionFile) -> None:
    """Open the vote."""
    await board.open_vote(instance.store, election, instance.plugins, instance.clock)


async def invite(instance: Instance, election: ElectionFile) -> tuple[Invited, DeliveryReport]:
    """Invite everybody, and carry every message."""
    invited = await instance.invite(election)
    report = DeliveryReport()
    while (done := await instance.deliver(election)) != DeliveryReport():
        report += done
    return invited, report
