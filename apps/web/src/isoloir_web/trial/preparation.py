"""An election's life up to its opening, as an organiser and a board would lead it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from isoloir import board, rehearsal, roll_import
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.key_share import KeyShare
from isoloir.notifications import DeliveryReport, Invited

Say = Callable[[str], None]
"""Told the id of the text of each step (``trial.<step>``) as it begins."""


async def prepare(
    instance: Instance, election: ElectionFile, roll_csv: bytes, board_folder: Path, say: Say
) -> list[KeyShare]:
    """Import the roll, make shares and keys, seal, rehearse with the real shares. Returns the shares."""
    say("roll")
    preview = roll_import.read_roll(roll_csv, election, instance.plugins.roll_checks.values())
    await roll_import.import_roll(instance.store, election, preview)
    say("keys")
    shares = [
        KeyShare.generate(election.id, name, trustee, election.group)
        for name, members in election.boards.items()
        for trustee in members.members
    ]
    for share in shares:
        share.write(board_folder / f"{share.public.trustee}.json")
    public = [share.public for share in shares]
    await board.make_keys(instance.store, election, public, instance.secrets_folder, instance.clock)
    say("seal")
    await board.seal(instance.store, election, instance.plugins, instance.clock)
    say("rehearsal")
    held = await rehearsal.rehearse(
        instance.store,
        election,
        instance.plugins,
        shares,
        instance.archives_folder / election.id / "rehearsals",
        instance.clock,
    )
    if not held.passed:
        raise IsoloirError("rehearsal_failed", election=election.id)
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
