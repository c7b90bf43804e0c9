"""Claims may be added, never contradicted; and each is known in the very way that its factor declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from isoloir.hooks import Asserted, Claim, ClaimName, Compared, Delivered, Json, Typed, Vouching
from isoloir.policy import LEVELS

Normalise = Callable[[str], str]


def vouched_as_declared(declared: Vouching, by: Vouching) -> bool:
    """Say whether `by` is what was declared; an assertion may be of a better level."""
    if isinstance(declared, Asserted) and isinstance(by, Asserted):
        if declared.level not in LEVELS or by.level not in LEVELS:
            return False
        return LEVELS.index(by.level) >= LEVELS.index(declared.level)
    return declared == by


def fault(
    declared: Mapping[ClaimName, Vouching],
    before: Mapping[ClaimName, Claim],
    new: Mapping[ClaimName, Claim],
    normalisers: Mapping[ClaimName, Normalise],
) -> str | None:
    """Return why `new` cannot be added to `before`, or `None`.

    ``claim_undeclared``, ``claim_vouched_otherwise`` and ``claim_empty`` are faults of the plugin;
    ``claim_contradicted`` is two factors that disagree.
    """
    for name, claim in new.items():
        if name not in declared:
            return "claim_undeclared"
        if not vouched_as_declared(declared[name], claim.by):
            return "claim_vouched_otherwise"
        normalise = normalisers.get(name, str.strip)
        if not normalise(claim.value):
            return "claim_empty"
        if name in before and normalise(before[name].value) != normalise(claim.value):
            return "claim_contradicted"
    return None


def added(before: Mapping[ClaimName, Claim], new: Mapping[ClaimName, Claim]) -> dict[ClaimName, Claim]:
    """Return both; what was proved first keeps its vouching, unless the new one is an assertion."""
    both = dict(before)
    for name, claim in new.items():
        if name not in both or (isinstance(claim.by, Asserted) and not isinstance(both[name].by, Asserted)):
            both[name] = claim
    return both


def to_json(claims: Mapping[ClaimName, Claim]) -> dict[str, Json]:
    """Return claims as JSON, for the encrypted session."""
    return {name: [claim.value, *_by_json(claim.by)] for name, claim in claims.items()}


def from_json(stored: Mapping[str, Json]) -> dict[ClaimName, Claim]:
    """Undo `to_json`."""
    claims = {}
    for name, parts in stored.items():
        assert isinstance(parts, list)
        value, *by = (str(part) for part in parts)
        claims[name] = Claim(value, _by_of(by))
    return claims


def _by_json(by: Vouching) -> list[Json]:
    match by:
        case Asserted(level):
            return ["asserted", level]
        case Delivered(channel, to):
            return ["delivered", channel, to]
        case Compared():
            return ["compared"]
        case Typed():
            return ["typed"]


def _by_of(parts: list[str]) -> Vouching:
    match parts:
        case ["asserted", level]:
            return Asserted(level)
        case ["delivered", ("email" | "sms" | "post") as channel, ("roll" | "typed") as to]:
            return Delivered(channel, to)
        case ["compared"]:
            return Compared()
    return Typed()
