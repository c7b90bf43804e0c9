"""The rehearsal: a scratch box of every contest, unsealed with the board's real shares before anybody may vote.

In June 2024 the ballot box could not be opened. Here no election opens before its own shares have opened a box.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isoloir import counting, key_ceremony, key_share, lifecycle
from isoloir.clock import Clock, hour_of
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir.plugin_set import PluginSet
from isoloir.sealing import system_seal
from isoloir.store.engine import Store
from isoloir_ballots import credentials, tally, trustees
from isoloir_ballots.archive import Archive
from isoloir_ballots.ballot import make
from isoloir_ballots.election import new_uuid
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.groups import named
from isoloir_ballots.setup import Setup
from isoloir_ballots.verify import check_archive, check_ballot

_SEED_BYTES = 32


@dataclass(frozen=True)
class ContestRehearsal:
    """What the rehearsal of one contest showed; `votes` counts ballots by choice, blank among them."""

    contest: str
    uuid: str
    ballots: int
    votes: Mapping[str, int]
    archive: str
    passed: bool


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal, under the system digest that it holds for."""

    system_digest: str
    contests: tuple[ContestRehearsal, ...]

    @property
    def passed(self) -> bool:
        """Whether every contest gave back exactly what was cast."""
        return bool(self.contests) and all(contest.passed for contest in self.contests)

    def to_json(self) -> dict[str, Any]:
        """Return the record that is kept."""
        return {"system_digest": self.system_digest, "contests": [asdict(contest) for contest in self.contests]}


async def rehearse(
    store: Store,
    election: ElectionFile,
    plugins: PluginSet,
    shares: Sequence[KeyShare],
    folder: Path,
    clock: Clock,
) -> Rehearsal:
    """Cast one ballot for each list and a blank in a scratch box of every contest, and open it with `shares`.

    Each scratch box has a uuid and credentials of its own, so nothing of it can be replayed into the real one. Its
    archive is kept in `folder`. The record is kept whether it passes or not.
    Raises IsoloirError: ``not_sealed``, ``already_open``, ``share_not_given``, ``share_foreign``.
    """
    state = await lifecycle.state(store, election.id)
    if state not in (lifecycle.State.SEALED, lifecycle.State.REHEARSED):
        early = state in (lifecycle.State.DRAFT, lifecycle.State.CONFIGURED, lifecycle.State.KEYED)
        raise IsoloirError("not_sealed" if early else "already_open", election=election.id)
    boards = await key_ceremony.boards(store, election)
    digest = system_seal(election, key_ceremony.trustees_files(election, boards), plugins).digest
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    timestamp = int(hour_of(clock.now()).timestamp())
    done = []
    for contest in election.contests:
        keys = key_share.matched(contest.board, boards[contest.board], shares)
        done.append(await asyncio.to_thread(rehearse_contest, election, contest, keys, folder, timestamp))
    held = Rehearsal(digest, tuple(done))
    await lifecycle.rehearsed(store, election, clock, system_digest=digest, passed=held.passed, record=held.to_json())
    return held


def rehearse_contest(
    election: ElectionFile, contest: Contest, shares: Sequence[KeyShare], folder: Path, timestamp: int
) -> ContestRehearsal:
    """Rehearse one contest: setup, ballots, tally, decryption by every share, result, and a check of the archive."""
    group = named(election.group)
    uuid = new_uuid()
    entries = [share.public.entry for share in shares]
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
    summed = tally.encrypted_tally(setup, ballots)
    path = folder / f"{uuid}.bel"
    archive = Archive.create(path, *files, timestamp)
    archive.add_ballots(ballots[checked] for checked in sorted(ballots, key=lambda checked: checked.tracker))
    archive.end_ballots()
    archive.encrypted_tally(summed.serialise(), summed.num_tallied, summed.total_weight)
    votes: dict[str, int] = {}
    try:
        partials = [
            (owner, tally.partial_decryption(group, share.secret, scratch.fingerprint, summed))
            for owner, share in enumerate(shares, 1)
        ]
        result = tally.result(setup, summed, partials)
        for owner, partial in partials:
            archive.partial_decryption(owner, partial)
        archive.result(result)
        check_archive(path)
        counted = counting.counts(contest, scratch, result, len(options))
        votes = {**counted.votes, **({counting.BLANK: counted.blank} if contest.blank else {})}
    except VerificationError:
        return ContestRehearsal(contest.id, uuid, len(options), votes, path.name, passed=False)
    return ContestRehearsal(contest.id, uuid, len(options), votes, path.name, votes == dict.fromkeys(options, 1))
