"""The first page of whoever is logged in: where the election stands, and what is missing."""

from __future__ import annotations

from typing import Any

from litestar import Response, route
from litestar.params import FromPath

from isoloir_web.board.account import READS
from isoloir_web.board.drawing import board_page
from isoloir_web.board.rights import require_account
from isoloir_web.house import house_of
from isoloir_web.pages import Asked, see_other
from isoloir_web.sessions import visit_of


@route("/", http_method=READS)
async def home(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Show where the election stands."""
    house = house_of(request)
    file = house.election(election)
    if await house.accounts.who(file, visit_of(request, house.site).session) is None:
        return see_other(f"/e/{file.id}/board/login")
    sitting = await require_account(request, election)
    return board_page(request, "board/home.html", sitting)


handlers = (home,)
