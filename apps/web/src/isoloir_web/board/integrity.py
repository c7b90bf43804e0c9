"""Whether the election is as it was sealed: the two digests, sealed and now, and a check whenever it is asked for."""

from __future__ import annotations

from typing import Any

from litestar import Response, post, route
from litestar.params import FromPath

from isoloir import lifecycle, oversight
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import board_page
from isoloir_web.board.rights import READERS, posted, require_account
from isoloir_web.forms import FORM_BYTES
from isoloir_web.limits import count
from isoloir_web.pages import Asked, Page, see_other


@route("/integrity", http_method=READS)
async def integrity(request: Asked, election: FromPath[str]) -> Page:
    """Show both digests, and what the last check found."""
    sitting = await require_account(request, election, READERS)
    store = sitting.house.instance.store
    return board_page(
        request,
        "board/integrity.html",
        sitting,
        seal=await lifecycle.seal_of(store, sitting.election.id),
        check=await oversight.last_check(store, sitting.election.id),
        token=sitting.token("integrity/check"),
        every=int(oversight.CHECK_EVERY.total_seconds()) // 60,
    )


@post("/integrity/check", status_code=200, request_max_body_size=FORM_BYTES)
async def check(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Compute both digests again, now; a drift is told to every member."""
    sitting, _ = await posted(request, election, "integrity/check", READERS)
    house, file = sitting.house, sitting.election
    instance = house.instance
    await count(house.checks, file.id, sitting.account.id)
    await house.accounts.record(file, "seal_checked", sitting.account.id)
    found = await oversight.check_seal(instance.store, file, instance.plugins, instance.clock)
    texts, url = instance.texts_of(file), instance.settings.base_url
    await oversight.alarm(instance.store, instance.keys, file, texts, instance.clock, found, url)
    return see_other(f"/e/{file.id}/board/integrity")


handlers = (integrity, check)
