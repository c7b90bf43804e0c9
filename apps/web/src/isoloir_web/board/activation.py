"""Bringing an account to life, in three pages: link, code and password; the second factor; the codes to keep."""

from __future__ import annotations

from typing import Any

import segno
from litestar import Response, post, route
from litestar.params import FromPath
from markupsafe import Markup

from isoloir.accounts import activation
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import board_page, fields, form_page, require_same
from isoloir_web.board.rights import posted, require_account
from isoloir_web.forms import FORM_BYTES, TOKEN, read_form, require_token
from isoloir_web.house import house_of
from isoloir_web.pages import Asked, Page, address, see_other, speaker
from isoloir_web.sessions import visit_of


@route("/activate/{link:str}", http_method=READS)
async def ask_activation(request: Asked, election: FromPath[str], link: FromPath[str]) -> Page:
    """Ask for the code that goes with the link, and for a password."""
    house = house_of(request)
    file = house.election(election)
    await activation.invited(house.accounts, file, link)
    return _activation_page(request, file, link)


@post("/activate/{link:str}", status_code=200, request_max_body_size=FORM_BYTES)
async def activate(request: Asked, election: FromPath[str], link: FromPath[str]) -> Response[Any]:
    """Take them; the link is not used up before the second factor is proved."""
    house = house_of(request)
    file = house.election(election)
    visit = visit_of(request, house.site)
    form = await read_form(request)
    try:
        require_same(form)
        begun = await activation.begin(
            house.accounts,
            file,
            link,
            form.get("activation", ""),
            form.get("chosen", ""),
            address=address(request),
            locale=visit.locale,
        )
    except IsoloirError as error:
        if error.code == "activation_invalid":
            raise
        return _activation_page(request, file, link, error)
    await visit.end()
    visit.session = begun
    return see_other(f"/e/{file.id}/board/second-factor")


@route("/second-factor", http_method=READS)
async def ask_second_factor(request: Asked, election: FromPath[str]) -> Page:
    """Show the secret, as a QR code and as text, and ask for the code that it gives."""
    return await _second_factor_page(request, house_of(request).election(election))


@post("/second-factor", status_code=200, request_max_body_size=FORM_BYTES)
async def second_factor(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Activate the account."""
    house = house_of(request)
    file = house.election(election)
    visit = visit_of(request, house.site)
    form = await read_form(request)
    require_token(visit.session, f"board/second-factor/{file.id}", form.get(TOKEN, ""))
    assert visit.session is not None
    try:
        visit.session = await activation.finish(
            house.accounts, file, visit.session, form.get("code", ""), address=address(request)
        )
    except IsoloirError as error:
        if error.code == "activation_invalid":
            raise
        return await _second_factor_page(request, file, error)
    return see_other(f"/e/{file.id}/board/codes")


@route("/codes", http_method=READS)
async def codes(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Show the recovery codes, to be printed, until their holder has them."""
    sitting = await require_account(request, election)
    kept = activation.codes_to_keep(sitting.election, sitting.session)
    if not kept:
        return see_other(f"/e/{sitting.election.id}/board/")
    return board_page(request, "board/codes.html", sitting, codes=kept, token=sitting.token("codes"))


@post("/codes", status_code=200, request_max_body_size=FORM_BYTES)
async def codes_kept(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Show them no more."""
    sitting, _ = await posted(request, election, "codes")
    await activation.codes_kept(sitting.house.accounts, sitting.election, sitting.session)
    return see_other(f"/e/{sitting.election.id}/board/")


def _activation_page(request: Asked, election: ElectionFile, link: str, error: IsoloirError | None = None) -> Page:
    say = speaker(request, election)
    shown = fields(say, "activation", "chosen", "again")
    # The language link would put the personal link into another address; it leads there all the same.
    return form_page(request, "board/activate.html", election, shown, error=error, link=link)


async def _second_factor_page(request: Asked, election: ElectionFile, error: IsoloirError | None = None) -> Page:
    house = house_of(request)
    session = visit_of(request, house.site).session
    going = await activation.pending(house.accounts, election, session)
    assert session is not None
    drawn = segno.make(going.address, error="m").svg_inline(
        scale=4, border=4, dark="#000", light="#fff", svgclass="qr"
    )
    return form_page(
        request,
        "board/second_factor.html",
        election,
        fields(speaker(request, election), "code"),
        error=error,
        qr=Markup(drawn),  # noqa: S704  # drawn here from an address of ours; it holds no text
        secret=" ".join(going.secret[start : start + 4] for start in range(0, len(going.secret), 4)),
        name=going.account.name,
        token=session.form_token(f"board/second-factor/{election.id}"),
    )


handlers = (ask_activation, activate, ask_second_factor, second_factor, codes, codes_kept)
