"""Tables of the electoral roll and of the poll book. Nothing here names a ballot."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Integer, MetaData, String, Table
from sqlmodel import Field

from isoloir.store.base import ROLL, Row, kept_in


class EntryRow(Row, table=True):
    """One elector of one election: identity and eligibility. `fields`, `kinds` and `contests` are JSON."""

    __tablename__ = "roll_entry"
    __table_args__ = (Index("roll_entry_identifier", "election", "identifier", unique=True), kept_in(ROLL))

    election: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    identifier: str
    civility: str
    last_name: str
    first_name: str
    college: str
    contests: str
    fields: str
    kinds: str


class ContactRow(Row, table=True):
    """How to reach an elector; no digest covers it."""

    __tablename__ = "roll_contact"
    __table_args__ = kept_in(ROLL)

    election: str = Field(primary_key=True)
    entry: str = Field(primary_key=True)
    email: str
    mobile: str
    locale: str


class KeyRow(Row, table=True):
    """A value by which an entry may be found, as its normaliser left it."""

    __tablename__ = "roll_key"
    __table_args__ = kept_in(ROLL)

    election: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    entry: str = Field(primary_key=True)


class EntitlementRow(Row, table=True):
    """An entry may vote in a contest."""

    __tablename__ = "roll_entitlement"
    __table_args__ = kept_in(ROLL)

    election: str = Field(primary_key=True)
    contest: str = Field(primary_key=True)
    entry: str = Field(primary_key=True)


class PollBookRow(Row, table=True):
    """An entry has voted in a contest, in that hour."""

    __tablename__ = "poll_book"
    __table_args__ = kept_in(ROLL)

    election: str = Field(primary_key=True)
    contest: str = Field(primary_key=True)
    entry: str = Field(primary_key=True)
    hour: datetime


_views = MetaData()


def _count(name: str) -> Table:
    columns = (Column("election", String), Column("contest", String), Column("entries", Integer))
    return Table(name, _views, *columns, schema=ROLL)


ENTITLED_COUNT = _count("entitled_count")
"""View: how many entries may vote, by contest. With the next one all that the box's side sees of the roll."""
VOTED_COUNT = _count("voted_count")
"""View: how many entries have voted, by contest."""
