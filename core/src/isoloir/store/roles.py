"""The roles of an instance on PostgreSQL: who may log in, who owns, and who alone sees both sides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from isoloir.errors import IsoloirError

USUAL = "isoloir"
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Roles:
    """Six roles under one prefix; roles belong to the whole cluster, so that two instances need two prefixes."""

    prefix: str = USUAL

    def __post_init__(self) -> None:
        """Refuse what would have to be quoted; raises `IsoloirError` ``database_user_form``."""
        if not _PREFIX.fullmatch(self.prefix):
            raise IsoloirError("database_user_form")

    @property
    def roll(self) -> str:
        """Logs in for roll, poll book, logins and messages; never sees the box."""
        return f"{self.prefix}_roll"

    @property
    def box(self) -> str:
        """Logs in for box, publications and the board's acts; of the roll it sees two counts by contest."""
        return f"{self.prefix}_box"

    @property
    def cast(self) -> str:
        """Logs in to call the casting function; can do nothing else."""
        return f"{self.prefix}_cast"

    @property
    def roll_owner(self) -> str:
        """Owns the roll's schema; nobody logs in as it."""
        return f"{self.prefix}_roll_owner"

    @property
    def box_owner(self) -> str:
        """Owns the schemas of the box and of the acts; nobody logs in as it."""
        return f"{self.prefix}_box_owner"

    @property
    def casting(self) -> str:
        """Owns the casting function, which alone sees both sides; nobody logs in as it."""
        return f"{self.prefix}_casting"

    @property
    def logins(self) -> tuple[str, ...]:
        """Return the roles that log in."""
        return (self.roll, self.box, self.cast)

    @property
    def owners(self) -> tuple[str, ...]:
        """Return the roles that nobody logs in as."""
        return (self.roll_owner, self.box_owner, self.casting)
