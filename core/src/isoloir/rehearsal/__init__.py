"""The rehearsal: a scratch election, played to its close, whose boxes the board's real shares open.

In June 2024 the ballot box could not be opened. Here no election opens before its own shares have opened a box, each
share has served, and the box has opened without any one of those who can be done without. Who plays the voters stands
in a layer above; what they hand over is checked here.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isoloir import counting, lifecycle, unsealing
from isoloir.ceremony import hosting
from isoloir.clock import Clock
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.partials import Box, Partials
from isoloir.plugin_set import PluginSet
from isoloir.rehearsal.opening import open_box
from isoloir.rehearsal.record import Concluded, ContestRehearsal, Drill, Played, Rehearsal
from isoloir.sealing import system_seal
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store
from isoloir_ballots import trustees
from isoloir_ballots.groups import named
from isoloir_ballots.trustees import Entry

_BEGUN = "rehearsal"


@dataclass(frozen=True)
class Begun:
    """A rehearsal that waits for the members: its archives by contest, where it was played, and what they gave.

    `given`: partial decryptions by board, member and contest.
    """

    archives: Mapping[str, str]
    scratch: str
    played: Played
    given: Mapping[str, Mapping[str, Mapping[str, str]]]

    def partials(self, election: ElectionFile, boxes: Mapping[str, Box]) -> list[Partials]:
        """Return what each member gave, as it was received."""
        return [
            Partials(
                election.id,
                board,
                member,
                election.boards[board].holders.index(member) + 1,
                {boxes[contest].uuid: data.encode() for contest, data in made.items()},
            )
            for board, members in self.given.items()
            for member, made in members.items()
        ]


async def demand_sealed(store: Store, election: ElectionFile) -> None:
    """Raise IsoloirError ``not_sealed`` before the seal, ``already_open`` once the vote was opened."""
    state = await lifecycle.state(store, election.id)
    if state not in (lifecycle.State.SEALED, lifecycle.State.REHEARSED):
        early = state in (lifecycle.State.DRAFT, lifecycle.State.CONFIGURED, lifecycle.State.KEYED)
        raise IsoloirError("not_sealed" if early else "already_open", election=election.id)


async def begin(
    store: Store, election: ElectionFile, folder: Path, played: Played, boxes: Mapping[str, Path], scratch: str
) -> dict[str, Path]:
    """Take over the closed boxes of a scratch election; return each contest's archive, kept in `folder`.

    Each has a uuid and credentials of its own, so nothing of it can be replayed into the real one, and the real
    trustees. A rehearsal that was begun before and not finished is forgotten.
    Raises IsoloirError: ``not_sealed``, ``already_open``, ``rehearsal_box_foreign`` (contest): the box has other
    keys, another question or the real box's uuid; ``rehearsal_incomplete`` (contest): a choice that nobody made, or
    another number of ballots; and as `Box.verified` does.
    """
    await demand_sealed(store, election)
    entries = await hosting.entries(store, election)
    async with store.read("box") as session:
        pools = {
            contest.id: await lifecycle_store.get_fact(session, election.id, f"pool/{contest.id}")
            for contest in election.contests
        }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = {}
    for contest in election.contests:
        made = boxes[contest.id]
        box = await asyncio.to_thread(Box.verified, made)
        _demand_scratch(election, contest, box, entries[contest.board], pools[contest.id])
        _demand_complete(contest, box, played.cast.get(contest.id, {}))
        paths[contest.id] = folder / f"{box.uuid}.bel"
        await asyncio.to_thread(shutil.copyfile, made, paths[contest.id])
    await _put(store, election, Begun({one: path.name for one, path in paths.items()}, scratch, played, {}))
    return paths


async def begun(store: Store, election: ElectionFile) -> Begun:
    """Return the rehearsal that waits for the members; raises IsoloirError ``rehearsal_not_begun``."""
    async with store.read() as session:
        found = await lifecycle_store.get_fact(session, election.id, _BEGUN)
    if found is None or "played" not in found:  # one that an older version began is of no use
        raise IsoloirError("rehearsal_not_begun", election=election.id)
    return _from_json(found)


async def receive(store: Store, election: ElectionFile, folder: Path, given: Partials) -> None:
    """Keep one member's partial decryptions of the scratch boxes, once they are checked.

    Raises IsoloirError: ``rehearsal_not_begun``, ``already_open``, and as `unsealing.checked` does.
    """
    await demand_sealed(store, election)
    boxes = boxes_of(await begun(store, election), folder)
    mine = {contest: box for contest, box in boxes.items() if election.contest(contest).board == given.board}
    found = await asyncio.to_thread(unsealing.checked, election, mine, given)
    value = {contest: data.decode("ascii") for contest, data in found.items()}
    async with store.write("box") as session:
        fact = await lifecycle_store.get_fact(session, election.id, _BEGUN)
        if fact is None or fact["archives"] != {contest: f"{box.uuid}.bel" for contest, box in boxes.items()}:
            raise IsoloirError("rehearsal_not_begun", election=election.id)  # begun anew in the meantime
        fact["given"].setdefault(given.board, {})[given.member] = value
        await lifecycle_store.put_fact(session, election.id, _BEGUN, fact)


async def demand_met(store: Store, election: ElectionFile) -> Begun:
    """Return the rehearsal, if the rule of every board is met by what its members gave.

    Raises IsoloirError: ``already_open``, ``not_sealed``, ``rehearsal_not_begun``, ``rule_not_met`` (board).
    """
    await demand_sealed(store, election)
    found = await begun(store, election)
    for name in {contest.board for contest in election.contests}:
        if not election.boards[name].met(found.given.get(name, {})):
            raise IsoloirError("rule_not_met", board=name, given=len(found.given.get(name, {})))
    return found


async def finish(
    store: Store, election: ElectionFile, plugins: PluginSet, folder: Path, clock: Clock, concluded: Concluded
) -> Rehearsal:
    """Open the scratch boxes with what was received, and once more without each member who can be done without.

    A damaged copy of each member's partial decryption is offered too, and a file cut short: both must be refused. The
    record is kept whether the rehearsal passes or not. Raises as `demand_met` does.
    """
    waiting = await demand_met(store, election)
    boxes = boxes_of(waiting, folder)
    done = []
    for contest in election.contests:
        mine = {member: made[contest.id].encode() for member, made in waiting.given[contest.board].items()}
        cast, path = waiting.played.cast[contest.id], folder / waiting.archives[contest.id]
        done.append(await asyncio.to_thread(open_box, election, contest, boxes[contest.id], mine, cast, path))
    trusted = await hosting.trustees_files(store, election)
    seal = await asyncio.to_thread(system_seal, election, trusted, plugins)
    proved = {board: tuple(sorted(members)) for board, members in waiting.given.items()}
    held = Rehearsal(seal.digest, tuple(done), proved, waiting.played, concluded)
    # Together: stopped in between, the members would find it waiting, and it would be held and recorded once more.
    await lifecycle.rehearsed(
        store,
        election,
        clock,
        system_digest=seal.digest,
        passed=held.passed,
        record=held.to_json(),
        facts={_BEGUN: None},
    )
    return held


def boxes_of(waiting: Begun, folder: Path) -> dict[str, Box]:
    """Return the scratch boxes by contest."""
    return {contest: Box.read(folder / name) for contest, name in waiting.archives.items()}


def _demand_scratch(
    election: ElectionFile, contest: Contest, box: Box, entries: tuple[Entry, ...], pool: Mapping[str, Any]
) -> None:
    wanted = counting.belenios_election(election, contest, box.uuid, entries, rehearsal=True)
    group = named(election.group)
    same_keys = trustees.serialise(group, entries) == trustees.serialise(group, box.setup.trustees)
    if box.setup.election != wanted or not same_keys or box.uuid == pool["uuid"]:
        raise IsoloirError("rehearsal_box_foreign", contest=contest.id)


def _demand_complete(contest: Contest, box: Box, cast: Mapping[str, int]) -> None:
    every = all(cast.get(choice, 0) > 0 for choice in counting.choices(contest))
    if not every or sum(cast.values()) != box.total.num_tallied:
        raise IsoloirError("rehearsal_incomplete", contest=contest.id)


async def _put(store: Store, election: ElectionFile, value: Begun) -> None:
    async with store.write("box") as session:
        await lifecycle_store.put_fact(session, election.id, _BEGUN, asdict(value))


def _from_json(value: Any) -> Begun:
    return Begun(**{**value, "played": Played.from_json(value["played"])})


__all__ = [
    "Begun",
    "Concluded",
    "ContestRehearsal",
    "Drill",
    "Played",
    "Rehearsal",
    "begin",
    "begun",
    "boxes_of",
    "demand_met",
    "demand_sealed",
    "finish",
    "receive",
]
