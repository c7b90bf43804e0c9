"""How an account comes to life: link and code, a password of the holder's own, a second factor proved, ten codes."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.accounts import second_factor
from isoloir.accounts.account import Account
from isoloir.accounts.directory import code_digest, token_digest
from isoloir.accounts.login import AccountLogin, known_of
from isoloir.accounts.passwords import require_good
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.login.sessions import Session
from isoloir.store import account_store

_PART = "activation"
_CODES = "recovery"


@dataclass(frozen=True)
class Pending:
    """An activation under way: what the holder puts into their application."""

    account: Account
    secret: str = field(repr=False)
    address: str = field(repr=False)


async def invited(accounts: AccountLogin, election: ElectionFile, token: str) -> Account:
    """Return the account that this link activates; raises ``activation_invalid``: used, expired or incomplete."""
    return Account.of(await _invited(accounts, election, token_digest(token)))


async def begin(
    accounts: AccountLogin,
    election: ElectionFile,
    token: str,
    code: str,
    password: str,
    *,
    address: str,
    locale: str,
) -> Session:
    """Check link, code and password; return a session in which the second factor is to be proved.

    Raises ``activation_invalid``, ``activation_code_refused``, ``too_many_requests``, and what `require_good` does.
    """
    digest = token_digest(token)
    await accounts.slow_down(election, digest, digest, address)
    found = await _invited(accounts, election, digest)
    given = code_digest(accounts.keys, found.id, code)
    if not hmac.compare_digest(given.encode(), found.activation_code.encode()):
        await accounts.failed(election, digest, digest)
        raise IsoloirError("activation_code_refused")
    await accounts.succeeded(election, address)
    require_good(password, known_of(election, Account.of(found)))
    session = await accounts.sessions.start(locale)
    session.elections[election.id] = {
        _PART: {
            "link": digest,
            "password": await accounts.passwords.hashed(password),
            "secret": second_factor.new_secret(),
        }
    }
    await accounts.sessions.save(session)
    return session


async def pending(accounts: AccountLogin, election: ElectionFile, session: Session | None) -> Pending:
    """Return the activation that this session is going through; raises ``activation_invalid``."""
    part = session.elections.get(election.id, {}).get(_PART) if session else None
    if part is None:
        raise IsoloirError("activation_invalid")
    account = Account.of(await _invited(accounts, election, part["link"]))
    issuer = election.title.get(account.locale)
    return Pending(account, part["secret"], second_factor.address(part["secret"], account.name, issuer))


async def finish(
    accounts: AccountLogin, election: ElectionFile, session: Session, code: str, *, address: str
) -> Session:
    """Activate the account once the code shows that the application holds its secret; return a new session.

    The recovery codes wait in it until their holder says that they are kept. Raises ``activation_invalid`` (a link
    works once), ``code_refused``, ``too_many_requests``.
    """
    going = await pending(accounts, election, session)
    account, part = going.account, session.elections[election.id][_PART]
    await accounts.slow_down(election, account.id, account.id, address)
    step = second_factor.step_of(going.secret, code, accounts.codes.now())
    if step is None:
        await accounts.failed(election, account.id, account.id)
        raise IsoloirError("code_refused")
    await accounts.succeeded(election, address)
    stored = await _invited(accounts, election, part["link"])
    codes = second_factor.recovery_codes()
    digests = [second_factor.recovery_digest(accounts.keys, account.id, one) for one in codes]

    async def work(writing: AsyncSession) -> bool:
        done = await account_store.activate(
            writing,
            stored,
            password=part["password"],
            totp=second_factor.sealed(accounts.keys, account.id, going.secret),
            last_step=step,
            failures=0,
        )
        if done:
            await account_store.set_recovery(writing, account.id, digests)
        return done

    if not await accounts.store.whole(work):
        raise IsoloirError("activation_invalid")
    await accounts.record(election, "account_activated", account.id)
    await accounts.sessions.end(session)
    entered = await accounts.begin(election, await accounts.who_is(election, account.id), session.locale)
    entered.elections[election.id][_CODES] = codes
    await accounts.sessions.save(entered)
    return entered


def codes_to_keep(election: ElectionFile, session: Session) -> list[str]:
    """Return the recovery codes that this session still shows."""
    return list(session.elections.get(election.id, {}).get(_CODES, ()))


async def codes_kept(accounts: AccountLogin, election: ElectionFile, session: Session) -> None:
    """Show the recovery codes no more."""
    session.elections.get(election.id, {}).pop(_CODES, None)
    await accounts.sessions.save(session)


async def _invited(accounts: AccountLogin, election: ElectionFile, digest: str) -> account_store.StoredAccount:
    async with accounts.store.read() as reading:
        found = await account_store.by_activation(reading, election.id, digest, accounts.clock.now())
    if found is None:
        raise IsoloirError("activation_invalid")
    return found
