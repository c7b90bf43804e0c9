"""A personal account, as the rest sees it: who holds it and what for; nothing that proves who they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from isoloir.config.board import GROUPS, Board
from isoloir.config.election import ElectionFile
from isoloir.store.account_store import StoredAccount


class Role(Enum):
    """What an account is for."""

    MEMBER = "member"
    """A member of an electoral board: sees it all, and acts for it."""
    ORGANISER = "organiser"
    """Prepares the election; sees what the board sees, and acts in nobody's place."""
    SUPPORT = "support"
    """Helps voters; sees where the election stands, and no name."""


@dataclass(frozen=True)
class Account:
    """One person's account in one election; `board` and `member` (ids of the election file) for a member alone."""

    id: str
    name: str = field(repr=False)
    display: str = field(repr=False)
    email: str = field(repr=False)
    locale: str
    role: Role
    board: str
    member: str
    state: str
    generation: int

    @classmethod
    def of(cls, stored: StoredAccount) -> Account:
        """Return the account without its secrets."""
        return cls(
            id=stored.id,
            name=stored.name,
            display=stored.display,
            email=stored.email,
            locale=stored.locale,
            role=Role(stored.role),
            board=stored.board,
            member=stored.member,
            state=stored.state,
            generation=stored.generation,
        )


def seats(board: Board) -> tuple[str, ...]:
    """Return the ids of a board's members, in the election file's order."""
    return tuple(board.members)


def is_officer(election: ElectionFile, account: Account) -> bool:
    """Say whether the account is that of the president or secretary of a board; of any member where a board has none.

    CGFP R.211-536: a president, a secretary and delegates; what the board does as one is the officers' act.
    """
    board = election.boards.get(account.board)
    if account.role is not Role.MEMBER or board is None or account.member not in board.members:
        return False
    officers = {one for one, member in board.members.items() if member.role in GROUPS["officers"]}
    return account.member in officers or not officers


def contests_of(election: ElectionFile, account: Account) -> tuple[str, ...]:
    """Return the contests that the account may look into: a member those of their board, the others all."""
    return tuple(
        contest.id
        for contest in election.contests
        if account.role is not Role.MEMBER or contest.board == account.board
    )
