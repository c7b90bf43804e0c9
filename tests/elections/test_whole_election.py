"""A whole election by the command, and its archives under a program that none of us wrote."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from ballot_kit import oracles

from isoloir_ballots import archive as archives
from isoloir_ballots.election import Election
from isoloir_web.trial.simulation import Simulation

ROOT = Path(__file__).parents[2]
ELECTION = ROOT / "examples" / "medecins-2024" / "election.toml"
ISOLOIR = Path(sys.executable).with_name("isoloir")
VERIFY = Path(sys.executable).with_name("isoloir-verify")


def simulate(folder, *options):
    report, boxes = folder / "report.json", folder / "archives"
    ran = subprocess.run(
        [ISOLOIR, "simulate", ELECTION, "--json", report, "--archives", boxes, *options],
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(report.read_text()), sorted(boxes.glob("*.bel"))


def opened(archive):
    contents = archives.read(archive)
    return contents, Election.parse(contents.election)


@pytest.mark.slow
def test_a_simulated_election_ends_verified(tmp_path):
    """Forty voters through every branch, wrong attempts among them: the report is whole, every archive verifies."""
    report, made = simulate(tmp_path, "--voters", "40", "--seed", "1")
    assert list(report) == [
        "voters", "voted", "refused", "branches", "contests", "archives", "verified", "seconds"
    ]  # fmt: skip
    assert report["verified"] is True
    assert report["voters"] == 40
    assert set(report["branches"]) == {"psc", "password"}
    assert {"election_not_open", "election_closed"} <= set(report["refused"])
    assert {"already_voted", "ordinal_mismatch", "ballot_invalid"} & set(report["refused"])
    assert list(report["seconds"]) == ["setup", "invite", "vote", "close", "tally", "verify"]
    for contest in report["contests"].values():
        expressed = sum(one["votes"] for one in contest["lists"].values())
        assert contest["poll_book"] == contest["ballots"] == expressed + contest["blank"]
    assert len(made) == len(report["contests"]) == 6
    ran = subprocess.run([VERIFY, *made, "--require", "tallied"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.slow
def test_a_simulated_election_ends_verified_on_postgresql(tmp_path, postgresql_url):
    """A smaller one on PostgreSQL, two processes on one database: it ends verified."""
    report, archives = simulate(tmp_path, "--voters", "16", "--seed", "1", "--database", postgresql_url)
    assert report["verified"] is True
    assert report["voters"] == 16
    assert set(report["branches"]) == {"psc", "password"}
    assert {"election_not_open", "election_closed"} <= set(report["refused"])
    ran = subprocess.run([VERIFY, *archives, "--require", "tallied"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.slow
def test_a_program_that_is_not_ours_accepts_every_archive_and_refuses_a_changed_one(tmp_path):
    """belenios-tool 2.0 verifies each BELENIOS-2048 archive of a simulation; one flipped byte, and it does not."""
    report, made = simulate(tmp_path, "--voters", "12", "--seed", "3", "--group", "BELENIOS-2048")
    assert report["verified"] is True
    for number, archive in enumerate(made):
        ran = oracles.verifies_whole(archive.read_bytes(), opened(archive)[1].uuid, tmp_path / f"good{number}")
        assert ran.returncode == 0, ran.stderr
    data = bytearray(made[0].read_bytes())
    place = data.index(b'"response":"') + 12
    data[place] = ord("1") if data[place] != ord("1") else ord("2")
    ran = oracles.verifies_whole(bytes(data), opened(made[0])[1].uuid, tmp_path / "bad")
    assert ran.returncode != 0
    spoilt = tmp_path / "spoilt.bel"
    spoilt.write_bytes(data)
    assert subprocess.run([VERIFY, spoilt], capture_output=True).returncode == 1


@pytest.mark.slow
def test_belenios_3_accepts_every_ballot_of_a_simulation_and_refuses_a_changed_one(tmp_path):
    """belenios-tool 3.0 verifies each ballot of each Ed25519 archive; another contest's ballot, it does not.

    The board acts by the command line alone, from files, and every subset of its members is tried on every box.
    """
    report, made = simulate(tmp_path, "--voters", "12", "--seed", "5", "--board")
    assert report["verified"] is True
    assert report["board"] == {"subsets_tried": 6 * 2**6}
    asked, former = 0, None
    for archive in made:
        contents, election = opened(archive)
        assert election.group == "Ed25519"
        setup = contents.election, contents.trustees, contents.public_credentials
        oracle = oracles.BallotOracle(*setup, tmp_path / f"box-{archive.stem}")
        for ballot in contents.ballots:
            ran = oracle.verifies(ballot)
            assert ran.returncode == 0, ran.stderr
            asked += 1
        if former is not None:
            assert oracle.verifies(former).returncode != 0
        former = contents.ballots[0] if contents.ballots else former
    assert asked == sum(contest["ballots"] for contest in report["contests"].values()) > 0


class _Counted:
    def __init__(self, votes, blank, ballots, poll_book):
        self.contest, self.ballots, self.poll_book = "c", ballots, poll_book
        self.counts = type("Counts", (), {"votes": votes, "blank": blank, "expressed": sum(votes.values())})()


@pytest.mark.parametrize(
    ("votes", "blank", "ballots", "poll_book", "problems"),
    [
        ({"a": 2, "b": 1}, 1, 4, 4, 0),
        ({"a": 1, "b": 2}, 1, 4, 4, 1),
        ({"a": 2, "b": 1}, 1, 4, 5, 1),
        ({"a": 2, "b": 1}, 0, 3, 3, 1),
    ],
)
def test_the_simulation_notices_a_result_that_was_not_cast(votes, blank, ballots, poll_book, problems):
    """The comparison finds swapped votes, a lost blank, a poll book that differs; and nothing in a right result."""
    simulation = Simulation(ELECTION, 1)
    simulation.seen.cast["c"] = Counter({"a": 2, "b": 1, "blank": 1})
    results = type("Results", (), {"contests": (_Counted(votes, blank, ballots, poll_book),)})()
    simulation._compare(results)
    assert len(simulation.problems) == problems


@pytest.mark.slow
@pytest.mark.parametrize("way", [(), ("--brokered",)], ids=["direct", "brokered"])
def test_simulated_voters_log_in_through_a_real_keycloak(tmp_path, way):
    """Twelve voters, the provider's branch through Keycloak's own pages: the report says so, and all verifies."""
    home = ROOT / ".cache" / "keycloak"
    options = ("--identity", "keycloak", *way, "--keycloak", home, "--voters", "12", "--seed", "7")
    report, _ = simulate(tmp_path, *options)
    assert report["identity"] == "keycloak"
    assert report["verified"] is True
    assert report["branches"]["psc"] >= 3
    assert (report.get("brokered", 0) >= 3) == bool(way)
    assert not [code for code in report["refused"] if code.startswith(("oidc_", "psc_"))]


def test_the_way_through_a_broker_needs_a_keycloak():
    """The simulator has no broker: asked for one, the command says so and does nothing."""
    ran = subprocess.run([ISOLOIR, "simulate", ELECTION, "--brokered"], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "--brokered is for --identity keycloak" in ran.stderr
