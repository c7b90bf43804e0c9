"""The key ceremony: each member from their own seed and the transcript alone; what is wrong is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isoloir import board, lifecycle
from isoloir.ceremony import hosting, progress, rounds, trial
from isoloir.ceremony import member as members
from isoloir.ceremony.documents import Document, Round, Transcript
from isoloir.ceremony.plan import Plan
from isoloir.config.board import KeyGroup
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir.lifecycle import State
from isoloir_ballots import dkg
from isoloir_ballots.dkg import channel

OFFICERS = KeyGroup(("president", "secretary"), 1)
DELEGATES = KeyGroup(("d1", "d2", "d3"), 2)
PLAN = Plan("uuid-of-this-ceremony", "trial", "Ed25519", {"national": (OFFICERS, DELEGATES)})
ALONE = Plan("uuid-of-another", "trial", "Ed25519", {"national": (KeyGroup(("president", "d1"), 2),)})


@pytest.fixture(scope="module")
def held() -> tuple[Transcript, dict[str, KeyShare]]:
    """A whole ceremony of five, and the complete shares."""
    documents, shares = trial.hold(PLAN)
    return Transcript(PLAN, documents), {share.member: share for share in shares}


def until(transcript: Transcript, round_: Round) -> Transcript:
    """The transcript as it stood before any document of that round."""
    order = [*Round]
    before = tuple(one for one in transcript.documents if order.index(one.round) < order.index(round_))
    return Transcript(transcript.plan, before)


def of(transcript: Transcript, member: str, round_: Round) -> Document:
    return next(one for one in transcript.documents if (one.member, one.round) == (member, round_))


def code_of(act: Callable[[], Any]) -> tuple[str, Any]:
    with pytest.raises(IsoloirError) as caught:
        act()
    return caught.value.code, caught.value.where.get("trustee")


def test_every_member_ends_with_the_share_of_their_number(held: Any) -> None:
    """The shares are complete, numbered as the trustees file counts, and fit its verification keys."""
    transcript, shares = held
    keys = [key for entry in progress.entries(transcript)["national"] for key in entry.verification_keys]
    group = PLAN.parsed_group
    for number, member in enumerate((*OFFICERS.members, *DELEGATES.members), 1):
        assert shares[member].number == number
        assert group.generator_power(shares[member].exponent) == keys[number - 1]
    assert shares["president"].exponent == shares["secretary"].exponent
    assert len({shares[one].exponent for one in DELEGATES.members}) == 3


def test_where_all_are_needed_each_has_a_key_alone() -> None:
    """A group that needs everybody takes one round, and its keys stand side by side in the trustees file."""
    documents, shares = trial.hold(ALONE)
    assert {one.round for one in documents} == {Round.KEY}
    entries = progress.entries(Transcript(ALONE, documents))["national"]
    assert [entry.names for entry in entries] == [("president",), ("d1",)]
    assert all(share.complete for share in shares)


def test_what_is_due_goes_round_by_round(held: Any) -> None:
    """Certificates first, of all; then contributions, then acknowledgements; a group does not wait for the other."""
    transcript, _ = held
    seen = Transcript(PLAN)
    assert set(progress.due(seen).values()) == {Round.CERTIFICATE}
    for member in OFFICERS.members:
        seen = seen.and_([of(transcript, member, Round.CERTIFICATE)])
    due = progress.due(seen)
    assert {due["national", one] for one in OFFICERS.members} == {Round.CONTRIBUTION}
    assert {due["national", one] for one in DELEGATES.members} == {Round.CERTIFICATE}
    assert progress.due(transcript) == {}


def test_a_member_resumes_at_any_round_from_the_seed_alone(held: Any) -> None:
    """With nothing but the seed, a member makes what is due at each round, and the same share at the end."""
    transcript, shares = held
    for round_ in (Round.CONTRIBUTION, Round.ACKNOWLEDGEMENT):
        again = members.restore(until(transcript, round_), "national", "d2", shares["d2"].seed)
        assert not again.complete
        share, document = members.continue_(until(transcript, round_), again)
        assert document is not None
        assert document.round is round_
        progress.check(until(transcript, round_), document)
        assert share == again
    seed = " ".join(shares["d2"].seed)
    assert members.restore(transcript, "national", "d2", seed) == shares["d2"]


def test_members_compare_one_digest_of_the_certificates(held: Any) -> None:
    """There is none before every certificate is there; then it is the same for all, and another for other ones."""
    transcript, _ = held
    early = Transcript(PLAN, until(transcript, Round.CONTRIBUTION).documents[:-1])
    assert progress.certificates(early, "national") == ""
    told = progress.certificates(transcript, "national")
    assert len(told.replace(" ", "")) == 32
    assert progress.certificates(until(transcript, Round.CONTRIBUTION), "national") == told
    assert progress.certificates(Transcript(PLAN, trial.hold(PLAN)[0]), "national") != told


def test_nothing_is_due_while_others_are_awaited(held: Any) -> None:
    """A member who did their part gets neither a document nor a complete share before the others did theirs."""
    transcript, shares = held
    early = replace(shares["d1"], number=None, exponent=None)
    seen = Transcript(PLAN, tuple(one for one in transcript.documents if one.member == "d1")[:1])
    assert members.continue_(seen, early) == (early, None)


@pytest.mark.parametrize("round_", [Round.CERTIFICATE, Round.CONTRIBUTION, Round.ACKNOWLEDGEMENT])
def test_a_document_is_refused_out_of_its_turn_its_ceremony_or_its_member(held: Any, round_: Round) -> None:
    """Twice, too early, of another ceremony, under another's name or a stranger's: refused, whose is said."""
    transcript, _ = held
    before, right = until(transcript, round_), of(transcript, "d1", round_)
    progress.check(before, right)
    cases = {
        "ceremony_not_due": (before.and_([right]), right),
        "ceremony_foreign": (before, replace(right, ceremony="another")),
        "ceremony_refused": (before, replace(right, member="d2")),
        "share_unexpected": (before, replace(right, member="nobody")),
    }
    for code, (seen, document) in cases.items():
        assert code_of(lambda seen=seen, document=document: progress.check(seen, document)) == (
            code,
            document.member,
        )
    early = Transcript(PLAN) if round_ is not Round.CERTIFICATE else before
    if round_ is not Round.CERTIFICATE:
        assert code_of(lambda: progress.check(early, right))[0] == "ceremony_not_due"


@pytest.mark.parametrize("round_", [Round.CERTIFICATE, Round.CONTRIBUTION, Round.ACKNOWLEDGEMENT])
def test_a_changed_document_is_refused_by_name_by_server_and_members(held: Any, round_: Round) -> None:
    """One character changed anywhere: the server refuses it by name, and a member refuses a server that took it."""
    transcript, shares = held
    before, right = until(transcript, round_), of(transcript, "d3", round_)
    bound = {**right.body["bound"], "response": str(int(right.body["bound"]["response"]) ^ 1)}
    wrong = replace(right, body={**right.body, "bound": bound})
    assert code_of(lambda: progress.check(before, wrong)) == ("ceremony_refused", "d3")
    swapped = tuple(wrong if one == right else one for one in transcript.documents)
    share = shares["d1"]
    assert code_of(lambda: members.continue_(Transcript(PLAN, swapped), share)) == ("ceremony_refused", "d3")


def test_one_person_is_not_two_members(held: Any) -> None:
    """One seed at two seats, of one group or of two, is refused in the second name; alone it is taken."""
    _, shares = held
    seed = shares["d1"].seed
    mine = rounds.first(PLAN, PLAN.seat("national", "d1"), "d1", seed)
    for other in ("d2", "secretary"):
        copied = rounds.first(PLAN, PLAN.seat("national", other), other, seed)
        progress.check(Transcript(PLAN), copied)
        assert code_of(lambda copied=copied: progress.check(Transcript(PLAN, (mine,)), copied)) == (
            "ceremony_refused",
            other,
        )
    keys = [rounds.first(ALONE, ALONE.seat("national", one), one, seed) for one in ("president", "d1")]
    assert code_of(lambda: progress.check(Transcript(ALONE, (keys[0],)), keys[1])) == ("ceremony_refused", "d1")


def test_a_document_that_is_no_document_is_refused(held: Any) -> None:
    """Bodies of other shapes are refused by name, never by a fall."""
    transcript, _ = held
    for body in (None, [], {}, "x", 12, {"certificate": {}, "bound": {}}):
        wrong = replace(of(transcript, "d1", Round.CERTIFICATE), body=body)
        assert code_of(lambda wrong=wrong: progress.check(Transcript(PLAN), wrong)) == ("ceremony_refused", "d1")


def cheated(held: Any) -> tuple[Transcript, KeyShare]:
    """The ceremony as far as contributions, where d3 sealed a wrong share for d1; and d1's share."""
    transcript, shares = held
    before = until(transcript, Round.CONTRIBUTION)
    setting = rounds.setting(PLAN, PLAN.seat("national", "d3"))
    certificates = before.of("national", 1, Round.CERTIFICATE)
    with pytest.MonkeyPatch.context() as patched:
        right = channel.seal
        patched.setattr(
            channel, "seal", lambda *given: right(*given[:3], (given[3] + 1) % setting.group.q, *given[4:])
        )
        body = dkg.contribute(setting, 3, shares["d3"].seed, certificates)
    documents = [
        replace(one, body=body) if (one.member, one.round) == ("d3", Round.CONTRIBUTION) else one
        for one in until(transcript, Round.ACKNOWLEDGEMENT).documents
    ]
    return Transcript(PLAN, tuple(documents)), replace(shares["d1"], number=None, exponent=None)


def test_a_wrong_share_becomes_a_complaint_that_convicts_who_made_it(held: Any) -> None:
    """Nobody but d1 can see it; d1's complaint proves it, the group stops, and d3 is named to everybody."""
    transcript, share = cheated(held)
    members.checked(transcript, "national")
    _, complaint = members.continue_(transcript, share)
    assert complaint is not None
    assert complaint.round is Round.COMPLAINT
    progress.check(transcript, complaint)
    stopped = transcript.and_([complaint])
    assert code_of(lambda: progress.entries(stopped)) == ("ceremony_cheated", "d3")
    assert code_of(lambda: members.continue_(stopped, share)) == ("ceremony_cheated", "d3")
    assert set(progress.due(stopped)) == {("national", one) for one in OFFICERS.members}


def test_a_false_complaint_convicts_its_author(held: Any) -> None:
    """Twin: a complaint against a right share is refused by its author's name, and the ceremony goes on."""
    transcript, shares = held
    before = until(transcript, Round.ACKNOWLEDGEMENT)
    setting = rounds.setting(PLAN, PLAN.seat("national", "d1"))
    rounds_ = [before.of("national", 1, one) for one in (Round.CERTIFICATE, Round.CONTRIBUTION)]
    body = dkg.complain(setting, 1, shares["d1"].seed, rounds_[0], rounds_[1], 2)
    false = Document(PLAN.uuid, "national", "d1", Round.COMPLAINT, body)
    assert code_of(lambda: progress.check(before, false)) == ("ceremony_refused", "d1")
    progress.check(before, of(transcript, "d1", Round.ACKNOWLEDGEMENT))


def test_a_share_of_another_ceremony_or_seed_is_refused(held: Any) -> None:
    """Another ceremony's share, another member's seed, and a sheet misread are told apart."""
    transcript, shares = held
    foreign = replace(shares["d1"], ceremony="another")
    assert code_of(lambda: members.continue_(transcript, foreign))[0] == "share_foreign"
    assert code_of(lambda: members.restore(transcript, "national", "d1", shares["d2"].seed))[0] == "share_foreign"
    for misread in ("", "O" * 22, shares["d1"].seed[:-1], shares["d1"].seed + "1"):
        assert (
            code_of(lambda misread=misread: members.restore(transcript, "national", "d1", misread))[0] == "seed_form"
        )
    assert code_of(lambda: members.restore(transcript, "national", "nobody", "1" * 22))[0] == "share_unexpected"


def test_a_transcript_survives_its_file(held: Any, tmp_path: Path) -> None:
    """A transcript and a document are read back as written; damage and other files are refused."""
    transcript, _ = held
    path = tmp_path / "transcript.json"
    transcript.write(path)
    assert Transcript.read(path) == transcript
    with pytest.raises(IsoloirError, match="file_exists"):
        transcript.write(path)
    document = tmp_path / "document.json"
    transcript.documents[0].write(document)
    assert Document.read(document) == transcript.documents[0]
    for text in ("", "[]", "{}", '{"format": "isoloir-ceremony/1"}', path.read_text()[:-9]):
        path.write_text(text)
        with pytest.raises(IsoloirError, match="ceremony_unreadable"):
            Transcript.read(path)
        with pytest.raises(IsoloirError, match="ceremony_unreadable"):
            Document.read(path)


# --- the election's side -------------------------------------------------------------------------------------


async def test_the_election_keeps_what_holds_once(place: Any) -> None:
    """Documents come in any order of members, twice is once, and a restart of the server loses none."""
    begun = await hosting.begin(place.store, place.election, place.clock)
    documents, _ = trial.hold(begun.plan)
    with pytest.raises(IsoloirError, match="ceremony_unfinished"):
        await board.make_keys(place.store, place.election, place.secrets, place.clock)
    for document in documents:
        for _ in range(2):
            await hosting.add(place.store, place.election, document, place.clock)
    kept = await hosting.transcript(place.store, place.election)
    assert kept.documents == documents
    again = await hosting.begin(place.store, place.election, place.clock)
    assert again == kept
    await board.make_keys(place.store, place.election, place.secrets, place.clock)
    assert await lifecycle.state(place.store, "trial") is State.KEYED
    with pytest.raises(IsoloirError, match="lifecycle_order"):
        await hosting.restart(place.store, place.election, place.clock, "trop tard")


async def test_a_ceremony_begun_again_forgets_the_former(place: Any) -> None:
    """After a restart the former documents are foreign, and the reason is in the audit log."""
    begun = await hosting.begin(place.store, place.election, place.clock)
    documents, _ = trial.hold(begun.plan)
    await hosting.add(place.store, place.election, documents[0], place.clock)
    after = await hosting.restart(place.store, place.election, place.clock, "une part perdue")
    assert after.documents == ()
    assert after.plan.uuid != begun.plan.uuid
    with pytest.raises(IsoloirError, match="ceremony_foreign"):
        await hosting.add(place.store, place.election, documents[0], place.clock)


async def test_a_changed_board_outdates_the_ceremony(place: Any) -> None:
    """Whoever changes members or rule after the beginning is told to begin again; nothing is keyed."""
    await hosting.begin(place.store, place.election, place.clock)
    dumped = place.election.model_dump()
    dumped["boards"]["national"]["rule"]["all"][1]["at_least"] = 3
    changed = type(place.election).model_validate(dumped)
    with pytest.raises(IsoloirError, match="ceremony_outdated"):
        await hosting.transcript(place.store, changed)
    with pytest.raises(IsoloirError, match="ceremony_outdated"):
        await hosting.begin(place.store, changed, place.clock)


async def test_there_is_no_ceremony_before_it_begins(place: Any) -> None:
    """Asked too early: ceremony_missing."""
    with pytest.raises(IsoloirError, match="ceremony_missing"):
        await hosting.transcript(place.store, place.election)
