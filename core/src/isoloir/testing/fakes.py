"""A clock, a roll, a voter, a mail box and a telephone, for tests."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from isoloir.hooks import Channel, ToEntry, ToTyped
from isoloir.normalise import NORMALISERS


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2024, 6, 12, 10, 0, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let that much time pass."""
        self._now += by


@dataclass(frozen=True)
class SentMessage:
    """One message that a factor asked for: template, its values, and where it went."""

    template: str
    values: Mapping[str, str] = field(repr=False)
    to: ToEntry | ToTyped
    supersedes: str | None
    address: str = field(repr=False)


class _Received:
    """Messages in the order they came."""

    channel: Channel

    def __init__(self, address: str) -> None:
        self.address = address
        self.received: list[SentMessage] = []

    @property
    def last(self) -> SentMessage:
        """Return the newest message; AssertionError when there is none."""
        assert self.received, f"nothing has come by {self.channel}"
        return self.received[-1]


class FakeMailbox(_Received):
    """The voter's e-mail."""

    channel: Channel = "email"


class FakePhone(_Received):
    """The voter's telephone."""

    channel: Channel = "sms"


@dataclass(frozen=True)
class FakeVoter:
    """One entry of a fake roll; also what an eligibility check sees of a voter."""

    fields: Mapping[str, str]
    normalisers: Mapping[str, str]
    college: str = "ph"
    email: str = "alix.martin@example.org"
    mobile: str = "0612345678"
    display: str = "Dr Alix Martin"
    handle: str = "entry-1"

    def matches(self, field: str, value: str) -> bool:
        """Compare by the field's normaliser, as the core does; what is empty matches nothing."""
        if field not in self.fields:
            return False
        normalise = NORMALISERS[self.normalisers.get(field, "text")]
        ours, theirs = (hashlib.sha256(normalise(v).encode()).digest() for v in (self.fields[field], value))
        return hmac.compare_digest(ours, theirs) and bool(normalise(value))


class FakeRoll:
    """Voters with the roll fields of an election: field → normaliser, as in ``[roll.fields]``."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self.normalisers = dict(fields or {"rpps": "digits", "ordinal_number": "alphanumeric"})
        self.voters: list[FakeVoter] = []

    def voter(
        self,
        *,
        college: str = "ph",
        email: str = "alix.martin@example.org",
        mobile: str = "0612345678",
        **fields: str,
    ) -> FakeVoter:
        """Put a voter on the roll; fields that are not given have plausible values of their own."""
        number = len(self.voters) + 1
        values = dict.fromkeys(self.normalisers, f"9970000{number:04d}") | fields
        made = FakeVoter(values, self.normalisers, college, email, mobile, handle=f"entry-{number}")
        self.voters.append(made)
        return made
