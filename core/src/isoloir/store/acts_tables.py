"""Tables of the board's acts: where an election stands, what was fixed for it, rehearsals, publications."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from isoloir.store.base import ACTS, Row, kept_in


class LifecycleRow(Row, table=True):
    """The state of an election."""

    __tablename__ = "lifecycle"
    __table_args__ = kept_in(ACTS)

    election: str = Field(primary_key=True)
    state: str


class FactRow(Row, table=True):
    """Something fixed for an election, as JSON; a later version adds, it never replaces."""

    __tablename__ = "fact"
    __table_args__ = kept_in(ACTS)

    election: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    value: str


class RehearsalRow(Row, table=True):
    """A rehearsal that was held, under which system digest, and whether it passed."""

    __tablename__ = "rehearsal"
    __table_args__ = kept_in(ACTS)

    election: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    system_digest: str
    passed: bool
    hour: datetime
    record: str


class PublicationRow(Row, table=True):
    """One publication of a ballot box: how many ballots, the hash of their trackers, and of those before."""

    __tablename__ = "publication"
    __table_args__ = kept_in(ACTS)

    election: str = Field(primary_key=True)
    contest: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    count: int
    hash: str
    previous_hash: str
    published_at: datetime
    public_key: str
    signature: str


class WatchRow(Row, table=True):
    """What watching over an election last found or did, as JSON; unlike a fact it is written over."""

    __tablename__ = "watch"
    __table_args__ = kept_in(ACTS)

    election: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str


class AuditRow(Row, table=True):
    """One line of the audit log; `details` is canonical JSON, `at` an ISO time, `hash` covers all and the former."""

    __tablename__ = "audit_log"
    __table_args__ = kept_in(ACTS)

    serial: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    election: str
    act: str
    details: str
    at: str
    previous: str
    hash: str
