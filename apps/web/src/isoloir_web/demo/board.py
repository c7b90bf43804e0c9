"""Whom to be on the board of a demonstration: names, passwords, and the code that would be on each telephone."""

from __future__ import annotations

from dataclasses import dataclass

import pyotp
from litestar import route
from litestar.enums import HttpMethod

from isoloir.accounts.second_factor import STEP_SECONDS
from isoloir.clock import SystemClock
from isoloir.config.election import ElectionFile
from isoloir.store import account_store
from isoloir_web.house import House, house_of
from isoloir_web.pages import Asked, Page, page
from isoloir_web.trial.accounts import Known, read_accounts


@dataclass(frozen=True)
class Shown:
    """One account, and a code of it that was not used yet; none while the next one is waited for."""

    known: Known
    election: ElectionFile
    code: str


@route("/demo/board", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def board(request: Asked) -> Page:
    """Show what each holder of an account knows."""
    house = house_of(request)
    shown = [await _shown(house, known) for known in read_accounts(house.instance.folder)]
    return page(request, "demo/board.html", accounts=shown)


async def _shown(house: House, known: Known) -> Shown:
    election = house.election(known.election)
    async with house.instance.store.read() as session:
        stored = await account_store.by_name(session, known.election, known.name)
    present = int(SystemClock().now().timestamp()) // STEP_SECONDS
    step = max(present, stored.last_step + 1 if stored else 0)
    code = pyotp.HOTP(known.secret).at(step) if step <= present + 1 else ""
    return Shown(known, election, code)


handlers = (board,)
