"""The audit log: acts of the board and publications, the newest first, its chain recomputed, its head shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import route
from litestar.params import FromPath, FromQuery

from isoloir import audit_log
from isoloir.accounts import directory
from isoloir.store.audit_store import AuditLine
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import board_page
from isoloir_web.board.rights import READERS, require_account
from isoloir_web.pages import Asked, Page, Speaker, speaker

LINES = 40


@dataclass(frozen=True)
class Line:
    """One line, in words: who did it where an account did, and the rest of its details."""

    serial: int
    at: datetime
    act: str
    who: str
    details: tuple[tuple[str, str], ...]


@route("/log", http_method=READS)
async def log(request: Asked, election: FromPath[str], number: FromQuery[int] = 1) -> Page:
    """Show a page of the log, and whether the whole of it is as it was written."""
    sitting = await require_account(request, election, READERS)
    store, file = sitting.house.instance.store, sitting.election
    number = min(max(1, number), 100_000)
    found, lines = await audit_log.newest(store, file.id, (number - 1) * LINES, LINES)
    people = {one.id: one.display for one in await directory.everybody(store, file.id)}
    say = speaker(request, file)
    return board_page(
        request,
        "board/log.html",
        sitting,
        lines=[_line(say, line, people) for line in found],
        check=await audit_log.verify(store),
        number=number,
        pages=max(1, -(-lines // LINES)),
    )


def _line(say: Speaker, line: AuditLine, people: dict[str, str]) -> Line:
    details: dict[str, Any] = json.loads(line.details)
    account = details.pop("account", "")
    named = f"web.board.act.{line.act}"
    return Line(
        serial=line.serial,
        at=datetime.fromisoformat(line.at),
        act=say.t(named) if say.has(named) else line.act,
        who=people.get(account, account),
        details=tuple((name, _short(value)) for name, value in details.items()),
    )


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


handlers = (log,)
