"""The poll book as the board reads it: who has voted in which contest, to the hour; a name is looked up by POST."""

from __future__ import annotations

from typing import Any

from litestar import post, route
from litestar.params import FromPath, FromQuery

from isoloir import poll_book
from isoloir.config.election import Contest
from isoloir.errors import IsoloirError
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import board_page
from isoloir_web.board.rights import READERS, Sitting, posted, require_account
from isoloir_web.forms import FORM_BYTES, whole
from isoloir_web.pages import Asked, Page

LINES = 50
_MOST_PAGES = 100_000


@route("/poll-book", http_method=READS)
async def look(
    request: Asked, election: FromPath[str], contest: FromQuery[str] = "", number: FromQuery[int] = 1
) -> Page:
    """Show a page of those who voted in a contest."""
    sitting = await require_account(request, election, READERS)
    return await _drawn(request, sitting, contest, number, "")


@post("/poll-book", status_code=200, request_max_body_size=FORM_BYTES)
async def search(request: Asked, election: FromPath[str]) -> Page:
    """Show the electors of a contest whose last name begins so, those who did not vote too."""
    sitting, form = await posted(request, election, "poll-book", READERS)
    typed = form.get("begins", "").strip()[:60]
    return await _drawn(request, sitting, form.get("contest", ""), whole(form, "number"), typed)


async def _drawn(request: Asked, sitting: Sitting, contest_id: str, number: int, begins: str) -> Page:
    contest = _contest(sitting, contest_id)
    number = min(max(1, number), _MOST_PAGES)
    lines, found = await poll_book.page(
        sitting.house.instance.store,
        sitting.election,
        contest.id,
        begins=begins,
        skip=(number - 1) * LINES,
        limit=LINES,
    )
    context: dict[str, Any] = {
        "contest": contest,
        "contests": sitting.contests,
        "lines": lines,
        "found": found,
        "begins": begins,
        "number": number,
        "pages": max(1, -(-found // LINES)),
        "colleges": sitting.election.colleges,
        "token": sitting.token("poll-book"),
        "here": f"/e/{sitting.election.id}/board/poll-book",
    }
    return board_page(request, "board/poll_book.html", sitting, **context)


def _contest(sitting: Sitting, contest_id: str) -> Contest:
    """Return the contest asked for, of those that this account may look into; the first when none is named."""
    allowed = sitting.contests
    if not contest_id and allowed:
        return allowed[0]
    for contest in allowed:
        if contest.id == contest_id:
            return contest
    raise IsoloirError("contest_unknown")


handlers = (look, search)
