"""After the login: the contests of this voter, and the proof of each vote."""

from __future__ import annotations

from litestar import route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from isoloir.errors import IsoloirError
from isoloir.lifecycle import Phase
from isoloir_web.house import contest_of, house_of
from isoloir_web.pages import Asked, Page, page
from isoloir_web.voter.login import LEAVE
from isoloir_web.voter.rights import require_open, require_voter, standings


@route("/e/{election:str}/contests", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def contests(request: Asked, election: FromPath[str]) -> Page:
    """Show each contest of the voter: to vote, or voted."""
    house = house_of(request)
    file = house.election(election)
    voting = await require_voter(request, file)
    closed: str | None = None
    try:
        require_open(file, voting.phase, voting.logged_in)
    except IsoloirError as error:
        closed = error.code
    found = await standings(house, voting)
    return page(
        request,
        "voter/contests.html",
        election=file,
        standings=found,
        left=sum(1 for one in found if not one.voted and not one.refused),
        college=file.colleges[voting.entry.college],
        closed=closed,
        grace_ends=file.window.grace_ends if voting.phase is Phase.GRACE else None,
        token=voting.session.form_token(f"{LEAVE}/{file.id}"),
    )


@route("/e/{election:str}/contests/{contest:str}/proof", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def proof(request: Asked, election: FromPath[str], contest: FromPath[str]) -> Page:
    """Show the proof of vote: who voted in what, to the hour; no tracker, nothing of the choice."""
    house = house_of(request)
    file = house.election(election)
    voted_in = contest_of(file, contest)
    voting = await require_voter(request, file)
    hour = voting.marked.get(voted_in.id)
    if hour is None:
        raise IsoloirError("no_vote_yet")
    return page(
        request,
        "voter/proof.html",
        election=file,
        contest=voted_in,
        entry=voting.entry,
        college=file.colleges[voting.entry.college],
        hour=hour,
    )


handlers = (contests, proof)
