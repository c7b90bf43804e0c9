"""The unsealing: the closed boxes' digests to compare, each member's decryption taken, the tally, a tie's lot."""

from __future__ import annotations

from typing import Any

from litestar import Response, post, route
from litestar.params import FromPath

from isoloir import lifecycle, lots, unsealing
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_web import waiting
from isoloir_web.board import acts, giving
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import form_page, surroundings, working
from isoloir_web.board.rights import MEMBERS, READERS, Sitting, posted_files, require_account
from isoloir_web.pages import Asked, Page, see_other

_OPENED = (State.TALLIED, State.PUBLISHED, State.ARCHIVED)


@route("/unsealing", http_method=READS)
async def look(request: Asked, election: FromPath[str]) -> Page:
    """Show what is to be decrypted, who has, and how far the tally is."""
    return await _drawn(request, await require_account(request, election, READERS))


@post("/unsealing", status_code=200, request_max_body_size=giving.GIVEN_BYTES)
async def give(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Take what the member whose account this is decrypted."""
    sitting, form, files = await posted_files(request, election, "unsealing", MEMBERS)
    try:
        await giving.take(sitting, "tally", form, files)
    except IsoloirError as error:
        return await _drawn(request, sitting, error)
    return see_other(f"/e/{sitting.election.id}/board/unsealing?given")


async def _drawn(request: Asked, sitting: Sitting, error: IsoloirError | None = None) -> Page:
    instance, election = sitting.house.instance, sitting.election
    read = await waiting.boxes_read(instance.store, election)
    givers = await giving.tallied(sitting) if read else []
    waits = await acts.tie(sitting)
    state = await lifecycle.state(instance.store, election.id)
    return form_page(
        request,
        "board/unsealing.html",
        election,
        [],
        error=error,
        account=sitting.account,
        boxes=giving.shown(sitting, read or {}, "/box/{contest}/archive.bel"),
        givers=givers,
        mine=giving.mine(sitting, givers),
        met=bool(read) and await unsealing.rule_met(instance.store, election),
        stand="opened" if state in _OPENED else "closed" if read else "waits",
        public=state in _OPENED[1:],
        waits=waits,
        lot=await lots.lot_of(instance.store, election, waits.contest) if waits else None,
        titles={contest.id: contest.title for contest in election.contests},
        token=sitting.token("unsealing"),
        acts=[
            one
            for one in await acts.ready(sitting)
            if one.step in ("tally", "publish") and one.may(election, sitting.account)
        ],
        here=f"/e/{election.id}/board/unsealing",
        **await working(request, sitting),
        **surroundings(sitting),
    )


handlers = (look, give)
