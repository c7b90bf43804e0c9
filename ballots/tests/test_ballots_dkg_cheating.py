"""Whoever hands over what does not hold is refused by number; whoever seals a wrong share is convicted by number."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from ballot_kit.ceremonies import Ceremony
from ballot_kit.replay import Replay
from tampering.values import VALUES

from isoloir_ballots import dkg
from isoloir_ballots.dkg import channel, rounds
from isoloir_ballots.errors import VerificationError
from isoloir_ballots.groups import Group, named
from isoloir_ballots.proofs import Proof
from isoloir_ballots.signing import Signed, prove_knowledge, sign
from isoloir_ballots.trustees.pedersen import agreement_message, certificate_message, coefficients_message
from isoloir_ballots.trustees.single import possession_prefix

CHEAT = 2
"""The member who cheats; member 1 came before, member 3 after."""


@pytest.fixture(scope="module")
def group(arithmetic: str) -> Group:
    return named("Ed25519")


@pytest.fixture(scope="module")
def honest(group: Group) -> Ceremony:
    """Three members, two of whom will suffice, all honest."""
    return Ceremony.of(group, 3, 2)


@pytest.fixture(scope="module")
def elsewhere(group: Group, honest: Ceremony) -> dict[str, Ceremony]:
    """The same seeds in ceremonies that differ in one thing."""
    found = {}
    for what, setting in {
        "binding": dkg.Setting(group, "essai|1|bureau|1", 3, 2),
        "size": dkg.Setting(group, honest.setting.binding, 4, 2),
        "threshold": dkg.Setting(group, honest.setting.binding, 3, 3),
    }.items():
        seeds = [*honest.seeds, dkg.new_seed(Replay("a fourth"))][: setting.size]
        other = Ceremony(setting, what, seeds)
        other.certificates = [other.certify(index) for index in other.holders]
        other.contributions = [other.contribute(index) for index in other.holders]
        other.acknowledgements = [other.acknowledge(index) for index in other.holders]
        found[what] = other
    return found


def refused(check: Callable[[], Any]) -> tuple[str, int | None]:
    """The clause and the number of whoever is refused."""
    with pytest.raises(VerificationError) as caught:
        check()
    return caught.value.clause, caught.value.place.trustee


def identity(honest: Ceremony) -> dkg.Identity:
    return dkg.Identity.of(honest.setting.group, honest.seeds[CHEAT - 1])


def bound(honest: Ceremony, kind: str, body: Any, *before: Any) -> Any:
    """A document that its member signed as it is, whatever it holds."""
    covered = [*map(dkg.digest, before), body] if before else body
    signature = identity(honest).sign(honest.setting.bound(kind, CHEAT, covered), Replay("bound"))
    return {**body, "bound": signature.to_json()}


def bad_elements(group: Group, good: str) -> dict[str, str]:
    """Texts that are no element of order q, or not its one spelling."""
    names = ("identity", "small_order", "other_order", "unreduced", "off_curve", "leading_zero", "huge_text")
    return {name: VALUES[name](group, good) for name in names}


# --- round 1 --------------------------------------------------------------------------------------------------


def certified(honest: Ceremony, message: str, signer: int | None = None) -> Any:
    """A certificate of any message, signed by the member's key or by another."""
    key = identity(honest).signing if signer is None else signer
    signed = Signed.make(honest.setting.group, key, message, Replay("certificate"))
    return bound(honest, "certificate", {"certificate": signed.to_json()})


@pytest.mark.parametrize("wrong", ["group", "size", "threshold", "index", "none"])
def test_certificate_of_another_context(honest: Ceremony, wrong: str) -> None:
    """A certificate signed for another group, size, threshold or index, or for none, is refused: dkg.context."""
    group, who = honest.setting.group, identity(honest)
    context: Any = {"group": group.name, "size": 3, "threshold": 2, "index": CHEAT}
    right = certificate_message(group, who.verification, who.encryption, tuple(context.values()))
    dkg.check_certificate(honest.setting, CHEAT, certified(honest, right))
    if wrong == "none":
        context = None
    else:
        context[wrong] = "RFC-3526-2048" if wrong == "group" else context[wrong] + 1
        context = tuple(context.values())
    message = certificate_message(group, who.verification, who.encryption, context)
    found = refused(lambda: dkg.check_certificate(honest.setting, CHEAT, certified(honest, message)))
    assert found == ("dkg.context", CHEAT)


def test_certificate_signed_by_another(honest: Ceremony) -> None:
    """A certificate that its own key did not sign is refused: nobody certifies a key that they do not have."""
    message = honest.certificates[CHEAT - 1]["certificate"]["message"]
    document = certified(honest, message, signer=77)
    found = refused(lambda: dkg.check_certificate(honest.setting, CHEAT, document))
    assert found == ("dkg.certificate", CHEAT)


@pytest.mark.parametrize("key", ["verification", "encryption"])
def test_certificate_of_no_key(honest: Ceremony, key: str) -> None:
    """A key that is the identity, of small or composite order, off the curve or spelt otherwise is refused."""
    own = json.loads(honest.certificates[CHEAT - 1]["certificate"]["message"])
    for name, text in bad_elements(honest.setting.group, own[key]).items():
        message = json.dumps({**own, key: text}, separators=(",", ":"))
        document = certified(honest, message)
        found = refused(lambda document=document: dkg.check_certificate(honest.setting, CHEAT, document))
        assert found == ("dkg.form", CHEAT), name


def test_certificate_that_is_none(honest: Ceremony) -> None:
    """Whatever else is handed over, half a surrogate pair included, is refused by number and breaks nothing."""
    own = honest.certificates[CHEAT - 1]
    message = own["certificate"]["message"]
    spaced = message.replace(":", ": ")
    for document in (
        None, [], "text", {}, {**own, "more": 1}, {"certificate": own["certificate"]}, {**own, "bound": None},
        {**own, "certificate": {**own["certificate"], "message": 5}},
        {**own, "bound": {"challenge": "-1", "response": "0"}},
        certified(honest, spaced), certified(honest, message[:-1]), certified(honest, "[]"),
        {**own, "certificate": {**own["certificate"], "message": message + "\ud800"}},
    ):  # fmt: skip
        found = refused(lambda document=document: dkg.check_certificate(honest.setting, CHEAT, document))
        assert found == ("dkg.form", CHEAT)


# --- replays --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["binding", "size", "threshold"])
def test_documents_of_another_ceremony(honest: Ceremony, elsewhere: dict[str, Ceremony], what: str) -> None:
    """The same member's valid documents of another election, board, group or rehearsal hold nowhere else."""
    other, setting = elsewhere[what], honest.setting
    before = honest.certificates, honest.contributions
    documents = other.certificates[CHEAT - 1], other.contributions[CHEAT - 1], other.acknowledgements[CHEAT - 1]
    clauses = [
        refused(lambda: dkg.check_certificate(setting, CHEAT, documents[0])),
        refused(lambda: dkg.check_contribution(setting, CHEAT, before[0], documents[1])),
        refused(lambda: dkg.check_acknowledgement(setting, CHEAT, *before, documents[2])),
    ]
    assert all(number == CHEAT for _, number in clauses)
    # What Belenios' own signatures do not cover is covered by ours: with another binding alone, only those speak.
    expected = {
        "binding": ["dkg.bound", "dkg.signature", "dkg.verification_key"],
        "size": ["dkg.context", "dkg.form", "dkg.verification_key"],
        "threshold": ["dkg.context", "dkg.coefficients", "dkg.verification_key"],
    }
    assert [clause for clause, _ in clauses] == expected[what]


def test_signature_of_another_kind_round_or_index(honest: Ceremony) -> None:
    """`bound` of another round, kind or holder, or over another document, holds for none."""
    certificates, contributions = honest.certificates, honest.contributions
    swapped = {**certificates[CHEAT - 1], "bound": contributions[CHEAT - 1]["bound"]}
    assert refused(lambda: dkg.check_certificate(honest.setting, CHEAT, swapped)) == ("dkg.bound", CHEAT)
    swapped = {**contributions[CHEAT - 1], "bound": certificates[CHEAT - 1]["bound"]}
    found = refused(lambda: dkg.check_contribution(honest.setting, CHEAT, certificates, swapped))
    assert found == ("dkg.bound", CHEAT)
    found = refused(lambda: dkg.check_contribution(honest.setting, CHEAT, certificates, contributions[0]))
    assert found[1] == CHEAT
    who = identity(honest)
    body = {"certificate": certificates[CHEAT - 1]["certificate"]}
    for kind, index in (("contribution", CHEAT), ("certificate", 1)):
        signature = who.sign(honest.setting.bound(kind, index, body)).to_json()
        document = {**body, "bound": signature}
        assert refused(lambda document=document: dkg.check_certificate(honest.setting, CHEAT, document)) == (
            "dkg.bound",
            CHEAT,
        )


# --- round 2 --------------------------------------------------------------------------------------------------


def contributed(honest: Ceremony, change: Callable[[Any], None]) -> Any:
    """The cheat's contribution with something changed, signed anew by the cheat as a whole."""
    body = copy.deepcopy({key: item for key, item in honest.contributions[CHEAT - 1].items() if key != "bound"})
    change(body)
    return bound(honest, "contribution", body, honest.certificates)


def refused_contribution(honest: Ceremony, change: Callable[[Any], None]) -> tuple[str, int | None]:
    document = contributed(honest, change)
    return refused(lambda: dkg.check_contribution(honest.setting, CHEAT, honest.certificates, document))


def powers_of(honest: Ceremony) -> list[str]:
    return list(json.loads(honest.contributions[CHEAT - 1]["coefexps"]["message"])["coefexps"])


def coefficients(honest: Ceremony, texts: list[str], signer: int | None = None) -> Any:
    message = json.dumps({"coefexps": texts}, separators=(",", ":"))
    key = identity(honest).signing if signer is None else signer
    return Signed.make(honest.setting.group, key, message, Replay("coefficients")).to_json()


def test_the_twin_without_a_change_holds(honest: Ceremony) -> None:
    """Signed anew and otherwise unchanged, a contribution holds: refusals below are of what was changed."""
    unchanged = contributed(honest, lambda body: None)
    dkg.check_contribution(honest.setting, CHEAT, honest.certificates, unchanged)


@pytest.mark.parametrize("wrong", ["many", "few", "unsigned"])
def test_coefficients_too_many_or_few_or_unsigned(honest: Ceremony, wrong: str) -> None:
    """A polynomial of another degree, or not signed by its holder, is refused: dkg.coefficients."""
    texts = powers_of(honest)
    changed = {"many": [*texts, texts[0]], "few": texts[:1], "unsigned": texts}[wrong]
    signed = coefficients(honest, changed, signer=77 if wrong == "unsigned" else None)
    found = refused_contribution(honest, lambda body: body.update(coefexps=signed))
    assert found == ("dkg.coefficients", CHEAT)


def test_coefficients_that_are_no_elements(honest: Ceremony) -> None:
    """A coefficient that is the identity (a lower degree), of small order or not canonical is refused."""
    texts = powers_of(honest)
    for name, text in bad_elements(honest.setting.group, texts[1]).items():
        signed = coefficients(honest, [texts[0], text])
        found = refused_contribution(honest, lambda body, signed=signed: body.update(coefexps=signed))
        assert found == ("dkg.form", CHEAT), name


def test_agreement_on_other_certificates(honest: Ceremony) -> None:
    """A member who agreed to other certificates, or to another polynomial, is refused: dkg.signature."""
    group, who = honest.setting.group, identity(honest)
    read = rounds.certificates_of(honest.setting, honest.certificates)
    own = rounds.coefficients_of(honest.setting, honest.contributions)[CHEAT - 1].powers
    for certificates, powers in ((read[::-1], own), (read, own[::-1])):
        signature = sign(group, who.signing, agreement_message(group, certificates, powers), Replay("agreed"))
        found = refused_contribution(
            honest, lambda body, signature=signature: body.update(signature=signature.to_json())
        )
        assert found == ("dkg.signature", CHEAT)


def test_secrets_missing_or_misshapen(honest: Ceremony) -> None:
    """A secret too few or too many, or not of its form and length, is refused by everybody: dkg.form."""
    good = honest.contributions[CHEAT - 1]["secrets"][0]
    wrong: list[Any] = [None, {}, {**good, "more": ""}, {**good, "sealed": good["sealed"][:-4]}]
    wrong += [{**good, "sealed": text} for text in ("", "!", good["sealed"] + "AAAA", good["sealed"] + "\n")]
    wrong += [{**good, "ephemeral": text} for text in bad_elements(honest.setting.group, good["ephemeral"]).values()]
    changes: list[Callable[[Any], Any]] = [
        lambda body: body["secrets"].pop(),
        lambda body: body["secrets"].append(good),
    ]
    changes += [lambda body, secret=secret: body["secrets"].__setitem__(0, secret) for secret in wrong]
    for number, change in enumerate(changes):
        assert refused_contribution(honest, change) == ("dkg.form", CHEAT), number


def test_secrets_sealed_with_anothers_number(honest: Ceremony) -> None:
    """R of another sender, or derived from it, is refused: a complaint against the thief would else open the other's.

    A complaint publishes K = R^d. With R of member 1, that is the key of what member 1 sealed for the same receiver.
    """
    group, receiver = honest.setting.group, 3
    stolen = honest.contributions[0]["secrets"][receiver - 1]
    base = group.parse(stolen["ephemeral"])
    for element in (base, group.power(base, 5), group.multiply(base, group.generator)):
        secret = {**stolen, "ephemeral": group.serialise(element)}
        found = refused_contribution(
            honest, lambda body, secret=secret: body["secrets"].__setitem__(receiver - 1, secret)
        )
        assert found == ("dkg.secret", CHEAT)
    # What would happen otherwise, shown on the receiver's own side.
    opening = dkg.Identity.of(group, honest.seeds[receiver - 1]).opening
    published = group.power(group.secret_power(group.power(base, 5), opening), pow(5, -1, group.q))
    context = rounds._sealed_context(honest.setting, honest.certificates, 1, receiver)
    number = channel.unseal(group, published, context, stolen)
    assert number is not None
    assert group.generator_power(number) == rounds._expected(honest.setting, honest.contributions, 1, receiver)


def test_secrets_exchanged_between_receivers(honest: Ceremony) -> None:
    """The share of one receiver in another's place is refused by everybody: each is sealed for one place."""
    found = refused_contribution(honest, lambda body: body["secrets"].reverse())
    assert found == ("dkg.secret", CHEAT)


# --- a wrong share: its receiver alone sees it ----------------------------------------------------------------


def sealing(honest: Ceremony, numbers: dict[int, Any], *, context_of: int | None = None) -> list[Any]:
    """All contributions, the cheat's with other numbers sealed for some; valid for everybody who cannot open them."""
    group, setting = honest.setting.group, honest.setting
    read = rounds.certificates_of(setting, honest.certificates)

    def change(body: Any) -> None:
        for receiver, number in numbers.items():
            context = rounds._sealed_context(setting, honest.certificates, CHEAT, context_of or receiver)
            right = rounds._sealed_context(setting, honest.certificates, CHEAT, receiver)
            rng = Replay(f"sealed|{receiver}")
            made = channel.seal(group, read[receiver - 1].encryption, context, number, rng)
            if context != right:
                drawn = Replay(f"sealed|{receiver}")(group.q - 1) + 1
                prefix = channel._drawn_prefix(right, made["ephemeral"])
                made["proof"] = prove_knowledge(group, drawn, prefix, rng).to_json()
            body["secrets"][receiver - 1] = made

    contributions = list(honest.contributions)
    contributions[CHEAT - 1] = contributed(honest, change)
    dkg.check_contribution(setting, CHEAT, honest.certificates, contributions[CHEAT - 1])
    return contributions


def value_for(honest: Ceremony, receiver: int) -> int:
    polynomial = rounds._polynomial(honest.setting, identity(honest), honest.certificates)
    return rounds._value_at(polynomial, receiver, honest.setting.group.q)


def convicts(honest: Ceremony, contributions: list[Any], receiver: int = 3) -> None:
    """The receiver finds it out and complains, all others need nothing else to convict the sender, and go on."""
    with pytest.raises(dkg.WrongShare) as caught:
        honest.acknowledge(receiver, contributions)
    assert (caught.value.sender, caught.value.clause, caught.value.place.trustee) == (CHEAT, "dkg.share", CHEAT)
    complaint = honest.complain(receiver, caught.value.sender, contributions)
    assert dkg.check_complaint(honest.setting, receiver, honest.certificates, contributions, complaint) == CHEAT
    # It holds for nothing else: not for the honest contribution, not from another holder.
    for index, seen in ((receiver, honest.contributions), (1, contributions)):
        with pytest.raises(VerificationError) as refusal:
            dkg.check_complaint(honest.setting, index, honest.certificates, seen, complaint)
        assert refusal.value.place.trustee == index
    # The member makes it right, and the ceremony ends as it would have: nothing of the others' was lost.
    mended = list(contributions)
    mended[CHEAT - 1] = honest.contribute(CHEAT)
    keys = [honest.acknowledge(index, mended) for index in honest.holders]
    entry = dkg.entry(honest.setting, honest.certificates, mended, keys)
    assert entry.public_key == honest.entry().public_key


def test_wrong_share_for_one(honest: Ceremony) -> None:
    """A share that does not agree with the coefficients convicts its sender; other receivers saw nothing wrong."""
    contributions = sealing(honest, {3: value_for(honest, 3) + 1})
    honest.acknowledge(1, contributions)
    convicts(honest, contributions)


def test_share_of_another_receiver(honest: Ceremony) -> None:
    """The value meant for another receiver convicts its sender."""
    convicts(honest, sealing(honest, {3: value_for(honest, 1)}))


def test_share_sealed_for_another_place(honest: Ceremony) -> None:
    """A right share sealed under another receiver's context opens for nobody, and convicts its sender."""
    convicts(honest, sealing(honest, {3: value_for(honest, 3)}, context_of=1))


def test_sealed_garbage(honest: Ceremony) -> None:
    """Bytes that no key opens convict their sender, who alone drew R."""
    contributions = sealing(honest, {3: 5})

    def spoil(body: Any) -> None:
        secret = body["secrets"][2]
        secret["sealed"] = ("A" if secret["sealed"][0] != "A" else "B") + secret["sealed"][1:]

    body = {key: item for key, item in contributions[CHEAT - 1].items() if key != "bound"}
    spoil(body)
    contributions[CHEAT - 1] = bound(honest, "contribution", body, honest.certificates)
    convicts(honest, contributions)


class _Text:
    """What stands for a number when it is sealed, and is none."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def test_sealed_text_that_is_no_number(honest: Ceremony) -> None:
    """q itself, the share plus q, a sign, spaces or letters, of the right length, convict their sender."""
    digits = len(str(honest.setting.group.q - 1))
    share, q = value_for(honest, 3), honest.setting.group.q
    texts = [str(q).zfill(digits), f"+{share}".zfill(digits)[:digits], " " * digits, "x" * digits]
    texts += [str(share + q)] if len(str(share + q)) == digits else []
    for text in texts:
        with pytest.raises(dkg.WrongShare) as caught:
            honest.acknowledge(3, sealing(honest, {3: _Text(text)}))
        assert caught.value.sender == CHEAT


# --- complaints -----------------------------------------------------------------------------------------------


def refused_complaint(honest: Ceremony, document: Any, index: int = CHEAT) -> tuple[str, int | None]:
    return refused(
        lambda: dkg.check_complaint(honest.setting, index, honest.certificates, honest.contributions, document)
    )


def complained(honest: Ceremony, body: Any) -> Any:
    return bound(honest, "complaint", body, honest.certificates, honest.contributions)


def test_false_complaints_convict_their_author(honest: Ceremony) -> None:
    """Complaints of right shares, also of one's own, are refused by their author's number: nobody else is touched."""
    for sender in honest.holders:
        assert refused_complaint(honest, honest.complain(CHEAT, sender)) == ("dkg.complaint", CHEAT)


def test_complaint_with_a_false_proof(honest: Ceremony) -> None:
    """Another point than K, or a proof that does not hold, convicts nobody but its author."""
    group = honest.setting.group
    body = {key: item for key, item in honest.complain(CHEAT, 1).items() if key != "bound"}
    other = VALUES["times_generator"](group, body["point"])
    forged = prove_knowledge(group, 77, "another proof", Replay("forged")).to_json()
    for change in ({"point": other}, {"proof": forged}):
        assert refused_complaint(honest, complained(honest, {**body, **change})) == ("dkg.complaint", CHEAT)
    for name, text in bad_elements(group, body["point"]).items():
        found = refused_complaint(honest, complained(honest, {**body, "point": text}))
        assert found == ("dkg.form", CHEAT), name


def test_complaint_against_nobody(honest: Ceremony) -> None:
    """A complaint against a number that nobody has, or that is none, is refused."""
    body = {key: item for key, item in honest.complain(CHEAT, 1).items() if key != "bound"}
    for against in (0, 4, -1, True, "1", None, 1.0):
        found = refused_complaint(honest, complained(honest, {**body, "against": against}))
        assert found == ("dkg.form", CHEAT)


def test_complaint_turned_against_another(honest: Ceremony) -> None:
    """A complaint that convicts one member cannot be turned against another, not even by its author."""
    contributions = sealing(honest, {3: 5})
    complaint = honest.complain(3, CHEAT, contributions)
    turned = {**complaint, "against": 1}
    found = refused(lambda: dkg.check_complaint(honest.setting, 3, honest.certificates, contributions, turned))
    assert found == ("dkg.bound", 3)
    body = {key: item for key, item in turned.items() if key != "bound"}
    who = dkg.Identity.of(honest.setting.group, honest.seeds[2])
    covered = [dkg.digest(honest.certificates), dkg.digest(contributions), body]
    body["bound"] = who.sign(honest.setting.bound("complaint", 3, covered)).to_json()
    found = refused(lambda: dkg.check_complaint(honest.setting, 3, honest.certificates, contributions, body))
    assert found == ("dkg.complaint", 3)


# --- round 3 --------------------------------------------------------------------------------------------------


def acknowledged(honest: Ceremony, change: Callable[[Any], None]) -> tuple[str, int | None]:
    body = copy.deepcopy({"verification_key": honest.acknowledgements[CHEAT - 1]["verification_key"]})
    change(body["verification_key"])
    document = bound(honest, "acknowledgement", body, honest.certificates, honest.contributions)
    return refused(
        lambda: dkg.check_acknowledgement(honest.setting, CHEAT, honest.certificates, honest.contributions, document)
    )


def test_verification_key_of_another(honest: Ceremony) -> None:
    """Another's verification key, or a key of one's own with a valid proof, is refused: dkg.verification_key."""
    group, who = honest.setting.group, identity(honest)
    own = group.generator_power(77)
    pok = prove_knowledge(group, 77, possession_prefix(group, own), Replay("own"))
    text = group.serialise(own)
    valid = {"pok": pok.to_json(), "public_key": text, "signature": who.sign(text, Replay("signed")).to_json()}
    others = honest.acknowledgements[0]["verification_key"]
    for value in (valid, others):
        found = acknowledged(honest, lambda key, value=value: key.update(value))
        assert found == ("dkg.verification_key", CHEAT)


def test_verification_key_without_its_proofs(honest: Ceremony) -> None:
    """A false proof of the private share, no signature, or another's signature is refused, each by its clause."""
    others = honest.acknowledgements[0]["verification_key"]
    assert acknowledged(honest, lambda key: key.update(pok=others["pok"])) == ("dkg.pok", CHEAT)
    assert acknowledged(honest, lambda key: key.pop("signature")) == ("dkg.signature", CHEAT)
    assert acknowledged(honest, lambda key: key.update(signature=others["signature"])) == ("dkg.signature", CHEAT)


def test_verification_key_with_a_name(honest: Ceremony) -> None:
    """A member cannot name themselves in what they hand over: names are the ceremony's."""
    assert acknowledged(honest, lambda key: key.update(name="Présidente")) == ("dkg.form", CHEAT)


def test_acknowledgement_of_other_contributions(honest: Ceremony) -> None:
    """Members who were shown different contributions do not agree: one's acknowledgement fails before the other."""
    contributions = list(honest.contributions)
    contributions[0] = dkg.contribute(honest.setting, 1, honest.seeds[0], honest.certificates, Replay("sealed anew"))
    dkg.check_contribution(honest.setting, 1, honest.certificates, contributions[0])
    document = honest.acknowledge(CHEAT, contributions)
    found = refused(
        lambda: dkg.check_acknowledgement(honest.setting, CHEAT, honest.certificates, honest.contributions, document)
    )
    assert found == ("dkg.bound", CHEAT)


# --- what a holder refuses to build upon ----------------------------------------------------------------------


def test_a_holder_checks_all_that_came_before(honest: Ceremony) -> None:
    """Whatever a server did not check, the holder refuses before opening or signing anything."""
    setting = honest.setting
    certificates = list(honest.certificates)
    certificates[CHEAT - 1] = {**certificates[CHEAT - 1], "bound": certificates[0]["bound"]}
    found = refused(lambda: dkg.contribute(setting, 1, honest.seeds[0], certificates))
    assert found == ("dkg.bound", CHEAT)
    contributions = list(honest.contributions)
    contributions[CHEAT - 1] = {**contributions[CHEAT - 1], "bound": contributions[0]["bound"]}
    for use in (dkg.acknowledge, dkg.private_share):
        found = refused(lambda use=use: use(setting, 1, honest.seeds[0], honest.certificates, contributions))
        assert found == ("dkg.bound", CHEAT)
    texts = powers_of(honest)
    longer = coefficients(honest, [*texts, texts[0]])
    contributions[CHEAT - 1] = contributed(honest, lambda body: body.update(coefexps=longer))
    found = refused(lambda: dkg.private_share(setting, 1, honest.seeds[0], honest.certificates, contributions))
    assert found == ("dkg.coefficients", CHEAT)


def test_no_rogue_key(honest: Ceremony) -> None:
    """A contribution chosen to cancel the others' leaves nobody who could prove to hold a share: dkg.pok.

    The last to contribute publishes A with the constant coefficient X/(A₁₀ A₃₀), so that the sum of all is X, whose
    exponent they know. They can give each honest receiver a right share (one honest receiver: they choose the value
    there), but their own share then has an exponent that nobody knows.
    """
    group = named(honest.setting.group.name)
    setting = dkg.Setting(group, "rogue", 2, 2)
    made = Ceremony(setting, "rogue", honest.seeds[:2])
    made.certificates = [made.certify(index) for index in made.holders]
    victim = made.contribute(1)
    theirs = rounds.coefficients_of(setting, [victim, victim])[0].powers
    x, share = 1234567, 7654321
    constant = group.divide(group.generator_power(x), theirs[0])
    slope = group.divide(group.generator_power(share), constant)  # so that the value for member 1 is g^share
    who = dkg.Identity.of(group, made.seeds[1])
    read = rounds.certificates_of(setting, made.certificates)
    powers = (constant, slope)
    body = {
        "coefexps": Signed.make(group, who.signing, coefficients_message(group, powers), Replay("a")).to_json(),
        "signature": sign(group, who.signing, agreement_message(group, read, powers), Replay("b")).to_json(),
        "secrets": [
            channel.seal(
                group,
                one.encryption,
                rounds._sealed_context(setting, made.certificates, 2, to),
                share,
                Replay(f"{to}"),
            )
            for to, one in enumerate(read, 1)
        ],
    }
    covered = [dkg.digest(made.certificates), body]
    rogue = {**body, "bound": who.sign(setting.bound("contribution", 2, covered), Replay("c")).to_json()}
    dkg.check_contribution(setting, 2, made.certificates, rogue)
    made.contributions = [victim, rogue]
    first = made.acknowledge(1)  # the victim sees nothing wrong
    whole = rounds.coefficients_of(setting, made.contributions)
    assert group.multiply(whole[0].powers[0], whole[1].powers[0]) == group.generator_power(x)
    own = group.multiply(whole[0].at(group, 2), whole[1].at(group, 2))
    text = group.serialise(own)
    guess = Proof(5, 7)
    body = {
        "verification_key": {
            "pok": guess.to_json(),
            "public_key": text,
            "signature": who.sign(text, Replay("d")).to_json(),
        }
    }
    covered = [dkg.digest(made.certificates), dkg.digest(made.contributions), body]
    last = {**body, "bound": who.sign(setting.bound("acknowledgement", 2, covered), Replay("e")).to_json()}
    found = refused(lambda: dkg.check_acknowledgement(setting, 2, made.certificates, made.contributions, last))
    assert found == ("dkg.pok", 2)
    with pytest.raises(VerificationError) as caught:
        dkg.entry(setting, made.certificates, made.contributions, [first, last])
    assert (caught.value.clause, caught.value.place.trustee) == ("trustees.pok", 2)


def test_one_seed_at_two_places_is_refused(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who certifies two places with one seed is refused at the second, in round 2 and in an entry made so."""
    made = Ceremony(dkg.Setting(group, "essai|1|bureau|0", 3, 2), "one seed twice")
    seeds = [dkg.new_seed(Replay(f"twice|{index}")) for index in (1, 2)]
    made.seeds = [*seeds, seeds[1]]
    made.certificates = [made.certify(index) for index in made.holders]
    assert refused(lambda: made.contribute(1)) == ("dkg.repeated", 3)
    with monkeypatch.context() as patched:
        patched.setattr("isoloir_ballots.dkg.rounds.repeated", lambda _: None)
        made.contributions = [made.contribute(index) for index in made.holders]
        made.acknowledgements = [made.acknowledge(index) for index in made.holders]
        assert refused(
            lambda: dkg.entry(made.setting, made.certificates, made.contributions, made.acknowledgements)
        ) == ("trustees.repeated", 3)
