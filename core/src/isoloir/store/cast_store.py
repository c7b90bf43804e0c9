"""Casting: the one function that writes the ballot box and the poll book, and alone sees both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.store import box_store, lifecycle_store, poll_book_store, roll_store
from isoloir.store.base import insert_absent
from isoloir.store.box_tables import WaitingRow


class Outcome(Enum):
    """What became of a cast. Only `CAST` has written anything."""

    CAST = "cast"
    HELD = "held"
    """The voter is marked, and the box holds exactly these bytes."""
    ALREADY_VOTED = "already_voted"
    CREDENTIAL_TAKEN = "credential_taken"
    NOT_ENTITLED = "not_entitled"
    NOT_OPEN = "not_open"
    FROZEN = "frozen"


@dataclass(frozen=True, repr=False)
class Ballot:
    """A checked ballot: its exact bytes, its tracker and the credential it is under."""

    data: bytes = field(repr=False)
    tracker: str = field(repr=False)
    credential: str = field(repr=False)


async def standing(
    session: AsyncSession, election_id: str, contest_id: str, entry_id: str, tracker: str
) -> Outcome | None:
    """Say why this voter may not cast, or that the box holds the ballot already; `None` when nothing hinders."""
    if await poll_book_store.is_marked(session, election_id, contest_id, entry_id):
        held = await box_store.holds(session, election_id, contest_id, tracker)
        return Outcome.HELD if held else Outcome.ALREADY_VOTED
    state = await lifecycle_store.state(session, election_id)
    if state != "open":
        return Outcome.NOT_OPEN if state in lifecycle_store.BEFORE_OPENING else Outcome.FROZEN
    if not await roll_store.is_entitled(session, election_id, contest_id, entry_id):
        return Outcome.NOT_ENTITLED
    return None


async def cast(
    session: AsyncSession, election_id: str, contest_id: str, entry_id: str, hour: datetime, ballot: Ballot
) -> Outcome:
    """Write ballot and poll-book entry, in the caller's transaction, or neither."""
    hindrance = await standing(session, election_id, contest_id, entry_id, ballot.tracker)
    if hindrance is not None:
        return hindrance
    if await box_store.is_used(session, election_id, contest_id, ballot.credential):
        return Outcome.CREDENTIAL_TAKEN
    row = {
        "election": election_id,
        "contest": contest_id,
        "credential": ballot.credential,
        "tracker": ballot.tracker,
        "ballot": ballot.data,
    }
    if await insert_absent(session, WaitingRow, [row]) != 1:
        return Outcome.CREDENTIAL_TAKEN
    if not await poll_book_store.mark(session, election_id, contest_id, entry_id, hour):
        # Cannot be under one writer; never leave a ballot without its poll-book entry all the same.
        await session.rollback()
        return Outcome.ALREADY_VOTED
    return Outcome.CAST
