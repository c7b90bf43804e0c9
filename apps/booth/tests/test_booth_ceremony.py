"""The member's side in TypeScript and in Python: one ceremony between both, the same refusals, each other's files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isoloir.ceremony import member as members
from isoloir.ceremony import progress, rounds
from isoloir.ceremony.documents import Document, Round, Transcript
from isoloir.ceremony.plan import Plan
from isoloir.config.board import KeyGroup
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir_ballots import dkg
from isoloir_ballots.dkg import channel
from isoloir_ballots.dkg import rounds as dkg_rounds

CODE = "ABCD-EFGH-JKMN-PQRS"
GROUPS = (KeyGroup(("president", "secretary"), 2), KeyGroup(("d1", "d2", "d3"), 2))
"""Two keys that stand alone, and one that is shared."""
BY_PAGE = ("president", "d1", "d3")


@pytest.fixture(scope="module")
def act(booth_code: Any) -> Callable[..., list[Any]]:
    """What the page's code makes next, for several members at once, or in several transcripts."""

    def run(transcript: Transcript | list[Transcript], seeds: dict[str, str | None]) -> list[Any]:
        asked = [
            {"transcript": one.to_json(), "board": "national", "member": member} | ({"seed": seed} if seed else {})
            for one in (transcript if isinstance(transcript, list) else [transcript])
            for member, seed in seeds.items()
        ]
        answers: list[Any] = json.loads(booth_code({"ceremony": asked}))
        return answers

    return run


@pytest.fixture(scope="module")
def held(act: Any) -> tuple[Transcript, dict[str, KeyShare], list[Transcript]]:
    """A whole ceremony, three members in TypeScript and two in Python; its end, shares, and each of its states."""
    transcript = Transcript(Plan("1soLoirTest999", "essai", "Ed25519", {"national": GROUPS}))
    shares: dict[str, KeyShare] = {}
    seeds: dict[str, str | None] = dict.fromkeys(BY_PAGE)
    states = [transcript]
    while waiting := progress.due(transcript):
        made = []
        page = {member: seeds[member] for _, member in waiting if member in BY_PAGE}
        for member, told in zip(page, act(transcript, page), strict=True):
            seeds[member] = told["share"]["seed"]
            made.append(Document.from_json(told["document"]))
        for _, member in waiting:
            if member not in BY_PAGE:
                if member not in shares:
                    shares[member], document = members.begin(transcript.plan, "national", member)
                else:
                    shares[member], after = members.continue_(transcript, shares[member])
                    assert after is not None
                    document = after
                made.append(document)
        for document in made:
            progress.check(transcript, document)
        transcript = transcript.and_(made)
        states.append(transcript)
    for member in ("secretary", "d2"):
        shares[member], last = members.continue_(transcript, shares[member])
        assert last is None
    for member, told in zip(seeds, act(transcript, seeds), strict=True):
        assert told["document"] is None
        share = told["share"] | {"exponent": int(told["share"]["exponent"])}
        shares[member] = KeyShare(**share)
    return transcript, shares, states


def test_one_ceremony_between_both(held: Any, act: Any) -> None:
    """Python accepts every document of the page's code, and the other way; each share is of its public key."""
    transcript, shares, _ = held
    entries = progress.entries(transcript)["national"]
    public = [key for entry in entries for key in entry.verification_keys]
    group = transcript.plan.parsed_group
    for share in shares.values():
        assert share.number is not None
        assert share.exponent is not None
        assert group.generator_power(share.exponent) == public[share.number - 1]
        assert share.number == transcript.plan.seat("national", share.member).number
    told = act(transcript, {"d1": shares["d1"].seed})[0]
    assert told["aloud"] == progress.certificates(transcript, "national")
    for member in BY_PAGE:
        assert members.restore(transcript, "national", member, shares[member].seed) == shares[member]


def test_the_digest_is_said_once_all_certificates_are_there(held: Any, act: Any) -> None:
    """Before, there is nothing to compare; after, it is Python's at every state."""
    _, shares, states = held
    for state in states[1:]:
        assert act(state, {"d1": shares["d1"].seed})[0]["aloud"] == progress.certificates(state, "national")
    first = states[1]
    early = Transcript(first.plan, tuple(one for one in first.documents if one.member != "d2"))
    assert act(early, {"d1": shares["d1"].seed})[0]["aloud"] == "" == progress.certificates(early, "national")


def _changed(transcript: Transcript, member: str, round_: Round, change: Callable[[Any], Any]) -> Transcript:
    def one(document: Document) -> Document:
        if (document.member, document.round) != (member, round_):
            return document
        return Document(
            document.ceremony, document.board, member, round_, change(json.loads(json.dumps(document.body)))
        )

    return Transcript(transcript.plan, tuple(map(one, transcript.documents)))


def _set(*path: str | int, to: Any) -> Callable[[Any], Any]:
    def change(body: Any) -> Any:
        inside = body
        for key in path[:-1]:
            inside = inside[key]
        inside[path[-1]] = to
        return body

    return change


PROOF = {"challenge": "1", "response": "1"}
CHANGES = [
    ("secretary", Round.KEY, _set("entry", "pok", to=PROOF)),
    ("secretary", Round.KEY, _set("entry", "name", to="president")),
    ("secretary", Round.KEY, _set("bound", to=PROOF)),
    ("d2", Round.CERTIFICATE, _set("certificate", "signature", to=PROOF)),
    ("d2", Round.CERTIFICATE, _set("bound", to=PROOF)),
    ("d2", Round.CERTIFICATE, _set("more", to=1)),
    ("d2", Round.CONTRIBUTION, _set("coefexps", "signature", to=PROOF)),
    ("d2", Round.CONTRIBUTION, _set("signature", to=PROOF)),
    ("d2", Round.CONTRIBUTION, _set("secrets", 0, "proof", to=PROOF)),
    ("d2", Round.CONTRIBUTION, _set("secrets", 1, "sealed", to="AAAA")),
    ("d2", Round.CONTRIBUTION, _set("secrets", to=[])),
    ("d2", Round.ACKNOWLEDGEMENT, _set("verification_key", "pok", to=PROOF)),
    ("d2", Round.ACKNOWLEDGEMENT, _set("verification_key", "signature", to=PROOF)),
    ("d2", Round.ACKNOWLEDGEMENT, _set("verification_key", "name", to="d2")),
    ("d2", Round.ACKNOWLEDGEMENT, _set("bound", to=PROOF)),
]


def test_what_a_server_changed_is_named_as_in_python(held: Any, act: Any) -> None:
    """Whose document does not hold, and by which clause: the same in both."""
    transcript, shares, _ = held
    changed = [_changed(transcript, *change) for change in CHANGES]
    answers = act(changed, {"d1": shares["d1"].seed})
    for one, told, (member, _, _) in zip(changed, answers, CHANGES, strict=True):
        with pytest.raises(IsoloirError, match="ceremony_refused") as caught:
            members.continue_(one, shares["d1"])
        assert (told["of"], told["refused"]) == (caught.value.where["trustee"], caught.value.where["clause"])
        assert told["of"] == member


def test_another_order_seed_or_ceremony_is_refused(held: Any, act: Any) -> None:
    """A document before its turn, twice, or of another ceremony; a seed that is another's, or misspelt."""
    transcript, shares, _ = held
    seed = shares["d1"].seed
    documents = transcript.documents
    twice = Transcript(transcript.plan, (*documents, documents[-1]))
    early = Transcript(transcript.plan, (documents[-1], *documents[:-1]))
    foreign = Document(
        "1soLoirTest111", *(getattr(documents[0], name) for name in ("board", "member", "round", "body"))
    )
    for changed, clause in (
        (twice, "ceremony.not_due"),
        (early, "ceremony.not_due"),
        (Transcript(transcript.plan, (foreign, *documents[1:])), "ceremony.foreign"),
    ):
        assert act(changed, {"d1": seed})[0]["refused"] == clause
        with pytest.raises(IsoloirError, match=clause.replace(".", "_")):
            members.continue_(changed, shares["d1"])
    assert act(transcript, {"d1": shares["d2"].seed}) == [{"refused": "share.foreign"}]
    assert act(transcript, {"d1": seed[:-1]}) == [{"refused": "seed.form"}]
    assert act(transcript, {"d9": seed}) == [{"refused": "share.unexpected"}]
    spaced = " ".join(seed[at : at + 4] for at in range(0, 22, 4))
    assert act(transcript, {"d1": spaced})[0]["share"]["exponent"] == str(shares["d1"].exponent)


def test_one_seed_at_two_places_is_refused(act: Any) -> None:
    """A member who takes another's seed is named, as one person would count as two."""
    plan = Plan("1soLoirTest999", "essai", "Ed25519", {"national": GROUPS})
    seed = dkg.new_seed()
    documents = [
        rounds.first(plan, plan.seat("national", member), member, one)
        for member, one in (("d1", dkg.new_seed()), ("d2", seed), ("d3", seed))
    ]
    transcript = Transcript(plan, tuple(documents))
    assert act(transcript, {"d2": seed})[0] == {"refused": "dkg.repeated", "of": "d3"}
    with pytest.raises(IsoloirError) as caught:
        members.checked(transcript, "national")
    assert (caught.value.where["trustee"], caught.value.where["clause"]) == ("d3", "dkg.repeated")


def test_a_wrong_share_becomes_a_complaint_that_both_accept(held: Any, act: Any) -> None:
    """Who was cheated complains, Python convicts the cheat, and from then on the page's code names them too."""
    _, shares, states = held
    plan, before = states[2].plan, states[1]
    seat, setting = plan.seat("national", "d2"), rounds.setting(plan, plan.seat("national", "d2"))
    certificates = before.of("national", 1, Round.CERTIFICATE)
    body = {key: one for key, one in states[2].of("national", 1, Round.CONTRIBUTION)[1].items() if key != "bound"}
    read = dkg_rounds.certificates_of(setting, certificates)
    context = dkg_rounds._sealed_context(setting, certificates, seat.index, 1)
    body["secrets"][0] = channel.seal(plan.parsed_group, read[0].encryption, context, 5)
    who = dkg.Identity.of(plan.parsed_group, shares["d2"].seed)
    bound = who.sign(setting.bound("contribution", seat.index, [dkg.digest(certificates), body]))
    cheated = _changed(states[2], "d2", Round.CONTRIBUTION, lambda _: {**body, "bound": bound.to_json()})
    told = act(cheated, {"d1": shares["d1"].seed, "d3": shares["d3"].seed})
    assert [one["document"]["round"] for one in told] == ["complaint", "acknowledgement"]
    complaint = Document.from_json(told[0]["document"])
    progress.check(cheated, complaint)
    after = cheated.and_([complaint])
    with pytest.raises(IsoloirError, match="ceremony_cheated") as caught:
        members.continue_(after, shares["d2"])
    assert caught.value.where["trustee"] == "d2"
    assert act(after, {"d3": shares["d3"].seed}) == [{"refused": "ceremony.cheated", "of": "d2"}]
    false = _changed(after, "d1", Round.COMPLAINT, _set("against", to=3))
    assert act(false, {"d3": shares["d3"].seed})[0]["of"] == "d1"


def test_each_reads_the_others_share(held: Any, booth_code: Any, tmp_path: Path) -> None:
    """A file of the page's code opens in Python with its code and no other, complete or not."""
    _, shares, _ = held
    unfinished = KeyShare("essai", "1soLoirTest999", "national", "d1", "Ed25519", shares["d1"].seed)
    given = [shares["d1"], unfinished]
    told = [
        {**one.__dict__, "exponent": None if one.exponent is None else str(one.exponent)} for one in given
    ]  # fmt: skip
    for share, text in zip(given, json.loads(booth_code({"lock": told, "code": CODE})), strict=True):
        path = tmp_path / f"{share.complete}.json"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        assert KeyShare.read(path, CODE) == share
        with pytest.raises(IsoloirError, match="share_locked"):
            KeyShare.read(path, CODE.lower())
        value = json.loads(text)
        path.write_text(json.dumps({**value, "member": "d2"}), encoding="utf-8")
        with pytest.raises(IsoloirError, match="share_locked"):
            KeyShare.read(path, CODE)
