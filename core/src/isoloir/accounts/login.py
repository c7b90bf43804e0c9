"""Letting the holder of an account in: name, password and second factor at once, the same work whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log
from isoloir.accounts import second_factor
from isoloir.accounts.account import Account
from isoloir.accounts.passwords import Passwords, require_good
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.login.limits import Counters, Limits
from isoloir.login.sessions import Session, Sessions
from isoloir.login.windows import Window
from isoloir.store import account_store
from isoloir.store.account_store import StoredAccount
from isoloir.store.engine import Store

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
PURPOSE = "account-session"
_PART = "account"
_HERE = Limits(free=5)
"""Failures of one name from one address."""
_NAME = Limits(free=50, first_wait=timedelta(seconds=10), longest_wait=timedelta(minutes=1))
"""Failures of one name from everywhere: slow for a crowd that guesses, and never long for the person whose it is."""
_AT_ONCE = 10
"""Tries of one name from one address in a minute, counted before they are known to fail."""


@dataclass(frozen=True)
class _Tried:
    """What a login is tried against: an account, or nobody's, which takes as long and never fits."""

    id: str
    password: str
    secret: str


class AccountLogin:
    """Logins, sessions and proofs of the accounts of an instance.

    `codes` is the clock of the second factor, where the instance's own is moved about: telephones go by the hour.
    """

    def __init__(
        self,
        store: Store,
        keys: Keys,
        clock: Clock,
        *,
        passwords: Passwords | None = None,
        codes: Clock | None = None,
    ) -> None:
        self.store = store
        self.keys = keys
        self.clock = clock
        self.codes = codes or clock
        self.passwords = passwords or Passwords()
        self.sessions = Sessions(store, keys, clock, idle=IDLE, longest=LONGEST, purpose=PURPOSE)
        self._tries = Window(store, keys, clock, "account.tries", _AT_ONCE, timedelta(minutes=1))
        self._nobody = second_factor.sealed(keys, "", second_factor.new_secret())

    async def enter(
        self, election: ElectionFile, name: str, password: str, code: str, *, address: str, locale: str
    ) -> Session:
        """Return a new session of the account; raises ``account_refused``, the same for every reason, or
        ``too_many_requests``.
        """
        typed = name.strip().casefold()[:64]
        await self.slow_down(election, f"{typed}/{address}", typed, address)
        async with self.store.read() as reading:
            found = await account_store.by_name(reading, election.id, typed)
        tried = self._tried(found)
        same = await self.passwords.same(tried.password, password)
        failures = await self._settle(election, tried if same else self._tried(None), found, code)
        if failures is None:
            await self.failed(election, f"{typed}/{address}", typed)
            raise IsoloirError("account_refused")
        assert found is not None
        await self.succeeded(election, address)
        await self.record(election, "account_login", found.id, failures=failures)
        return await self.begin(election, Account.of(found), locale)

    async def begin(self, election: ElectionFile, account: Account, locale: str) -> Session:
        """Return a new session, under a handle that nobody knew before, in which the account is logged in."""
        session = await self.sessions.start(locale)
        await self.keep(election, session, account)
        return session

    async def keep(self, election: ElectionFile, session: Session, account: Account) -> None:
        """Write into a session whose it is."""
        part = {"id": account.id, "generation": account.generation}
        session.elections.setdefault(election.id, {})[_PART] = part
        await self.sessions.save(session)

    async def who(self, election: ElectionFile, session: Session | None) -> Account | None:
        """Return whose session it is; nobody's once the account is disabled, reset, or has another password."""
        part = session.elections.get(election.id, {}).get(_PART) if session else None
        if part is None:
            return None
        async with self.store.read() as reading:
            found = await account_store.by_id(reading, election.id, part["id"])
        if found is None or found.state != "active" or found.generation != part["generation"]:
            return None
        return Account.of(found)

    async def confirm(self, election: ElectionFile, account: Account, code: str, *, address: str) -> None:
        """Ask for the second factor again, before an act; raises ``code_refused`` or ``too_many_requests``."""
        await self.slow_down(election, account.id, account.id, address)
        async with self.store.read() as reading:
            found = await account_store.by_id(reading, election.id, account.id)
        if await self._settle(election, self._tried(found), found, code) is None:
            await self.failed(election, account.id, account.id)
            raise IsoloirError("code_refused")
        await self.succeeded(election, address)

    async def change_password(
        self, election: ElectionFile, session: Session, former: str, chosen: str, code: str, *, address: str
    ) -> None:
        """Change the password; every other session of the account ends.

        Raises ``not_logged_in``, what `require_good` raises, ``password_refused``, ``code_refused``.
        """
        account = await self.who(election, session)
        if account is None:
            raise IsoloirError("not_logged_in")
        require_good(chosen, known_of(election, account))
        await self.slow_down(election, account.id, account.id, address)
        async with self.store.read() as reading:
            found = await account_store.by_id(reading, election.id, account.id)
        if found is None or not await self.passwords.same(found.password, former):
            await self.failed(election, account.id, account.id)
            raise IsoloirError("password_refused")
        await self.confirm(election, account, code, address=address)
        hashed = await self.passwords.hashed(chosen)
        await self.record(election, "account_password_changed", account.id)
        await self.store.whole(
            lambda writing: account_store.change(
                writing, election.id, account.id, password=hashed, generation=found.generation + 1
            )
        )
        changed = await self.who_is(election, account.id)
        await self.keep(election, session, changed)
        await self.sessions.rotate(session)

    async def who_is(self, election: ElectionFile, account_id: str) -> Account:
        """Return the account as it is now."""
        async with self.store.read() as reading:
            found = await account_store.by_id(reading, election.id, account_id)
        assert found is not None
        return Account.of(found)

    async def record(self, election: ElectionFile, act: str, account_id: str, **details: str | int) -> None:
        """Write a line of the audit log: who, by the account's id, and nothing personal."""
        told = {name: value for name, value in details.items() if value not in ("", 0)}
        async with self.store.write("box") as session:
            await audit_log.record(session, election.id, act, {"account": account_id, **told}, self.clock)

    async def slow_down(self, election: ElectionFile, here: str, name: str, address: str) -> None:
        """Raise ``too_many_requests`` where too many tries failed; else count this one at its address."""
        wait = max(
            await self._counters(election, _HERE).slowed(address),
            await self._counters(election, _HERE).check("account.here", here),
            await self._counters(election, _NAME).check("account.name", name),
            await self._tries.count(election.id, here),
        )
        if wait:
            raise IsoloirError("too_many_requests", seconds=ceil(wait.total_seconds()))
        await self._counters(election, _HERE).failed_from(address)

    async def failed(self, election: ElectionFile, here: str, name: str) -> None:
        """Count a failure."""
        await self._counters(election, _HERE).fail("account.here", here)
        await self._counters(election, _NAME).fail("account.name", name)

    async def succeeded(self, election: ElectionFile, address: str) -> None:
        """Take back what was counted before it was known to succeed."""
        await self._counters(election, _HERE).succeeded_from(address)

    def _counters(self, election: ElectionFile, limits: Limits) -> Counters:
        return Counters(self.store, self.keys, self.clock, election.id, limits)

    def _tried(self, found: StoredAccount | None) -> _Tried:
        if found is None or found.state != "active":
            return _Tried("", "", second_factor.opened(self.keys, "", self._nobody))
        return _Tried(found.id, found.password, second_factor.opened(self.keys, found.id, found.totp))

    async def _settle(
        self, election: ElectionFile, tried: _Tried, found: StoredAccount | None, code: str
    ) -> int | None:
        """Use the code up and return how many logins failed before; `None`, and one more, where it does not fit."""
        step = second_factor.step_of(tried.secret, code, self.codes.now())
        digest = second_factor.recovery_digest(self.keys, tried.id, code)

        async def work(writing: AsyncSession) -> int | None:
            by_step = await account_store.spend_step(writing, election.id, tried.id, -1 if step is None else step)
            by_paper = await account_store.spend_recovery(writing, tried.id, digest)
            if by_step or by_paper:
                return await account_store.take_failures(writing, election.id, tried.id)
            await account_store.count_failure(writing, election.id, found.id if found else "")
            return None

        return await self.store.whole(work)


def known_of(election: ElectionFile, account: Account) -> tuple[str, ...]:
    """Return what people know of an account's holder, which is no password."""
    titles = (election.title.get("fr"), election.title.get("en"))
    return (account.name, account.display, account.email, account.email.partition("@")[0], election.id, *titles)
