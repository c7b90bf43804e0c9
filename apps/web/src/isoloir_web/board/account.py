"""Logging in and out of a personal account, and its password."""

from __future__ import annotations

from typing import Any

from litestar import Response, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from isoloir.errors import IsoloirError
from isoloir_web.board.drawing import fields, form_page, require_same, surroundings
from isoloir_web.board.rights import Sitting, posted, require_account
from isoloir_web.forms import FORM_BYTES, read_form
from isoloir_web.house import house_of
from isoloir_web.pages import Asked, Page, address, see_other, speaker
from isoloir_web.sessions import visit_of

READS = [HttpMethod.GET, HttpMethod.HEAD]


@route("/login", http_method=READS)
async def ask_login(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Ask for name, password and code."""
    house = house_of(request)
    file = house.election(election)
    if await house.accounts.who(file, visit_of(request, house.site).session) is not None:
        return see_other(f"/e/{file.id}/board/")
    say = speaker(request, file)
    return form_page(request, "board/login.html", file, fields(say, "name", "password", "code"))


@post("/login", status_code=200, request_max_body_size=FORM_BYTES)
async def login(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Let the holder in, under a handle that nobody knew before; every refusal looks the same."""
    house = house_of(request)
    file = house.election(election)
    visit = visit_of(request, house.site)
    form = await read_form(request)
    typed = {name: form.get(name, "") for name in ("name", "password", "code")}
    try:
        entered = await house.accounts.enter(
            file, typed["name"], typed["password"], typed["code"], address=address(request), locale=visit.locale
        )
    except IsoloirError as error:
        say = speaker(request, file)
        shown = fields(say, "name", "password", "code", typed=typed)
        return form_page(request, "board/login.html", file, shown, error=error)
    await visit.end()
    visit.session = entered
    return see_other(f"/e/{file.id}/board/")


@post("/logout", status_code=200, request_max_body_size=FORM_BYTES)
async def logout(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Log out here."""
    sitting, _ = await posted(request, election, "leave")
    await sitting.house.accounts.record(sitting.election, "account_logout", sitting.account.id)
    await visit_of(request, sitting.house.site).end()
    answer = see_other(f"/e/{sitting.election.id}/board/login")
    answer.headers["clear-site-data"] = '"cache"'
    return answer


@route("/password", http_method=READS)
async def ask_password(request: Asked, election: FromPath[str]) -> Page:
    """Ask for another password."""
    sitting = await require_account(request, election)
    return _password_page(request, sitting)


@post("/password", status_code=200, request_max_body_size=FORM_BYTES)
async def password(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Change the password; every other session of the account is over."""
    sitting, form = await posted(request, election, "password")
    try:
        require_same(form)
        await sitting.house.accounts.change_password(
            sitting.election,
            sitting.session,
            form.get("former", ""),
            form.get("chosen", ""),
            form.get("code", ""),
            address=address(request),
        )
    except IsoloirError as error:
        return _password_page(request, sitting, error)
    return see_other(f"/e/{sitting.election.id}/board/?changed")


def _password_page(request: Asked, sitting: Sitting, error: IsoloirError | None = None) -> Page:
    say = speaker(request, sitting.election)
    return form_page(
        request,
        "board/password.html",
        sitting.election,
        fields(say, "former", "chosen", "again", "code"),
        error=error,
        account=sitting.account,
        token=sitting.token("password"),
        **surroundings(sitting),
    )


handlers = (ask_login, login, logout, ask_password, password)
