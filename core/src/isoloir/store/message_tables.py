"""The queue of messages. It lies with the roll: it names voters, and never a ballot."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from isoloir.store.base import ROLL, Row, kept_in


class MessageRow(Row, table=True):
    """One message. `body` is encrypted, and empty once the carrier has it; `due` is when it may be tried
    next; once it is over, the hour in which it was.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("message_due", "election", "state", "due"),
        Index("message_entry", "entry", "supersedes"),
        kept_in(ROLL),
    )

    election: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    template: str
    channel: str
    entry: str
    supersedes: str
    state: str
    tries: int
    due: datetime
    body: bytes
    carrier_id: str
    code: str
