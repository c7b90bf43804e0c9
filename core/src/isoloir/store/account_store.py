"""Accounts in the database, read and written as frozen values; every change that must happen once is a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Update, delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store.account_tables import AccountRow, RecoveryRow


@dataclass(frozen=True)
class StoredAccount:
    """An account as stored; `generation` goes up whenever every session of it is to end."""

    election: str
    id: str
    name: str = field(repr=False)
    display: str = field(repr=False)
    email: str = field(repr=False)
    locale: str
    role: str
    board: str
    member: str
    state: str
    password: str = field(repr=False)
    totp: bytes = field(repr=False)
    last_step: int
    generation: int
    failures: int
    activation: str = field(repr=False)
    activation_code: str = field(repr=False)
    activation_until: datetime


async def add(session: AsyncSession, new: StoredAccount) -> None:
    """Insert an account."""
    session.add(AccountRow(**vars(new)))
    await session.flush()


async def everybody(session: AsyncSession, election_id: str) -> list[StoredAccount]:
    """Return the accounts of an election, by name."""
    query = select(AccountRow).where(AccountRow.election == election_id).order_by(col(AccountRow.name))
    return [_stored(row) for row in await session.exec(query)]


async def by_id(session: AsyncSession, election_id: str, account_id: str) -> StoredAccount | None:
    """Return the account of that id."""
    query = select(AccountRow).where(AccountRow.election == election_id, AccountRow.id == account_id)
    return _found((await session.exec(query)).first())


async def by_name(session: AsyncSession, election_id: str, name: str) -> StoredAccount | None:
    """Return the account of that name."""
    query = select(AccountRow).where(AccountRow.election == election_id, AccountRow.name == name)
    return _found((await session.exec(query)).first())


async def by_activation(session: AsyncSession, election_id: str, digest: str, now: datetime) -> StoredAccount | None:
    """Return the account that this link activates, while it does."""
    query = select(AccountRow).where(
        AccountRow.election == election_id,
        AccountRow.activation == digest,
        col(AccountRow.activation) != "",
        AccountRow.state == "invited",
        col(AccountRow.activation_until) > now,
    )
    return _found((await session.exec(query)).first())


async def change(session: AsyncSession, election_id: str, account_id: str, **values: Any) -> None:
    """Write these columns; every session of the account ends when `generation` is among them."""
    await session.exec(_update(election_id, account_id).values(**values))


async def activate(session: AsyncSession, account: StoredAccount, **values: Any) -> bool:
    """Activate an account by the link it was found with; true for exactly one caller."""
    statement = _update(account.election, account.id).where(
        col(AccountRow.activation) == account.activation, col(AccountRow.state) == "invited"
    )
    done = await session.exec(statement.values(state="active", activation="", activation_code="", **values))
    return done.rowcount == 1


async def spend_step(session: AsyncSession, election_id: str, account_id: str, step: int) -> bool:
    """Take a step of the second factor; false when it, or a later one, was taken before."""
    statement = _update(election_id, account_id).where(col(AccountRow.last_step) < step)
    return (await session.exec(statement.values(last_step=step))).rowcount == 1


async def count_failure(session: AsyncSession, election_id: str, account_id: str) -> None:
    """Count one failed login; of nobody's account, the same statement changes nothing."""
    await session.exec(_update(election_id, account_id).values(failures=col(AccountRow.failures) + 1))


async def take_failures(session: AsyncSession, election_id: str, account_id: str) -> int:
    """Return how many logins failed since they were last taken, and forget them."""
    found = await by_id(session, election_id, account_id)
    if found is None or not found.failures:
        return 0
    await session.exec(_update(election_id, account_id).values(failures=col(AccountRow.failures) - found.failures))
    return found.failures


async def set_recovery(session: AsyncSession, account_id: str, digests: Sequence[str]) -> None:
    """Replace the recovery codes."""
    await session.exec(delete(RecoveryRow).where(col(RecoveryRow.account) == account_id))
    for digest in digests:
        session.add(RecoveryRow(account=account_id, digest=digest))
    await session.flush()


async def spend_recovery(session: AsyncSession, account_id: str, digest: str) -> bool:
    """Use a recovery code up; true for exactly one caller."""
    result = await session.exec(
        delete(RecoveryRow).where(col(RecoveryRow.account) == account_id, col(RecoveryRow.digest) == digest)
    )
    return result.rowcount == 1


async def recovery_left(session: AsyncSession, account_id: str) -> int:
    """Return how many recovery codes are left."""
    return len((await session.exec(select(RecoveryRow.digest).where(RecoveryRow.account == account_id))).all())


def _update(election_id: str, account_id: str) -> Update:
    return update(AccountRow).where(col(AccountRow.election) == election_id, col(AccountRow.id) == account_id)


def _found(row: AccountRow | None) -> StoredAccount | None:
    return None if row is None else _stored(row)


def _stored(row: AccountRow) -> StoredAccount:
    return StoredAccount(**{name: getattr(row, name) for name in StoredAccount.__dataclass_fields__})
