"""What the organiser does with accounts: make, list, disable, reset. Nobody but its holder ever knows its secrets."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import audit_log, notifications
from isoloir.accounts.account import Account, Role, seats
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.store import account_store
from isoloir.store.account_store import StoredAccount
from isoloir.store.engine import Store
from isoloir.texts import Texts

LASTS = timedelta(days=7)
"""How long a link activates an account."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_EMAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,190}")
_CODE_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 8


@dataclass(frozen=True)
class Invitation:
    """What activates an account: the link's token goes by e-mail, the code by another way; neither is kept."""

    account: Account
    token: str = field(repr=False)
    code: str = field(repr=False)

    def address(self, base_url: str, election_id: str) -> str:
        """Return the personal link."""
        return f"{base_url}/e/{election_id}/board/activate/{self.token}"


@dataclass(frozen=True)
class Person:
    """Whom an account is for."""

    name: str
    display: str = field(repr=False)
    email: str = field(repr=False)
    role: Role
    board: str = ""
    member: str = ""
    locale: str = "fr"


async def new(store: Store, keys: Keys, election: ElectionFile, clock: Clock, person: Person) -> Invitation:
    """Make an account, to be activated by its holder.

    Raises `IsoloirError`: ``account_name_form``, ``account_email_form``, ``account_display_missing``,
    ``account_board_unknown``, ``account_member_unknown``, ``account_not_member`` (a board without the role of
    member), ``account_name_taken``, ``account_seat_taken`` and ``account_email_taken``: one person, one account.
    """
    _check(election, person)
    others = await everybody(store, election.id)
    if any(other.name == person.name for other in others):
        raise IsoloirError("account_name_taken", election=election.id)
    in_use = [other for other in others if other.state != "disabled"]
    if person.member and any((one.board, one.member) == (person.board, person.member) for one in in_use):
        raise IsoloirError("account_seat_taken", board=person.board, member=person.member)
    if any(other.email.casefold() == person.email.casefold() for other in in_use):
        raise IsoloirError("account_email_taken", election=election.id)
    token, code = _drawn()
    stored = StoredAccount(
        election=election.id,
        id=f"account-{secrets.token_hex(6)}",
        name=person.name,
        display=person.display.strip(),
        email=person.email,
        locale=person.locale,
        role=person.role.value,
        board=person.board,
        member=person.member,
        state="invited",
        password="",
        totp=b"",
        last_step=0,
        generation=0,
        failures=0,
        activation=token_digest(token),
        activation_code="",
        activation_until=clock.now() + LASTS,
    )
    stored = StoredAccount(**{**vars(stored), "activation_code": code_digest(keys, stored.id, code)})
    seat = {"board": person.board, "member": person.member} if person.member else {}
    await _record(store, election, clock, "account_made", stored.id, role=person.role.value, **seat)
    async with store.write() as session:
        await account_store.add(session, stored)
    return Invitation(Account.of(stored), token, code)


async def everybody(store: Store, election_id: str) -> list[Account]:
    """Return the accounts of an election, by name."""
    async with store.read() as session:
        return [Account.of(stored) for stored in await account_store.everybody(session, election_id)]


async def disable(store: Store, election: ElectionFile, clock: Clock, name: str) -> Account:
    """Shut an account: its sessions end at once. Raises ``account_unknown``."""
    account = await named(store, election, name)
    await _record(store, election, clock, "account_disabled", account.id)
    async with store.write() as session:
        await _forget(session, election, account, state="disabled")
    return account


async def reset(store: Store, keys: Keys, election: ElectionFile, clock: Clock, name: str) -> Invitation:
    """Take an account's secrets back, for a lost telephone or password; its holder activates it anew.

    Raises ``account_unknown``, ``account_disabled``.
    """
    account = await named(store, election, name)
    if account.state == "disabled":
        raise IsoloirError("account_disabled", election=election.id)
    token, code = _drawn()
    await _record(store, election, clock, "account_reset", account.id)
    async with store.write() as session:
        await _forget(
            session,
            election,
            account,
            state="invited",
            activation=token_digest(token),
            activation_code=code_digest(keys, account.id, code),
            activation_until=clock.now() + LASTS,
        )
    return Invitation(account, token, code)


async def named(store: Store, election: ElectionFile, name: str) -> Account:
    """Return the account of that name; raises ``account_unknown``."""
    async with store.read() as session:
        stored = await account_store.by_name(session, election.id, name)
    if stored is None:
        raise IsoloirError("account_unknown", election=election.id)
    return Account.of(stored)


def letter(election: ElectionFile, texts: Texts, invitation: Invitation, base_url: str) -> notifications.Rendered:
    """Return the message that brings the link to its holder."""
    account = invitation.account
    values = {"who": account.display, "name": account.name, "link": invitation.address(base_url, election.id)}
    return notifications.render(
        election,
        texts,
        "account_activation",
        values,
        channel="email",
        recipient=account.email,
        locale=account.locale,
        key=f"account/{token_digest(invitation.token)[:32]}",
        base_url=base_url,
    )


def token_digest(token: str) -> str:
    """Return what is kept of a link."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def code_digest(keys: Keys, account_id: str, code: str) -> str:
    """Return what is kept of the code that goes with a link, however it is typed."""
    plain = "".join(sign for sign in code[:64].upper() if sign.isascii() and sign.isalnum())
    return keys.mac("account-activation", f"{account_id}/{plain}")


def _drawn() -> tuple[str, str]:
    code = "".join(secrets.choice(_CODE_SIGNS) for _ in range(_CODE_LENGTH))
    return secrets.token_urlsafe(32), f"{code[:4]}-{code[4:]}"


async def _forget(session: AsyncSession, election: ElectionFile, account: Account, **values: object) -> None:
    gone: dict[str, object] = {"password": "", "totp": b"", "activation": "", "activation_code": ""}
    values = {**gone, "generation": account.generation + 1, **values}
    await account_store.change(session, election.id, account.id, **values)
    await account_store.set_recovery(session, account.id, [])


async def _record(
    store: Store, election: ElectionFile, clock: Clock, act: str, account_id: str, **details: str
) -> None:
    # Written first: nothing is done that the log does not tell, whatever happens in between.
    async with store.write("box") as session:
        await audit_log.record(session, election.id, act, {"account": account_id, **details}, clock)


def _check(election: ElectionFile, person: Person) -> None:
    if not _NAME.fullmatch(person.name):
        raise IsoloirError("account_name_form")
    if not _EMAIL.fullmatch(person.email):
        raise IsoloirError("account_email_form")
    if not person.display.strip() or len(person.display) > 120:
        raise IsoloirError("account_display_missing")
    if person.role is not Role.MEMBER:
        if person.board or person.member:
            raise IsoloirError("account_not_member", role=person.role.value)
        return
    board = election.boards.get(person.board)
    if board is None:
        raise IsoloirError("account_board_unknown", board=person.board[:64], known=", ".join(election.boards))
    if person.member not in seats(board):
        raise IsoloirError("account_member_unknown", member=person.member[:64], known=", ".join(seats(board)))
