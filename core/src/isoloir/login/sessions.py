"""The server's side of a browser session: an opaque handle in the cookie, everything else here, encrypted.

A handle that the server did not make is never taken over; nothing is stored before a login begins; the handle
moves at each step up, and the former one is dead at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.clock import Clock
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.hooks import Json
from isoloir.login import claims
from isoloir.login.attempt import Attempt
from isoloir.login.shown import LoggedIn
from isoloir.store import login_store
from isoloir.store.engine import Store

IDLE = timedelta(minutes=20)
"""A session that nobody uses for that long is over."""
LONGEST = timedelta(hours=2)
"""A session is over after that long, used or not."""
PURPOSE = "login-session"
"""What a session is for; one made for another purpose cannot be opened."""
_TOUCH = timedelta(minutes=1)
_ASIDE = 5
"""How many dropped attempts are remembered, for their providers' sake."""
_HELD = timedelta(seconds=30)
_TRIES = 100
_PAUSE = 0.1


@dataclass
class Session:
    """One browser's session. `handle` goes into the cookie; elections do not see one another's part."""

    handle: str = field(repr=False)
    locale: str
    id: str = field(repr=False)
    ends: datetime
    version: int
    form_key: bytes = field(repr=False)
    elections: dict[str, dict[str, Any]] = field(repr=False)

    def voter(self, election_id: str) -> LoggedIn | None:
        """Return who is logged in to that election."""
        found = self.elections.get(election_id, {}).get("voter")
        if found is None:
            return None
        return LoggedIn(
            election_id=election_id,
            entry_id=found["entry"],
            display=found["display"],
            branch=found["branch"],
            authenticated_at=datetime.fromisoformat(found["at"]),
            claims=claims.from_json(found["claims"]),
        )

    def set_voter(self, voter: LoggedIn | None, election_id: str) -> None:
        """Remember (or forget) who is logged in; saved by `Sessions.save`."""
        part = self.elections.setdefault(election_id, {})
        if voter is None:
            part.pop("voter", None)
            return
        part["voter"] = {
            "entry": voter.entry_id,
            "display": voter.display,
            "branch": voter.branch,
            "at": voter.authenticated_at.isoformat(),
            "claims": claims.to_json(voter.claims),
        }

    def attempt(self, election_id: str) -> Attempt | None:
        """Return the attempt that is going on in that election."""
        return _attempt(self.elections.get(election_id, {}).get("attempt"))

    def set_attempt(self, attempt: Attempt, election_id: str) -> None:
        """Remember an attempt; saved by `Sessions.save`."""
        self.elections.setdefault(election_id, {})["attempt"] = attempt.to_json()

    def set_aside(self, attempt: Attempt | None, election_id: str) -> None:
        """Drop the attempt that is going on; of its last state stays what logging out of its providers needs."""
        part = self.elections.setdefault(election_id, {})
        part.pop("attempt", None)
        if attempt is not None and attempt.left:
            part["aside"] = [_bare(attempt).to_json(), *part.get("aside", [])][:_ASIDE]

    def to_leave(self, election_id: str) -> bool:
        """Say whether a provider may still have somebody logged in by this browser, though nobody is in here."""
        return bool(self.elections.get(election_id, {}).get("aside"))

    def finish(self, attempt: Attempt, voter: LoggedIn) -> None:
        """Let a voter in; of the attempt nothing stays but what logging out of its providers needs."""
        aside = self.elections.get(voter.election_id, {}).get("aside", [])
        self.elections[voter.election_id] = {"finished": _bare(attempt).to_json(), "aside": aside}
        self.set_voter(voter, voter.election_id)

    def forget(self, election_id: str) -> list[Attempt]:
        """Forget that election whole; return the attempts whose providers are to be left, the latest first."""
        part = self.elections.pop(election_id, {})
        kept = (part.get("attempt"), part.get("finished"), *part.get("aside", []))
        return [attempt for attempt in map(_attempt, kept) if attempt is not None]

    def form_token(self, purpose: str) -> str:
        """Return the token that a form of that purpose carries; it survives a rotation of the handle."""
        return hmac.new(self.form_key, purpose.encode(), hashlib.sha256).hexdigest()

    def check_form_token(self, purpose: str, token: str) -> bool:
        """Compare in constant time; any text may be given."""
        return hmac.compare_digest(self.form_token(purpose).encode(), token.encode("utf-8", "surrogatepass"))


def _bare(attempt: Attempt) -> Attempt:
    return replace(attempt, claimed={}, state={}, shown={})


def _attempt(stored: dict[str, Any] | None) -> Attempt | None:
    return None if stored is None else Attempt.from_json(stored)


class Sessions:
    """Every session of an instance."""

    def __init__(
        self,
        store: Store,
        keys: Keys,
        clock: Clock,
        *,
        idle: timedelta = IDLE,
        longest: timedelta = LONGEST,
        purpose: str = PURPOSE,
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._idle = idle
        self._longest = longest
        self._purpose = purpose
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def load(self, handle: str | None) -> Session | None:
        """Return the session of that handle, or `None`: unknown, rotated away, idle too long, or too old."""
        if not handle or len(handle) > 256:
            return None
        async with self._store.read() as reading:
            row = await login_store.session_by_handle(reading, _digest(handle))
        now = self._clock.now()
        if row is None or row.idle_until <= now or row.ends <= now:
            return None
        session = self._opened(handle, row)
        if session is not None and row.idle_until - now < self._idle - _TOUCH:
            touched = row.id
            await self._store.whole(
                lambda writing: login_store.touch(writing, touched, now + self._idle), beside=True
            )
        return session

    async def start(self, locale: str) -> Session:
        """Make a new session, with a handle that nobody else knows; sessions that are over are cleaned away."""
        now = self._clock.now()
        session = Session(
            handle=secrets.token_urlsafe(32),
            locale=locale,
            id=secrets.token_hex(16),
            ends=now + self._longest,
            version=0,
            form_key=secrets.token_bytes(32),
            elections={},
        )
        row = login_store.StoredSession(
            id=session.id,
            handle=_digest(session.handle),
            locale=locale,
            payload=self._sealed(session),
            version=0,
            idle_until=now + self._idle,
            ends=session.ends,
        )

        async def add(writing: AsyncSession) -> None:
            await login_store.clean(writing, now)
            await login_store.add_session(writing, row)

        await self._store.whole(add)
        return session

    async def save(self, session: Session) -> bool:
        """Keep what has changed; say whether it was kept: not where another request has saved meanwhile.

        Code that must not lose what it changed does so inside `alone`, where nobody else saves.
        """
        return await self._store.kept(self._save(session))

    async def _save(self, session: Session) -> bool:
        idle_until = self._clock.now() + self._idle
        async with self._store.write(beside=True) as writing:
            saved = await login_store.save_session(
                writing, session.id, session.version, self._sealed(session), idle_until
            )
        session.version += saved
        return saved

    async def speak(self, session: Session, locale: str) -> None:
        """Keep the language that the visitor asked for; it stands in no other request's way."""
        session.locale = locale
        await self._store.whole(lambda writing: login_store.set_locale(writing, session.id, locale), beside=True)

    async def rotate(self, session: Session) -> None:
        """Give the session a new handle; the old one is dead."""
        handle = secrets.token_urlsafe(32)
        await self._store.whole(
            lambda writing: login_store.set_handle(writing, session.id, _digest(handle)), beside=True
        )
        session.handle = handle

    async def end(self, session: Session) -> None:
        """End the session: nothing of it is left."""
        await self._store.whole(lambda writing: login_store.delete_session(writing, session.id), beside=True)

    @asynccontextmanager
    async def alone(self, session: Session) -> AsyncIterator[None]:
        """Hold the session against other requests of the same browser, with what they have saved by then.

        Raises IsoloirError ``session_ended`` when it ended meanwhile, ``login_busy`` when another process holds it
        or its handle has moved: a request under the former one comes too late to see or do anything.
        """
        lock = self._locks.get(session.id)
        if lock is None:
            lock = self._locks[session.id] = asyncio.Lock()
        async with lock:
            holder = secrets.token_hex(8)
            try:
                await self._hold(session, holder)
                await self._refresh(session)
                yield
            finally:
                await self._store.kept(self._let_go(session, holder))

    async def _hold(self, session: Session, holder: str) -> None:
        """Hold the session against other processes; whoever dies holding it loses it by itself."""
        for _ in range(_TRIES):
            now = self._clock.now()
            place = f"session/{session.id}"
            hold = partial(login_store.hold, place=place, holder=holder, now=now, until=now + _HELD)
            if await self._store.whole(hold, beside=True):
                return
            await asyncio.sleep(_PAUSE)
        raise IsoloirError("login_busy")

    async def _let_go(self, session: Session, holder: str) -> None:
        async with self._store.write(beside=True) as writing:
            await login_store.let_go(writing, f"session/{session.id}", holder)

    async def _refresh(self, session: Session) -> None:
        async with self._store.read() as reading:
            row = await login_store.session_by_id(reading, session.id)
        fresh = None if row is None or row.ends <= self._clock.now() else self._opened(session.handle, row)
        if row is None or fresh is None:
            raise IsoloirError("session_ended")
        if not hmac.compare_digest(row.handle, _digest(session.handle)):
            raise IsoloirError("login_busy")
        session.version = row.version
        session.elections = fresh.elections

    def _opened(self, handle: str, row: login_store.StoredSession) -> Session | None:
        try:
            content: Mapping[str, Json] = json.loads(self._keys.decrypt(f"{self._purpose}/{row.id}", row.payload))
        except IsoloirError:
            # Made under another master key, or moved to another row: no session of ours.
            return None
        return Session(
            handle=handle,
            locale=row.locale,
            id=row.id,
            ends=row.ends,
            version=row.version,
            form_key=bytes.fromhex(str(content["form_key"])),
            elections=content["elections"],  # type: ignore[arg-type]
        )

    def _sealed(self, session: Session) -> bytes:
        content = {"form_key": session.form_key.hex(), "elections": session.elections}
        return self._keys.encrypt(f"{self._purpose}/{session.id}", json.dumps(content, allow_nan=False).encode())


def _digest(handle: str) -> str:
    return hashlib.sha256(handle.encode("utf-8", "surrogatepass")).hexdigest()
