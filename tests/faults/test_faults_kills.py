"""A server that is killed while voters cast."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from isoloir_web.trial.kills import Killer
from isoloir_web.trial.voting import Tally

ISOLOIR = Path(sys.executable).with_name("isoloir")
ELECTION = Path(__file__).parents[2] / "examples" / "medecins-2024" / "election.toml"
VOTERS_A_KILL = 3


@pytest.mark.slow
def test_kills_at_random_leave_every_receipt_its_ballot_and_its_mark(
    tmp_path, database_url, database_name, kills, told
):
    """After each SIGKILL ballots and marks are as many and every receipt has its ballot; the vote ends verified."""
    report = tmp_path / "report.json"
    where = ["--database", database_url] if database_name == "PostgreSQL" else []
    ran = subprocess.run(
        [
            ISOLOIR, "simulate", ELECTION, "--json", report,
            "--kills", str(kills), "--voters", str(10 + VOTERS_A_KILL * kills), *where,
        ],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(report.read_text())
    assert found["verified"] is True
    assert found["kills"] == kills
    marks = sum(contest["poll_book"] for contest in found["contests"].values())
    told(
        f"SIGKILL of the server, {kills} times at random, every other within 0.1 s of a ballot ({database_name})",
        "nothing, or a page that said what to do; the same request sent again was answered",
        f"{found['voted']} voters, {marks} receipts: each one ballot and one mark, compared after every kill; "
        "the result is what was cast, every archive verifies",
    )


@pytest.mark.slow
async def test_a_mark_without_a_ballot_and_a_receipt_without_one_are_seen(failing, raw):
    """The negative twin: what is looked at after a kill tells a lost ballot, a lone mark and a false receipt."""
    async with failing.logged_in(0) as voter:
        contest = failing.contests(voter)[0]
        _, answer = await failing.cast(voter, contest, *await failing.ballot(voter, contest))
    killer = Killer(failing.instance, failing.election, failing.server, 0, Tally())
    await killer.look({contest: [answer["tracker"]]})
    assert not killer.problems
    await killer.look({contest: [answer["tracker"][::-1]]})
    assert killer.problems == [f"{contest}: a receipt without its ballot after kill 0"]
    # Behind everybody's back: no role of the server's may write a mark by itself.
    other = failing.entries[1].id
    raw(
        "INSERT INTO roll.poll_book (election, contest, entry, hour) "  # noqa: S608  # an id that we drew
        f"SELECT election, contest, '{other}', hour FROM roll.poll_book"
    )
    await killer.look({})
    assert killer.problems[1:] == [f"{contest}: ballots and poll-book entries differ after kill 0"]
