"""Casting for `count.py`: an election of three contests of twelve lists in which everybody has voted, kept on disk.

``python bench/cast_election.py [VOTERS]`` makes it beforehand (10,000 when no number is given), which takes long. The
ballots are cast by the store's own casting function.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kit import CACHE

from isoloir import counting, publication, registrar, roll
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.poll_book import hour_of
from isoloir.store import cast_store
from isoloir_ballots import ballot, credentials
from isoloir_ballots.election import Election
from isoloir_web.trial import people
from isoloir_web.trial.folder import write_instance
from isoloir_web.trial.preparation import open_vote, prepare

VOTERS, CONTESTS, LISTS = 10_000, 3, 12
ELECTION = "bench"
FILE = """
id = "{election}"
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
[boards.national]
rule = {{ all = [{{ at_least = 1, of = "officers" }}, {{ at_least = 2, of = "delegates" }}] }}
[boards.national.members]
president = {{ role = "president", name = "A" }}
secretary = {{ role = "secretary", name = "B" }}
delegate-1 = {{ role = "delegate", name = "C" }}
delegate-2 = {{ role = "delegate", name = "D" }}
delegate-3 = {{ role = "delegate", name = "E" }}
delegate-4 = {{ role = "delegate", name = "F" }}
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


def cast(kept: Path, voters: int) -> None:
    """Make an instance in the folder `kept` whose voters have all voted in every contest, unless it is there."""
    if not (kept / "cast").is_file():
        shutil.rmtree(kept, ignore_errors=True)
        asyncio.run(_cast_all(kept, voters))


async def _cast_all(kept: Path, voters: int) -> None:
    source = kept.with_suffix(".toml")
    contests = "".join(
        CONTEST.format(number=number) + "".join(LIST.format(number=index) for index in range(1, LISTS + 1))
        for number in range(1, CONTESTS + 1)
    )
    source.write_text(FILE.format(election=ELECTION, contests=contests), encoding="utf-8")
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


def folder(voters: int) -> Path:
    """Where the instance of so many voters is kept."""
    return CACHE / f"count-{voters}"


if __name__ == "__main__":
    CACHE.mkdir(parents=True, exist_ok=True)
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else VOTERS
    cast(folder(asked), asked)
