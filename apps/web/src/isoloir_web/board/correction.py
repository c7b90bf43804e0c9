"""Correcting a sealed roll: one member proposes lines with a reason, another reads and confirms; each by a code."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, post, route
from litestar.params import FromPath

from isoloir import lifecycle, roll_correction
from isoloir.accounts import directory
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir.roll_import import Preview, read_roll
from isoloir.roll_import.writing import header
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import fields, form_page, surroundings
from isoloir_web.board.rights import MEMBERS, Sitting, posted, require_account
from isoloir_web.forms import FORM_BYTES, LONG_FORM_BYTES, whole
from isoloir_web.pages import Asked, Page, Speaker, address, see_other, speaker

NOW = (State.SEALED, State.REHEARSED, State.OPEN)
_SHOWN = 10


@route("/correction", http_method=READS)
async def ask(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Show what waits for confirmation, or the form of a proposal; back home while the roll cannot be corrected."""
    sitting = await require_account(request, election, MEMBERS)
    state = await lifecycle.state(sitting.house.instance.store, sitting.election.id)
    return await _page(request, sitting) if state in NOW else see_other(f"/e/{sitting.election.id}/board/")


@post("/correction", status_code=200, request_max_body_size=LONG_FORM_BYTES)
async def propose(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Propose lines to the other members."""
    sitting, form = await posted(request, election, "correction", MEMBERS)
    instance, file = sitting.house.instance, sitting.election
    lines = form.get("lines", "").strip() + "\n"
    read = await asyncio.to_thread(read_roll, lines.encode(), file, instance.plugins.roll_checks.values())
    if read.errors:
        number = sum(read.error_counts.values())
        refused = IsoloirError("roll_has_errors", number=number, line=read.errors[0].line)
        return await _page(request, sitting, refused, form, read)
    try:
        await sitting.house.accounts.confirm(file, sitting.account, form.get("code", ""), address=address(request))
        await roll_correction.propose(
            instance.store,
            instance.keys,
            file,
            instance.clock,
            by=sitting.account.id,
            reason=form.get("why", ""),
            entries=read.entries,
            strike="strike" in form,
        )
    except IsoloirError as error:
        return await _page(request, sitting, error, form, read)
    return see_other(f"/e/{file.id}/board/correction")


@post("/correction/confirm", status_code=200, request_max_body_size=FORM_BYTES)
async def confirm(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Confirm what another member proposed: the roll is corrected and sealed again."""
    sitting, form = await posted(request, election, "correction/confirm", MEMBERS)
    instance, file = sitting.house.instance, sitting.election
    try:
        await sitting.house.accounts.confirm(file, sitting.account, form.get("code", ""), address=address(request))
        await roll_correction.confirm(
            instance.store, instance.keys, file, instance.clock, by=sitting.account.id, number=whole(form, "number")
        )
    except IsoloirError as error:
        return await _page(request, sitting, error)
    return see_other(f"/e/{file.id}/board/integrity")


async def _page(
    request: Asked,
    sitting: Sitting,
    error: IsoloirError | None = None,
    typed: dict[str, str] | None = None,
    read: Preview | None = None,
) -> Page:
    instance, file = sitting.house.instance, sitting.election
    try:
        pending = await roll_correction.pending(instance.store, instance.keys, file)
    except IsoloirError as stale:  # what it would do is refused by now; another may take its place
        pending, error = None, error or stale
    people = {one.id: one.display for one in await directory.everybody(instance.store, file.id)}
    say = speaker(request, file)
    return form_page(
        request,
        "board/correction.html",
        file,
        fields(say, "why", "code", typed=typed),
        error=error,
        account=sitting.account,
        here=f"/e/{file.id}/board/correction",
        token=sitting.token("correction"),
        confirm_token=sitting.token("correction/confirm"),
        confirm_fields=fields(say, "code"),
        pending=pending,
        mine=pending is not None and pending.by == sitting.account.id,
        who=people.get(pending.by, pending.by) if pending else "",
        colleges=file.colleges,
        lines=(typed or {}).get("lines", ";".join(header(file)) + "\n"),
        most=roll_correction.MOST,
        strike=await lifecycle.state(instance.store, file.id) is not State.OPEN,
        wrong=_sentences(say, read) if read is not None else [],
        **surroundings(sitting),
    )


def _sentences(say: Speaker, read: Preview) -> list[tuple[int, str, str]]:
    """Return the first mistakes of the lines: which line (from 1), what, and what to do."""
    found = []
    for one in read.errors[:_SHOWN]:
        where = {"line": one.line, "column": one.column, **one.where}
        remedy = f"error.{one.code}.remedy"
        said = say.t(remedy, **where) if say.has(remedy) else ""
        found.append((one.line, say.t(f"error.{one.code}", **where), said))
    return found


handlers = (ask, propose, confirm)
