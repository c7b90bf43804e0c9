"""The policy: which factors suffice, and which branches are too weak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoloir.hooks import Asserted, Compared, Delivered, Typed, Vouching
from isoloir.policy import LEVELS, Weakness, asks_identifier, satisfied, weaknesses


@dataclass(frozen=True)
class Branch:
    id: str
    all: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    any: tuple[Branch, ...]
    minimum_level: str = "eidas1"


@dataclass(frozen=True)
class Field:
    key: bool = False
    secret: bool = False


@dataclass(frozen=True)
class Risk:
    risk: str
    reason: str


FIELDS = {"rpps": Field(key=True), "number": Field(secret=True), "birth_date": Field(), "iban": Field(secret=True)}
TYPED_MOBILE = (Risk("typed_mobile", "La base ne contient pas les mobiles."),)
FACTORS: Mapping[str, Mapping[str, Vouching]] = {
    "psc": {"rpps": Asserted("eidas1")},
    "psc2": {"rpps": Asserted("eidas2")},
    "name_provider": {"last_name": Asserted("eidas3"), "number": Asserted("eidas3")},
    "ordinal": {"rpps": Compared(), "number": Compared()},
    "rpps": {"rpps": Compared()},
    "birth": {"birth_date": Compared()},
    "typed": {"rpps": Typed(), "number": Typed()},
    "sms": {"code": Delivered("sms")},
    "voice": {"code2": Delivered("sms")},
    "typed_sms": {"code": Delivered("sms", to="typed")},
    "mail": {"link": Delivered("email")},
    "letter": {"letter_code": Delivered("post")},
}
STRONG_ALONE = {"psc", "psc2"}


def weak(branch: tuple[str, ...], accepts: tuple[Risk, ...] = (), **more: str) -> tuple[str, ...] | None:
    """Return what the branch lacks, or `None` when it is strong."""
    minimum = more.pop("minimum_level", "eidas1")
    policy = Policy((Branch("one", branch),), minimum)
    found = weaknesses(policy, FACTORS, FIELDS, accepts, **more)  # type: ignore[arg-type]
    assert all(weakness.branch == "one" for weakness in found)
    return found[0].missing if found else None


@pytest.mark.parametrize(
    ("branch", "accepts"),
    [
        (("psc", "ordinal"), ()),
        (("psc",), ()),
        (("ordinal", "psc"), ()),
        (("ordinal", "sms"), ()),
        (("sms", "ordinal"), ()),
        (("ordinal", "typed_sms"), TYPED_MOBILE),
        (("ordinal", "letter"), ()),
        (("ordinal", "letter", "sms"), ()),
    ],
)
def test_a_strong_branch_has_no_weakness(branch: tuple[str, ...], accepts: tuple[Risk, ...]) -> None:
    """A key asserted by a provider suffices; so do two channels, the identifier's e-mail counted, and a challenge."""
    assert weak(branch, accepts) is None


@pytest.mark.parametrize(
    ("branch", "accepts", "missing"),
    [
        (("ordinal",), (), {"second_channel"}),
        (("sms",), (), {"challenge"}),
        (("rpps", "sms"), (), {"challenge"}),
        (("birth", "sms"), (), {"challenge"}),
        (("typed", "sms"), (), {"challenge"}),
        (("ordinal", "mail"), (), {"second_channel"}),
        (("rpps", "birth", "typed"), (), {"second_channel", "challenge"}),
        (("name_provider", "ordinal"), (), {"second_channel"}),
        (("ordinal", "typed_sms"), (), {"second_channel", "typed_accepted"}),
        (("ordinal", "typed_sms"), (Risk("typed_mobile", "  "),), {"second_channel", "typed_accepted"}),
        (("ordinal", "typed_sms"), (Risk("long_window", "x"),), {"second_channel", "typed_accepted"}),
        (("typed_sms", "ordinal"), TYPED_MOBILE, {"second_channel", "typed_after_challenge"}),
        (("unheard_of",), (), {"second_channel", "challenge"}),
    ],
)
def test_a_weak_branch_is_named_with_what_it_lacks(
    branch: tuple[str, ...], accepts: tuple[Risk, ...], missing: set[str]
) -> None:
    """RPPS, what is typed, a birth date, one channel twice, an unaccepted risk count for nothing."""
    assert weak(branch, accepts) == ("asserted_key", *sorted(missing, key=tuple(_ORDER).index))


_ORDER = ("first_channel", "second_channel", "typed_accepted", "typed_after_challenge", "challenge")


@pytest.mark.parametrize("minimum", LEVELS)
@pytest.mark.parametrize("level", LEVELS)
def test_an_assertion_counts_from_the_minimum_level_on(level: str, minimum: str) -> None:
    """A provider's word is taken at the minimum level and above, and at no level below."""
    policy = Policy((Branch("one", ("p",)),), minimum)
    found = weaknesses(policy, {"p": {"rpps": Asserted(level)}}, FIELDS, ())
    assert (found == []) == (LEVELS.index(level) >= LEVELS.index(minimum))


@pytest.mark.parametrize(("level", "minimum"), [("eidas9", "eidas1"), ("eidas1", "high"), ("", "")])
def test_an_unknown_level_counts_for_nothing(level: str, minimum: str) -> None:
    """A level that nobody knows is below every other, and no level reaches an unknown minimum."""
    policy = Policy((Branch("one", ("p",)),), minimum)
    assert weaknesses(policy, {"p": {"rpps": Asserted(level)}}, FIELDS, ()) != []


def test_two_letters_are_one_channel() -> None:
    """With the identifier by post, a letter is no second channel; with the identifier by e-mail it is one."""
    assert weak(("ordinal", "letter"), identifier_channel="post") == ("asserted_key", "second_channel")
    assert weak(("ordinal", "letter"), identifier_channel="email") is None


def test_an_assertion_below_the_minimum_keeps_the_identifier_away() -> None:
    """The identifier counts only where it is asked: not after a provider that asserts a key, whatever the level."""
    assert weak(("psc", "ordinal", "sms"), minimum_level="eidas2") == ("asserted_key", "second_channel")
    assert weak(("ordinal", "sms", "psc"), minimum_level="eidas2") is None


@pytest.mark.parametrize(
    ("branch", "asked"),
    [(("psc", "ordinal"), False), (("ordinal", "psc"), True), (("name_provider",), True), (("ordinal", "sms"), True)],
)
def test_the_identifier_is_asked_unless_the_first_factor_asserts_a_key(branch: tuple[str, ...], asked: bool) -> None:
    """Only an assertion of a key by the first factor spares the identifier; comparing a key does not."""
    assert asks_identifier(Branch("one", branch), FACTORS, FIELDS) is asked


names = st.sampled_from(sorted(FACTORS))
branches = st.lists(names, min_size=1, max_size=5, unique=True).map(tuple)
policies = st.lists(branches, min_size=1, max_size=4).map(
    lambda many: Policy(tuple(Branch(f"b{index}", one) for index, one in enumerate(many)))
)


@given(policies, st.sets(names))
def test_satisfied_means_one_whole_branch(policy: Policy, proved: set[str]) -> None:
    """A policy is satisfied exactly when every factor of some branch is proved."""
    assert satisfied(policy, proved) == any(set(branch.all) <= proved for branch in policy.any)


@given(policies, st.sets(names), names)
def test_proving_more_never_undoes_a_satisfied_policy(policy: Policy, proved: set[str], more: str) -> None:
    """What is proved in addition never takes a way in away."""
    assert not satisfied(policy, proved) or satisfied(policy, proved | {more})


@given(policies)
def test_a_branch_lacking_one_factor_satisfies_nothing_by_itself(policy: Policy) -> None:
    """All but one of a branch's factors let nobody in, unless they are another whole branch."""
    for branch in policy.any:
        for left_out in branch.all:
            proved = set(branch.all) - {left_out}
            assert satisfied(policy, proved) == any(set(other.all) <= proved for other in policy.any)


@given(branches, names, st.booleans())
def test_a_factor_added_at_the_end_never_weakens(branch: tuple[str, ...], more: str, accepted: bool) -> None:
    """A strong branch stays strong when it asks one thing more."""
    accepts = TYPED_MOBILE if accepted else ()
    if weak(branch, accepts) is None and more not in branch:
        assert weak((*branch, more), accepts) is None


@given(branches)
def test_strength_without_a_provider_takes_two_channels_and_a_challenge(branch: tuple[str, ...]) -> None:
    """No branch without an asserted key is strong unless two channels and a secret comparison are in it."""
    if weak(branch) is None and not STRONG_ALONE & set(branch):
        claims = [pair for name in branch for pair in FACTORS[name].items()]
        channels = {by.channel for _, by in claims if isinstance(by, Delivered) and by.to == "roll"}
        assert len(channels | {"email"}) >= 2
        assert any(isinstance(by, Compared) and FIELDS[claim].secret for claim, by in claims)


@given(st.lists(st.sampled_from(["rpps", "birth", "typed", "typed_sms", "mail"]), min_size=1, unique=True).map(tuple))
def test_what_is_public_or_typed_never_makes_a_branch(branch: tuple[str, ...]) -> None:
    """RPPS, a birth date, what is typed and one channel alone never suffice, in whatever number and order."""
    assert weak(branch) is not None


@given(policies)
def test_each_weak_branch_is_named_once_in_order(policy: Policy) -> None:
    """Weaknesses name weak branches alone, once each, in the order written, judged one by one."""
    found = weaknesses(policy, FACTORS, FIELDS, ())
    assert [weakness.branch for weakness in found] == [one.id for one in policy.any if weak(one.all) is not None]
    assert all(isinstance(weakness, Weakness) and weakness.missing for weakness in found)


def test_an_empty_branch_is_neither_strong_nor_satisfied() -> None:
    """A branch that asks nothing lets nobody in and is reported as weak."""
    policy = Policy((Branch("empty", ()),))
    assert not satisfied(policy, set(FACTORS))
    (weakness,) = weaknesses(policy, FACTORS, FIELDS, ())
    assert weakness == Weakness("empty", ("asserted_key", "first_channel", "second_channel", "challenge"))
