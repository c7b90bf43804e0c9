"""Threshold entries: what is checked of each, by which clause, of which holder; and which holders open a box."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import chain, combinations
from typing import Any

import pytest
from ballot_kit.ceremonies import Board, Ceremony, board, officers_and_delegates
from ballot_kit.elections import VOTES, Contest, build
from ballot_kit.replay import Replay
from hypothesis import given, settings
from hypothesis import strategies as st
from tampering.values import VALUES

from isoloir_ballots import canonical, dkg, tally, trustees
from isoloir_ballots.errors import FormatError, VerificationError
from isoloir_ballots.groups import Group, named
from isoloir_ballots.signing import Signed, sign
from isoloir_ballots.trustees import KeyPair, Pedersen
from isoloir_ballots.trustees.pedersen import MOST_HOLDERS, _lagrange, agreement_message
from isoloir_ballots.verify import Setup, check_archive, check_ballot

Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def group(arithmetic: str) -> Group:
    return named("Ed25519")


@pytest.fixture(scope="module")
def delegates(arithmetic: str) -> Ceremony:
    """Four holders, two of whom suffice."""
    return officers_and_delegates("Ed25519")[1]


def older(value: Any) -> Any:
    """An entry's object without signatures (of 2.5.1 and 3.0)."""
    value = copy.deepcopy(value)
    value.pop("signatures")
    for key in value["verification_keys"]:
        key.pop("signature")
    return value


def signed_again(made: Ceremony, index: int, message: str) -> Any:
    """A message signed by a holder."""
    who = dkg.Identity.of(made.setting.group, made.seeds[index - 1])
    return Signed.make(made.setting.group, who.signing, message, Replay("again")).to_json()


def dialect_2(made: Ceremony) -> Any:
    """The entry as Belenios 2.0 writes it: no context, no signatures."""
    value = older(made.entry(["A", "B", "C", "D"]).to_json(made.setting.group)[1])
    for index, cert in enumerate(value["certs"], 1):
        inner = json.loads(cert["message"])
        inner.pop("context")
        cert.update(signed_again(made, index, canonical.dump(inner).decode()))
    return value


def read(group: Group, value: Any) -> Pedersen:
    """Through the bytes of a trustees file, and back to the same bytes."""
    data = canonical.dump([["Pedersen", value]])
    (entry,) = trustees.parse(group, data)
    assert isinstance(entry, Pedersen)
    assert trustees.serialise(group, [entry]) == data
    return entry


@pytest.mark.parametrize("dialect", ["3.0", "2.5.1", "2.0"])
def test_every_dialect_is_read_and_holds(group: Group, delegates: Ceremony, dialect: str) -> None:
    """With context and signatures, without those of the keys, and without either: read, canonical, checked."""
    whole = delegates.entry(["A", "B", "C", "D"]).to_json(group)[1]
    value = {"3.0": whole, "2.0": dialect_2(delegates), "2.5.1": copy.deepcopy(whole)}[dialect]
    if dialect == "2.5.1":
        for key in value["verification_keys"]:
            key.pop("signature")
    entry = read(group, value)
    entry.check(group)
    assert entry.public_key == delegates.entry().public_key
    assert entry.names == ("A", "B", "C", "D")


HOLDER = 3


def _key(value: Any) -> Any:
    return value["verification_keys"][HOLDER - 1]


def _signature_of(field: str) -> Change:
    def change(value: Any) -> None:
        proof = value[field][HOLDER - 1]["signature"]
        proof["response"] = str((int(proof["response"]) + 1) % named("Ed25519").q)

    return change


BROKEN: dict[str, tuple[str, Change]] = {
    "certificate's signature": ("certificate", _signature_of("certs")),
    "certificate of another": (
        "context",
        lambda value: value["certs"].__setitem__(HOLDER - 1, value["certs"][3]),
    ),
    "coefficients' signature": ("coefficients", _signature_of("coefexps")),
    "coefficients of another": (
        "coefficients",
        lambda value: value["coefexps"].__setitem__(HOLDER - 1, value["coefexps"][0]),
    ),
    "agreement of another": (
        "signature",
        lambda value: value["signatures"].__setitem__(HOLDER - 1, value["signatures"][0]),
    ),
    "key of another": (
        "verification_key",
        lambda value: value["verification_keys"].__setitem__(HOLDER - 1, value["verification_keys"][3]),
    ),
    "proof of another": ("pok", lambda value: _key(value).update(pok=value["verification_keys"][0]["pok"])),
    "key signed by another": (
        "signature",
        lambda value: _key(value).update(signature=value["verification_keys"][0]["signature"]),
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_each_clause_names_the_holder(group: Group, delegates: Ceremony, what: str) -> None:
    """What does not hold of one holder is refused by its clause and that holder's number; in a setup, counted on."""
    clause, change = BROKEN[what]
    value = delegates.entry().to_json(group)[1]
    change(value)
    with pytest.raises(VerificationError) as caught:
        read(group, value).check(group)
    assert (caught.value.clause, caught.value.place.trustee) == (f"trustees.{clause}", HOLDER)
    contest = build("Ed25519", board=board("Ed25519"))
    entries = json.loads(contest.trustees)
    change(entries[1][1])
    with pytest.raises(VerificationError) as caught:
        Setup.load(contest.election.serialise(), canonical.dump(entries), contest.public_credentials)
    assert (caught.value.clause, caught.value.place.trustee) == (f"trustees.{clause}", 2 + HOLDER)


@pytest.mark.parametrize("wrong", ["group", "size", "threshold", "index", "none"])
def test_context(group: Group, delegates: Ceremony, wrong: str) -> None:
    """A certificate of another group, size, threshold or index, or alone without one, is refused although signed."""
    value = delegates.entry().to_json(group)[1]
    inner = json.loads(value["certs"][HOLDER - 1]["message"])
    if wrong == "none":
        inner.pop("context")
    else:
        inner["context"][wrong] = "BELENIOS-2048" if wrong == "group" else inner["context"][wrong] + 1
    value["certs"][HOLDER - 1] = signed_again(delegates, HOLDER, canonical.dump(inner).decode())
    with pytest.raises(VerificationError) as caught:
        read(group, value).check(group)
    assert caught.value.clause == "trustees.context"
    assert caught.value.place.trustee == HOLDER


@pytest.mark.parametrize("many", [True, False])
def test_coefficients_too_many_or_few(group: Group, delegates: Ceremony, many: bool) -> None:
    """Signed polynomials of another degree are refused: the threshold would not be what the file says."""
    value = delegates.entry().to_json(group)[1]
    powers = json.loads(value["coefexps"][HOLDER - 1]["message"])["coefexps"]
    powers = [*powers, powers[0]] if many else powers[:1]
    message = canonical.dump({"coefexps": powers}).decode()
    value["coefexps"][HOLDER - 1] = signed_again(delegates, HOLDER, message)
    with pytest.raises(VerificationError) as caught:
        read(group, value).check(group)
    assert (caught.value.clause, caught.value.place.trustee) == ("trustees.coefficients", HOLDER)


@pytest.mark.parametrize("stripped", ["one key's signature", "all agreements"])
def test_half_a_dialect_is_refused(group: Group, delegates: Ceremony, stripped: str) -> None:
    """Signatures are there of all or of none, and a context never without agreement: nobody strips one unseen."""
    value = delegates.entry().to_json(group)[1]
    if stripped == "all agreements":
        value = older(value)
    else:
        _key(value).pop("signature")
    with pytest.raises(VerificationError) as caught:
        read(group, value).check(group)
    assert caught.value.clause == "trustees.signature"


def test_what_is_no_entry(group: Group, delegates: Ceremony) -> None:
    """Numbers, lists and spellings that are not the format's are refused whole, whatever they are."""
    whole = delegates.entry().to_json(group)[1]
    wrong: list[Change] = [
        lambda value, to=to: value.update(threshold=to) for to in (0, -1, 5, True, "2", None, MOST_HOLDERS + 1)
    ]
    wrong += [lambda value, name=name: value[name].pop() for name in value_lists(whole)]
    wrong += [lambda value, name=name: value.update({name: {}}) for name in value_lists(whole)]
    wrong += [
        lambda value: value.update(more=1),
        lambda value: value["certs"][0].update(message=value["certs"][0]["message"].replace(":", ": ")),
        lambda value: value["certs"][0].update(message="{}"),
        lambda value: value["coefexps"][0].update(message='{"coefexps":[]}'),
        lambda value: value["coefexps"][0].update(message='{"coefexps":["00"]}'),
    ]
    for name in ("identity", "small_order", "other_order", "unreduced", "off_curve"):
        wrong.append(lambda value, name=name: _replace_key(group, value, name))
    for change in wrong:
        value = copy.deepcopy(whole)
        change(value)
        with pytest.raises(FormatError):
            trustees.parse(group, canonical.dump([["Pedersen", value]]))
    moved = canonical.dump([["Pedersen", {"certs": whole["certs"], **whole}]])
    with pytest.raises(FormatError):
        trustees.parse(group, moved)


def value_lists(value: Any) -> list[str]:
    return [name for name, item in value.items() if isinstance(item, list)]


def _replace_key(group: Group, value: Any, name: str) -> None:
    _key(value)["public_key"] = VALUES[name](group, _key(value)["public_key"])


# --- which holders open a box ---------------------------------------------------------------------------------


@cache
def opened(arithmetic: str, *, single: bool) -> tuple[Contest, tally.EncryptedTally, dict[int, Any], bytes]:
    """A contest, its encrypted tally, every holder's checked factors, the result; `single`: two more stand alone."""
    made = board("Ed25519")
    if single:
        alone = [KeyPair.generate(named("Ed25519"), Replay(f"alone {n}")) for n in (1, 2)]
        made = Board.of([alone[0], *officers_and_delegates("Ed25519"), alone[1]])
    contest = build("Ed25519", board=made)
    checked = [check_ballot(contest.setup, contest.vote(i, answers)) for i, answers in enumerate(VOTES)]
    total = tally.encrypted_tally(contest.setup, checked)
    factors = {
        owner: tally.check_partial_decryption(contest.setup, total, owner, contest.share(owner, total))
        for owner in range(1, len(made.exponents) + 1)
    }
    return contest, total, factors, tally.result(contest.setup, total, contest.shares(total))


def subsets(holders: range) -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(holders, size) for size in range(len(holders) + 1)))


def test_all_subsets_of_the_board(arithmetic: str) -> None:
    """Of the 64 subsets, the 33 with an officer and two delegates open the box; the other 31 miss a share."""
    contest, total, factors, _ = opened(arithmetic, single=False)
    right = [[contest.group.generator_power(n) for n in row] for row in ((1, 2, 0, 1), (2, 1, 1))]
    found = 0
    for chosen in subsets(range(1, 7)):
        present = {owner: factors[owner] for owner in chosen}
        if len({1, 2} & {*chosen}) >= 1 and len({3, 4, 5, 6} & {*chosen}) >= 2:
            found += 1
            assert tally.decrypted(contest.setup, total, present) == right
            continue
        with pytest.raises(VerificationError) as caught:
            tally.decrypted(contest.setup, total, present)
        assert caught.value.clause == "tally.missing_share"
    assert found == 33


def test_beside_members_who_stand_alone(arithmetic: str) -> None:
    """With a key alone before and after the two groups, both are needed too, and numbers count on over all."""
    contest, total, factors, result = opened(arithmetic, single=True)
    assert json.loads(result)["result"] == [[1, 2, 0, 1], [2, 1, 1]]
    whole = tally.decrypted(contest.setup, total, factors)
    minimal = {owner: factors[owner] for owner in (1, 3, 4, 7, 8)}
    assert tally.decrypted(contest.setup, total, minimal) == whole
    for missing in (1, 3, 4, 7, 8):
        with pytest.raises(VerificationError) as caught:
            tally.decrypted(contest.setup, total, {o: f for o, f in minimal.items() if o != missing})
        assert caught.value.clause == "tally.missing_share"


def test_officers_hold_one_secret_in_two_copies(arithmetic: str) -> None:
    """Either officer's share is the same number: a partial decryption does not show who acted."""
    made = board("Ed25519")
    assert made.exponents[0] == made.exponents[1]
    assert made.entries[0].verification_keys[0] == made.entries[0].verification_keys[1]
    assert len({*made.exponents[2:]}) == 4
    contest, total, _, _ = opened(arithmetic, single=False)
    shares = contest.share(1, total), contest.share(2, total)
    assert json.loads(shares[0])["decryption_factors"] == json.loads(shares[1])["decryption_factors"]
    # So one officer's share verifies under the other's number, and a delegate's under nobody else's.
    tally.check_partial_decryption(contest.setup, total, 2, shares[0])
    with pytest.raises(VerificationError):
        tally.check_partial_decryption(contest.setup, total, 4, contest.share(3, total))


def test_our_archives_hold_what_the_rule_needs(arithmetic: str) -> None:
    """An archive opened by an officer and two delegates verifies with three shares; less one, its result does not."""
    contest, _, _, _ = opened(arithmetic, single=False)
    ballots = [contest.vote(index, answers) for index, answers in enumerate(VOTES)]
    report = check_archive(contest.archive(ballots).getvalue())
    assert (report.stage, report.partial_decryptions) == ("tallied", 3)
    fewer = Contest(**{**contest.__dict__, "board": replace(contest.board, opening=(2, 6))})
    with pytest.raises(VerificationError) as caught:
        fewer.archive(ballots)
    assert caught.value.clause == "tally.missing_share"
    forged = fewer.archive(ballots, until="PartialDecryption")
    forged.result(b'{"result":[[1,2,0,1],[2,1,1]]}')
    with pytest.raises(VerificationError) as caught:
        check_archive(forged.getvalue())
    assert caught.value.clause == "tally.missing_share"


@settings(max_examples=20, deadline=None)
@given(data=st.data(), size=st.integers(1, 6))
def test_lagrange_for_any_holders(data: st.DataObject, size: int) -> None:
    """Any `threshold` values of a polynomial give its value at 0; one value changed, they give another."""
    q = named("Ed25519").q
    threshold = data.draw(st.integers(1, size))
    polynomial = data.draw(st.lists(st.integers(0, q - 1), min_size=threshold, max_size=threshold))
    values = {x: sum(c * x**k for k, c in enumerate(polynomial)) % q for x in range(1, size + 1)}
    chosen = data.draw(st.permutations(list(values)))[:threshold]

    def at_0() -> int:
        return sum(_lagrange(named("Ed25519"), x, list(chosen)) * values[x] for x in chosen) % q

    assert at_0() == polynomial[0]
    values[chosen[-1]] += 1
    assert at_0() != polynomial[0]


def test_no_entry_is_chosen_from_anothers_key(group: Group, delegates: Ceremony) -> None:
    """An entry of X / (the others' key), signed throughout by its holder, cancels the others: refused by its pok.

    Without the proof its holder alone could open the box of the whole board: nobody else's share would be needed.
    """
    x = 31415926
    target = group.divide(group.generator_power(x), delegates.entry().public_key)
    setting = dkg.Setting(group, "rogue", 1, 1)
    rogue = Ceremony(setting, "rogue", [delegates.seeds[0]])
    rogue.certificates = [rogue.certify(1)]
    who = dkg.Identity.of(group, rogue.seeds[0])
    text = group.serialise(target)
    (certificate,) = dkg.rounds.certificates_of(setting, rogue.certificates)
    forged = {
        "threshold": 1,
        "certs": [certificate.signed.to_json()],
        "coefexps": [signed_again(rogue, 1, canonical.dump({"coefexps": [text]}).decode())],
        "signatures": [
            sign(group, who.signing, agreement_message(group, (certificate,), (target,)), Replay("agreed")).to_json()
        ],
        "verification_keys": [
            {
                "pok": sign(group, x, "a proof of x is none of X / y", Replay("pok")).to_json(),
                "public_key": text,
                "signature": who.sign(text, Replay("key")).to_json(),
            }
        ],
    }
    entry = read(group, forged)
    entries = [delegates.entry(), entry]
    assert trustees.election_public_key(group, entries) == group.generator_power(x), "the attack would work"
    with pytest.raises(VerificationError) as caught:
        entry.check(group)
    assert (caught.value.clause, caught.value.place.trustee) == ("trustees.pok", 1)


def test_a_large_file_is_checked_in_good_time(group: Group) -> None:
    """Each coefficient is raised once for a holder, not for each pair: no file costs the cube."""

    class Counting(type(group)):  # type: ignore[misc]
        def power(self, base: Any, exponent: int) -> Any:
            counted.append(exponent)
            return super().power(base, exponent)

    made = Ceremony.of(group, 6, 6)
    entry = made.entry()
    counted: list[int] = []
    entry.check(Counting())
    assert len(counted) <= 6 * 6 + 6 * 5
