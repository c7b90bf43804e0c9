"""Ballots: what is made verifies, and each broken part is refused by its clause."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from isoloir_ballots import ballot, canonical
from isoloir_ballots.election import Question
from isoloir_ballots.errors import FormatError
from isoloir_ballots.verify import CheckedBallot, VerificationError, check_ballot, tracker


def decrypt(contest: Any, checked: CheckedBallot) -> list[list[int]]:
    """What the ballot holds, by the private keys."""
    group = contest.group
    secret = sum(key.secret for key in contest.keys)
    return [
        [[group.identity, group.generator].index(group.divide(c.beta, group.power(c.alpha, secret))) for c in row]
        for row in checked.ciphertexts
    ]


def test_every_allowed_choice(contest: Any) -> None:
    """Each choice that the questions allow makes a ballot that verifies and holds exactly that choice."""
    lists = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    approvals = [[0, 0, 0], [0, 1, 0], [1, 0, 1]]
    for answers in zip(lists, approvals, strict=True):
        data = contest.vote(1, list(answers))
        checked = check_ballot(contest.setup, data)
        assert decrypt(contest, checked) == list(answers)
        assert checked.tracker == tracker(data) == ballot.tracker(data)
        assert checked.weight == 1
        assert json.loads(data)["credential"] == checked.credential


def test_exhaustive_small_questions(new_contest: Callable[..., Any]) -> None:
    """For every min, max and blank over two answers: allowed choices pass, all others cannot be made."""
    for low, high, blank in [(a, b, c) for a in range(3) for b in range(a, 3) for c in (False, True)]:
        contest = new_contest("Ed25519", (Question("?", ("a", "b"), low, high, blank),), voters=1)
        for answer in itertools.product((0, 1), repeat=2 + blank):
            chosen = sum(answer[blank:])
            allowed = chosen == 0 if blank and answer[0] else low <= chosen <= high
            if allowed:
                checked = check_ballot(contest.setup, contest.vote(0, [answer]))
                assert decrypt(contest, checked) == [list(answer)]
            else:
                with pytest.raises(FormatError):
                    contest.vote(0, [answer])


@pytest.mark.parametrize(
    "answers",
    [[], [[0, 1, 0, 0]], [[0, 2, 0, 0], [0, 0, 0]], [[0, -1, 1, 1], [0, 0, 0]], [[1, 0, 0], [0, 0, 0]]],
)
def test_malformed_choices(edwards: Any, answers: list[list[int]]) -> None:
    """Rows or numbers that do not fit the questions are refused before anything is encrypted."""
    with pytest.raises(FormatError):
        edwards.vote(0, answers)


def test_ballots_differ(edwards: Any) -> None:
    """The same choice twice gives two different ballots with the system's randomness."""
    answers = [[0, 1, 0, 0], [0, 0, 0]]
    made = {ballot.make(edwards.election, edwards.codes[0], answers) for _ in range(3)}
    assert len(made) == 3
    assert all(check_ballot(edwards.setup, data) for data in made)


def bump(proof: dict[str, str], key: str = "response") -> None:
    proof[key] = str((int(proof[key]) + 1) % (2**252))


def swap(items: list[Any]) -> None:
    items[0], items[1] = items[1], items[0]


TAMPERED: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("ballot.individual_proof", lambda v: bump(v["answers"][0]["individual_proofs"][2][0])),
    ("ballot.individual_proof", lambda v: bump(v["answers"][1]["individual_proofs"][0][1], "challenge")),
    ("ballot.individual_proof", lambda v: swap(v["answers"][0]["individual_proofs"])),
    ("ballot.individual_proof", lambda v: swap(v["answers"][0]["choices"])),
    ("ballot.individual_proof", lambda v: swap(v["answers"][0]["individual_proofs"][1])),
    ("ballot.overall_proof", lambda v: bump(v["answers"][0]["overall_proof"][1])),
    ("ballot.overall_proof", lambda v: bump(v["answers"][1]["overall_proof"][2])),
    ("ballot.blank_proof", lambda v: bump(v["answers"][0]["blank_proof"][0])),
    ("ballot.blank_proof", lambda v: swap(v["answers"][0]["blank_proof"])),
]


@pytest.mark.parametrize(("clause", "change"), TAMPERED)
def test_each_proof_is_checked(contest: Any, clause: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """One proof broken, in a ballot that its voter signed anew, is refused by that proof's clause."""
    value = json.loads(contest.vote(0, [[0, 1, 0, 0], [1, 0, 1]]))
    check_ballot(contest.setup, contest.sign(value, 0))  # the forger's own signature is good
    change(value)
    with pytest.raises(VerificationError) as caught:
        check_ballot(contest.setup, contest.sign(value, 0))
    assert caught.value.clause == clause


def test_proofs_do_not_carry_over(contest: Any) -> None:
    """A voter cannot copy another's encrypted answers under an own credential (ballot independence)."""
    value = json.loads(contest.vote(0, [[0, 1, 0, 0], [1, 0, 1]]))
    value["credential"] = json.loads(contest.vote(1, [[0, 1, 0, 0], [1, 0, 1]]))["credential"]
    with pytest.raises(VerificationError) as caught:
        check_ballot(contest.setup, contest.sign(value, 1))
    assert caught.value.clause == "ballot.individual_proof"


def test_answers_of_two_questions_do_not_mix(new_contest: Callable[..., Any]) -> None:
    """Proofs of one question do not serve another of the same shape with other ciphertexts."""
    question = Question("?", ("a", "b"), 0, 1)
    contest = new_contest("Ed25519", (question, question))
    value = json.loads(contest.vote(0, [[0, 1], [0, 0]]))
    first, second = value["answers"]
    first["overall_proof"], second["overall_proof"] = second["overall_proof"], first["overall_proof"]
    with pytest.raises(VerificationError) as caught:
        check_ballot(contest.setup, contest.sign(value, 0))
    assert caught.value.clause == "ballot.overall_proof"


SIGNED_BADLY: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("ballot.signature", lambda v: bump(v["signature"]["proof"])),
    ("ballot.signature", lambda v: bump(v["signature"]["proof"], "challenge")),
    ("ballot.signature", lambda v: v["signature"].update(hash="A" * 43)),
    ("ballot.signature", lambda v: v["signature"].update(hash=5)),
    ("ballot.signature", lambda v: swap(v["answers"][0]["choices"])),
    ("ballot.uuid", lambda v: v.update(election_uuid="1" * 14)),
    ("ballot.uuid", lambda v: v.update(election_uuid=None)),
    ("ballot.fingerprint", lambda v: v.update(election_hash="A" * 43)),
    ("ballot.credential.unlisted", lambda v: v.update(credential="66" * 31 + "58")),
    ("ballot.shape", lambda v: v.update(credential=["a"])),
    ("ballot.shape", lambda v: v.update(extra=1)),
    ("ballot.shape", lambda v: v.pop("signature")),
    ("ballot.shape", lambda v: v["answers"].pop()),
    ("ballot.shape", lambda v: v.update(answers="x")),
    ("ballot.shape", lambda v: v["answers"][0].pop("blank_proof")),
    ("ballot.shape", lambda v: v["answers"][1].update(blank_proof=v["answers"][0]["blank_proof"])),
    ("ballot.shape", lambda v: v["answers"][0]["choices"].pop()),
    ("ballot.shape", lambda v: v["answers"][0]["individual_proofs"].pop()),
    ("ballot.shape", lambda v: v["answers"][0]["individual_proofs"][0].pop()),
    ("ballot.shape", lambda v: v["answers"][0]["overall_proof"].append({"challenge": "0", "response": "0"})),
    ("ballot.shape", lambda v: v["answers"][0]["choices"][0].update(alpha=7)),
    ("ballot.shape", lambda v: v["answers"][0]["overall_proof"][0].update(challenge=7)),
    ("ballot.shape", lambda v: v["answers"][0]["overall_proof"].__setitem__(0, None)),
    ("ballot.canonical", lambda v: v["answers"][0]["choices"][0].update(alpha="66" * 31 + "5A")),
    ("ballot.canonical", lambda v: v["answers"][0]["choices"][0].update(beta="0" + "66" * 32)),
    ("ballot.element", lambda v: v["answers"][0]["choices"][0].update(beta="00" * 31 + "01")),
    ("ballot.element", lambda v: v["answers"][0]["choices"][0].update(alpha="00" * 32)),
    (
        "ballot.element",
        lambda v: v["answers"][0]["choices"][0].update(alpha=(2**255 - 20).to_bytes(32, "big").hex()),
    ),
    ("ballot.canonical", lambda v: v.update(election_uuid=v.pop("election_uuid"))),
]


@pytest.mark.parametrize(("clause", "change"), SIGNED_BADLY)
def test_each_part_is_checked(
    edwards: Any, ballots: list[bytes], clause: str, change: Callable[[dict[str, Any]], Any]
) -> None:
    """Every field in turn: missing, of another type, misspelt, of small order, of another election."""
    value = json.loads(ballots[0])
    change(value)
    with pytest.raises(VerificationError) as caught:
        check_ballot(edwards.setup, canonical.dump(value))
    assert caught.value.clause == clause


@pytest.mark.parametrize("part", ["signature", "individual", "overall", "blank"])
def test_scalars_are_reduced(edwards: Any, ballots: list[bytes], part: str) -> None:
    """A number ≥ q satisfies the equations as its remainder does; refused, or ballots could be remade."""
    q = edwards.group.q
    for key in ("challenge", "response"):
        value = json.loads(ballots[0])
        proof = {
            "signature": lambda v: v["signature"]["proof"],
            "individual": lambda v: v["answers"][0]["individual_proofs"][1][0],
            "overall": lambda v: v["answers"][1]["overall_proof"][0],
            "blank": lambda v: v["answers"][0]["blank_proof"][1],
        }[part](value)
        former = proof[key]
        for text, clause in [(str(int(former) + q), "ballot.scalar"), ("0" + former, "ballot.canonical")]:
            proof[key] = text
            data = canonical.dump(value) if part == "signature" else edwards.sign(value, 0)
            with pytest.raises(VerificationError) as caught:
                check_ballot(edwards.setup, data)
            assert caught.value.clause == clause


@pytest.mark.parametrize(
    ("clause", "change"),
    [
        ("ballot.canonical", lambda b: b + b"\n"),
        ("ballot.canonical", lambda b: b.replace(b'":"', b'": "', 1)),
        ("ballot.canonical", lambda b: b.replace(b"{", b'{"election_uuid":"1",', 1)),
        ("ballot.canonical", lambda b: b.replace(b"election_uuid", b"election\\u005fuuid", 1)),
        ("ballot.canonical", lambda b: b + b" "),
        ("ballot.json", lambda b: b[:-1]),
        ("ballot.json", lambda b: b""),
        ("ballot.json", lambda b: b + b"\xff"),
        ("ballot.json", lambda b: b"[" * 9_000),
        ("ballot.json", lambda b: b"1" * 9_000),
        ("ballot.shape", lambda b: b"[]"),
        ("ballot.shape", lambda b: b"null"),
        ("ballot.shape", lambda b: b" " * (64 * 2**20 + 1)),
    ],
)
def test_bytes_are_canonical(
    edwards: Any, ballots: list[bytes], clause: str, change: Callable[[bytes], bytes]
) -> None:
    """Other bytes that mean the same, and bytes that mean nothing, are refused without a traceback."""
    data = change(ballots[0])
    with pytest.raises(VerificationError) as caught:
        check_ballot(edwards.setup, data)
    assert caught.value.clause == clause


def test_upper_case_signed_by_its_voter(edwards: Any, ballots: list[bytes]) -> None:
    """Upper-case digits are refused even if the voter signed them so (Belenios 3.0 accepts them)."""
    value = json.loads(ballots[0])
    choice = value["answers"][0]["choices"][0]
    choice["alpha"] = choice["alpha"].upper()
    with pytest.raises(VerificationError) as caught:
        check_ballot(edwards.setup, edwards.sign(value, 0))
    assert caught.value.clause == "ballot.canonical"


def test_zero_numbers_are_no_traceback(edwards: Any, ballots: list[bytes]) -> None:
    """Zero challenges and responses are ordinary numbers: judged by the proof, without an exception."""
    value = json.loads(ballots[0])
    value["answers"][0]["individual_proofs"][0] = [{"challenge": "0", "response": "0"}] * 2
    with pytest.raises(VerificationError) as caught:
        check_ballot(edwards.setup, edwards.sign(value, 0))
    assert caught.value.clause == "ballot.individual_proof"


def test_cancelling_randomness(edwards: Any, replay: Callable[[str], Any]) -> None:
    """Exponents that sum to zero make α_S the identity, which is allowed for what is derived."""
    numbers = replay("cancel")
    q = edwards.group.q
    drawn = [5, 7, 11, q - 18]

    def rng(n: int) -> int:
        return drawn.pop(0) if drawn else int(numbers(n))

    data = ballot.make(edwards.election, edwards.codes[0], [[0, 1, 0, 0], [0, 0, 0]], rng)
    assert check_ballot(edwards.setup, data).tracker == tracker(data)


def test_simulated_zero(edwards: Any, replay: Callable[[str], Any]) -> None:
    """A simulated challenge or response that happens to be zero is valid."""
    numbers = replay("zero")
    # Four exponents, then the first individual proof: nonce of branch 0, challenge and response of branch 1.
    drawn = [5, 7, 11, 13, 17, 0, 0]

    def rng(n: int) -> int:
        return drawn.pop(0) if drawn else int(numbers(n))

    data = ballot.make(edwards.election, edwards.codes[0], [[0, 1, 0, 0], [0, 0, 0]], rng)
    assert json.loads(data)["answers"][0]["individual_proofs"][0][1] == {"challenge": "0", "response": "0"}
    assert check_ballot(edwards.setup, data).tracker == tracker(data)


def test_refusals_name_nothing(edwards: Any, ballots: list[bytes]) -> None:
    """A refusal holds neither the tracker nor the credential nor any of the ballot's numbers."""
    value = json.loads(ballots[0])
    for clause, change in TAMPERED:
        forged = json.loads(ballots[0])
        change(forged)
        with pytest.raises(VerificationError) as caught:
            check_ballot(edwards.setup, edwards.sign(forged, 0))
        message = str(caught.value)
        assert message.startswith(clause)
        assert value["credential"] not in message
        assert not any(len(word) > 40 for word in message.split())
