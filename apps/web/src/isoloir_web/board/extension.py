"""A later close, decided by two members: one proposes it with its reason, another confirms, each by a code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from litestar import Response, post, route
from litestar.params import FromPath

from isoloir import extension, lifecycle, oversight
from isoloir.accounts import directory
from isoloir.accounts.account import Role
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.lifecycle import Phase
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import fields, form_page, surroundings
from isoloir_web.board.rights import Sitting, posted, require_account
from isoloir_web.forms import FORM_BYTES, whole
from isoloir_web.pages import Asked, Page, address, see_other, speaker

MEMBERS = (Role.MEMBER,)
_DAYS = ("%Y-%m-%d", "%d/%m/%Y")
"""As browsers with a calendar send a day, and as people type it where there is none."""
_HOURS = ("%H:%M", "%H:%M:%S", "%Hh%M", "%Hh")


@route("/extend", http_method=READS)
async def ask(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Show what waits for confirmation, and the form of a proposal; back to the home page unless people vote."""
    sitting = await require_account(request, election, MEMBERS)
    instance = sitting.house.instance
    phase = await lifecycle.phase(instance.store, sitting.election, instance.clock)
    return await _page(request, sitting) if phase is Phase.OPEN else see_other(f"/e/{sitting.election.id}/board/")


@post("/extend", status_code=200, request_max_body_size=FORM_BYTES)
async def propose(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Propose a later close to the other members."""
    sitting, form = await posted(request, election, "extend", MEMBERS)
    instance, file, by = sitting.house.instance, sitting.election, sitting.account.id
    try:
        closes = _moment(file, form)
        await sitting.house.accounts.confirm(file, sitting.account, form.get("code", ""), address=address(request))
        made = await extension.propose(
            instance.store, file, instance.clock, by=by, closes=closes, reason=form.get("reason", "")
        )
    except IsoloirError as error:
        return await _page(request, sitting, error, form)
    await _tell(sitting, "extension_proposed", made)
    return see_other(f"/e/{file.id}/board/extend")


@post("/extend/confirm", status_code=200, request_max_body_size=FORM_BYTES)
async def confirm(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Confirm what another member proposed: the vote closes later."""
    sitting, form = await posted(request, election, "extend/confirm", MEMBERS)
    instance, file = sitting.house.instance, sitting.election
    try:
        await sitting.house.accounts.confirm(file, sitting.account, form.get("code", ""), address=address(request))
        made = await extension.confirm(
            instance.store, file, instance.clock, by=sitting.account.id, number=whole(form, "number")
        )
    except IsoloirError as error:
        return await _page(request, sitting, error)
    await instance.windows.learn()
    await _tell(sitting, "extended", made)
    return see_other(f"/e/{file.id}/board/")


async def _page(
    request: Asked, sitting: Sitting, error: IsoloirError | None = None, typed: dict[str, str] | None = None
) -> Page:
    store, file = sitting.house.instance.store, sitting.election
    pending = await extension.pending(store, file)
    people = {one.id: one.display for one in await directory.everybody(store, file.id)}
    mine = pending is not None and pending.by == sitting.account.id
    say = speaker(request, file)
    return form_page(
        request,
        "board/extend.html",
        file,
        fields(say, "day", "hour", "reason", "code", typed=typed),
        error=error,
        account=sitting.account,
        here=f"/e/{file.id}/board/extend",
        token=sitting.token("extend"),
        confirm_token=sitting.token("extend/confirm"),
        confirm_fields=fields(say, "code"),
        window=file.window,
        pending=pending,
        mine=mine,
        who=people.get(pending.by, pending.by) if pending else "",
        **surroundings(sitting),
    )


async def _tell(sitting: Sitting, template: str, made: extension.Proposal) -> None:
    instance, file = sitting.house.instance, sitting.election
    await oversight.tell(
        instance.store,
        instance.keys,
        file,
        instance.texts_of(file),
        instance.clock,
        template,
        lambda say: {"closes": say(made.closes), "reason": made.reason, "by": sitting.account.display},
        f"{template}/{made.number}",
        instance.settings.base_url,
    )


def _moment(election: ElectionFile, form: Mapping[str, str]) -> datetime:
    day = _read(form.get("day", ""), _DAYS)
    hour = _read("".join(form.get("hour", "").split()).lower(), _HOURS)
    if day is None or hour is None:
        raise IsoloirError("moment_unreadable")
    return datetime.combine(day.date(), hour.time(), tzinfo=election.window.closes.tzinfo)


def _read(text: str, forms: tuple[str, ...]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


handlers = (ask, propose, confirm)
