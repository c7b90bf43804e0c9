"""Tables of the ballot box. Nothing here names a voter, tells a time, or keeps an order."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field

from isoloir.store.base import BOX, Row, kept_in


class SetupRow(Row, table=True):
    """What a contest's ballots are checked against: the three files of its archive, to the byte."""

    __tablename__ = "box_setup"
    __table_args__ = kept_in(BOX)

    election: str = Field(primary_key=True)
    contest: str = Field(primary_key=True)
    digest: str
    election_json: bytes
    trustees_json: bytes
    public_credentials_json: bytes


class CredentialRow(Row, table=True):
    """The public half of a pool's credential number so-and-so; written with the pool and never again."""

    __tablename__ = "box_credential"
    __table_args__ = kept_in(BOX)

    election: str = Field(primary_key=True)
    contest: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    public: str


class WaitingRow(Row, table=True):
    """A ballot cast since the last publication; its key is its credential, so that one serves once."""

    __tablename__ = "box_waiting"
    __table_args__ = (Index("box_waiting_tracker", "election", "tracker"), kept_in(BOX))

    election: str = Field(primary_key=True)
    contest: str = Field(primary_key=True)
    credential: str = Field(primary_key=True)
    tracker: str
    ballot: bytes


class PublishedRow(Row, table=True):
    """A ballot of the public list, written in the order of trackers."""

    __tablename__ = "box_published"
    __table_args__ = (
        Index("box_published_credential", "election", "contest", "credential", unique=True),
        kept_in(BOX),
    )

    election: str = Field(primary_key=True)
    contest: str = Field(primary_key=True)
    tracker: str = Field(primary_key=True)
    credential: str
    ballot: bytes
