"""Trustees: who holds the keys. An election key is the product of what the entries contribute.

Each entry must decrypt: a `Single` by its one holder, a `Pedersen` by any `threshold` of its holders. So
"(president or secretary) and two delegates" is `[Pedersen 1 of 2, Pedersen 2 of m]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from isoloir_ballots import canonical
from isoloir_ballots.errors import FormatError
from isoloir_ballots.groups import Element, Group

from .entry import Entry, Factors
from .pedersen import Pedersen
from .single import KeyPair, Single

_KINDS: Mapping[str, Callable[[Group, Any], Entry]] = {"Single": Single.from_json, "Pedersen": Pedersen.from_json}


def serialise(group: Group, entries: Sequence[Entry]) -> bytes:
    """The trustees file."""
    return canonical.dump([entry.to_json(group) for entry in entries])


def parse(group: Group, data: bytes) -> tuple[Entry, ...]:
    """Read a trustees file (canonical). FormatError; `trustees.unsupported` for kinds not known here."""
    entries: list[Entry] = []
    for pair in canonical.items(canonical.load_canonical(data), what="The trustees"):
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise FormatError("shape", "A trustee entry must be a pair of a kind and an object.")
        if pair[0] not in _KINDS:
            raise FormatError("trustees.unsupported", "A kind of trustee is not supported.")
        entries.append(_KINDS[pair[0]](group, pair[1]))
    if not entries:
        raise FormatError("shape", "There must be at least one trustee.")
    if serialise(group, entries) != data:
        raise FormatError("canonical", "The trustees are not in their canonical serialisation.")
    return tuple(entries)


def election_public_key(group: Group, entries: Sequence[Entry]) -> Element:
    """The key to which ballots are encrypted."""
    return group.product(entry.public_key for entry in entries)


__all__ = [
    "Entry",
    "Factors",
    "KeyPair",
    "Pedersen",
    "Single",
    "election_public_key",
    "parse",
    "serialise",
]
