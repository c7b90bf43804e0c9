"""Watching over an election: does the seal hold, is it time to close, what the members are told without asking."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from isoloir import audit_log, board, dates, lifecycle, notifications, unsealing
from isoloir.accounts import directory
from isoloir.accounts.account import Role
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.lifecycle import Seal, State
from isoloir.plugin_set import PluginSet
from isoloir.sealing import SystemSeal
from isoloir.store import account_store, acts_store
from isoloir.store.engine import Store
from isoloir.texts import Texts

CHECK_EVERY = timedelta(minutes=10)
Say = Callable[[datetime], str]
"""Writes a moment in the reader's language."""
_HEAD_HOUR = 7
"""The daily message goes out from this hour on, in the election's time."""
_TOLD_DAILY = (State.SEALED, State.REHEARSED, State.OPEN, State.CLOSED, State.TALLIED)


@dataclass(frozen=True)
class SealCheck:
    """One check of the seal: when, what is sealed, what was found, and which parts of the system differ."""

    at: datetime
    sealed: Seal
    found: Seal
    parts: tuple[str, ...]

    @property
    def system_holds(self) -> bool:
        """Say whether the system is as it was sealed."""
        return self.sealed.system == self.found.system

    @property
    def roll_holds(self) -> bool:
        """Say whether the roll is as it was sealed."""
        return self.sealed.roll == self.found.roll

    @property
    def holds(self) -> bool:
        """Say whether both are."""
        return self.system_holds and self.roll_holds

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        seals = {"sealed": vars(self.sealed), "found": vars(self.found)}
        return {"at": self.at.isoformat(), "parts": list(self.parts), **seals}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> SealCheck:
        """Read it again."""
        at, parts = datetime.fromisoformat(kept["at"]), tuple(kept["parts"])
        return cls(at, Seal(**kept["sealed"]), Seal(**kept["found"]), parts)


async def last_check(store: Store, election_id: str) -> SealCheck | None:
    """Return the last check of the seal, or `None`."""
    async with store.read() as session:
        kept = await acts_store.watched(session, election_id, "seal")
    return None if kept is None else SealCheck.from_json(kept)


async def check_seal(store: Store, election: ElectionFile, plugins: PluginSet, clock: Clock) -> SealCheck:
    """Compute both digests anew and compare; a drift, and its end, are written into the log once.

    Raises `IsoloirError` ``not_sealed``, and what computing them raises.
    """
    sealed = await lifecycle.seal_of(store, election.id)
    if sealed is None:
        raise IsoloirError("not_sealed", election=election.id)
    system, roll = await board.present_seal(store, election, plugins)
    found = Seal(system.digest, roll)
    parts = () if found.system == sealed.system else await _drifted(store, election.id, system)
    check = SealCheck(clock.now(), sealed, found, parts)
    async with store.write("box") as session:
        kept = await acts_store.watched(session, election.id, "seal")
        former = None if kept is None else SealCheck.from_json(kept)
        if not check.holds and (former is None or former.holds or former.found != check.found):
            details = {"system_digest": found.system, "roll_digest": found.roll, "parts": list(parts)}
            await audit_log.record(session, election.id, "seal_drifted", details, clock)
        elif check.holds and former is not None and not former.holds:
            await audit_log.record(session, election.id, "seal_holds_again", {}, clock)
        await acts_store.put_watched(session, election.id, "seal", check.to_json())
    return check


async def check_due(store: Store, election: ElectionFile, plugins: PluginSet, clock: Clock) -> SealCheck | None:
    """Check the seal of an open election whose last check is old; one of several workers does it."""
    if await lifecycle.state(store, election.id) is not State.OPEN:
        return None
    last = await last_check(store, election.id)
    # A check of the future was made before the clock was set right.
    if last is not None and timedelta(0) <= clock.now() - last.at < CHECK_EVERY:
        return None
    return await check_seal(store, election, plugins, clock)


async def alarm(
    store: Store, keys: Keys, election: ElectionFile, texts: Texts, clock: Clock, check: SealCheck, base_url: str
) -> int:
    """Tell the board that the seal does not hold, each member once for each drift; return how many are told."""
    if check.holds:
        return 0
    drift = f"{check.sealed.system[:16]}-{check.found.system[:16]}-{check.found.roll[:16]}"
    values = {"system": check.found.system, "roll": check.found.roll, "parts": ", ".join(check.parts) or "–"}
    return await tell(store, keys, election, texts, clock, "seal_drifted", values, f"drift/{drift}", base_url)


async def send_head_due(
    store: Store, keys: Keys, election: ElectionFile, texts: Texts, clock: Clock, base_url: str
) -> int:
    """Send the board the head of the audit log, once a day; failed logins are written into the log before."""
    zone = election.window.opens.tzinfo
    local = clock.now().astimezone(zone)
    if local.hour < _HEAD_HOUR or await lifecycle.state(store, election.id) not in _TOLD_DAILY:
        return 0
    day = local.date().isoformat()
    async with store.read() as session:
        if await acts_store.watched(session, election.id, "head") == day:
            return 0
    await _tell_failures(store, election, clock)
    head = await audit_log.head(store)
    values = {"head": f"{head.serial}:{head.hash}", "lines": str(head.serial)}
    told = await tell(store, keys, election, texts, clock, "audit_head", values, f"head/{day}", base_url)
    async with store.write("box") as session:
        await acts_store.put_watched(session, election.id, "head", day)
    return told


async def is_to_close(store: Store, election: ElectionFile, clock: Clock, archives: Path) -> State | None:
    """Return the state of an election that is to be frozen now, or whose archives a stop has left unwritten."""
    if clock.now() < election.window.grace_ends:
        return None
    state = await lifecycle.state(store, election.id)
    if state is State.OPEN or (state is State.CLOSED and not unsealing.written(archives, election)):
        return state
    return None


async def _drifted(store: Store, election_id: str, now: SystemSeal) -> tuple[str, ...]:
    sealed = [line for line in await audit_log.lines(store, election_id) if line.act == "sealed"]
    parts = json.loads(sealed[-1].details).get("parts", {}) if sealed else {}
    return SystemSeal(parts).drift(now)


async def _tell_failures(store: Store, election: ElectionFile, clock: Clock) -> None:
    for account in await directory.everybody(store, election.id):
        async with store.write() as session:
            failures = await account_store.take_failures(session, election.id, account.id)
        if failures:
            async with store.write("box") as session:
                details = {"account": account.id, "failures": failures}
                await audit_log.record(session, election.id, "account_failures", details, clock)


async def tell(
    store: Store,
    keys: Keys,
    election: ElectionFile,
    texts: Texts,
    clock: Clock,
    template: str,
    values: Mapping[str, str] | Callable[[Say], Mapping[str, str]],
    key: str,
    base_url: str,
) -> int:
    """Queue a message to every active account but the support's, each once for a `key`; return how many.

    `values` fill the template; where they hold moments, they are made for each reader's language.
    """
    zone = election.window.opens.tzinfo
    assert zone is not None

    def filled(locale: str) -> Mapping[str, str]:
        if not callable(values):
            return values
        return values(lambda moment: dates.moment(locale, moment, zone, year=True, weekday=True))

    messages = [
        notifications.render(
            election,
            texts,
            template,
            {"who": account.display, "page": f"{base_url}/e/{election.id}/board/", **filled(account.locale)},
            channel="email",
            recipient=account.email,
            locale=account.locale,
            key=f"{key}/{account.id}",
            base_url=base_url,
        )
        for account in await directory.everybody(store, election.id)
        if account.state == "active" and account.role is not Role.SUPPORT
    ]
    if not messages or "email" not in election.notifiers:
        return 0
    return await notifications.queue(store, keys, election, clock, messages)
