"""The queue of messages, as the store keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.clock import hour_of
from isoloir.store.base import insert_absent
from isoloir.store.message_tables import MessageRow
from isoloir.store.roll_tables import EntryRow

WAITING, SENDING, SENT, FAILED, UNKNOWN = "waiting", "sending", "sent", "failed", "unknown"


@dataclass(frozen=True)
class Queued:
    """A message taken from the queue; `body` is as it was encrypted."""

    key: str
    channel: str
    tries: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class NewMessage:
    """A message to queue."""

    key: str
    template: str
    channel: str
    entry: str
    supersedes: str
    due: datetime
    body: bytes = field(repr=False)


async def add(session: AsyncSession, election: str, messages: Sequence[NewMessage]) -> int:
    """Queue messages; one whose key is there already is left out. Returns how many were new."""
    added = 0
    for message in messages:
        if message.supersedes:
            # By the entry alone, whose id no other election has: SQLite would else read all that is waiting.
            await session.exec(
                delete(MessageRow).where(
                    col(MessageRow.entry) == message.entry,
                    col(MessageRow.supersedes) == message.supersedes,
                    col(MessageRow.state) == WAITING,
                )
            )
        values = {
            "election": election, "key": message.key, "template": message.template, "channel": message.channel,
            "entry": message.entry, "supersedes": message.supersedes, "state": WAITING, "tries": 0,
            "due": message.due, "body": message.body, "carrier_id": "", "code": "",
        }  # fmt: skip
        added += await insert_absent(session, MessageRow, [values])
    return added


async def remove(session: AsyncSession, election: str, keys: Sequence[str]) -> None:
    """Remove messages by their keys."""
    await session.exec(delete(MessageRow).where(col(MessageRow.election) == election, col(MessageRow.key).in_(keys)))


async def forget(session: AsyncSession, election: str, template: str, entries: Sequence[str]) -> None:
    """Forget what these entries were or would be sent by a template, so that it may be queued again."""
    await session.exec(
        delete(MessageRow).where(
            col(MessageRow.election) == election,
            col(MessageRow.template) == template,
            col(MessageRow.entry).in_(entries),
        )
    )


async def withdraw_absent(session: AsyncSession, election: str) -> None:
    """Take out of the queue what waits for entries that are no longer on the roll."""
    await session.exec(
        delete(MessageRow).where(
            col(MessageRow.election) == election,
            col(MessageRow.state) == WAITING,
            col(MessageRow.entry) != "",
            col(MessageRow.entry).not_in(select(EntryRow.id).where(EntryRow.election == election)),
        )
    )


async def claim(
    session: AsyncSession, election: str, now: datetime, until: datetime, limit: int
) -> tuple[list[Queued], int]:
    """Take what is due, for this sender alone until `until`.

    What another sender took and never answered for is marked unknown, and never tried blindly. Returns the messages
    and how many became unknown.
    """
    lost = await session.exec(
        update(MessageRow)
        .where(col(MessageRow.election) == election, col(MessageRow.state) == SENDING, col(MessageRow.due) <= now)
        .values(state=UNKNOWN, code="sender_stopped", due=hour_of(now))
    )
    rows = (
        await session.exec(
            select(MessageRow)
            .where(MessageRow.election == election, MessageRow.state == WAITING, MessageRow.due <= now)
            .order_by(col(MessageRow.due))
            .limit(limit)
        )
    ).all()
    taken = [Queued(row.key, row.channel, row.tries, row.body) for row in rows]
    for row in rows:
        row.state, row.tries, row.due = SENDING, row.tries + 1, until
        session.add(row)
    await session.flush()
    return taken, max(lost.rowcount, 0)


async def settle(
    session: AsyncSession,
    election: str,
    key: str,
    state: str,
    *,
    due: datetime,
    carrier_id: str = "",
    code: str = "",
) -> None:
    """Note what became of a message; its body goes with its acceptance or its final refusal.

    `due` is when it may be tried again, or the present moment: of what is over the hour alone is kept, since a
    message that says "you voted" follows a vote within moments.
    """
    values: dict[str, object] = {"state": state, "carrier_id": carrier_id, "code": code}
    values["due"] = due if state == WAITING else hour_of(due)
    if state in (SENT, FAILED):
        values["body"] = b""
    await session.exec(
        update(MessageRow).where(col(MessageRow.election) == election, col(MessageRow.key) == key).values(**values)
    )


async def counts(session: AsyncSession, election: str) -> dict[tuple[str, str], int]:
    """Return how many messages there are by template and state."""
    rows = await session.exec(
        select(MessageRow.template, MessageRow.state, func.count())
        .where(MessageRow.election == election)
        .group_by(MessageRow.template, MessageRow.state)
    )
    return {(template, state): number for template, state, number in rows}
