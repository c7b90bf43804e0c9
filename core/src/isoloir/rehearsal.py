"""The rehearsal: a scratch box of every contest, unsealed with the board's real shares before anybody may vote.

In June 2024 the ballot box could not be opened. Here no election opens before its own shares have opened a box, each
share has served, and the box has opened without any one of those who can be done without.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isoloir import counting, lifecycle, unsealing
from isoloir.ceremony import hosting
from isoloir.clock import Clock, hour_of
from isoloir.config.board import Board
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir.plugin_set import PluginSet
from isoloir.sealing import system_seal
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store
from isoloir_ballots import credentials, tally, trustees
from isoloir_ballots.archive import Archive
from isoloir_ballots.ballot import make
from isoloir_ballots.election import new_uuid
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.groups import named
from isoloir_ballots.setup import Setup
from isoloir_ballots.trustees import Entry
from isoloir_ballots.verify import check_archive, check_ballot

_SEED_BYTES = 32
_BEGUN = "rehearsal"


@dataclass(frozen=True)
class ContestRehearsal:
    """What the rehearsal of one contest showed; `votes` counts ballots by choice, blank among them.

    `without`: the members each of whom the box opened without; `refused`: those of whom a damaged partial decryption
    was offered, and refused by name.
    """

    contest: str
    uuid: str
    ballots: int
    votes: Mapping[str, int]
    archive: str
    without: tuple[str, ...]
    refused: tuple[str, ...]
    passed: bool


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal, under the system digest that it holds for; `proved`: whose share served, by board."""

    system_digest: str
    contests: tuple[ContestRehearsal, ...]
    proved: Mapping[str, tuple[str, ...]]

    @property
    def passed(self) -> bool:
        """Whether every contest gave back exactly what was cast."""
        return bool(self.contests) and all(contest.passed for contest in self.contests)

    def to_json(self) -> dict[str, Any]:
        """Return the record that is kept."""
        contests = [asdict(contest) for contest in self.contests]
        proved = {board: list(members) for board, members in self.proved.items()}
        return {"system_digest": self.system_digest, "contests": contests, "proved": proved}


async def begin(store: Store, election: ElectionFile, folder: Path, clock: Clock) -> dict[str, Path]:
    """Cast one ballot for each list and a blank in a scratch box of every contest; return its archive, by contest.

    Each scratch box has a uuid and credentials of its own, so nothing of it can be replayed into the real one. The
    archives are kept in `folder`. A rehearsal that was begun before and not finished is forgotten.
    Raises IsoloirError: ``not_sealed``, ``already_open``.
    """
    await _still_sealed(store, election)
    entries = await hosting.entries(store, election)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    timestamp = int(hour_of(clock.now()).timestamp())
    paths = {}
    for contest in election.contests:
        paths[contest.id] = await asyncio.to_thread(
            _scratch_box, election, contest, entries[contest.board], folder, timestamp
        )
    begun = {"archives": {contest: path.name for contest, path in paths.items()}, "given": {}}
    async with store.write("box") as session:
        await lifecycle_store.put_fact(session, election.id, _BEGUN, begun)
    return paths


async def receive(store: Store, election: ElectionFile, folder: Path, given: Partials) -> None:
    """Keep one member's partial decryptions of the scratch boxes, once they are checked.

    Raises IsoloirError: ``rehearsal_not_begun``, ``already_open``, and as `unsealing.checked` does.
    """
    await _still_sealed(store, election)
    boxes = await _boxes(store, election, folder)
    mine = {contest: box for contest, box in boxes.items() if election.contest(contest).board == given.board}
    found = await asyncio.to_thread(unsealing.checked, election, mine, given)
    value = {contest: data.decode("ascii") for contest, data in found.items()}
    async with store.write("box") as session:
        begun = await lifecycle_store.get_fact(session, election.id, _BEGUN)
        begun["given"].setdefault(given.board, {})[given.member] = value
        await lifecycle_store.put_fact(session, election.id, _BEGUN, begun)


async def finish(store: Store, election: ElectionFile, plugins: PluginSet, folder: Path, clock: Clock) -> Rehearsal:
    """Open the scratch boxes with what was received, and once more without each member who can be done without.

    A damaged copy of each member's partial decryption is offered too, and must be refused. The record is kept
    whether the rehearsal passes or not.
    Raises IsoloirError: ``rehearsal_not_begun``, ``rule_not_met`` (board), ``already_open``.
    """
    await _still_sealed(store, election)
    boxes = await _boxes(store, election, folder)
    async with store.read() as session:
        given = (await lifecycle_store.get_fact(session, election.id, _BEGUN))["given"]
    for name in {contest.board for contest in election.contests}:
        if not election.boards[name].met(given.get(name, {})):
            raise IsoloirError("rule_not_met", board=name, given=len(given.get(name, {})))
    done = []
    for contest in election.contests:
        mine = {member: made[contest.id].encode() for member, made in given[contest.board].items()}
        done.append(await asyncio.to_thread(_open, election, contest, boxes[contest.id], mine, folder))
    digest = system_seal(election, await hosting.trustees_files(store, election), plugins).digest
    held = Rehearsal(digest, tuple(done), {board: tuple(sorted(members)) for board, members in given.items()})
    await lifecycle.rehearsed(store, election, clock, system_digest=digest, passed=held.passed, record=held.to_json())
    async with store.write("box") as session:
        await lifecycle_store.put_fact(session, election.id, _BEGUN, None)
    return held


@dataclass(frozen=True)
class Begun:
    """A rehearsal that waits for the members: its archives' names by contest, and what they gave, by board."""

    archives: Mapping[str, str]
    given: Mapping[str, Mapping[str, Mapping[str, str]]]


async def begun(store: Store, election: ElectionFile) -> Begun:
    """Return the rehearsal that waits for the members; raises IsoloirError ``rehearsal_not_begun``."""
    async with store.read() as session:
        found = await lifecycle_store.get_fact(session, election.id, _BEGUN)
    if found is None:
        raise IsoloirError("rehearsal_not_begun", election=election.id)
    return Begun(found["archives"], found["given"])


async def rehearse(
    store: Store,
    election: ElectionFile,
    plugins: PluginSet,
    shares: Sequence[KeyShare],
    folder: Path,
    clock: Clock,
) -> Rehearsal:
    """Hold a whole rehearsal with shares that their holders brought to this computer; raises as its parts do."""
    paths = await begin(store, election, folder, clock)
    for share in shares:
        boxes = [Box.read(path) for contest, path in paths.items() if election.contest(contest).board == share.board]
        await receive(store, election, folder, await asyncio.to_thread(Partials.make, share, boxes))
    return await finish(store, election, plugins, folder, clock)


def _scratch_box(
    election: ElectionFile, contest: Contest, entries: Sequence[Entry], folder: Path, timestamp: int
) -> Path:
    group = named(election.group)
    uuid = new_uuid()
    scratch = counting.belenios_election(election, contest, uuid, entries, rehearsal=True)
    options = counting.choices(contest)
    seed = secrets.token_bytes(_SEED_BYTES)
    pool = [credentials.from_seed(seed, number) for number in range(len(options))]
    files = (
        scratch.serialise(),
        trustees.serialise(group, entries),
        credentials.public_credentials_file(credentials.public(group, uuid, one) for one in pool),
    )
    setup = Setup.load(*files)
    ballots = {}
    for choice, credential in zip(options, pool, strict=True):
        ballot = make(scratch, credential, counting.answer(contest, choice))
        ballots[check_ballot(setup, ballot)] = ballot
    total = tally.encrypted_tally(setup, ballots)
    path = folder / f"{uuid}.bel"
    archive = Archive.create(path, *files, timestamp)
    archive.add_ballots(ballots[checked] for checked in sorted(ballots, key=lambda checked: checked.tracker))
    archive.end_ballots()
    archive.encrypted_tally(total.serialise(), total.num_tallied, total.total_weight)
    return path


def _open(
    election: ElectionFile, contest: Contest, box: Box, given: Mapping[str, bytes], folder: Path
) -> ContestRehearsal:
    board, options = election.boards[contest.board], counting.choices(contest)
    path = folder / f"{box.uuid}.bel"
    votes: dict[str, int] = {}
    try:
        result = unsealing.conclude(path, box, unsealing.enough(board, given))
        check_archive(path)
        counted = counting.counts(contest, box.setup.election, result, len(options))
        votes = {**counted.votes, **({counting.BLANK: counted.blank} if contest.blank else {})}
        without = tuple(member for member in given if _opens_without(board, box, given, member, result))
    except VerificationError:
        return ContestRehearsal(contest.id, box.uuid, len(options), votes, path.name, (), (), passed=False)
    refused = tuple(member for member in given if _refuses_damaged(election, contest, box, given, member))
    spare = {member for member in given if board.met([other for other in given if other != member])}
    passed = votes == dict.fromkeys(options, 1) and set(without) == spare and set(refused) == set(given)
    return ContestRehearsal(contest.id, box.uuid, len(options), votes, path.name, without, refused, passed)


def _opens_without(board: Board, box: Box, given: Mapping[str, bytes], absent: str, result: bytes) -> bool:
    others = {member: data for member, data in given.items() if member != absent}
    return board.met(others) and tally.result(box.setup, box.total, unsealing.enough(board, others)) == result


def _refuses_damaged(
    election: ElectionFile, contest: Contest, box: Box, given: Mapping[str, bytes], member: str
) -> bool:
    value = json.loads(given[member])
    proof = value["decryption_proofs"][0][0]
    proof["response"] = str((int(proof["response"]) + 1) % box.setup.group.q)
    damaged = json.dumps(value, separators=(",", ":")).encode()
    number = election.boards[contest.board].holders.index(member) + 1
    offered = Partials(election.id, contest.board, member, number, {box.uuid: damaged})
    try:
        unsealing.checked(election, {contest.id: box}, offered)
    except IsoloirError as error:
        return error.code == "partial_invalid" and error.where["trustee"] == member
    return False


async def _boxes(store: Store, election: ElectionFile, folder: Path) -> dict[str, Box]:
    async with store.read() as session:
        begun = await lifecycle_store.get_fact(session, election.id, _BEGUN)
    if begun is None:
        raise IsoloirError("rehearsal_not_begun", election=election.id)
    return {contest: Box.read(folder / name) for contest, name in begun["archives"].items()}


async def _still_sealed(store: Store, election: ElectionFile) -> None:
    state = await lifecycle.state(store, election.id)
    if state not in (lifecycle.State.SEALED, lifecycle.State.REHEARSED):
        early = state in (lifecycle.State.DRAFT, lifecycle.State.CONFIGURED, lifecycle.State.KEYED)
        raise IsoloirError("not_sealed" if early else "already_open", election=election.id)
