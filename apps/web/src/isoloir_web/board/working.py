"""How far the long work is that somebody asked for; the page asks again by itself, and says what came of it."""

from __future__ import annotations

from litestar import route
from litestar.params import FromPath

from isoloir_web.board.account import READS
from isoloir_web.board.drawing import board_page, working
from isoloir_web.board.rights import READERS, require_account
from isoloir_web.pages import Asked, Page

SECONDS = 3
_THEN = {
    "rehearsal": "rehearsal",
    "rehearsal-end": "rehearsal",
    "boxes": "unsealing",
    "tally": "unsealing",
    "papers": "minutes",
    "signed": "minutes",
    "archive": "minutes",
}


@route("/work", http_method=READS)
async def work(request: Asked, election: FromPath[str]) -> Page:
    """Show the work asked last."""
    sitting = await require_account(request, election, READERS)
    shown = await working(request, sitting)
    then = _THEN.get(shown["work"].kind, "steps") if shown["work"] else "steps"
    return board_page(request, "board/work.html", sitting, seconds=SECONDS, then=then, **shown)


handlers = (work,)
