"""Tables of logins: sessions, small secrets, counted failures, held places, bound mobiles.

None of them is needed after the election; nothing in clear names a voter but a bound mobile's entry.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from isoloir.store.base import ROLL, Row, kept_in


class SessionRow(Row, table=True):
    """One browser's session: `handle` is the SHA-256 of what the cookie holds, `payload` is encrypted."""

    __tablename__ = "login_session"
    __table_args__ = (Index("login_session_handle", "handle", unique=True), kept_in(ROLL))

    id: str = Field(primary_key=True)
    handle: str
    locale: str
    payload: bytes
    version: int
    idle_until: datetime
    ends: datetime


class SecretRow(Row, table=True):
    """A small secret of a flow, or of a factor instance and an entry; `scope` is an HMAC."""

    __tablename__ = "login_secret"
    __table_args__ = kept_in(ROLL)

    scope: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: bytes
    expires: datetime


class FailureRow(Row, table=True):
    """Failures counted under a name for a subject (an HMAC): how many, and when another try may be made."""

    __tablename__ = "login_failure"
    __table_args__ = kept_in(ROLL)

    election: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    failures: int
    wait_until: datetime
    forgotten: datetime


class HoldRow(Row, table=True):
    """The one place for a name and a subject, and who holds it until when."""

    __tablename__ = "login_hold"
    __table_args__ = kept_in(ROLL)

    place: str = Field(primary_key=True)
    holder: str
    until: datetime


class BindingRow(Row, table=True):
    """A mobile that a voter typed, bound at first use; `digest` is an HMAC, `address` is encrypted."""

    __tablename__ = "login_binding"
    __table_args__ = (Index("login_binding_digest", "election", "channel", "digest"), kept_in(ROLL))

    election: str = Field(primary_key=True)
    entry: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    digest: str
    address: bytes
