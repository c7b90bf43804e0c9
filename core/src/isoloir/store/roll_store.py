"""The electoral roll in the database: written in batches, read as frozen entries."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, insert
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.roll_tables import ENTITLED_COUNT, ContactRow, EntitlementRow, EntryRow, KeyRow

_BULK_KILOBYTES = 64 * 1024
_SELECT_ENTRIES = select(EntryRow, ContactRow).join(
    ContactRow, (col(ContactRow.election) == EntryRow.election) & (col(ContactRow.entry) == EntryRow.id)
)

_SELECT_ENTRY = (
    sql_select(
        *EntryRow.__table__.columns,  # type: ignore[attr-defined]
        *(col(getattr(ContactRow, name)) for name in ("email", "mobile", "locale")),
    )
    .join_from(
        EntryRow, ContactRow, (col(ContactRow.election) == EntryRow.election) & (col(ContactRow.entry) == EntryRow.id)
    )
    .where(col(EntryRow.election) == bindparam("election"), col(EntryRow.id) == bindparam("id"))
)
"""One entry as plain columns, built once: every request of a voter reads it."""


@dataclass(frozen=True)
class NewEntry:
    """An elector to be put on the roll. No contests named: every contest of the college.

    `identifier` is empty, or the one that this person has already: identifiers are drawn, never brought.
    """

    civility: str = field(repr=False)
    last_name: str = field(repr=False)
    first_name: str = field(repr=False)
    email: str = field(repr=False)
    mobile: str = field(repr=False)
    college: str
    contests: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    kinds: Mapping[str, str] = field(default_factory=dict, repr=False)
    locale: str = "fr"
    identifier: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class RollEntry(NewEntry):
    """An elector on the roll, under a random opaque id; `contests` are all those the roll gives."""

    id: str = field(repr=False)
    election: str
    identifier: str = field(repr=False)

    @property
    def display(self) -> str:
        """Return the name as it is shown to this voter: ``Dr Alix Martin``."""
        return " ".join(part for part in (self.civility, self.first_name, self.last_name) if part)


async def add(session: AsyncSession, entries: Sequence[RollEntry], keys: Sequence[tuple[str, str, str]]) -> None:
    """Insert a batch of entries; `keys` are (field, normalised value, entry id)."""
    if not entries:
        return
    connection = await session.connection()
    await connection.execute(
        insert(EntryRow),
        [
            {
                "election": entry.election,
                "id": entry.id,
                "identifier": entry.identifier,
                "civility": entry.civility,
                "last_name": entry.last_name,
                "first_name": entry.first_name,
                "college": entry.college,
                "contests": _json(entry.contests),
                "fields": _json(dict(entry.fields)),
                "kinds": _json(dict(entry.kinds)),
            }
            for entry in entries
        ],
    )
    await connection.execute(
        insert(ContactRow),
        [
            {
                "election": entry.election,
                "entry": entry.id,
                "email": entry.email,
                "mobile": entry.mobile,
                "locale": entry.locale,
            }
            for entry in entries
        ],
    )
    election = entries[0].election
    rights = [
        {"election": election, "contest": contest, "entry": entry.id}
        for entry in entries
        for contest in entry.contests
    ]
    if rights:
        await connection.execute(insert(EntitlementRow), rights)
    if keys:
        await connection.execute(
            insert(KeyRow),
            [{"election": election, "field": name, "value": value, "entry": entry} for name, value, entry in keys],
        )


@asynccontextmanager
async def in_bulk(session: AsyncSession) -> AsyncIterator[None]:
    """Give SQLite room for many rows while they are written: 64 MB of pages instead of 2, then as before."""
    connection = await session.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    before = (await connection.exec_driver_sql("PRAGMA cache_size")).scalar_one()
    await connection.exec_driver_sql(f"PRAGMA cache_size=-{_BULK_KILOBYTES}")
    try:
        yield
    finally:
        await connection.exec_driver_sql(f"PRAGMA cache_size={int(before)}")


async def clear(session: AsyncSession, election_id: str) -> None:
    """Take everybody off the roll."""
    for table in (KeyRow, EntitlementRow, ContactRow, EntryRow):
        await session.exec(delete(table).where(col(table.election) == election_id))


async def remove(session: AsyncSession, election_id: str, ids: Sequence[str]) -> None:
    """Take these entries off the roll."""
    for table in (KeyRow, EntitlementRow, ContactRow):
        await session.exec(delete(table).where(col(table.election) == election_id, col(table.entry).in_(ids)))
    await session.exec(delete(EntryRow).where(col(EntryRow.election) == election_id, col(EntryRow.id).in_(ids)))


async def with_keys(
    session: AsyncSession, election_id: str, field_name: str, values: Sequence[str]
) -> dict[str, str]:
    """Return which of these normalised values the roll holds, and whose they are (one id for each)."""
    found = await session.exec(
        select(KeyRow.value, KeyRow.entry).where(
            KeyRow.election == election_id, KeyRow.field == field_name, col(KeyRow.value).in_(values)
        )
    )
    return dict(found.all())


async def with_ids(session: AsyncSession, election_id: str, ids: Sequence[str]) -> dict[str, RollEntry]:
    """Return the entries of these ids, by id."""
    found = await session.exec(_SELECT_ENTRIES.where(EntryRow.election == election_id, col(EntryRow.id).in_(ids)))
    return {row[0].id: _entry(*row) for row in found}


async def page(session: AsyncSession, election_id: str, after: str, limit: int) -> list[RollEntry]:
    """Return the next entries beyond an id, in the order of their opaque ids."""
    found = await session.exec(
        _SELECT_ENTRIES.where(EntryRow.election == election_id, col(EntryRow.id) > after)
        .order_by(col(EntryRow.id))
        .limit(limit)
    )
    return [_entry(*row) for row in found]


async def entry(session: AsyncSession, election_id: str, entry_id: str) -> RollEntry | None:
    """Return one entry, or `None`."""
    values = {"election": election_id, "id": entry_id}
    found = (await (await session.connection()).execute(_SELECT_ENTRY, values)).first()
    return None if found is None else _entry(found, found)


async def entries(session: AsyncSession, election_id: str) -> list[RollEntry]:
    """Return every entry, in the order of their opaque ids."""
    found = await session.exec(_SELECT_ENTRIES.where(EntryRow.election == election_id).order_by(col(EntryRow.id)))
    return [_entry(*row) for row in found]


async def with_key(session: AsyncSession, election_id: str, field_name: str, value: str) -> list[str]:
    """Return the ids of at most two entries that have this normalised value."""
    return list(
        await session.exec(
            select(KeyRow.entry)
            .where(KeyRow.election == election_id, KeyRow.field == field_name, KeyRow.value == value)
            .limit(2)
        )
    )


async def count(session: AsyncSession, election_id: str) -> int:
    """Return how many entries the roll has."""
    return (
        await session.exec(select(func.count()).select_from(EntryRow).where(EntryRow.election == election_id))
    ).one()


async def entitled(session: AsyncSession, election_id: str) -> dict[str, int]:
    """Return how many entries may vote, by contest; contests without any are left out."""
    query = sql_select(ENTITLED_COUNT.c.contest, ENTITLED_COUNT.c.entries).where(
        ENTITLED_COUNT.c.election == election_id
    )
    return {row.contest: row.entries for row in await (await session.connection()).execute(query)}


async def is_entitled(session: AsyncSession, election_id: str, contest_id: str, entry_id: str) -> bool:
    """Say whether the roll gives this entry the right to vote in this contest."""
    found = await session.exec(
        select(EntitlementRow.entry).where(
            EntitlementRow.election == election_id,
            EntitlementRow.contest == contest_id,
            EntitlementRow.entry == entry_id,
        )
    )
    return found.first() is not None


def _entry(row: Any, contact: Any) -> RollEntry:
    return RollEntry(
        civility=row.civility,
        last_name=row.last_name,
        first_name=row.first_name,
        email=contact.email,
        mobile=contact.mobile,
        college=row.college,
        contests=tuple(json.loads(row.contests)),
        fields=json.loads(row.fields),
        kinds=json.loads(row.kinds),
        locale=contact.locale,
        id=row.id,
        election=row.election,
        identifier=row.identifier,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
