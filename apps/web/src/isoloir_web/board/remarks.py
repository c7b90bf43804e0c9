"""What members have written into the minutes: each in their own name; it stays, and is printed as written."""

from __future__ import annotations

from typing import Any

from litestar import Response, post, route
from litestar.params import FromPath

from isoloir import remarks
from isoloir.accounts import directory
from isoloir.errors import IsoloirError
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import form_page, surroundings
from isoloir_web.board.rights import MEMBERS, READERS, Sitting, posted, require_account
from isoloir_web.forms import LONG_FORM_BYTES
from isoloir_web.pages import Asked, Page, see_other


@route("/remarks", http_method=READS)
async def look(request: Asked, election: FromPath[str]) -> Page:
    """Show what was written, and to a member the form."""
    return await _drawn(request, await require_account(request, election, READERS), {})


@post("/remarks", status_code=200, request_max_body_size=LONG_FORM_BYTES)
async def add(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Record a text in the name of the member whose account this is."""
    sitting, form = await posted(request, election, "remarks", MEMBERS)
    instance, account = sitting.house.instance, sitting.account
    try:
        await remarks.add(
            instance.store,
            sitting.election,
            instance.clock,
            member=account.member,
            board=account.board,
            kind=_kind(form.get("kind", "")),
            text=form.get("text", "").replace("\r\n", "\n"),
        )
    except IsoloirError as error:
        return await _drawn(request, sitting, form, error)
    return see_other(f"/e/{sitting.election.id}/board/remarks")


def _kind(chosen: str) -> remarks.Kind:
    if chosen not in remarks.KINDS:
        raise IsoloirError("form_malformed")
    return chosen


async def _drawn(request: Asked, sitting: Sitting, form: dict[str, str], error: IsoloirError | None = None) -> Page:
    store, election = sitting.house.instance.store, sitting.election
    people = {(one.board, one.member): one.display for one in await directory.everybody(store, election.id)}
    return form_page(
        request,
        "board/remarks.html",
        election,
        [],
        error=error,
        account=sitting.account,
        remarks=await remarks.remarks(store, election),
        people=people,
        kinds=remarks.KINDS,
        most=remarks.MOST,
        typed=form.get("text", ""),
        chosen=form.get("kind", ""),
        token=sitting.token("remarks"),
        **surroundings(sitting),
    )


handlers = (look, add)
