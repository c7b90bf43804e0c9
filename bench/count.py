"""From the end of the grace to the result.

10,000 voters, three contests of twelve lists and a blank vote, everybody having voted in all three; SQLite; the
board's three members (president, two delegates) on one computer with the server. On the clock, with as many
processes as there are processors wherever ballots are checked: when the archive is written, before the members
decrypt, and before the result is believed. The ballots are cast beforehand by the store's own casting function, and
kept in `.cache/bench`.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kit import CACHE, Figure, Options

from isoloir import board, counting, lifecycle, publication, registrar, roll, unsealing
from isoloir.config.election import ElectionFile
from isoloir.instance import DemoClock, Instance
from isoloir.key_share import KeyShare
from isoloir.partials import Box, Partials
from isoloir.poll_book import hour_of
from isoloir.store import cast_store
from isoloir_ballots import ballot, credentials
from isoloir_ballots.election import Election
from isoloir_ballots.groups import named
from isoloir_web.trial import people
from isoloir_web.trial.folder import Trial, write_instance
from isoloir_web.trial.preparation import open_vote, prepare

TITLE = "From the end of the grace to the result"
VOTERS, CONTESTS, LISTS = 10_000, 3, 12
FILE = """
id = "bench"
test = true
group = "Ed25519"
title = {{ fr = "Bench", en = "Bench" }}
[window]
opens = 2024-06-11T09:00:00
closes = 2024-06-18T17:00:00
grace_minutes = 30
[help_line]
phone = "05 67 31 53 03"
hours = {{ fr = "de 8 h à 20 h", en = "8 am to 8 pm" }}
[sender]
name = "Bench"
address = "bench@evote.example"
subject = {{ fr = "Bench", en = "Bench" }}
[roll.fields]
rpps = {{ key = true, normalise = "digits" }}
ordinal_number = {{ normalise = "alphanumeric", secret = true, kinds = ["ordinal", "substitute"] }}
[identifiers]
length = 7
alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
channel = "email"
[colleges]
all = {{ fr = "Tous", en = "All" }}
[boards.national.members]
president = {{ role = "president", name = "A" }}
delegate-1 = {{ role = "delegate", name = "B" }}
delegate-2 = {{ role = "delegate", name = "C" }}
{contests}
[factors.psc]
plugin = "prosante_connect"
config = {{ preset = "simulator", minimum_acr = "eidas1", client_id = "isoloir", client_secret = {{ env = "X" }} }}
[factors.ordinal]
plugin = "ordinal_check"
[[eligibility]]
plugin = "ordinal_check"
[policy]
minimum_level = "eidas1"
[[policy.any]]
id = "psc"
label = {{ fr = "PSC", en = "PSC" }}
all = ["psc", "ordinal"]
[notifiers]
email = {{ plugin = "outbox" }}
sms = {{ plugin = "outbox" }}
post = {{ plugin = "outbox" }}
"""
CONTEST = """
[[contests]]
id = "contest-{number}"
title = {{ fr = "Scrutin {number}", en = "Contest {number}" }}
colleges = ["all"]
board = "national"
seats = 5
rule = {{ family = "highest_average", ties = "votes_then_lot", short_lists = "cap" }}
blank = true
"""
LIST = """
[[contests.lists]]
id = "l{number}"
name = "Liste {number}"
candidates = ["Dr A{number}", "Dr B{number}", "Dr C{number}", "Dr D{number}", "Dr E{number}"]
"""


def figures(options: Options) -> Iterator[Figure]:
    """See the module."""
    voters = max(20, round(VOTERS * options.scale))
    kept = CACHE / f"count-{voters}"
    if not (kept / "cast").is_file():
        shutil.rmtree(kept, ignore_errors=True)
        asyncio.run(_cast_all(kept, voters))
    spent = asyncio.run(_close(kept))
    size = f"{voters:,} ballots × {CONTESTS} contests × {LISTS} lists, {named('Ed25519').arithmetic}"
    whole = sum(spent.values())
    yield Figure(f"{size}: all", whole, "s")
    for name, seconds in spent.items():
        yield Figure(f"… {name} ({seconds / whole:.0%})", seconds, "s")


async def _cast_all(kept: Path, voters: int) -> None:
    source = kept.with_suffix(".toml")
    contests = "".join(
        CONTEST.format(number=number) + "".join(LIST.format(number=index) for index in range(1, LISTS + 1))
        for number in range(1, CONTESTS + 1)
    )
    source.write_text(FILE.format(contests=contests), encoding="utf-8")
    now = datetime.now(UTC)
    trial = write_instance(
        kept, source, base_url="http://127.0.0.1:1", opens=now, closes=now + timedelta(days=2), group="Ed25519"
    )
    async with Instance.open(kept) as instance:
        election = instance.election(trial.election_id)
        csv = people.as_csv(people.people(election, voters, random.Random(1)))
        await prepare(instance, election, csv, trial.board, lambda _: None)
        await open_vote(instance, election)
        entries = await roll.entries(instance.store, election.id)
        for contest in election.contests:
            row = (await publication.setup_bytes(instance.store, election.id, contest.id))[0]
            seed = registrar.seed_file(instance.secrets_folder, election.id, contest.id).read_bytes()
            made = _make(contest.id, election, row, seed, voters)
            hour = hour_of(instance.clock.now())
            for first in range(0, voters, 500):
                async with instance.store.write() as session:
                    for entry, cast in zip(entries[first : first + 500], made[first : first + 500], strict=True):
                        done = await cast_store.cast(session, election.id, contest.id, entry.id, hour, cast)
                        assert done is cast_store.Outcome.CAST, done
    (kept / "cast").touch()


def _make(contest_id: str, election: ElectionFile, row: bytes, seed: bytes, voters: int) -> list[cast_store.Ballot]:
    contest = election.contest(contest_id)
    choices = counting.choices(contest)
    answers = {choice: counting.answer(contest, choice) for choice in choices}
    draw = random.Random(contest_id)
    votes = [answers[draw.choice(choices)] for _ in range(voters)]
    step = 250
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_some, row, seed, first, votes[first : first + step]) for first in range(0, voters, step)]
        return [one for job in jobs for one in job.result()]


def _some(row: bytes, seed: bytes, first: int, votes: list[list[list[int]]]) -> list[cast_store.Ballot]:
    election = Election.parse(row)
    made = []
    for number, vote in enumerate(votes, first):
        code = credentials.from_seed(seed, number)
        data = ballot.make(election, code, vote)
        public = credentials.public(election.parsed_group, election.uuid, code)
        made.append(cast_store.Ballot(data, ballot.tracker(data), public))
    return made


async def _close(kept: Path) -> dict[str, float]:
    folder = CACHE / "count-run"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder)
    trial = Trial(folder, "bench", folder / "outbox", "")
    spent: dict[str, float] = {}
    async with Instance.open(folder) as instance:
        election, clock = instance.election(trial.election_id), instance.clock
        assert isinstance(clock, DemoClock)
        clock.move_to(election.window.grace_ends + timedelta(seconds=1))
        code = (trial.board / "code").read_text().strip()
        shares = [KeyShare.read(path, code) for path in sorted(trial.board.glob("*.json"))]

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
        for share in shares:
            await unsealing.receive(instance.store, election, where, Partials.make(share, boxes))
        lap("archives checked by the members, and decrypted")
        lots = {contest.id: [one.id for one in contest.lists] for contest in election.contests}
        await unsealing.unseal(instance.store, election, where, clock, lots=lots)
        lap("result, archives verified whole, seats")
    shutil.rmtree(folder)
    return spent
