"""Which factors suffice: a small tree over the election's factor instances, and pure functions of it.

A policy is ``any`` of its branches, a branch is ``all`` of its factors. Nothing here knows a voter, a plugin or
a file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from isoloir.hooks import Asserted, Channel, ClaimName, Compared, Delivered, Vouching

LEVELS: Final = ("eidas1", "eidas2", "eidas3")
"""Levels of assurance, lowest first (regulation eIDAS, article 8)."""

Vouchings = Mapping[str, Mapping[ClaimName, Vouching]]
"""Factor instance → claim → how it vouches for it."""


class BranchLike(Protocol):
    """One way in."""

    @property
    def id(self) -> str:
        """The branch's name."""
        ...

    @property
    def all(self) -> Sequence[str]:
        """The factor instances, in the order they are asked."""
        ...


Branch = TypeVar("Branch", bound=BranchLike)
Branch_co = TypeVar("Branch_co", bound=BranchLike, covariant=True)


class PolicyLike(Protocol[Branch_co]):
    """The ways in; any one suffices."""

    @property
    def any(self) -> Sequence[Branch_co]:
        """The branches, as written."""
        ...

    @property
    def minimum_level(self) -> str:
        """The lowest level at which a provider's word is taken."""
        ...


class FieldLike(Protocol):
    """What the policy must know of a roll field."""

    @property
    def key(self) -> bool:
        """Whether an assertion of the value selects the voter."""
        ...

    @property
    def secret(self) -> bool:
        """Whether the value is no public knowledge."""
        ...


class RiskLike(Protocol):
    """A named risk that the organiser takes."""

    @property
    def risk(self) -> str:
        """The risk's name."""
        ...

    @property
    def reason(self) -> str:
        """Why it is taken."""
        ...


Fields = Mapping[str, FieldLike]


@dataclass(frozen=True)
class Weakness:
    """A branch that is too weak, and what would make it strong: each of `missing` has a text ``weakness.<name>``.

    Either `asserted_key` is supplied, or all the others are: ``first_channel``, ``second_channel``,
    ``challenge``; ``typed_after_challenge`` says that an address is typed before anything is known of the voter,
    ``typed_accepted`` that nobody took the risk of a typed address.
    """

    branch: str
    missing: tuple[str, ...]


def satisfied(policy: PolicyLike[BranchLike], proved: Collection[str]) -> bool:
    """Say whether the factor instances proved suffice: those of one whole branch. An empty branch never does."""
    return any(branch.all and all(instance in proved for instance in branch.all) for branch in policy.any)


def asks_identifier(branch: BranchLike, vouchings: Vouchings, roll_fields: Fields) -> bool:
    """Say whether the core asks for the identifier: when the branch's first factor asserts no key of the roll."""
    if not branch.all:
        return False
    return not any(
        isinstance(by, Asserted) and claim in roll_fields and roll_fields[claim].key
        for claim, by in vouchings.get(branch.all[0], {}).items()
    )


def weaknesses(
    policy: PolicyLike[BranchLike],
    vouchings: Vouchings,
    roll_fields: Fields,
    accepts: Sequence[RiskLike] = (),
    *,
    identifier_channel: Channel = "email",
) -> list[Weakness]:
    """Return the branches that are too weak, in the order written; none when the policy is strong enough.

    A branch is strong when a provider asserts a key of the roll at the minimum level, or when two secrets reach
    the voter by two different channels and the voter answers a challenge that is not public (CNIL Q/R 2022). The
    core's identifier is a secret delivered by `identifier_channel`, in a branch that asks it. A secret sent to an
    address that the voter types counts only when the risk ``typed_mobile`` is accepted with a reason and the
    challenge comes first. What is merely typed, or compared with a public field, counts for nothing.
    """
    typed_accepted = any(taken.risk == "typed_mobile" and taken.reason.strip() for taken in accepts)
    found = []
    for branch in policy.any:
        missing = _missing(branch, policy.minimum_level, vouchings, roll_fields, typed_accepted, identifier_channel)
        if missing:
            found.append(Weakness(branch.id, missing))
    return found


def _missing(
    branch: BranchLike,
    minimum: str,
    vouchings: Vouchings,
    roll_fields: Fields,
    typed_accepted: bool,
    identifier_channel: Channel,
) -> tuple[str, ...]:
    channels: set[str] = set()
    if asks_identifier(branch, vouchings, roll_fields):
        channels.add(identifier_channel)
    challenged = False
    refused_typed: list[str] = []
    for instance in branch.all:
        vouched = vouchings.get(instance, {})
        if any(_asserts_key(claim, by, roll_fields, minimum) for claim, by in vouched.items()):
            return ()
        for by in vouched.values():
            if not isinstance(by, Delivered):
                continue
            if by.to == "roll":
                channels.add(by.channel)
            elif not typed_accepted:
                refused_typed.append("typed_accepted")
            elif not challenged:
                refused_typed.append("typed_after_challenge")
            else:
                channels.add(by.channel)
        # After the deliveries: a factor that asks number and mobile on one page has not yet compared the number.
        challenged = challenged or any(_is_challenge(claim, by, roll_fields) for claim, by in vouched.items())
    missing = []
    if not channels:
        missing.append("first_channel")
    if len(channels) < 2:
        missing.append("second_channel")
        missing.extend(refused_typed)
    if not challenged:
        missing.append("challenge")
    return ("asserted_key", *dict.fromkeys(missing)) if missing else ()


def _asserts_key(claim: ClaimName, by: Vouching, roll_fields: Fields, minimum: str) -> bool:
    return (
        isinstance(by, Asserted)
        and claim in roll_fields
        and roll_fields[claim].key
        and by.level in LEVELS
        and minimum in LEVELS
        and LEVELS.index(by.level) >= LEVELS.index(minimum)
    )


def _is_challenge(claim: ClaimName, by: Vouching, roll_fields: Fields) -> bool:
    return isinstance(by, Compared) and claim in roll_fields and roll_fields[claim].secret
