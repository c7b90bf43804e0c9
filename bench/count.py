"""From the end of the grace to signed minutes.

10,000 voters, three contests of twelve lists and a blank vote, everybody having voted in all three; SQLite; a board
of two officers and four delegates under the rule of 2024, of whom the secretary and the delegates 2 and 4 decrypt, on
one computer with the server. On the clock, with as many processes as there are processors wherever ballots are
checked: when the archive is written, before each member decrypts (once here, for all of them), and before the result
is believed. Minutes and poll books are signed under a demonstration's certificate. The ballots are cast beforehand by
the store's own casting function, and kept in `.cache/bench`.

Peer: belenios-tool 3.0 in the same run, on the archives that were made: `election verify`,
`compute-encrypted-tally`, `compute-result` with the same partial decryptions; its sums and results must be ours, byte
for byte. The whole is beside all three of them once, for every contest. Then each of the three by turns with ours,
contest by contest, on the clock too. The peer has one process, so that verifying has a row with one process here.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import cast_election
from cast_election import CONTESTS, LISTS, VOTERS
from kit import CACHE, Figure, Options, against, belenios3, child, elapsed, interleaved

from isoloir import board, lifecycle, unsealing
from isoloir.instance import DemoClock, Instance
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir_ballots import archive, tally
from isoloir_ballots.groups import named
from isoloir_ballots.setup import Setup
from isoloir_ballots.verify import check_archive, check_ballots
from isoloir_minutes import folder as papers
from isoloir_minutes import signing
from isoloir_minutes.certificate import demonstration_signer
from isoloir_minutes.collect import collect
from isoloir_web.trial.folder import Trial

TITLE = "From the end of the grace to signed minutes"
PEER = "belenios-tool 3.0"
COMMANDS = {"verify": "verify", "tally": "compute-encrypted-tally", "result": "compute-result"}
UNSEALING = ("secretary", "delegate-2", "delegate-4")


def figures(options: Options) -> Iterator[Figure]:
    """See the module."""
    voters = max(20, round(VOTERS * options.scale))
    kept = cast_election.folder(voters)
    cast_election.cast(kept, voters)
    run = CACHE / "count-run"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(kept, run)
    spent = asyncio.run(_close(run))
    found: dict[str, list[float]] = {}
    for path in sorted((run / "archives" / cast_election.ELECTION).glob("*.bel")):
        for act, took in _Taken(path, run / "peer" / path.stem).turns().items():
            found.setdefault(act, []).extend(took)
    shutil.rmtree(run)
    size = f"{voters:,} ballots × {CONTESTS} contests × {LISTS} lists, {named('Ed25519').arithmetic}"
    whole = sum(spent.values())
    theirs = sum(sum(found[f"their {name}"]) for name in ("verify", "tally", "result"))
    yield against(f"{size}: all", [whole], "s", f"{PEER}: verify, tally, result", [theirs])
    for name, seconds in spent.items():
        yield Figure(f"… {name} ({seconds / whole:.0%})", seconds, "s")
    for what, ours, peer in (
        ("one archive verified whole", "verify", "verify"),
        ("the same in one process", "verify alone", "verify"),
        ("one box: ballots checked and summed", "tally", "tally"),
        ("one box: partial decryptions checked, result", "result", "result"),
    ):
        yield against(what, found[ours], "s", f"{PEER}: {COMMANDS[peer]}", found[f"their {peer}"])


async def _close(folder: Path) -> dict[str, float]:
    trial = Trial(folder, cast_election.ELECTION, folder / "outbox", "", "")
    spent: dict[str, float] = {}
    async with Instance.open(folder) as instance:
        election, clock = instance.election(trial.election_id), instance.clock
        assert isinstance(clock, DemoClock)
        clock.move_to(election.window.grace_ends + timedelta(seconds=1))
        code = (trial.board / "code").read_text().strip()
        shares = [KeyShare.read(trial.board / f"national-{member}.json", code) for member in UNSEALING]

        began = time.perf_counter()

        def lap(name: str) -> None:
            nonlocal began
            spent[name] = time.perf_counter() - began
            began = time.perf_counter()

        await lifecycle.close(instance.store, election, clock, instance.keys, instance.secrets_folder)
        lap("the box frozen, its last list published")
        where = instance.archives_folder
        await board.close_vote(instance.store, election, clock, instance.keys, instance.secrets_folder, where)
        lap("every ballot checked again, summed, written to the archives")
        boxes = [Box.verified(unsealing.archive_path(where, election, one.id)) for one in election.contests]
        lap("archives verified by the members")
        for share in shares:
            await unsealing.receive(instance.store, election, where, Partials.make(share, boxes))
        lap("totals decrypted by the members, their proofs checked")
        lots = {contest.id: [one.id for one in contest.lists] for contest in election.contests}
        await unsealing.unseal(instance.store, election, where, clock, lots=lots)
        await lifecycle.publish_results(instance.store, election, clock)
        lap("result, archives verified whole, seats")
        record, book = await collect(instance, election)
        lap("the minutes' record collected")
        made = await asyncio.to_thread(papers.write, folder / "papers", record, book)
        lap("minutes and poll books typeset")
        at = signing.moment(record, clock.now())
        signed = await signing.sign(folder / "papers", demonstration_signer(at), at)
        assert len(signed) == sum(path.suffix == ".pdf" for path in made)
        lap("typeset once more to see that nothing was changed, and signed")
    return spent


class _Taken:
    """One archive, for both: read once, and laid before the peer at the three stages at which it is asked."""

    def __init__(self, path: Path, beside: Path) -> None:
        self._path = path
        self._contents = contents = archive.read(path)
        self._setup = Setup.load(contents.election, contents.trustees, contents.public_credentials)
        assert contents.encrypted_tally is not None
        self._folders = {name: beside / name for name in ("verify", "tally", "result")}
        for folder in self._folders.values():
            folder.mkdir(parents=True)
        name = f"{self._setup.election.uuid}.bel"
        shutil.copyfile(path, self._folders["verify"] / name)
        files = contents.election, contents.trustees, contents.public_credentials
        closed = archive.Archive.create(self._folders["tally"] / name, *files, contents.timestamp)
        closed.add_ballots(contents.ballots)
        closed.end_ballots()
        shutil.copyfile(self._folders["tally"] / name, self._folders["result"] / name)
        decrypted = archive.Archive.open(self._folders["result"] / name)
        decrypted.encrypted_tally(contents.encrypted_tally, contents.num_tallied, contents.total_weight)
        for owner, data in contents.partial_decryptions:
            decrypted.partial_decryption(owner, data)

    def turns(self) -> dict[str, list[float]]:
        """Seconds on the clock of each act, the peer's and ours one after the other."""
        processors = os.cpu_count() or 1
        acts: dict[str, Callable[[], object]] = {
            "their verify": lambda: child([belenios3(), "election", "verify"], self._folders["verify"]),
            "verify": lambda: check_archive(self._path, jobs=processors),
            "verify alone": lambda: check_archive(self._path),
            "their tally": lambda: self._agrees("tally", "compute-encrypted-tally", self._contents.encrypted_tally),
            "tally": lambda: self._sum(processors),
            "their result": lambda: self._agrees("result", "compute-result", self._contents.result),
            "result": self._result,
        }
        return interleaved(1, {name: partial(elapsed, act) for name, act in acts.items()})

    def _agrees(self, folder: str, command: str, ours: bytes | None) -> None:
        made = child([belenios3(), "election", command], self._folders[folder])
        assert made.splitlines()[0] == ours, f"{command}: theirs is another"

    def _sum(self, jobs: int) -> None:
        checked = check_ballots(self._setup, archive.read(self._path).ballots, jobs)
        assert tally.encrypted_tally(self._setup, checked).serialise() == self._contents.encrypted_tally

    def _result(self) -> None:
        box = Box.read(self._path)
        assert tally.result(box.setup, box.total, self._contents.partial_decryptions) == self._contents.result
