"""Tables of the accounts of board members and organisers; on the roll's side, for the box knows no person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from isoloir.store.base import ROLL, Row, kept_in


class AccountRow(Row, table=True):
    """One person's account: `password` is an argon2 hash, `totp` is encrypted, what activates it is a digest."""

    __tablename__ = "account"
    __table_args__ = (Index("account_name", "election", "name", unique=True), kept_in(ROLL))

    election: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    display: str
    email: str
    locale: str
    role: str
    board: str
    member: str
    state: str
    password: str
    totp: bytes
    last_step: int
    generation: int
    failures: int
    activation: str
    activation_code: str
    activation_until: datetime


class RecoveryRow(Row, table=True):
    """A recovery code that was not used yet; `digest` is an HMAC."""

    __tablename__ = "account_recovery"
    __table_args__ = kept_in(ROLL)

    account: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
