"""Values that a case names by what they are, such as `{ plus_q = true }`: they depend on the group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nacl.bindings import crypto_core_ed25519_add

from isoloir_ballots.groups import Group
from isoloir_ballots.groups.finite_field import FiniteField

_P25519 = 2**255 - 19
_ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
"""A point of order 8, as libsodium writes it (little-endian)."""


def _modulus(group: Group) -> int:
    assert isinstance(group, FiniteField)
    return int(group._p)


def _identity(group: Group, _: str) -> str:
    return group.serialise(group.identity)


def _small_order(group: Group, _: str) -> str:
    """The element of order 2."""
    return f"{_P25519 - 1:064x}" if group.name == "Ed25519" else str(_modulus(group) - 1)


def _other_order(group: Group, former: str) -> str:
    """The same element times one of small order: right in the subgroup, wrong outside."""
    if group.name == "Ed25519":
        return crypto_core_ed25519_add(bytes.fromhex(former)[::-1], _ORDER_8)[::-1].hex()
    return str(_modulus(group) - int(former))


def _unreduced(group: Group, former: str) -> str:
    """Another spelling of an element: a coordinate (Ed25519: of the identity) or a number that is not reduced."""
    return f"{_P25519 + 1:064x}" if group.name == "Ed25519" else str(int(former) + _modulus(group))


def _off_curve(group: Group, _: str) -> str:
    return f"{2:064x}" if group.name == "Ed25519" else "0"


VALUES: dict[str, Callable[[Group, str], Any]] = {
    "plus_one": lambda group, former: str((int(former) + 1) % group.q),
    "plus_q": lambda group, former: str(int(former) + group.q),
    "number_plus_one": lambda _, former: int(former) + 1,
    "as_text": lambda _, former: str(former),
    "leading_zero": lambda _, former: "0" + former,
    "upper": lambda _, former: former.upper(),
    "identity": _identity,
    "small_order": _small_order,
    "other_order": _other_order,
    "unreduced": _unreduced,
    "off_curve": _off_curve,
    "times_generator": lambda group, former: group.serialise(group.multiply(group.parse(former), group.generator)),
    "with_weight": lambda _, former: former + ",1",
    "generator": lambda group, _: group.serialise(group.generator),
    "huge": lambda _, __: 10**400,
    "huge_text": lambda _, __: "9" * 400,
}
