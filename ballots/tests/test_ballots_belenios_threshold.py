"""belenios-tool and threshold keys: it accepts ours and refuses what is tampered with; we accept what it makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ballot_kit import oracles
from ballot_kit.belenios_keys import Made
from ballot_kit.ceremonies import board
from ballot_kit.elections import VOTES, Contest, build

from isoloir_ballots import canonical
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.verify import check_archive

pytestmark = pytest.mark.slow
Change = Callable[[str, Any], Any]


@pytest.fixture(scope="module")
def field() -> tuple[Contest, list[bytes]]:
    """A contest on BELENIOS-2048 with “(president or secretary) and two of four delegates”, and two ballots."""
    made = build("BELENIOS-2048", board=board("BELENIOS-2048"))
    return made, [made.vote(index, answers) for index, answers in enumerate(VOTES[:2])]


def said(field: tuple[Contest, list[bytes]], folder: Path, change: Change) -> tuple[bool, bool, str]:
    """Whether 2.0 and 3.0 accept the whole archive with a change, and the clause by which we refuse it, or none."""
    contest, ballots = field
    archive = contest.archive(ballots, change=change).getvalue()
    try:
        check_archive(archive)
        clause = ""
    except VerificationError as error:
        clause = error.clause
    words = [
        oracles.verifies_whole(archive, contest.election.uuid, folder / tool.parent.name, str(tool)).returncode == 0
        for tool in (Path(oracles.version_2()), Path(oracles.version_3()))
    ]
    return words[0], words[1], clause


def test_oracle_accepts_the_compound_key(field: tuple[Contest, list[bytes]], tmp_path: Path) -> None:
    """Both verify a whole archive whose key is [Pedersen 1 of 2, Pedersen 2 of 4], and so do we."""
    assert said(field, tmp_path / "box", lambda _, value: value) == (True, True, "")
    contest, ballots = field
    report = check_archive(contest.archive(ballots).getvalue())
    assert (report.stage, report.ballots, report.partial_decryptions) == ("tallied", 2, 3)


def renumbered(former: int, owner: int) -> Change:
    """The share of one holder under another's number."""
    return lambda step, value: (
        [(owner if one == former else one, data) for one, data in value] if step == "shares" else value
    )


def test_oracle_refuses_an_officer_for_a_delegate(field: tuple[Contest, list[bytes]], tmp_path: Path) -> None:
    """A delegate's share under another number is refused by all."""
    assert said(field, tmp_path / "box", renumbered(5, 3)) == (False, False, "tally.decryption_proof")


@pytest.mark.parametrize("extra", ["unused", "doubled", "officer"])
def test_oracle_and_more_shares_than_the_rule_needs(
    field: tuple[Contest, list[bytes]], tmp_path: Path, extra: str
) -> None:
    """A third delegate or both officers are accepted by all; one holder twice by both of them, and not by us."""
    contest, ballots = field
    more = {"unused": 3, "doubled": 5, "officer": 1}[extra]

    def change(step: str, value: Any) -> Any:
        if step != "shares":
            return value
        total = [*value, (more, _share(contest, ballots, more))]
        return total if extra == "doubled" else sorted(total)

    refused = "tally.partial_decryption" if extra == "doubled" else ""
    assert said(field, tmp_path / "box", change) == (True, True, refused)


def _share(contest: Contest, ballots: list[bytes], owner: int) -> bytes:
    kept: list[Any] = []

    def remember(step: str, value: Any) -> Any:
        if step == "shares":
            kept.extend(value)
        return value

    whole = Contest(**{**contest.__dict__, "board": _opened_by(contest, owner)})
    whole.archive(ballots, change=remember, until="PartialDecryption")
    return bytes(kept[0][1])


def _opened_by(contest: Contest, owner: int) -> Any:
    return type(contest.board)(contest.board.entries, contest.board.exponents, (owner,))


TWINS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "threshold": ("trustees.", lambda value: value[1][1].update(threshold=3)),
    "holders exchanged": ("trustees.", lambda value: value[1][1]["verification_keys"].reverse()),
    "certificates exchanged": ("trustees.", lambda value: value[1][1]["certs"].reverse()),
    "coefficients of another": (
        "trustees.",
        lambda value: value[1][1]["coefexps"].__setitem__(0, value[1][1]["coefexps"][1]),
    ),
    "proof of another": (
        "trustees.pok",
        lambda value: value[1][1]["verification_keys"][0].update(pok=value[1][1]["verification_keys"][1]["pok"]),
    ),
    "officers left out": ("setup.public_key", lambda value: value.pop(0)),
}


@pytest.mark.parametrize("twin", TWINS)
def test_oracle_refuses_tampered_keys(field: tuple[Contest, list[bytes]], tmp_path: Path, twin: str) -> None:
    """The same archive with the trustees file changed is refused by all."""
    clause, forge = TWINS[twin]

    def change(step: str, value: Any) -> Any:
        if step != "setup":
            return value
        trustees = json.loads(value[1])
        forge(trustees)
        return value[0], canonical.dump(trustees), value[2]

    two, three, ours = said(field, tmp_path / "box", change)
    assert (two, three, ours.startswith(clause)) == (False, False, True), ours


def test_oracle_3_accepts_ballots_under_the_compound_key(tmp_path: Path) -> None:
    """3.0 accepts an Ed25519 setup with that key and its ballots, and refuses a ballot signed by another."""
    contest = build("Ed25519", board=board("Ed25519"))
    ballots = [contest.vote(index, answers) for index, answers in enumerate(VOTES[:2])]
    oracle = oracles.BallotOracle(*contest.files(), tmp_path / "box")
    for ballot in ballots:
        asked = oracle.verifies(ballot)
        assert asked.returncode == 0, asked.stderr
    assert oracle.verifies(contest.sign(json.loads(ballots[0]), 1)).returncode != 0


@pytest.mark.parametrize(("three", "group"), [(False, "BELENIOS-2048"), (True, "Ed25519")], ids=["2.0", "3.0"])
def test_we_check_elections_with_its_threshold_keys(tmp_path: Path, three: bool, group: str) -> None:
    """An election that it made with [Single, 2 of 3] from keys to result verifies here, in both dialects."""
    made = Made(three, group, tmp_path, 3, 2)
    made.keys()
    made.cast()
    path = made.open_with([1, 3])
    report = check_archive(path)
    assert (report.stage, report.ballots, report.partial_decryptions) == ("tallied", 2, 3)
    one, two = report.questions
    assert (one.blank, [answer.votes for answer in one.answers]) == (1, [1, 0])
    assert [answer.votes for answer in two.answers] == [1, 0, 1]
    entry = next(value for kind, value in json.loads((tmp_path / "trustees.json").read_text()) if kind == "Pedersen")
    assert ("signatures" in entry, "context" in entry["certs"][0]["message"]) == (three, three)
    forged = bytearray(path.read_bytes())
    forged[forged.index(b'"coefexps"') + 60] ^= 1
    with pytest.raises(VerificationError):
        check_archive(bytes(forged))
