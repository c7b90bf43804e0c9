"""The example of the 2024 election: valid with the real plugins, and a roll that is always the same."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import phonenumbers
import pytest

from isoloir.config.election import ElectionFile
from isoloir.config.reading import ElectionFileInvalid, read_election
from isoloir.plugin_set import PluginSet

FOLDER = Path(__file__).parents[2] / "examples" / "medecins-2024"
PLUGINS = ("ordinal_check", "outbox", "password_sms", "prosante_connect")
REGIONS = ("FR", "GP", "RE", "MQ", "GF", "YT")


@pytest.fixture
def election() -> ElectionFile:
    """Return the example, read without plugins."""
    return read_election(FOLDER / "election.toml")


@pytest.fixture
def roll() -> list[dict[str, str]]:
    """Return the roll's lines."""
    with (FOLDER / "roll.csv").open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened, delimiter=";"))


def test_the_example_is_valid_with_the_real_plugins() -> None:
    """Every plugin that the example names accepts its configuration, and both branches are strong enough."""
    read = read_election(FOLDER / "election.toml", PluginSet.load(PLUGINS))
    assert [branch.all for branch in read.policy.any] == [("psc", "ordinal"), ("ordinal", "sms")]


def test_the_example_without_its_accepted_risk_is_too_weak(tmp_path: Path) -> None:
    """The twin: the typed mobile of the 2024 election passes only because its risk is accepted with a reason."""
    text = (
        (FOLDER / "election.toml")
        .read_text(encoding="utf-8")
        .replace('risk = "typed_mobile"', 'risk = "long_window"')
    )
    file = tmp_path / "election.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ElectionFileInvalid) as caught:
        read_election(file, PluginSet.load(PLUGINS))
    assert [(error.code, error.key) for error in caught.value.errors] == [("policy_too_weak", "policy.any[1].all")]


def test_the_contests_are_those_of_the_seed(election: ElectionFile) -> None:
    """CSPM: five seats in each of three colleges; CSN: six; 3 to 5 lists each, one shorter than its seats."""
    seats = {contest.id: contest.seats for contest in election.contests}
    assert {seats[one] for one in seats if one.startswith("cspm")} == {5}
    assert {seats[one] for one in seats if one.startswith("csn")} == {6}
    assert sum(one.startswith("cspm") for one in seats) == len(election.colleges) == 3
    assert all(3 <= len(contest.lists) <= 5 for contest in election.contests)
    short = [one for contest in election.contests for one in contest.lists if len(one.candidates) < contest.seats]
    assert [one.id for one in short] == ["territoires"]


def test_the_roll_is_written_by_its_script(tmp_path: Path) -> None:
    """The script writes the very bytes of roll.csv, whenever and wherever it runs."""
    script = runpy.run_path(str(FOLDER / "make_roll.py"))
    script["main"](tmp_path / "roll.csv")
    assert (tmp_path / "roll.csv").read_bytes() == (FOLDER / "roll.csv").read_bytes()


def test_the_roll_fits_the_election(election: ElectionFile, roll: list[dict[str, str]]) -> None:
    """240 voters, each in a college and in contests of that college, with unique and well-formed numbers."""
    assert len(roll) == 240
    for line in roll:
        contests = [election.contest(one) for one in line["scrutins"].split(",")]
        assert all(line["college"] in contest.colleges for contest in contests)
        assert len(contests) == (1 if line["college"] == "contractuels" else 2)
        assert line["rpps"].isascii()
        assert line["rpps"].isdigit()
        assert len(line["rpps"]) == 11
        assert line["courriel"].rpartition("@")[2].rpartition("example.")[2] in ("org", "net", "com")
    for column in ("rpps", "numero_ordre", "courriel"):
        assert len({line[column] for line in roll}) == 240


def test_the_roll_has_what_is_difficult(roll: list[dict[str, str]]) -> None:
    """Some voters are overseas or have no mobile, one in ten has a substitute number; every mobile is valid."""
    mobiles = [line["mobile"] for line in roll if line["mobile"]]
    regions = []
    for mobile in mobiles:
        valid = [one for one in REGIONS if phonenumbers.is_valid_number(phonenumbers.parse(mobile, one))]
        assert valid, mobile
        regions.append(valid[0])
    assert len(set(mobiles)) == len(mobiles)
    assert set(regions) >= {"FR", "GP", "RE", "MQ", "GF"}
    assert 10 <= len(roll) - len(mobiles) <= 60
    assert 18 <= sum(line["type_numero"] == "substitut" for line in roll) <= 30


def test_the_personas_come_first(roll: list[dict[str, str]]) -> None:
    """The four voters whom the demonstration names are the roll's first, each for a way of its own."""
    names = [f"{line['civilite']} {line['prenom']} {line['nom']}" for line in roll[:4]]
    assert names == ["Dr Alix Martin", "Dr Camille Bernard", "Dr Dominique Petit", "Dr Sacha Laurent"]
    assert roll[0]["rpps"] == "99700000017"
    assert roll[1]["mobile"] == ""
    assert roll[2]["type_numero"] == "substitut"
    assert roll[3]["college"] != roll[0]["college"]
