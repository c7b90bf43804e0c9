"""Who is voting, and in what: the session's voter, the roll entry, the rights of this moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.lifecycle import Phase
from isoloir.login.eligibility import open_contests
from isoloir.login.sessions import Session
from isoloir.login.shown import LoggedIn
from isoloir.roll import RollEntry
from isoloir.voting import at
from isoloir_web.house import House, house_of
from isoloir_web.pages import Asked
from isoloir_web.sessions import visit_of


@dataclass(frozen=True)
class Voting:
    """A logged-in voter of one election, and what was read of them together, for this request alone."""

    election: ElectionFile
    session: Session
    logged_in: LoggedIn
    entry: RollEntry
    phase: Phase
    marked: Mapping[str, datetime]


@dataclass(frozen=True)
class Standing:
    """Where the voter stands in one contest; `voted` is the hour of the poll book, `refused` an error's code."""

    contest: Contest
    voted: datetime | None
    refused: str | None


async def require_voter(request: Asked, election: ElectionFile) -> Voting:
    """Return the voter as the database has them now; raises IsoloirError ``not_logged_in``."""
    house = house_of(request)
    session = visit_of(request, house.site).session
    logged_in = session.voter(election.id) if session else None
    if session is None or logged_in is None:
        raise IsoloirError("not_logged_in")
    instance = house.instance
    moment = await at(instance.store, election, logged_in.entry_id, instance.clock)
    if moment.entry is None:
        raise IsoloirError("not_logged_in")
    return Voting(election, session, logged_in, moment.entry, moment.phase, moment.marked)


async def standings(house: House, voting: Voting) -> list[Standing]:
    """Return the contests of this voter's roll entry, each with its state at the moment that was read."""
    instance = house.instance
    rights = await open_contests(
        voting.election,
        instance.plugins,
        voting.entry,
        voting.marked,
        voting.logged_in.claims,
        folder=instance.folder,
    )
    return [Standing(right.contest, right.voted, None if right.allowed else right.code) for right in rights]


async def require_right(house: House, voting: Voting, contest: Contest) -> None:
    """Raise IsoloirError unless this voter might vote in `contest` at the moment that was read.

    Codes: ``election_not_open``, ``election_closed``, ``not_in_contest``, ``already_voted``, or a check's own.
    """
    require_open(voting.election, voting.phase, voting.logged_in)
    standing = next((one for one in await standings(house, voting) if one.contest.id == contest.id), None)
    if standing is None:
        raise IsoloirError("not_in_contest")
    if standing.voted:
        raise IsoloirError("already_voted")
    if standing.refused:
        raise IsoloirError(standing.refused)


def require_open(election: ElectionFile, phase: Phase, logged_in: LoggedIn | None = None) -> None:
    """Raise IsoloirError ``election_not_open`` or ``election_closed`` unless one may vote.

    In the minutes of grace only who was fully logged in before the close may (CGFP R.211-563).
    """
    if phase is Phase.OPEN:
        return
    if phase is Phase.GRACE and logged_in and logged_in.authenticated_at < election.window.closes:
        return
    raise IsoloirError("election_not_open" if phase in (Phase.NOT_READY, Phase.BEFORE) else "election_closed")
