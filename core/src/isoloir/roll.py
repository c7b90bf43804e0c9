"""The electoral roll: who may vote in what, how an entry is found, and how a value is compared with it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from itertools import islice

from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.normalise import NORMALISERS, alphanumeric
from isoloir.store import lifecycle_store, roll_store
from isoloir.store.engine import Store
from isoloir.store.roll_store import NewEntry, RollEntry

__all__ = [
    "NewEntry",
    "RollEntry",
    "add_entries",
    "by_identifier",
    "by_key",
    "contests_of",
    "count",
    "entries",
    "entry",
    "matches",
]

IDENTIFIER = "identifier"
_BATCH = 2_000
_OWN_COLUMNS = {"identifier": "alphanumeric", "last_name": "text", "first_name": "text", "college": "text"}
_OPEN_ROLL = ("draft", "configured", "keyed")


async def add_entries(store: Store, election: ElectionFile, entries: Iterable[NewEntry]) -> int:
    """Put entries on the roll, all or nothing, each with a random id and an identifier nobody else has.

    Returns how many. `entries` may be a generator: memory holds one batch and the identifiers.
    Raises `IsoloirError`: `roll_sealed`, `roll_college_unknown`, `roll_contest_unknown` (with the line, from 1),
    `roll_field_unknown`, `identifiers_exhausted` (alphabet and length give too few).
    """
    return await store.kept(_add(store, election, iter(entries)))


async def _add(store: Store, election: ElectionFile, entries: Iterator[NewEntry]) -> int:
    added = 0
    async with store.write() as session:
        if await lifecycle_store.state(session, election.id) not in _OPEN_ROLL:
            raise IsoloirError("roll_sealed", election=election.id)
        taken = await roll_store.identifiers(session, election.id)
        while batch := list(islice(entries, _BATCH)):
            made = [
                _entry(election, new, _draw_identifier(election, taken), line)
                for line, new in enumerate(batch, added + 1)
            ]
            await roll_store.add(session, made, [key for entry in made for key in _keys(election, entry)])
            added += len(made)
    return added


def _entry(election: ElectionFile, new: NewEntry, identifier: str, line: int) -> RollEntry:
    if new.college not in election.colleges:
        raise IsoloirError("roll_college_unknown", election=election.id, line=line)
    if not set(new.contests) <= {contest.id for contest in election.contests}:
        raise IsoloirError("roll_contest_unknown", election=election.id, line=line)
    if not {*new.fields, *new.kinds} <= set(election.roll.fields):
        raise IsoloirError("roll_field_unknown", election=election.id, line=line)
    return RollEntry(
        civility=new.civility,
        last_name=new.last_name,
        first_name=new.first_name,
        email=new.email,
        mobile=new.mobile,
        college=new.college,
        contests=tuple(
            contest.id
            for contest in election.contests
            if new.college in contest.colleges and (not new.contests or contest.id in new.contests)
        ),
        fields=dict(new.fields),
        kinds=dict(new.kinds),
        locale=new.locale,
        id=secrets.token_hex(16),
        election=election.id,
        identifier=identifier,
    )


def _draw_identifier(election: ElectionFile, taken: set[str]) -> str:
    alphabet, length = election.identifiers.alphabet, election.identifiers.length
    # Beyond half of the space, drawing again and again would betray how few are left.
    if 2 * len(taken) >= len(set(alphabet)) ** length:
        raise IsoloirError("identifiers_exhausted", election=election.id)
    while True:
        drawn = "".join(secrets.choice(alphabet) for _ in range(length))
        if drawn not in taken:
            taken.add(drawn)
            return drawn


def _keys(election: ElectionFile, entry: RollEntry) -> Iterator[tuple[str, str, str]]:
    yield IDENTIFIER, alphanumeric(entry.identifier), entry.id
    for name, declared in election.roll.fields.items():
        if declared.key and (value := NORMALISERS[declared.normalise](entry.fields.get(name, ""))):
            yield name, value, entry.id


async def entry(store: Store, election_id: str, entry_id: str) -> RollEntry | None:
    """Return the entry of that id, or `None`."""
    async with store.read() as session:
        return await roll_store.entry(session, election_id, entry_id)


async def entries(store: Store, election_id: str) -> list[RollEntry]:
    """Return the whole roll, in the order of the opaque ids."""
    async with store.read() as session:
        return await roll_store.entries(session, election_id)


async def count(store: Store, election_id: str) -> int:
    """Return how many entries the roll has."""
    async with store.read() as session:
        return await roll_store.count(session, election_id)


async def by_identifier(store: Store, election: ElectionFile, typed: str) -> RollEntry | None:
    """Return the entry of the identifier that somebody typed: case, blanks and dashes do not count."""
    return await _found(store, election, IDENTIFIER, alphanumeric(typed))


async def by_key(store: Store, election: ElectionFile, field: str, value: str) -> RollEntry | None:
    """Return the one entry whose key `field` has that value; `None` for none, for two, and for what is no key."""
    declared = election.roll.fields.get(field)
    if declared is None or not declared.key:
        return None
    return await _found(store, election, field, NORMALISERS[declared.normalise](value))


async def _found(store: Store, election: ElectionFile, field: str, value: str) -> RollEntry | None:
    async with store.read() as session:
        ids = await roll_store.with_key(session, election.id, field, value) if value else []
        # A miss reads as much as a hit, so that neither is seen in the time it takes.
        wanted = ids[0] if len(ids) == 1 else ""
        return await roll_store.entry(session, election.id, wanted)


def matches(election: ElectionFile, entry: RollEntry, field: str, value: str) -> bool:
    """Compare `value` with the entry's, as the field's normaliser leaves both, in constant time.

    Fields are the roll's own (of the election file), and identifier, last_name, first_name, college. What is
    empty once normalised matches nothing.
    """
    declared = election.roll.fields.get(field)
    name = declared.normalise if declared is not None else _OWN_COLUMNS.get(field)
    if name is None:
        return False
    kept = entry.fields.get(field, "") if declared is not None else str(getattr(entry, field))
    ours, theirs = NORMALISERS[name](kept), NORMALISERS[name](value)
    # Hashed, so that neither the length nor the place of the first difference is seen in the time.
    same = hmac.compare_digest(hashlib.sha256(ours.encode()).digest(), hashlib.sha256(theirs.encode()).digest())
    return same and bool(ours)


def contests_of(election: ElectionFile, entry: RollEntry) -> tuple[Contest, ...]:
    """Return the contests in which the roll lets this entry vote, in the election file's order."""
    return tuple(
        contest for contest in election.contests if contest.id in entry.contests and entry.college in contest.colleges
    )
