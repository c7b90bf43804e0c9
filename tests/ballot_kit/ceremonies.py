"""Threshold keys made among holders, round by round, and what they open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from isoloir_ballots import dkg
from isoloir_ballots.groups import Group, named
from isoloir_ballots.trustees import Entry, KeyPair, Pedersen

from .replay import Replay


@dataclass
class Ceremony:
    """One key generation with all its secrets; what is made follows from the label alone."""

    setting: dkg.Setting
    label: str = "dkg"
    seeds: list[str] = field(default_factory=list)
    certificates: list[Any] = field(default_factory=list)
    contributions: list[Any] = field(default_factory=list)
    acknowledgements: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, group: Group, size: int, threshold: int, binding: str = "essai|1|bureau|0") -> Ceremony:
        """A ceremony through all its rounds."""
        made = cls(dkg.Setting(group, binding, size, threshold), f"{binding}|{size}|{threshold}")
        made.seeds = [dkg.new_seed(Replay(f"{made.label}|seed|{index}")) for index in made.holders]
        made.certificates = [made.certify(index) for index in made.holders]
        made.contributions = [made.contribute(index) for index in made.holders]
        made.acknowledgements = [made.acknowledge(index) for index in made.holders]
        return made

    @property
    def holders(self) -> range:
        return range(1, self.setting.size + 1)

    def rng(self, what: str, index: int) -> Replay:
        return Replay(f"{self.label}|{what}|{index}")

    def certify(self, index: int) -> Any:
        return dkg.certify(self.setting, index, self.seeds[index - 1], self.rng("certificate", index))

    def contribute(self, index: int) -> Any:
        rng = self.rng("contribution", index)
        return dkg.contribute(self.setting, index, self.seeds[index - 1], self.certificates, rng)

    def acknowledge(self, index: int, contributions: Sequence[Any] | None = None) -> Any:
        seen = self.contributions if contributions is None else contributions
        rng = self.rng("acknowledgement", index)
        return dkg.acknowledge(self.setting, index, self.seeds[index - 1], self.certificates, seen, rng)

    def complain(self, index: int, sender: int, contributions: Sequence[Any] | None = None) -> Any:
        seen = self.contributions if contributions is None else contributions
        rng = self.rng("complaint", index)
        return dkg.complain(self.setting, index, self.seeds[index - 1], self.certificates, seen, sender, rng)

    def entry(self, names: Sequence[str] = ()) -> Pedersen:
        return dkg.entry(self.setting, self.certificates, self.contributions, self.acknowledgements, names)

    def share(self, index: int) -> int:
        return dkg.private_share(self.setting, index, self.seeds[index - 1], self.certificates, self.contributions)


@dataclass(frozen=True)
class Board:
    """Entries of a trustees file with the private exponent of every holder, numbered from 1 over all entries."""

    entries: tuple[Entry, ...]
    exponents: tuple[int, ...]
    opening: tuple[int, ...]
    """Who opens the box, where nothing else is said."""

    @classmethod
    def of(cls, parts: Sequence[KeyPair | Ceremony]) -> Board:
        """Put entries together; of each, the last holders that suffice will open."""
        entries: list[Entry] = []
        exponents: list[int] = []
        opening: list[int] = []
        for part in parts:
            before = len(exponents)
            if isinstance(part, KeyPair):
                entries.append(part.entry)
                exponents.append(part.secret)
                opening.append(before + 1)
                continue
            entries.append(part.entry([f"Membre {before + index}" for index in part.holders]))
            exponents += [part.share(index) for index in part.holders]
            opening += [before + index for index in part.holders][-part.setting.threshold :]
        return cls(tuple(entries), tuple(exponents), tuple(opening))


@cache
def officers_and_delegates(group_name: str) -> tuple[Ceremony, Ceremony]:
    """“(president or secretary) and two of four delegates”: holders 1 and 2, then 3 to 6."""
    group = named(group_name)
    return Ceremony.of(group, 2, 1, "essai|1|bureau|0"), Ceremony.of(group, 4, 2, "essai|1|bureau|1")


def board(group_name: str) -> Board:
    """That compound key; holders 2, 5 and 6 open."""
    return Board.of(officers_and_delegates(group_name))
