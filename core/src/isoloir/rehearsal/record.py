"""What a rehearsal shows, in plain values: how the scratch election was played, and what its boxes gave back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Drill:
    """Something tried on purpose: what, by which way in (empty: none), the codes that answered, whether it held."""

    what: str
    branch: str
    codes: tuple[str, ...]
    held: bool


@dataclass(frozen=True)
class Played:
    """How voters who do not exist went through the scratch election, up to its close.

    `cast`: by contest, votes by choice; `branches`: how many voted by each way in, nought where none of them could;
    `plugins`: by use (``factors.psc``), ``real`` or what stood in for it; `differences`: the keys in which the
    scratch election's file differs from the sealed one.
    """

    cast: Mapping[str, Mapping[str, int]]
    branches: Mapping[str, int]
    drills: tuple[Drill, ...]
    plugins: Mapping[str, str]
    differences: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether somebody voted, and everything that was tried on purpose went as it must."""
        return any(map(sum, (one.values() for one in self.cast.values()))) and all(one.held for one in self.drills)

    @classmethod
    def from_json(cls, value: Any) -> Played:
        """Read what `asdict` wrote."""
        drills = tuple(Drill(**{**one, "codes": tuple(one["codes"])}) for one in value["drills"])
        return cls(**{**value, "drills": drills, "differences": tuple(value["differences"])})


@dataclass(frozen=True)
class Concluded:
    """How the scratch election ended: seats by contest and list, its minutes (file, SHA-256), or what stopped it."""

    seats: Mapping[str, Mapping[str, int]]
    minutes: str
    minutes_sha256: str
    fault: str = ""


@dataclass(frozen=True)
class ContestRehearsal:
    """What the rehearsal of one contest showed; `votes` counts ballots by choice, blank among them.

    `without`: the members each of whom the box opened without; `refused`: those of whom a damaged partial decryption
    was offered, and refused by name; `unreadable`: those of whom a file cut short was.
    """

    contest: str
    uuid: str
    ballots: int
    votes: Mapping[str, int]
    archive: str
    without: tuple[str, ...]
    refused: tuple[str, ...]
    unreadable: tuple[str, ...]
    passed: bool


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal, under the system digest that it holds for; `proved`: whose share served, by board."""

    system_digest: str
    contests: tuple[ContestRehearsal, ...]
    proved: Mapping[str, tuple[str, ...]]
    played: Played
    concluded: Concluded

    @property
    def passed(self) -> bool:
        """Whether every contest gave back exactly what was cast, with seats, and every drill held."""
        opened = bool(self.contests) and all(contest.passed for contest in self.contests)
        allotted = not self.concluded.fault and set(self.concluded.seats) == {one.contest for one in self.contests}
        return opened and allotted and self.played.held

    def to_json(self) -> dict[str, Any]:
        """Return the record that is kept."""
        return asdict(self)
