"""The electoral roll: who may vote in what, how an entry is found, and how a value is compared with it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from sqlmodel.ext.asyncio.session import AsyncSession

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
    "corrected",
    "count",
    "demand_unsealed",
    "each",
    "entries",
    "entry",
    "first_key",
    "key_value",
    "made",
    "matches",
    "write_entries",
]

Progress = Callable[[int], None]
"""Called with how many entries are written."""

IDENTIFIER = "identifier"
_BATCH = 2_000
_OWN_COLUMNS = {"identifier": "alphanumeric", "last_name": "text", "first_name": "text", "college": "text"}
_OPEN_ROLL = ("draft", "configured", "keyed")


async def add_entries(
    store: Store, election: ElectionFile, entries: Iterable[NewEntry], *, progress: Progress | None = None
) -> int:
    """Put entries on the roll, all or nothing, each with a random id and an identifier nobody else has.

    Returns how many. `entries` may be a generator: memory holds one batch.
    Raises `IsoloirError`: `roll_sealed`, `roll_college_unknown`, `roll_contest_unknown` (with the line, from 1),
    `roll_field_unknown`, `identifiers_exhausted` (alphabet and length give too few).
    """
    return await store.kept(_add(store, election, entries, progress))


async def _add(store: Store, election: ElectionFile, entries: Iterable[NewEntry], progress: Progress | None) -> int:
    async with store.write(roll_of=election.id) as session:
        await demand_unsealed(session, election)
        return await write_entries(session, election, made(election, entries), progress)


async def demand_unsealed(session: AsyncSession, election: ElectionFile) -> None:
    """Raise `IsoloirError` `roll_sealed` once the election is sealed: from then on the board alone corrects."""
    if await lifecycle_store.state(session, election.id) not in _OPEN_ROLL:
        raise IsoloirError("roll_sealed", election=election.id)


async def write_entries(
    session: AsyncSession,
    election: ElectionFile,
    entries: Iterable[RollEntry],
    progress: Progress | None = None,
) -> int:
    """Write `made` entries in the caller's transaction; who has no identifier yet gets one. Returns how many.

    In the order of their ids they are written fastest. Raises `IsoloirError` `identifiers_exhausted`.
    """
    written = 0
    rest = iter(entries)
    async with roll_store.in_bulk(session):
        draw = _Draw(session, election, await roll_store.count(session, election.id))
        while batch := list(islice(rest, _BATCH)):
            drawn = iter(await draw.identifiers(sum(not entry.identifier for entry in batch)))
            batch = [entry if entry.identifier else replace(entry, identifier=next(drawn)) for entry in batch]
            await roll_store.add(session, batch, [key for entry in batch for key in _keys(election, entry)])
            written += len(batch)
            if progress:
                progress(written)
    return written


def made(election: ElectionFile, entries: Iterable[NewEntry]) -> Iterator[RollEntry]:
    """Yield entries as the roll of `election` holds them: under random ids, with their contests, no identifier yet.

    Raises `IsoloirError`: `roll_college_unknown`, `roll_contest_unknown` (with the line, from 1),
    `roll_field_unknown`.
    """
    rights = _Rights(election)
    for line, new in enumerate(entries, 1):
        yield rights.entry(new, line)


def first_key(election: ElectionFile) -> str:
    """Return the field that tells who is the same person; raises `IsoloirError` `roll_no_key`."""
    for name, declared in election.roll.fields.items():
        if declared.key:
            return name
    raise IsoloirError("roll_no_key", election=election.id)


def corrected(election: ElectionFile, old: RollEntry, new: NewEntry) -> RollEntry:
    """Return the same person as the file has them now."""
    of_college = [contest.id for contest in election.contests if new.college in contest.colleges]
    return replace(
        old,
        civility=new.civility,
        last_name=new.last_name,
        first_name=new.first_name,
        email=new.email,
        mobile=new.mobile,
        college=new.college,
        contests=tuple(one for one in of_college if not new.contests or one in new.contests),
        fields=dict(new.fields),
        kinds=dict(new.kinds),
        locale=new.locale,
    )


def key_value(election: ElectionFile, field: str, entry: NewEntry) -> str:
    """Return an entry's value of a key field, as its normaliser leaves it; empty where it has none."""
    return NORMALISERS[election.roll.fields[field].normalise](entry.fields.get(field, ""))


class _Rights:
    """Makes entries that fit the election: its colleges, contests and fields."""

    def __init__(self, election: ElectionFile) -> None:
        self._election = election
        self._contests = {contest.id for contest in election.contests}
        self._fields = set(election.roll.fields)
        self._of_college = {
            college: [contest.id for contest in election.contests if college in contest.colleges]
            for college in election.colleges
        }

    def entry(self, new: NewEntry, line: int) -> RollEntry:
        return RollEntry(
            civility=new.civility,
            last_name=new.last_name,
            first_name=new.first_name,
            email=new.email,
            mobile=new.mobile,
            college=new.college,
            contests=self._given(new, line),
            fields=dict(new.fields),
            kinds=dict(new.kinds),
            locale=new.locale,
            id=secrets.token_hex(16),
            election=self._election.id,
            identifier="",
        )

    def _given(self, new: NewEntry, line: int) -> tuple[str, ...]:
        if new.college not in self._of_college:
            raise IsoloirError("roll_college_unknown", election=self._election.id, line=line)
        if not self._contests.issuperset(new.contests):
            raise IsoloirError("roll_contest_unknown", election=self._election.id, line=line)
        if not (self._fields.issuperset(new.fields) and self._fields.issuperset(new.kinds)):
            raise IsoloirError("roll_field_unknown", election=self._election.id, line=line)
        of_college = self._of_college[new.college]
        return tuple(one for one in of_college if not new.contests or one in new.contests)


class _Draw:
    """Draws identifiers that nobody on the roll has, a batch at a time."""

    def __init__(self, session: AsyncSession, election: ElectionFile, taken: int) -> None:
        self._session = session
        self._election = election
        self._alphabet = election.identifiers.alphabet
        self._length = election.identifiers.length
        # Beyond half of the space, drawing again and again would betray how few are left.
        self._left = (len(set(self._alphabet)) ** self._length + 1) // 2 - taken

    async def identifiers(self, number: int) -> list[str]:
        self._left -= number
        if self._left < 0:
            raise IsoloirError("identifiers_exhausted", election=self._election.id)
        drawn: set[str] = set()
        while len(drawn) < number:
            new = {self._one() for _ in range(number - len(drawn))} - drawn
            drawn |= new - (await roll_store.with_keys(self._session, self._election.id, IDENTIFIER, [*new])).keys()
        return [*drawn]

    def _one(self) -> str:
        signs = []
        number = secrets.randbelow(len(self._alphabet) ** self._length)
        for _ in range(self._length):
            number, sign = divmod(number, len(self._alphabet))
            signs.append(self._alphabet[sign])
        return "".join(signs)


def _keys(election: ElectionFile, entry: RollEntry) -> Iterator[tuple[str, str, str]]:
    yield IDENTIFIER, alphanumeric(entry.identifier), entry.id
    for name, declared in election.roll.fields.items():
        if declared.key and (value := key_value(election, name, entry)):
            yield name, value, entry.id


async def entry(store: Store, election_id: str, entry_id: str) -> RollEntry | None:
    """Return the entry of that id, or `None`."""
    async with store.read() as session:
        return await roll_store.entry(session, election_id, entry_id)


async def entries(store: Store, election_id: str) -> list[RollEntry]:
    """Return the whole roll, in the order of the opaque ids."""
    async with store.read() as session:
        return await roll_store.entries(session, election_id)


async def each(store: Store, election_id: str) -> AsyncIterator[RollEntry]:
    """Yield the whole roll as it stands at one moment, in the order of the opaque ids, in flat memory."""
    async with store.read() as session:
        after = ""
        while batch := await roll_store.page(session, election_id, after, _BATCH):
            for one in batch:
                yield one
            after = batch[-1].id


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
