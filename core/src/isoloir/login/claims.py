"""Claims may be added, never contradicted; and each is known in the very way that its factor declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from isoloir.config.election import RollField
from isoloir.hooks import Asserted, Claim, ClaimName, Compared, Delivered, Json, Typed, Vouching
from isoloir.normalise import NORMALISERS
from isoloir.policy import LEVELS

Normalise = Callable[[str], str]


def vouched_as_declared(declared: Vouching, by: Vouching) -> bool:
    """Say whether `by` is what was declared; an assertion may be of a better level."""
    if isinstance(declared, Asserted) and isinstance(by, Asserted):
        if declared.level not in LEVELS or by.level not in LEVELS:
            return False
        return LEVELS.index(by.level) >= LEVELS.index(declared.level)
    return declared == by


def normalisers(fields: Mapping[str, RollField]) -> dict[ClaimName, Normalise]:
    """Return how the values of each claim are made comparable: as the roll field, or as identifiers are."""
    return {name: NORMALISERS[field.normalise] for name, field in fields.items()} | {
        "identifier": NORMALISERS["alphanumeric"]
    }


def fault(
    declared: Mapping[ClaimName, Vouching],
    before: Mapping[ClaimName, Claim],
    new: Mapping[ClaimName, Claim],
    normalisers: Mapping[ClaimName, Normalise],
) -> str | None:
    """Return why `new` cannot be added to `before`, or `None`: a fault of the plugin, or ``claim_contradicted``."""
    found = fault_of(declared, new, normalisers)
    return "claim_contradicted" if found is None and contradict(before, new, normalisers) else found


def fault_of(
    declared: Mapping[ClaimName, Vouching],
    new: Mapping[ClaimName, Claim],
    normalisers: Mapping[ClaimName, Normalise],
) -> str | None:
    """Return ``claim_undeclared``, ``claim_vouched_otherwise``, ``claim_empty`` (faults of the plugin) or `None`."""
    for name, claim in new.items():
        if name not in declared:
            return "claim_undeclared"
        if not vouched_as_declared(declared[name], claim.by):
            return "claim_vouched_otherwise"
        if not normalisers.get(name, str.strip)(claim.value):
            return "claim_empty"
    return None


def contradict(
    before: Mapping[ClaimName, Claim],
    new: Mapping[ClaimName, Claim],
    normalisers: Mapping[ClaimName, Normalise],
) -> bool:
    """Say whether a claim of `new` has another value in `before`: two factors disagree about who this is."""
    for name in new.keys() & before.keys():
        normalise = normalisers.get(name, str.strip)
        if normalise(before[name].value) != normalise(new[name].value):
            return True
    return False


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
