"""The accounts of a trial's board: activated as their holders would, and what each would know written down."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyotp

from isoloir.accounts import activation, directory
from isoloir.accounts.account import Role, seats
from isoloir.accounts.directory import Person
from isoloir.accounts.login import AccountLogin
from isoloir.accounts.second_factor import STEP_SECONDS
from isoloir.clock import SystemClock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import write_private
from isoloir.instance import Instance

FILE = "board-accounts.json"
_WORDS = (
    "brume", "cerise", "dune", "escalier", "falaise", "girafe", "horloge", "igloo", "jardin", "kayak", "lampion",
    "moulin", "noisette", "orage", "pivoine", "quai", "ruche", "sabot", "tilleul", "usine", "vague", "wagon", "zinc",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What one holder knows, which no real instance ever keeps."""

    election: str
    name: str
    display: str
    role: str
    member: str
    password: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class _Still:
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


async def make_accounts(instance: Instance, election: ElectionFile) -> list[Known]:
    """Make and activate an account for every member of every board, and one for the organiser."""
    # A moment ago, so that the present code is still there for whoever comes first; and still, however slow this is.
    then = _Still(SystemClock().now() - timedelta(seconds=STEP_SECONDS))
    accounts = AccountLogin(instance.store, instance.keys, instance.clock, codes=then)
    people = [
        Person(
            member if len(election.boards) == 1 else f"{board_id}.{member}",
            sitting.members[member].name,
            f"{member}@{board_id}.example",
            Role.MEMBER,
            board_id,
            member,
        )
        for board_id, sitting in election.boards.items()
        for member in seats(sitting)
    ]
    people.append(Person("organisateur", "organisateur", "organisateur@isoloir.example", Role.ORGANISER))
    known = []
    for person in people:
        invitation = await directory.new(instance.store, instance.keys, election, instance.clock, person)
        password = "-".join(secrets.choice(_WORDS) for _ in range(4))
        here = {"address": "", "locale": person.locale}
        session = await activation.begin(accounts, election, invitation.token, invitation.code, password, **here)
        secret = (await activation.pending(accounts, election, session)).secret
        code = pyotp.TOTP(secret).at(then.now())
        entered = await activation.finish(accounts, election, session, code, address="")
        await accounts.sessions.end(entered)
        known.append(
            Known(election.id, person.name, person.display, person.role.value, person.member, password, secret)
        )
    write_private(instance.folder / FILE, json.dumps([asdict(one) for one in known]).encode())
    return known


def read_accounts(folder: Path) -> list[Known]:
    """Return what was written down in an instance's folder; nothing where no board was made."""
    path = folder / FILE
    return [Known(**one) for one in json.loads(path.read_bytes())] if path.exists() else []
