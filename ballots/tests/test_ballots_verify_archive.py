"""Whole archives, well-formed to the last byte but dishonest in what they say: refused by the clause."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from isoloir_ballots import canonical, tally, trustees
from isoloir_ballots.election import Question
from isoloir_ballots.errors import Place
from isoloir_ballots.verify import VerificationError, check_archive, check_ballot, tracker


def counted(votes: Sequence[Sequence[Sequence[int]]]) -> list[list[int]]:
    return [[sum(column) for column in zip(*rows, strict=True)] for rows in zip(*votes, strict=True)]


@pytest.mark.parametrize("number", [0, 1, 4])
def test_whole_elections(contest: Any, votes: list[list[list[int]]], number: int) -> None:
    """Zero, one and four ballots, on both groups: verified, and the counts are those of the choices."""
    cast = [contest.vote(index, answers) for index, answers in enumerate(votes[:number])]
    report = check_archive(contest.archive(cast).getvalue())
    expected = counted(votes[:number]) if number else [[0, 0, 0, 0], [0, 0, 0]]
    lists, approval = report.questions
    assert [lists.blank, *(answer.votes for answer in lists.answers)] == expected[0]
    assert (approval.blank, [answer.votes for answer in approval.answers]) == (None, expected[1])
    assert (report.stage, report.ballots, report.weight) == ("tallied", number, number)
    assert (report.credentials, report.partial_decryptions) == (5, 2)
    assert set(report.trackers) == {tracker(data) for data in cast}
    assert (report.uuid, report.name) == (contest.election.uuid, contest.election.name)
    assert report.fingerprint == contest.election.fingerprint
    assert report.trustees == ("Délégué 0", "Délégué 1")


@pytest.mark.parametrize(
    ("until", "stage", "shares"),
    [("Ballot", "open", 0), ("EndBallots", "closed", 0), ("PartialDecryption", "closed", 2)],
)
def test_stages(edwards: Any, ballots: list[bytes], until: str, stage: str, shares: int) -> None:
    """An archive verifies at each stage, and shows no counts before the result."""
    report = check_archive(edwards.archive(ballots, until=until).getvalue())
    assert (report.stage, report.partial_decryptions, report.ballots) == (stage, shares, 4)
    assert all(answer.votes is None for question in report.questions for answer in question.answers)
    assert report.questions[0].blank is None


def test_an_empty_box(edwards: Any) -> None:
    """A setup alone is stage “setup”."""
    assert check_archive(edwards.archive([], until="Ballot").getvalue()).stage == "setup"


def test_weights(new_contest: Callable[..., Any]) -> None:
    """A ballot counts as many times as its credential weighs, beyond 2^30 too."""
    question = Question("?", ("a", "b"), 0, 1, blank=True)
    contest = new_contest("Ed25519", (question,), voters=3, weights=[1, 5, 3_000_000_000])
    few = [contest.vote(0, [[0, 1, 0]]), contest.vote(1, [[0, 0, 1]])]
    report = check_archive(contest.archive(few).getvalue())
    assert [answer.votes for answer in report.questions[0].answers] == [1, 5]
    assert (report.ballots, report.weight) == (2, 6)


def test_heavy_weights_are_texts(new_contest: Callable[..., Any]) -> None:
    """Counts above 2^30 − 1 are found, and written as texts."""
    contest = new_contest("Ed25519", (Question("?", ("a", "b"), 0, 1),), voters=2, weights=[2**30, 7], holders=1)
    box = contest.archive([contest.vote(0, [[1, 0]]), contest.vote(1, [[0, 1]])])
    assert b'{"result":[["1073741824",7]]}' in box.getvalue()
    assert b'"num_tallied":2,"total_weight":"1073741831"' in box.getvalue()
    assert check_archive(box.getvalue()).weight == 2**30 + 7


def refused(data: bytes) -> VerificationError:
    with pytest.raises(VerificationError) as caught:
        check_archive(data)
    return caught.value


def forge(kind: str, change: Callable[[Any], Any]) -> Callable[[str, Any], Any]:
    return lambda step, value: change(value) if step == kind else value


def test_one_ballot_per_credential(edwards: Any, ballots: list[bytes]) -> None:
    """Two ballots under one credential are refused (Belenios counts the last); so is one ballot twice."""
    again = edwards.vote(0, [[1, 0, 0, 0], [0, 0, 0]])
    error = refused(edwards.archive([*ballots, again]).getvalue())
    assert error.clause == "ballot.credential.repeated"
    open_box = edwards.archive([*ballots, ballots[2]], until="Ballot")
    assert refused(open_box.getvalue()).clause == "ballot.credential.repeated"
    # Dropping the first in the tally, as Belenios would, does not make it right.
    error = refused(edwards.archive([*ballots, again], counted=[*ballots[1:], again]).getvalue())
    assert error.clause == "ballot.credential.repeated"


def test_a_bad_ballot_is_named_by_rank(edwards: Any, ballots: list[bytes]) -> None:
    """The refusal says which ballot of the archive it is, and its clause."""
    value = json.loads(ballots[0])
    value["answers"][0]["overall_proof"].reverse()
    bad = edwards.sign(value, 0)
    order = sorted([bad, *ballots[1:]], key=tracker)
    error = refused(edwards.archive([bad, *ballots[1:]], counted=ballots).getvalue())
    assert error.clause == "ballot.overall_proof"
    assert error.place == Place(ballot=order.index(bad) + 1, tracker=tracker(bad)[:8], question=1)


def test_foreign_setup(edwards: Any, new_contest: Callable[..., Any], ballots: list[bytes]) -> None:
    """Ballots under another election's setup are refused."""
    other = new_contest("Ed25519", name="Une autre")
    box = edwards.archive(ballots, until="Ballot", change=forge("setup", lambda _: other.files()))
    assert refused(box.getvalue()).clause == "ballot.fingerprint"


@pytest.mark.parametrize(
    ("clause", "change"),
    [
        ("tally.num_tallied", lambda t: (t[0], t[1] + 1, t[2])),
        ("tally.total_weight", lambda t: (t[0], t[1], t[2] + 1)),
        ("tally.encrypted", lambda t: (canonical.dump(json.loads(t[0])[::-1]), t[1], t[2])),
        ("tally.encrypted", lambda t: (b"[]", t[1], t[2])),
        ("tally.encrypted", lambda t: (b"\xff", t[1], t[2])),
        ("archive.event", lambda t: (t[0], t[1], 2**50)),
    ],
)
def test_tally_is_recomputed(edwards: Any, ballots: list[bytes], clause: str, change: Callable[[Any], Any]) -> None:
    """The published sum and its numbers are those of the ballots (belenios-tool 2.0 does not look)."""
    box = edwards.archive(ballots, until="PartialDecryption", change=forge("tally", change))
    assert refused(box.getvalue()).clause == clause


def test_a_ballot_left_out_of_the_tally(edwards: Any, ballots: list[bytes]) -> None:
    """A consistent tally, decryption and result of fewer ballots than the box holds are refused."""
    assert refused(edwards.archive(ballots, counted=ballots[1:]).getvalue()).clause == "tally.num_tallied"
    change = forge("tally", lambda t: (t[0], 4, 4))
    box = edwards.archive(ballots, counted=ballots[1:], change=change)
    assert refused(box.getvalue()).clause == "tally.encrypted"


def share_edit(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    def edit(shares: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        value = json.loads(shares[1][1])
        change(value)
        return [shares[0], (2, canonical.dump(value))]

    return edit


def other_factor(value: dict[str, Any]) -> None:
    row = value["decryption_factors"][0]
    row[0], row[1] = row[1], row[0]


def bad_proof(value: dict[str, Any]) -> None:
    value["decryption_proofs"][1][2]["response"] = "5"


@pytest.mark.parametrize(
    ("clause", "change"),
    [
        ("tally.decryption_proof", share_edit(other_factor)),
        ("tally.decryption_proof", share_edit(bad_proof)),
        ("tally.decryption_proof", lambda s: [(2, s[0][1]), (1, s[1][1])]),
        ("tally.partial_decryption", lambda s: [s[0], (3, s[1][1])]),
        ("tally.partial_decryption", lambda s: [s[0], (0, s[1][1])]),
        ("tally.partial_decryption", lambda s: [s[0], s[0]]),
        ("tally.partial_decryption", share_edit(lambda v: v["decryption_factors"].pop())),
        ("tally.partial_decryption", share_edit(lambda v: v.update(more=1))),
        (
            "tally.partial_decryption",
            share_edit(lambda v: v["decryption_factors"][0].__setitem__(0, "00" * 32)),
        ),
        (
            "tally.partial_decryption",
            share_edit(lambda v: v["decryption_proofs"][0][0].update(challenge=str(2**253))),
        ),
        ("tally.partial_decryption", lambda s: [s[0], (2, b"[" * 9_000)]),
        ("tally.missing_share", lambda s: s[:1]),
    ],
)
def test_decryption_is_checked(edwards: Any, ballots: list[bytes], clause: str, change: Callable[[Any], Any]) -> None:
    """A share with another factor, proof, owner or form, twice or missing, is refused."""
    box = edwards.archive(ballots, change=forge("shares", change))
    assert refused(box.getvalue()).clause == clause


@pytest.mark.parametrize(
    "result",
    [
        b'{"result":[[1,2,0,2],[2,1,1]]}',
        b'{"result":[[2,1,0,1],[2,1,1]]}',
        b'{"result":[[1,2,0,1],[2,1,5]]}',
        b'{"result":[[1,2,0,1],[2,1,-1]]}',
        b'{"result":[[1,2,0,1],[2,1,"1"]]}',
        b'{"result":[[1,2,0,1],[2,1,true]]}',
        b'{"result":[[1,2,0,1],[2,1]]}',
        b'{"result":[[1,2,0,1]]}',
        b'{"result":[[1,2,0,1],{}]}',
        b'{"result":[[1,2,0,1],[2,1,1]],"more":1}',
        b'{"result": [[1,2,0,1],[2,1,1]]}',
        b"{}",
        b"[]",
    ],
)
def test_result_is_checked(edwards: Any, ballots: list[bytes], result: bytes) -> None:
    """Counts other than what was decrypted, or in another form, are refused; the true ones are not."""
    true = b'{"result":[[1,2,0,1],[2,1,1]]}'
    box = edwards.archive(ballots, change=lambda step, value: true if step == "result" else value)
    assert check_archive(box.getvalue()).stage == "tallied"
    box = edwards.archive(ballots, change=forge("result", lambda _: result))
    assert refused(box.getvalue()).clause == "result"


def test_setup_in_an_archive(edwards: Any, edited: Callable[..., bytes]) -> None:
    """A setup whose keys do not multiply to the election's is refused in an archive too."""
    alone = trustees.serialise(edwards.group, [edwards.keys[0].entry])
    box = edwards.archive([], until="Ballot", change=forge("setup", lambda files: (files[0], alone, files[2])))
    assert refused(box.getvalue()).clause == "setup.public_key"


def test_result_needs_honest_shares(edwards: Any, ballots: list[bytes]) -> None:
    """Tallying itself refuses bad, missing and doubled shares, before anything is written."""
    total = tally.encrypted_tally(edwards.setup, [check_ballot(edwards.setup, b) for b in ballots])
    assert (
        tally.EncryptedTally.parse(edwards.election, total.serialise(), total.num_tallied, total.total_weight)
        == total
    )
    phi = edwards.election.fingerprint
    shares = [
        (owner, tally.partial_decryption(edwards.group, key.secret, phi, total))
        for owner, key in enumerate(edwards.keys, 1)
    ]
    assert tally.result(edwards.setup, total, shares[::-1]) == b'{"result":[[1,2,0,1],[2,1,1]]}'
    for bad, clause in [
        (shares[:1], "tally.missing_share"),
        ([shares[0], shares[0]], "tally.partial_decryption"),
        ([(2, shares[0][1]), (1, shares[1][1])], "tally.decryption_proof"),
    ]:
        with pytest.raises(VerificationError) as caught:
            tally.result(edwards.setup, total, bad)
        assert caught.value.clause == clause


def test_progress(whole: bytes) -> None:
    """Progress only grows, and ends at the archive's size."""
    seen: list[tuple[int, ...]] = []
    check_archive(whole, lambda *numbers: seen.append(numbers))
    assert seen == sorted(seen)
    assert seen[-1] == (len(whole), len(whole), 4)
