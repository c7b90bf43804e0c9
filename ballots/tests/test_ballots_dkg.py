"""A threshold key made among its holders: what comes out, what a seed alone brings back, what order cannot change."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from ballot_kit.ceremonies import Ceremony
from ballot_kit.replay import Replay
from hypothesis import given, settings
from hypothesis import strategies as st

from isoloir_ballots import dkg, trustees
from isoloir_ballots.dkg import channel, rounds
from isoloir_ballots.errors import FormatError
from isoloir_ballots.groups import Group, named
from isoloir_ballots.trustees.pedersen import _lagrange


@pytest.fixture(scope="module")
def group(arithmetic: str) -> Group:
    return named("Ed25519")


@pytest.fixture(scope="module")
def made(group: Group) -> Ceremony:
    """Four holders, two of whom suffice."""
    return Ceremony.of(group, 4, 2)


@pytest.mark.parametrize(("size", "threshold"), [(1, 1), (2, 1), (2, 2), (4, 1), (3, 3)])
def test_any_so_many_holders_have_the_key(group: Group, size: int, threshold: int) -> None:
    """One of n, n of n and between: each share has its verification key, and any `threshold` give the secret."""
    made = Ceremony.of(group, size, threshold)
    entry = made.entry()
    shares = {index: made.share(index) for index in made.holders}
    assert tuple(group.generator_power(share) for share in shares.values()) == entry.verification_keys
    for chosen in combinations(shares, threshold):
        secret = sum(_lagrange(group, one, list(chosen)) * shares[one] for one in chosen)
        assert group.generator_power(secret) == entry.public_key
    for chosen in combinations(shares, threshold - 1):
        secret = sum(_lagrange(group, one, list(chosen)) * shares[one] for one in chosen)
        assert group.generator_power(secret) != entry.public_key


def test_the_entry_is_read_back(group: Group, made: Ceremony) -> None:
    """What a ceremony gives is a trustees file in its canonical form, with the names that the ceremony gives."""
    entry = made.entry(["Présidente", "Délégué 1", "Délégué “2”", "É"])
    data = trustees.serialise(group, [entry])
    assert trustees.parse(group, data) == (entry,)
    assert entry.names == ("Présidente", "Délégué 1", "Délégué “2”", "É")
    assert made.entry().names == (None,) * 4


def test_a_seed_brings_everything_back(made: Ceremony) -> None:
    """Whoever kept the seed alone makes documents that hold in the others' place, and has the same private share."""
    seed = made.seeds[1]
    certificate = dkg.certify(made.setting, 2, seed)
    assert certificate["certificate"]["message"] == made.certificates[1]["certificate"]["message"]
    contribution = dkg.contribute(made.setting, 2, seed, made.certificates)
    assert contribution["coefexps"]["message"] == made.contributions[1]["coefexps"]["message"]
    assert contribution["secrets"] != made.contributions[1]["secrets"], "sealed with fresh numbers"
    dkg.check_contribution(made.setting, 2, made.certificates, contribution)
    contributions = [made.contributions[0], contribution, *made.contributions[2:]]
    for index in made.holders:
        found = dkg.private_share(made.setting, index, made.seeds[index - 1], made.certificates, contributions)
        assert found == made.share(index)
    again = dkg.acknowledge(made.setting, 2, seed, made.certificates, made.contributions)
    dkg.check_acknowledgement(made.setting, 2, made.certificates, made.contributions, again)
    keys = [one["verification_key"]["public_key"] for one in (again, made.acknowledgements[1])]
    assert keys[0] == keys[1]


def test_another_seed_brings_nothing_back(made: Ceremony) -> None:
    """With another seed no share opens, and the first sender is not to blame."""
    other = dkg.new_seed(Replay("another"))
    with pytest.raises(dkg.WrongShare):
        dkg.private_share(made.setting, 2, other, made.certificates, made.contributions)
    complaint = dkg.complain(made.setting, 2, other, made.certificates, made.contributions, 1)
    with pytest.raises(ValueError, match=r"dkg\.bound"):
        dkg.check_complaint(made.setting, 2, made.certificates, made.contributions, complaint)


def test_no_polynomial_serves_twice(group: Group, made: Ceremony) -> None:
    """Whoever is shown false certificates first makes another polynomial for the true ones."""
    seed = made.seeds[0]
    liar = Ceremony(made.setting, "liar", [seed, *(dkg.new_seed(Replay(f"liar {index}")) for index in range(3))])
    false = [made.certificates[0], *(liar.certify(index) for index in (2, 3, 4))]
    shown = dkg.contribute(made.setting, 1, seed, false)
    powers = [set(json.loads(one["coefexps"]["message"])["coefexps"]) for one in (shown, made.contributions[0])]
    assert not powers[0] & powers[1]
    # One signature made anew is enough to be another ceremony.
    anew = [made.certificates[0], dkg.certify(made.setting, 2, made.seeds[1]), *made.certificates[2:]]
    third = json.loads(dkg.contribute(made.setting, 1, seed, anew)["coefexps"]["message"])["coefexps"]
    assert not powers[1] & set(third)
    elsewhere = dkg.Setting(group, "essai|1|bureau|9", 4, 2)
    who = dkg.Identity.of(group, seed)
    polynomials = [rounds._polynomial(one, who, made.certificates) for one in (made.setting, elsewhere)]
    assert not set(polynomials[0]) & set(polynomials[1])
    assert len(set(polynomials[0])) == 2


def reordered(value: Any) -> Any:
    """The same JSON, as a store that keeps no order of keys gives it back."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in sorted(value, reverse=True)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


def test_order_of_keys_changes_nothing(group: Group, made: Ceremony) -> None:
    """Documents whose keys come in another order are the same: each check, the digests, the shares, the entry."""
    certificates, contributions, keys = (
        reordered(made.certificates),
        reordered(made.contributions),
        reordered(made.acknowledgements),
    )
    assert json.dumps(certificates) != json.dumps(made.certificates)
    assert dkg.digest(certificates) == dkg.digest(made.certificates)
    for index in made.holders:
        dkg.check_certificate(made.setting, index, certificates[index - 1])
        dkg.check_contribution(made.setting, index, certificates, contributions[index - 1])
        dkg.check_acknowledgement(made.setting, index, certificates, contributions, keys[index - 1])
        found = dkg.private_share(made.setting, index, made.seeds[index - 1], certificates, contributions)
        assert found == made.share(index)
    entry = dkg.entry(made.setting, certificates, contributions, keys)
    assert trustees.serialise(group, [entry]) == trustees.serialise(group, [made.entry()])
    assert dkg.digest(certificates[::-1]) != dkg.digest(certificates), "the order of holders does count"


def test_lists_that_are_not_whole(made: Ceremony) -> None:
    """A round of which somebody's document is missing is not gone on from."""
    with pytest.raises(FormatError):
        dkg.contribute(made.setting, 1, made.seeds[0], made.certificates[:3])
    with pytest.raises(FormatError):
        dkg.acknowledge(made.setting, 1, made.seeds[0], made.certificates, made.contributions[:3])


@settings(max_examples=15, deadline=None)
@given(number=st.one_of(st.integers(0, 1000), st.integers(0, named("Ed25519").q - 1)), spoilt=st.integers(0, 2))
def test_a_sealed_number_is_its_receivers_alone(number: int, spoilt: int) -> None:
    """Any number below q opens for its receiver in its context; for another key, context or R it does not."""
    group = named("Ed25519")
    opening = 4242
    sealed = channel.seal(group, group.generator_power(opening), "here", number)
    channel.check_form(group, sealed)
    assert channel.is_senders(group, "here", sealed)
    assert not channel.is_senders(group, "there", sealed)
    base = channel.ephemeral(group, sealed)
    assert channel.unseal(group, group.power(base, opening), "here", sealed) == number
    wrong = [(opening + 1, "here", sealed), (opening, "there", sealed)]
    other = channel.seal(group, group.generator_power(opening), "here", number)
    wrong.append((opening, "here", {**sealed, "ephemeral": other["ephemeral"]}))
    exponent, context, value = wrong[spoilt]
    assert channel.unseal(group, group.power(base, exponent), context, value) is None


def test_a_sealed_number_does_not_tell_its_length(group: Group) -> None:
    """0 and q − 1 are sealed in as many bytes."""
    sealed = [channel.seal(group, group.generator, "here", number)["sealed"] for number in (0, 7, group.q - 1)]
    assert len({len(text) for text in sealed}) == 1


def test_seeds() -> None:
    """Seeds are 22 characters of base 58; nothing else passes for one; keys derive from them as in Belenios."""
    seed = dkg.new_seed(Replay("seed"))
    assert dkg.is_seed(seed)
    assert len({dkg.new_seed() for _ in range(20)}) == 20
    for text in (seed[:-1], seed + "1", seed + "\n", seed[:-1] + "0", seed[:-1] + "l", ""):
        assert not dkg.is_seed(text)
    assert seed not in repr(dkg.Identity.of(named("Ed25519"), seed))
