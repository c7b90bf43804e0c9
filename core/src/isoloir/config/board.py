"""An electoral board in the election file: who sits on it, and who must come together to unseal."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from isoloir.config.parts import Id, Part, Text, Whole

Role = Literal["president", "secretary", "delegate"]
GROUPS: dict[str, tuple[Role, ...]] = {
    "officers": ("president", "secretary"),
    "delegates": ("delegate",),
    "members": ("president", "secretary", "delegate"),
}
"""Groups of members that a rule may name, by the roles in them."""


class Member(Part):
    """A person on an electoral board, who holds one key share."""

    role: Role = Field(description="president, secretary, or delegate of a list (CGFP R.211-536).")
    name: Text = Field(description="The person, as the minutes name them.")
    stands_for: Text | None = Field(default=None, description="The list or union that sent a delegate.")
    substitute: Text | None = Field(
        default=None, description="Who replaces them; a copy of their share, which works only once they are replaced."
    )


class Quorum(Part):
    """So many members among these; they share one secret."""

    at_least: Annotated[Whole, Field(ge=1)] = Field(description="How many of them are needed.")
    of: Id | Annotated[tuple[Id, ...], Field(min_length=1)] = Field(
        description="Members by id, or a group of them: officers, delegates, members."
    )


class BoardRule(Part):
    """Who must come together to unseal: every condition at once."""

    all: Annotated[tuple[Quorum, ...], Field(min_length=1)] = Field(description="The conditions, all needed.")


@dataclass(frozen=True)
class KeyGroup:
    """Members who share one secret of a board's key, in the order of their numbers; so many of them are needed."""

    members: tuple[str, ...]
    at_least: int

    @property
    def shared(self) -> bool:
        """Whether fewer than all suffice, so that the secret is shared out by a threshold."""
        return self.at_least < len(self.members)

    def met(self, present: Collection[str]) -> bool:
        """Say whether enough of them are among those present."""
        return sum(member in present for member in self.members) >= self.at_least


class Board(Part):
    """An electoral board: who holds the keys of the contests that name it."""

    members: Annotated[dict[Id, Member], Field(min_length=1)] = Field(
        description="The members, by id; each holds one key share."
    )
    rule: BoardRule | None = Field(
        default=None, description="Who must come together to unseal; every member when left out."
    )

    @property
    def groups(self) -> tuple[KeyGroup, ...]:
        """The groups that must all act, each of those enough of its members; every member is in exactly one."""
        if self.rule is None:
            return (KeyGroup(tuple(self.members), len(self.members)),)
        return tuple(KeyGroup(self._named(quorum.of), quorum.at_least) for quorum in self.rule.all)

    @property
    def holders(self) -> tuple[str, ...]:
        """The members in the order in which the trustees file numbers them, from 1."""
        return tuple(member for group in self.groups for member in group.members)

    def met(self, present: Collection[str]) -> bool:
        """Say whether these members, together, may unseal."""
        return all(group.met(present) for group in self.groups)

    def enough_of(self, present: Collection[str]) -> tuple[str, ...]:
        """Return as many of those present as the rule needs, the first of each group; fewer where it is not met."""
        chosen: list[str] = []
        for group in self.groups:
            chosen += [member for member in group.members if member in present][: group.at_least]
        return tuple(chosen)

    def _named(self, of: str | tuple[str, ...]) -> tuple[str, ...]:
        if isinstance(of, str):
            return tuple(one for one, member in self.members.items() if member.role in GROUPS[of])
        return of
