"""Who is voting, and in what: the session's voter, the roll entry, the rights of this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from isoloir import lifecycle, roll
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.lifecycle import Phase
from isoloir.login.eligibility import open_contests
from isoloir.login.sessions import Session
from isoloir.login.shown import LoggedIn
from isoloir.roll import RollEntry
from isoloir_web.house import House, house_of
from isoloir_web.pages import Asked
from isoloir_web.sessions import visit_of


@dataclass(frozen=True)
class Voting:
    """A logged-in voter of one election."""

    election: ElectionFile
    session: Session
    logged_in: LoggedIn
    entry: RollEntry


@dataclass(frozen=True)
class Standing:
    """Where the voter stands in one contest; `voted` is the hour of the poll book, `refused` an error's code."""

    contest: Contest
    voted: datetime | None
    refused: str | None


async def require_voter(request: Asked, election: ElectionFile) -> Voting:
    """Return the voter; raises IsoloirError ``not_logged_in``."""
    house = house_of(request)
    session = visit_of(request, house.site).session
    logged_in = session.voter(election.id) if session else None
    entry = await roll.entry(house.instance.store, election.id, logged_in.entry_id) if logged_in else None
    if session is None or logged_in is None or entry is None:
        raise IsoloirError("not_logged_in")
    return Voting(election, session, logged_in, entry)


async def standings(house: House, voting: Voting) -> list[Standing]:
    """Return the contests of this voter's roll entry, each with its state."""
    instance = house.instance
    rights = await open_contests(
        voting.election,
        instance.plugins,
        instance.store,
        voting.entry,
        voting.logged_in.claims,
        folder=instance.folder,
    )
    return [Standing(right.contest, right.voted, None if right.allowed else right.code) for right in rights]


async def require_right(house: House, voting: Voting, contest: Contest) -> None:
    """Raise IsoloirError unless this voter may vote in `contest` now.

    Codes: ``election_not_open``, ``election_closed``, ``not_in_contest``, ``already_voted``, or a check's own.
    """
    await require_open(house, voting.election, voting.logged_in)
    standing = next((one for one in await standings(house, voting) if one.contest.id == contest.id), None)
    if standing is None:
        raise IsoloirError("not_in_contest")
    if standing.voted:
        raise IsoloirError("already_voted")
    if standing.refused:
        raise IsoloirError(standing.refused)


async def require_open(house: House, election: ElectionFile, logged_in: LoggedIn | None = None) -> None:
    """Raise IsoloirError ``election_not_open`` or ``election_closed`` unless one may vote.

    In the minutes of grace only who was fully logged in before the close may (CGFP R.211-563).
    """
    phase = await lifecycle.phase(house.instance.store, election, house.instance.clock)
    if phase is Phase.OPEN:
        return
    if phase is Phase.GRACE and logged_in and logged_in.authenticated_at < election.window.closes:
        return
    raise IsoloirError("election_not_open" if phase in (Phase.NOT_READY, Phase.BEFORE) else "election_closed")
