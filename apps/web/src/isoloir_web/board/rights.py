"""Who is asking, and whether they may: every page of the board goes through here."""

from __future__ import annotations

from dataclasses import dataclass

from isoloir import oversight
from isoloir.accounts.account import Account, Role, contests_of
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.login.sessions import Session
from isoloir_web.forms import TOKEN, read_form, read_upload, require_token
from isoloir_web.house import House, house_of
from isoloir_web.pages import Asked
from isoloir_web.sessions import visit_of

READERS = (Role.MEMBER, Role.ORGANISER)
"""Those who may read names and the log."""
MEMBERS = (Role.MEMBER,)
"""Those who hold a share and speak in their own name."""
EVERYBODY = tuple(Role)


@dataclass(frozen=True)
class Sitting:
    """One request of somebody who is logged in."""

    house: House
    election: ElectionFile
    session: Session
    account: Account
    alarm: bool
    """Whether the last check found that the seal does not hold."""

    @property
    def contests(self) -> list[Contest]:
        """The contests that they may look into."""
        allowed = contests_of(self.election, self.account)
        return [contest for contest in self.election.contests if contest.id in allowed]

    def token(self, purpose: str) -> str:
        """Return the token of a form."""
        return self.session.form_token(f"board/{purpose}/{self.election.id}")

    def require_token(self, purpose: str, token: str) -> None:
        """Raise ``form_expired`` for a form that was not made for this, here."""
        require_token(self.session, f"board/{purpose}/{self.election.id}", token)


async def require_account(request: Asked, election: str, roles: tuple[Role, ...] = EVERYBODY) -> Sitting:
    """Return who is logged in; raises `IsoloirError` ``account_needed``, ``account_role``, ``election_unknown``."""
    house = house_of(request)
    file = house.election(election)
    session = visit_of(request, house.site).session
    account = await house.accounts.who(file, session)
    if session is None or account is None:
        raise IsoloirError("account_needed")
    if account.role not in roles:
        raise IsoloirError("account_role")
    check = await oversight.last_check(house.instance.store, file.id)
    return Sitting(house, file, session, account, alarm=check is not None and not check.holds)


async def posted(
    request: Asked, election: str, purpose: str, roles: tuple[Role, ...] = EVERYBODY
) -> tuple[Sitting, dict[str, str]]:
    """Return who is logged in and the form they sent, its token checked."""
    sitting = await require_account(request, election, roles)
    form = dict(await read_form(request))
    sitting.require_token(purpose, form.pop(TOKEN, ""))
    return sitting, form


async def posted_files(
    request: Asked, election: str, purpose: str, roles: tuple[Role, ...] = EVERYBODY
) -> tuple[Sitting, dict[str, str], dict[str, bytes]]:
    """Return who is logged in, the fields and the files they sent, the token checked."""
    sitting = await require_account(request, election, roles)
    form, files = await read_upload(request)
    fields = dict(form)
    sitting.require_token(purpose, fields.pop(TOKEN, ""))
    return sitting, fields, dict(files)
