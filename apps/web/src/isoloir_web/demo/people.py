"""Somebody to vote as in a demonstration: what they type, where they stand, how they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from isoloir import poll_book, roll
from isoloir.config.election import ElectionFile
from isoloir.login.bindings import Bindings
from isoloir.normalise import alphanumeric, text

if TYPE_CHECKING:
    from isoloir.instance import Instance
    from isoloir.roll import RollEntry

SUGGESTED = 4
FOUND = 12
_PART = 3


@dataclass(frozen=True)
class Person:
    """One roll entry; `fields` holds (name, value, kind), `voted` the poll book's hours by contest."""

    entry: RollEntry
    fields: tuple[tuple[str, str, str], ...]
    voted: Mapping[str, datetime]
    contests: int
    typed_mobile: str

    @property
    def example_mobile(self) -> str:
        """A mobile that this person may type: one of their own, for a number serves few voters."""
        digits = f"{int(self.entry.id, 16) % 1_000_000:06}"
        return f"06 12 {digits[:2]} {digits[2:4]} {digits[4:]}"

    @property
    def addresses(self) -> frozenset[str]:
        """Where this person's messages go: e-mail, mobile of the roll or typed at the login, name on a letter."""
        known = (self.entry.email, self.entry.mobile, self.typed_mobile, self.entry.display)
        return frozenset(address for address in known if address)


async def person(instance: Instance, election: ElectionFile, entry: RollEntry) -> Person:
    """Return what a demonstration tells about an entry."""
    return Person(
        entry,
        tuple((name, entry.fields.get(name, ""), entry.kinds.get(name, "")) for name in election.roll.fields),
        await poll_book.marked(instance.store, election, entry.id),
        len(roll.contests_of(election, entry)),
        await Bindings(instance.store, instance.keys, election.id).of(entry.id, "sms"),
    )


async def find(instance: Instance, election: ElectionFile, words: str) -> tuple[list[Person], int]:
    """Return the first people whom all the words name, and how many there are in all.

    Without words, the first of the roll by key: a newcomer finds the same ones every time.
    """
    keys = [name for name, declared in election.roll.fields.items() if declared.key]
    wanted = words.split()
    found = sorted(
        (one for one in await roll.entries(instance.store, election.id) if _named(one, wanted)),
        key=lambda one: ([one.fields.get(name, "") for name in keys], one.last_name, one.id),
    )
    shown = found[: FOUND if wanted else SUGGESTED]
    return [await person(instance, election, entry) for entry in shown], len(found)


def _named(entry: RollEntry, wanted: list[str]) -> bool:
    names = text(f"{entry.display} {entry.email}")
    numbers = [alphanumeric(one) for one in (entry.identifier, entry.mobile, *entry.fields.values())]
    return all(text(word) in names or _in_one(numbers, alphanumeric(word)) for word in wanted)


def _in_one(numbers: list[str], part: str) -> bool:
    # Shorter parts stand somewhere in everybody's numbers.
    return len(part) >= _PART and any(part in number for number in numbers)
