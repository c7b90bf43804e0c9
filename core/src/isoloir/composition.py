"""Who sits on an electoral board: the one place that reads it from an election's file for the acts and the papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from isoloir.config.election import ElectionFile


@dataclass(frozen=True)
class Member:
    """A member: the id that the board's acts name, the role, the person; who sent and who replaces them, or empty."""

    id: str
    role: str
    name: str
    stands_for: str
    substitute: str


def composition(election: ElectionFile) -> Mapping[str, tuple[Member, ...]]:
    """Return the members of every board, in the file's order."""
    return {
        board: tuple(
            Member(one, member.role, member.name, member.stands_for or "", member.substitute or "")
            for one, member in found.members.items()
        )
        for board, found in election.boards.items()
    }
