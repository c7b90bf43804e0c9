"""A flow for tests: what the engine gives to a factor, in memory, with everything that happened kept to look at."""

from __future__ import annotations

import secrets as random
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta

import httpx2

from isoloir.hooks import Channel, Claim, ClaimName, Entry, FlowElection, Json, Secrets, ToEntry, ToTyped
from isoloir.login.masking import mask
from isoloir.testing.fakes import FakeClock, FakeMailbox, FakePhone, FakeRoll, FakeVoter, SentMessage

_FREE_TRIES = 5
_LONGEST_WAIT = timedelta(minutes=15)


class FakeSecrets:
    """Secrets in memory, with expiry by the fake clock; `of` leads to those of an entry or of a typed text."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[str, datetime]] = {}
        self._of: dict[str, FakeSecrets] = {}

    async def put(self, name: str, value: str, lasts: timedelta) -> None:
        """Keep `value` for that long."""
        self._kept[name] = (value, self._clock.now() + lasts)

    async def get(self, name: str) -> str | None:
        """Return what has not expired."""
        value, expires = self._kept.get(name, (None, None))
        return value if expires is not None and expires > self._clock.now() else None

    async def delete_if(self, name: str, value: str) -> bool:
        """Delete what still has that value."""
        same = await self.get(name) == value
        if same:
            del self._kept[name]
        return same

    def of(self, subject: Entry | str) -> Secrets:
        """Return the secrets of that subject; as in the engine, there is nothing to ask for without one."""
        if not isinstance(subject, Entry | str):
            raise TypeError("secrets.of needs an entry or a text; flow.entry is None for an unknown voter")
        key = f"entry:{subject.handle}" if isinstance(subject, Entry) else f"typed:{subject}"
        return self._of.setdefault(key, FakeSecrets(self._clock))


class FakeAttempts:
    """Failures counted in memory; after five, one waits 30 s, then twice as long each time, at most 15 min."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.failures: dict[tuple[str, str], int] = {}
        self._until: dict[tuple[str, str], datetime] = {}

    async def check(self, name: str, subject: Entry | str) -> timedelta:
        """Return how long to wait."""
        until = self._until.get(_key(name, subject))
        return timedelta(0) if until is None else max(timedelta(0), until - self._clock.now())

    async def fail(self, name: str, subject: Entry | str) -> int:
        """Count one failure."""
        key = _key(name, subject)
        count = self.failures[key] = self.failures.get(key, 0) + 1
        if count >= _FREE_TRIES:
            wait = min(timedelta(seconds=30) * 2 ** min(count - _FREE_TRIES, 20), _LONGEST_WAIT)
            self._until[key] = self._clock.now() + wait
        return max(0, _FREE_TRIES - count)


class FakeFlow:
    """One voter, one factor instance, one attempt.

    ``entry=None`` is a voter who is not on the roll: as in the engine `entry` is `None`, `matches` is false,
    messages are discarded and nothing is bound. ``FakeFlow()`` has a voter of a `FakeRoll`; `fields` are that
    roll's: field → normaliser, as in ``[roll.fields]``.
    """

    def __init__(
        self,
        *,
        entry: FakeVoter | bool | None = True,
        fields: Mapping[str, str] | None = None,
        claims: Mapping[ClaimName, Claim] | None = None,
        state: Mapping[str, Json] | None = None,
        http: httpx2.AsyncClient | None = None,
        clock: FakeClock | None = None,
        locale: str = "fr",
        instance: str = "factor",
        election: str = "medecins-2024",
        test: bool = True,
        base_url: str = "http://127.0.0.1:8000",
    ) -> None:
        somebody = FakeRoll(fields).voter()
        voter = somebody if entry is True else entry
        self.voter: FakeVoter | None = voter if isinstance(voter, FakeVoter) else None
        self.person: FakeVoter = self.voter or somebody
        """Who sits before the screen: the voter, or somebody who is not on the roll."""
        self.entry = None if self.voter is None else Entry(self.voter.handle)
        self.election = FlowElection(election, test)
        self.instance = instance
        self.token = random.token_urlsafe(32)
        self.callback = f"{base_url}/e/{election}/login/callback/{instance}"
        self.locale = locale
        self.claims: Mapping[ClaimName, Claim] = dict(claims or {})
        self.state: Mapping[str, Json] = dict(state or {})
        self.clock = clock or FakeClock()
        self.secrets = FakeSecrets(self.clock)
        self.attempts = FakeAttempts(self.clock)
        self.http = http or httpx2.AsyncClient(transport=httpx2.MockTransport(_nobody_there))
        self.phone = FakePhone(self.voter.mobile if self.voter else "")
        self.mailbox = FakeMailbox(self.voter.email if self.voter else "")
        self.sent: list[SentMessage] = []
        """What reached somebody, in order."""
        self.discarded: list[SentMessage] = []
        """What a voter who is not on the roll would have been sent."""
        self.bound: dict[Channel, str] = {}
        self.others_bound: dict[tuple[Channel, str], int] = {}
        """How many other voters an address serves already; a test may set it."""
        self.held: set[tuple[str, str]] = set()
        """Places held at present; a test may add one, as if by another window."""

    def matches(self, field: str, value: str) -> bool:
        """Compare with the voter's value; false without one."""
        return self.voter is not None and self.voter.matches(field, value)

    def masked(self, channel: Channel) -> str | None:
        """Return the voter's address, masked; a made-up one without a voter."""
        if self.voter is None:
            return mask(channel, "0699999942" if channel == "sms" else "x@example.org")
        return mask(channel, self._address(channel)) or None

    async def bind(self, channel: Channel, address: str, serves: int) -> str | None:
        """Bind a typed address, as the engine does."""
        if self.voter is None:
            return None
        if channel in self.bound:
            return None if self.bound[channel] == address else "address_bound"
        if self.others_bound.get((channel, address), 0) >= serves:
            return "address_shared"
        self.bound[channel] = address
        return None

    async def notify(
        self, template: str, values: Mapping[str, str], to: ToEntry | ToTyped, supersedes: str | None = None
    ) -> None:
        """Put the message into the mail box or the telephone; discarded without a voter."""
        address = to.address if isinstance(to, ToTyped) else self._address(to.channel)
        message = SentMessage(template, dict(values), to, supersedes, address)
        if self.voter is None or not address:
            self.discarded.append(message)
            return
        self.sent.append(message)
        for box in (self.phone, self.mailbox):
            if box.channel == to.channel:
                box.received.append(message)

    def exclusive(self, name: str, subject: str) -> AbstractAsyncContextManager[bool]:
        """Hold the one place; false where it is held."""
        return self._exclusive((name, subject))

    @asynccontextmanager
    async def _exclusive(self, place: tuple[str, str]) -> AsyncIterator[bool]:
        free = place not in self.held
        if free:
            self.held.add(place)
        try:
            yield free
        finally:
            if free:
                self.held.discard(place)

    def _address(self, channel: Channel) -> str:
        if self.voter is None:
            return ""
        roll = {"email": self.voter.email, "sms": self.voter.mobile}.get(channel, "")
        return self.bound.get(channel) or roll


def _key(name: str, subject: Entry | str) -> tuple[str, str]:
    return name, f"entry:{subject.handle}" if isinstance(subject, Entry) else f"typed:{subject}"


def _nobody_there(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("no provider in this test: give FakeFlow an http client", request=request)
