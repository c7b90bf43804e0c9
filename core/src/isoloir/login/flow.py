"""What the engine gives to a factor: the `Flow` of the contract, over the store."""

from __future__ import annotations

import secrets as random
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2

from isoloir import roll
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.hooks import Channel, Claim, ClaimName, Entry, FlowElection, Json, ToEntry, ToTyped
from isoloir.login.attempt import Attempt
from isoloir.login.bindings import Bindings
from isoloir.login.limits import Counters
from isoloir.login.masking import mask
from isoloir.login.messages import LoginMessage, SendMessage
from isoloir.login.sessions import Session
from isoloir.login.small_secrets import StoredSecrets
from isoloir.roll import RollEntry
from isoloir.store import login_store, roll_store
from isoloir.store.engine import Store

_CHANNELS: tuple[Channel, ...] = ("email", "sms")
_PLACE_KEPT = timedelta(seconds=15)
"""Longer than a factor may take for one step; a process that dies holding a place keeps its voter out no longer."""


@dataclass(frozen=True)
class Means:
    """What every flow of one election shares."""

    store: Store
    election: ElectionFile
    keys: Keys
    clock: Clock
    http: httpx2.AsyncClient
    certified: Mapping[str, httpx2.AsyncClient]
    """The clients of those factor instances that show a certificate."""
    base_url: str
    send: SendMessage
    counters: Counters
    bindings: Bindings


@dataclass
class EngineFlow:
    """One voter, one factor instance, one attempt. Made by `open_flow`."""

    means: Means = field(repr=False)
    instance: str
    locale: str
    claims: Mapping[ClaimName, Claim] = field(repr=False)
    state: Mapping[str, Json] = field(repr=False)
    secrets: StoredSecrets = field(repr=False)
    roll_entry: RollEntry | None = field(repr=False)
    masks: Mapping[Channel, str | None] = field(repr=False)
    addresses: dict[Channel, str] = field(repr=False)
    token: str = field(default_factory=lambda: random.token_urlsafe(32), repr=False)

    @property
    def election(self) -> FlowElection:
        """The election being voted in."""
        return FlowElection(self.means.election.id, self.means.election.test)

    @property
    def callback(self) -> str:
        """The one fixed address of this factor instance."""
        return f"{self.means.base_url.rstrip('/')}/e/{self.means.election.id}/login/callback/{self.instance}"

    @property
    def entry(self) -> Entry | None:
        """The roll entry selected so far."""
        return None if self.roll_entry is None else Entry(self.roll_entry.id)

    @property
    def attempts(self) -> Counters:
        """The counter of failures."""
        return self.means.counters

    @property
    def http(self) -> httpx2.AsyncClient:
        """A client with time-outs, without redirects, with the certificate of this factor instance."""
        return self.means.certified.get(self.instance, self.means.http)

    @property
    def clock(self) -> Clock:
        """The time."""
        return self.means.clock

    def matches(self, field: str, value: str) -> bool:
        """Compare with the entry's value; false without an entry."""
        return self.roll_entry is not None and roll.matches(self.means.election, self.roll_entry, field, value)

    def masked(self, channel: Channel) -> str | None:
        """Return the entry's address, masked, or a stranger's made-up one."""
        return self.masks.get(channel)

    async def bind(self, channel: Channel, address: str, serves: int) -> str | None:
        """Bind a typed address to the entry, and tell the voter's e-mail."""
        if self.roll_entry is None:
            return None
        held = self.roll_entry.mobile if channel == "sms" else self.roll_entry.email
        if held and held != address:
            return "address_bound"  # a typed address is for voters of whom the roll holds none
        refusal = await self.means.store.kept(self._bind_and_tell(self.roll_entry, channel, address, serves))
        if refusal is None:
            self.addresses[channel] = address
        return refusal

    async def _bind_and_tell(self, entry: RollEntry, channel: Channel, address: str, serves: int) -> str | None:
        bindings = self.means.bindings
        refusal, new = await bindings.bind(entry.id, channel, address, serves)
        if new and entry.email:
            values = {"mobile": mask(channel, address)}
            try:
                await self.means.send(LoginMessage(entry, "email", "", "mobile_bound", values, self.locale))
            except BaseException:
                await bindings.release(entry.id, channel)  # what its owner cannot be told is not bound
                raise
        return refusal

    async def notify(
        self, template: str, values: Mapping[str, str], to: ToEntry | ToTyped, supersedes: str | None = None
    ) -> None:
        """Queue a message; without an entry it goes the same way and is discarded."""
        address = to.address if isinstance(to, ToTyped) else self.addresses.get(to.channel, "")
        await self.means.send(
            LoginMessage(self.roll_entry, to.channel, address, template, dict(values), self.locale, supersedes)
        )

    def exclusive(self, name: str, subject: str) -> AbstractAsyncContextManager[bool]:
        """Hold the one place for `name` and `subject`, across windows and processes."""
        return self._exclusive(name, subject)

    @asynccontextmanager
    async def _exclusive(self, name: str, subject: str) -> AsyncIterator[bool]:
        means = self.means
        inside = f"{means.election.id}/{self.instance}"
        place = means.keys.mac("login-place", f"{inside}/{name}/{subject}")
        holder = random.token_hex(8)
        now = means.clock.now()

        try:
            yield await means.store.whole(
                lambda writing: login_store.hold(writing, place, holder, now, now + _PLACE_KEPT)
            )
        finally:
            # Given back by its holder alone; cancelled while it was being taken, it may be held all the same.
            await means.store.whole(lambda writing: login_store.let_go(writing, place, holder))


async def open_flow(
    means: Means, attempt: Attempt, instance: str, session: Session, state: Mapping[str, Any]
) -> EngineFlow:
    """Make the flow of a factor instance, of one moment; who is on the roll and a stranger cost the same reads.

    Its secrets end with the session at the latest.
    """
    inside = f"{means.election.id}/{instance}"
    whose = attempt.entry or "stranger"
    async with means.store.read() as reading:
        entry = await roll_store.entry(reading, means.election.id, whose)
        kept = await means.bindings.read(reading, whose)
        sample = await login_store.contact_sample(reading, means.election.id)
    bound: dict[Channel, str] = {channel: kept[channel] for channel in _CHANNELS if channel in kept}
    if entry is not None:
        held: dict[Channel, str] = {"email": entry.email, "sms": entry.mobile}
        addresses = {channel: bound.get(channel) or held[channel] for channel in _CHANNELS}
        masks = {channel: mask(channel, addresses[channel]) or None for channel in _CHANNELS}
    else:
        addresses = {}
        masks = _made_up(means, attempt, sample)
    return EngineFlow(
        means=means,
        instance=instance,
        locale=session.locale,
        claims=attempt.claims,
        state=state,
        secrets=StoredSecrets(means.store, means.keys, means.clock, inside, f"flow/{attempt.id}", session.ends),
        roll_entry=entry,
        masks=masks,
        addresses=bound if entry is not None else {},
    )


def _made_up(means: Means, attempt: Attempt, sample: list[tuple[str, str]]) -> dict[Channel, str | None]:
    """Return masks for a stranger: of the kinds that this roll has, and always the same for what was typed."""
    typed = attempt.claims.get("identifier")
    drawn = means.keys.mac("login-mask", f"{means.election.id}/{typed.value if typed else attempt.id}")
    if not sample:
        return {"email": None, "sms": None}
    email, mobile = sample[int(drawn[:12], 16) % len(sample)]
    letter = "abcdefghijklmnopqrstuvwxyz"[int(drawn[12:16], 16) % 26]
    last = f"{int(drawn[16:24], 16) % 100:02}"
    return {
        "email": mask("email", letter + email[1:]) or None,
        "sms": mask("sms", mobile[:-2] + last) if mobile else None,
    }
