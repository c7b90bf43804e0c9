"""What a member needs to know of a ceremony to take part in it, on a computer that knows nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isoloir.config.board import KeyGroup
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir_ballots.election import new_uuid
from isoloir_ballots.groups import Group, named


@dataclass(frozen=True)
class Plan:
    """One ceremony: for which election and group of the encryption, and each board's groups of members.

    `uuid` is new for every ceremony, so that nothing of one can be used in another.
    """

    uuid: str
    election: str
    group: str
    boards: Mapping[str, tuple[KeyGroup, ...]]

    @classmethod
    def new(cls, election: ElectionFile) -> Plan:
        """Plan the ceremony of an election, under a uuid of its own."""
        return cls(new_uuid(), election.id, election.group, groups_of(election))

    @property
    def parsed_group(self) -> Group:
        """The group of the encryption."""
        return named(self.group)

    def seat(self, board: str, member: str) -> Seat:
        """Return where a member sits; raises IsoloirError ``share_unexpected``."""
        number = 0
        for place, group in enumerate(self.boards.get(board, ())):
            for index, one in enumerate(group.members, 1):
                number += 1
                if one == member:
                    return Seat(board, place, group, index, number)
        raise IsoloirError("share_unexpected", trustee=member, board=board)

    def to_json(self) -> dict[str, Any]:
        """Return the plan in plain values."""
        boards = {
            board: [{"members": list(group.members), "at_least": group.at_least} for group in groups]
            for board, groups in self.boards.items()
        }
        return {"uuid": self.uuid, "election": self.election, "group": self.group, "boards": boards}

    @classmethod
    def from_json(cls, value: Any) -> Plan:
        """Read a plan; raises KeyError, TypeError or ValueError for what is none."""
        boards = {
            str(board): tuple(KeyGroup(tuple(map(str, one["members"])), int(one["at_least"])) for one in groups)
            for board, groups in value["boards"].items()
        }
        if any(not 1 <= group.at_least <= len(group.members) for groups in boards.values() for group in groups):
            raise ValueError("at_least")
        named(value["group"])
        return cls(str(value["uuid"]), str(value["election"]), str(value["group"]), boards)


@dataclass(frozen=True)
class Seat:
    """Where a member sits: board, group (from 0), place in the group and in the trustees file (both from 1)."""

    board: str
    place: int
    group: KeyGroup
    index: int
    number: int


def groups_of(election: ElectionFile) -> dict[str, tuple[KeyGroup, ...]]:
    """Return the groups of each board of an election."""
    return {name: board.groups for name, board in election.boards.items()}
