"""What a member does for the board: open the vote; asked twice, and proved by the second factor each time."""

from __future__ import annotations

from typing import Any

from litestar import Response, post, route
from litestar.params import FromPath

from isoloir import board, lifecycle
from isoloir.accounts.account import Role
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_web.board.account import READS
from isoloir_web.board.checklist import checklist
from isoloir_web.board.drawing import fields, form_page, surroundings
from isoloir_web.board.rights import Sitting, posted, require_account
from isoloir_web.forms import FORM_BYTES
from isoloir_web.pages import Asked, Page, address, see_other, speaker

MEMBERS = (Role.MEMBER,)


@route("/open", http_method=READS)
async def ask_open(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Ask whether the vote is to open; back to the checklist while something is missing."""
    sitting = await require_account(request, election, MEMBERS)
    state = await lifecycle.state(sitting.house.instance.store, sitting.election.id)
    ready = state is State.REHEARSED and all(
        one.met for one in await checklist(sitting.house, sitting.election, state)
    )
    return _open_page(request, sitting) if ready else see_other(f"/e/{sitting.election.id}/board/")


@post("/open", status_code=200, request_max_body_size=FORM_BYTES)
async def open_vote(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Open the vote. Who asked is in the log before it is done."""
    sitting, form = await posted(request, election, "open", MEMBERS)
    house, file = sitting.house, sitting.election
    try:
        await house.accounts.confirm(file, sitting.account, form.get("code", ""), address=address(request))
    except IsoloirError as error:
        return _open_page(request, sitting, error)
    await house.accounts.record(file, "account_acts", sitting.account.id, what="open")
    await board.open_vote(house.instance.store, file, house.instance.plugins, house.instance.clock)
    return see_other(f"/e/{file.id}/board/")


def _open_page(request: Asked, sitting: Sitting, error: IsoloirError | None = None) -> Page:
    return form_page(
        request,
        "board/open.html",
        sitting.election,
        fields(speaker(request, sitting.election), "code"),
        error=error,
        account=sitting.account,
        token=sitting.token("open"),
        window=sitting.election.window,
        **surroundings(sitting),
    )


handlers = (ask_open, open_vote)
