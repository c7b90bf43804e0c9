"""What a login keeps in the database, read and written as frozen values. Subjects and scopes come as HMAC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, update
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.base import insert_absent, insertion
from isoloir.store.login_tables import BindingRow, FailureRow, HoldRow, SecretRow, SessionRow
from isoloir.store.roll_tables import ContactRow


@dataclass(frozen=True)
class StoredSession:
    """A session as stored: `handle` is a SHA-256, `payload` encrypted."""

    id: str = field(repr=False)
    handle: str = field(repr=False)
    locale: str
    payload: bytes = field(repr=False)
    version: int
    idle_until: datetime
    ends: datetime


@dataclass(frozen=True)
class Failures:
    """What is counted for one subject."""

    failures: int
    wait_until: datetime


# Statements of every request are built once: building one costs as much as running it.
_SESSION = sql_select(*(col(getattr(SessionRow, name)) for name in StoredSession.__dataclass_fields__))
_BY_HANDLE = _SESSION.where(col(SessionRow.handle) == bindparam("handle"))
_BY_ID = _SESSION.where(col(SessionRow.id) == bindparam("id"))
_FAILURES = sql_select(col(FailureRow.failures), col(FailureRow.wait_until)).where(
    col(FailureRow.election) == bindparam("election"),
    col(FailureRow.name) == bindparam("name"),
    col(FailureRow.subject) == bindparam("subject"),
    col(FailureRow.forgotten) > bindparam("now"),
)
_ALL_BOUND = sql_select(col(BindingRow.channel), col(BindingRow.address)).where(
    col(BindingRow.election) == bindparam("election"), col(BindingRow.entry) == bindparam("entry")
)
_SAMPLE = (
    sql_select(col(ContactRow.email), col(ContactRow.mobile))
    .where(col(ContactRow.election) == bindparam("election"))
    .order_by(col(ContactRow.entry))
    .limit(100)
)


async def add_session(session: AsyncSession, new: StoredSession) -> None:
    """Insert a session."""
    session.add(SessionRow(**vars(new)))
    await session.flush()


async def session_by_handle(session: AsyncSession, handle: str) -> StoredSession | None:
    """Return the session whose handle has that digest."""
    found = await (await session.connection()).execute(_BY_HANDLE, {"handle": handle})
    return _stored(found.first())


async def session_by_id(session: AsyncSession, session_id: str) -> StoredSession | None:
    """Return the session of that id."""
    found = await (await session.connection()).execute(_BY_ID, {"id": session_id})
    return _stored(found.first())


def _stored(row: Row[Any] | None) -> StoredSession | None:
    return None if row is None else StoredSession(**row._mapping)


async def touch(session: AsyncSession, session_id: str, idle_until: datetime) -> None:
    """Say that the session is in use."""
    await session.exec(update(SessionRow).where(col(SessionRow.id) == session_id).values(idle_until=idle_until))


async def save_session(
    session: AsyncSession, session_id: str, version: int, payload: bytes, idle_until: datetime
) -> bool:
    """Replace the payload if the version is still that one; say whether it was."""
    result = await session.exec(
        update(SessionRow)
        .where(col(SessionRow.id) == session_id, col(SessionRow.version) == version)
        .values(payload=payload, version=version + 1, idle_until=idle_until)
    )
    return result.rowcount == 1


async def set_locale(session: AsyncSession, session_id: str, locale: str) -> None:
    """Keep the language alone."""
    await session.exec(update(SessionRow).where(col(SessionRow.id) == session_id).values(locale=locale))


async def set_handle(session: AsyncSession, session_id: str, handle: str) -> None:
    """Give the session another handle."""
    await session.exec(update(SessionRow).where(col(SessionRow.id) == session_id).values(handle=handle))


async def delete_session(session: AsyncSession, session_id: str) -> None:
    """Delete a session."""
    await session.exec(delete(SessionRow).where(col(SessionRow.id) == session_id))


async def clean(session: AsyncSession, now: datetime) -> None:
    """Delete what is over: sessions, secrets, counted failures, held places."""
    await session.exec(delete(SessionRow).where((col(SessionRow.idle_until) <= now) | (col(SessionRow.ends) <= now)))
    await session.exec(delete(SecretRow).where(col(SecretRow.expires) <= now))
    await session.exec(delete(FailureRow).where(col(FailureRow.forgotten) <= now))
    await session.exec(delete(HoldRow).where(col(HoldRow.until) <= now))


async def put_secret(session: AsyncSession, scope: str, name: str, value: bytes, expires: datetime) -> None:
    """Keep a secret; a former one of that name is gone."""
    insert = insertion(session, SecretRow).values(scope=scope, name=name, value=value, expires=expires)
    await session.exec(
        insert.on_conflict_do_update(index_elements=["scope", "name"], set_={"value": value, "expires": expires})
    )


async def get_secret(session: AsyncSession, scope: str, name: str, now: datetime) -> bytes | None:
    """Return a secret that has not expired."""
    found = await session.exec(
        select(SecretRow.value).where(SecretRow.scope == scope, SecretRow.name == name, col(SecretRow.expires) > now)
    )
    return found.first()


async def delete_secret(session: AsyncSession, scope: str, name: str) -> None:
    """Delete a secret."""
    await session.exec(delete(SecretRow).where(col(SecretRow.scope) == scope, col(SecretRow.name) == name))


async def failures(session: AsyncSession, election: str, name: str, subject: str, now: datetime) -> Failures | None:
    """Return what is counted and not yet forgotten."""
    values = {"election": election, "name": name, "subject": subject, "now": now}
    row = (await (await session.connection()).execute(_FAILURES, values)).first()
    return None if row is None else Failures(*row)


async def set_failures(
    session: AsyncSession, election: str, name: str, subject: str, counted: Failures, forgotten: datetime
) -> None:
    """Keep a count."""
    values = {"failures": counted.failures, "wait_until": counted.wait_until, "forgotten": forgotten}
    insert = insertion(session, FailureRow).values(election=election, name=name, subject=subject, **values)
    await session.exec(insert.on_conflict_do_update(index_elements=["election", "name", "subject"], set_=values))


async def count_in_window(
    session: AsyncSession, election: str, name: str, subject: str, now: datetime, ends: datetime
) -> tuple[int, datetime]:
    """Count one more in the window that is open for a subject, or open one that ends then; one statement.

    Returns how many there are in it, and when it ends.
    """
    over = col(FailureRow.forgotten) <= now
    opened = insertion(session, FailureRow).values(
        election=election, name=name, subject=subject, failures=1, wait_until=ends, forgotten=ends
    )
    counted = opened.on_conflict_do_update(
        index_elements=["election", "name", "subject"],
        set_={
            "failures": case((over, 1), else_=col(FailureRow.failures) + 1),
            "wait_until": case((over, ends), else_=col(FailureRow.wait_until)),
            "forgotten": case((over, ends), else_=col(FailureRow.forgotten)),
        },
    ).returning(col(FailureRow.failures), col(FailureRow.forgotten))
    row = (await (await session.connection()).execute(counted)).one()
    return row[0], row[1]


async def hold(session: AsyncSession, place: str, holder: str, now: datetime, until: datetime) -> bool:
    """Take a place that nobody holds (any more); say whether it was taken."""
    await session.exec(delete(HoldRow).where(col(HoldRow.place) == place, col(HoldRow.until) <= now))
    return await insert_absent(session, HoldRow, [{"place": place, "holder": holder, "until": until}]) == 1


async def let_go(session: AsyncSession, place: str, holder: str) -> None:
    """Give a place back."""
    await session.exec(delete(HoldRow).where(col(HoldRow.place) == place, col(HoldRow.holder) == holder))


async def bound(session: AsyncSession, election: str, entry: str, channel: str) -> tuple[str, bytes] | None:
    """Return the digest and the encrypted address bound to an entry."""
    found = await session.exec(
        select(BindingRow.digest, BindingRow.address).where(
            BindingRow.election == election, BindingRow.entry == entry, BindingRow.channel == channel
        )
    )
    return found.first()


async def all_bound(session: AsyncSession, election: str, entry: str) -> dict[str, bytes]:
    """Return every encrypted address bound to an entry, by channel."""
    found = await (await session.connection()).execute(_ALL_BOUND, {"election": election, "entry": entry})
    return {row.channel: row.address for row in found}


async def served(session: AsyncSession, election: str, channel: str, digest: str) -> int:
    """Return how many entries an address serves."""
    found = await session.exec(
        select(func.count())
        .select_from(BindingRow)
        .where(
            col(BindingRow.election) == election, col(BindingRow.channel) == channel, col(BindingRow.digest) == digest
        )
    )
    return found.one()


async def bind(session: AsyncSession, election: str, entry: str, channel: str, digest: str, address: bytes) -> None:
    """Bind an address to an entry."""
    session.add(BindingRow(election=election, entry=entry, channel=channel, digest=digest, address=address))
    await session.flush()


async def unbind(session: AsyncSession, election: str, entry: str, channel: str) -> bool:
    """Undo a binding, for the help desk; say whether there was one."""
    result = await session.exec(
        delete(BindingRow).where(
            col(BindingRow.election) == election, col(BindingRow.entry) == entry, col(BindingRow.channel) == channel
        )
    )
    return result.rowcount == 1


async def contact_sample(session: AsyncSession, election: str) -> list[tuple[str, str]]:
    """Return (e-mail, mobile) of the first entries by their random ids: of what kinds the roll's contacts are."""
    found = await (await session.connection()).execute(_SAMPLE, {"election": election})
    return [(email, mobile) for email, mobile in found]
