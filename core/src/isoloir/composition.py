"""Who sits on an electoral board: the one place that reads it from an election's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from isoloir.config.election import ElectionFile

ROLES = ("president", "secretary", "delegate", "substitute")
"""The functions that the law knows (CGFP R.211-537); whoever has another is a `member`."""


@dataclass(frozen=True)
class Member:
    """A member: the id that the board's acts name, the function, and the person's name, empty where not written."""

    id: str
    role: str
    name: str


def composition(election: ElectionFile) -> Mapping[str, tuple[Member, ...]]:
    """Return the members of every board, in the file's order."""
    return {board: tuple(_member(trustee) for trustee in found.trustees) for board, found in election.boards.items()}


def _member(trustee: str) -> Member:
    # The file names key holders by function: `president`, `delegate-1`.
    role = next((role for role in ROLES if trustee == role or trustee.startswith(f"{role}-")), "member")
    return Member(trustee, role, "")
