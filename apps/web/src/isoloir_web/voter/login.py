"""The login: what `isoloir.login` shows, drawn; and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from isoloir import lifecycle
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.login.shown import FormShown, GoTo, LoggedInShown, RefusedShown, Shown, WaitShown
from isoloir.notifications import common_values
from isoloir_web.forms import FORM_BYTES, TOKEN, read_form, require_token
from isoloir_web.house import house_of
from isoloir_web.pages import Asked, Page, Speaker, address, page, see_other, speaker
from isoloir_web.refusals import REFUSAL
from isoloir_web.sessions import visit_of
from isoloir_web.voter.rights import require_open

STEP = "login/step"
LEAVE = "leave"


@post("/e/{election:str}/login", status_code=200, request_max_body_size=FORM_BYTES)
async def begin(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Begin the branch chosen: only now is there a session."""
    house = house_of(request)
    file = house.election(election)
    require_open(file, await lifecycle.phase(house.instance.store, file, house.instance.clock))
    branch = (await read_form(request)).get("branch", "")
    if branch not in {one.id for one in file.policy.any}:
        raise IsoloirError("form_malformed")
    session = await visit_of(request, house.site).begin()
    shown = await house.instance.login(file).begin(session, branch, address=address(request))
    return _posted(request, file, shown)


@route("/e/{election:str}/login/step", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def step(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Show where this login stands."""
    house = house_of(request)
    file = house.election(election)
    session = visit_of(request, house.site).session
    if session is None:
        return see_other(f"/e/{file.id}/")
    login = house.instance.login(file)
    shown = await login.show(session)
    if isinstance(shown, WaitShown) and request.method == HttpMethod.GET:
        shown = await login.tick(session, address=address(request))
    return _drawn(request, file, shown)


@post("/e/{election:str}/login/step", status_code=200, request_max_body_size=FORM_BYTES)
async def submit(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Hand a form to the login."""
    house = house_of(request)
    file = house.election(election)
    form = dict(await read_form(request))
    session = visit_of(request, house.site).session
    require_token(session, f"{STEP}/{file.id}", form.pop(TOKEN, ""))
    assert session is not None
    name = form.pop("form", "")
    shown = await house.instance.login(file).submit(session, name, form, address=address(request))
    return _posted(request, file, shown)


@get("/e/{election:str}/login/callback/{instance:str}")
async def callback(request: Asked, election: FromPath[str], instance: FromPath[str]) -> Response[Any]:
    """Take back a voter whom a factor had sent to a provider; the address is left at once (its query is secret)."""
    house = house_of(request)
    file = house.election(election)
    visit = visit_of(request, house.site)
    params: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in params:
            raise IsoloirError("form_malformed")
        params[name] = str(value)
    if visit.session is None and params.keys() <= {"state"}:
        return see_other(f"/e/{file.id}/goodbye")  # back from logging out at the provider, which may forget the state
    login = house.instance.login(file)
    shown = await login.returned(visit.session, instance, params, address=address(request), locale=visit.locale)
    return _posted(request, file, shown)


@route("/e/{election:str}/not-me", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def ask_not_me(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Ask before ending the session of whoever is named above."""
    return _ask_to_leave(request, election, "voter/not_me.html")


@post("/e/{election:str}/not-me", status_code=200, request_max_body_size=FORM_BYTES)
async def not_me(request: Asked, election: FromPath[str]) -> Response[Any]:
    """End somebody else's session, here and at the provider, and begin again."""
    return await _leave(request, election, f"/e/{election}/")


@route("/e/{election:str}/logout", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def ask_logout(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Ask before logging out."""
    return _ask_to_leave(request, election, "voter/logout.html")


@post("/e/{election:str}/logout", status_code=200, request_max_body_size=FORM_BYTES)
async def logout(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Log out, here and at the provider."""
    return await _leave(request, election, f"/e/{election}/goodbye")


@route("/e/{election:str}/goodbye", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def goodbye(request: Asked, election: FromPath[str]) -> Page:
    """Say that nobody is logged in any more."""
    return page(request, "voter/goodbye.html", election=house_of(request).election(election))


def _ask_to_leave(request: Asked, election: str, template: str) -> Response[Any]:
    house = house_of(request)
    file = house.election(election)
    session = visit_of(request, house.site).session
    if session is None:
        return see_other(f"/e/{file.id}/goodbye")
    # Who stays goes on where they were: the step shows contests to who is in, and nothing to who has not begun.
    going_on = session.voter(file.id) is not None or session.attempt(file.id) is not None
    stay = f"/e/{file.id}/{STEP if going_on else ''}"
    return page(request, template, election=file, stay=stay, token=session.form_token(f"{LEAVE}/{file.id}"))


async def _leave(request: Asked, election: str, then: str) -> Response[Any]:
    house = house_of(request)
    file = house.election(election)
    visit = visit_of(request, house.site)
    form = await read_form(request)
    if visit.session is None:
        return see_other(then)
    require_token(visit.session, f"{LEAVE}/{file.id}", form.get(TOKEN, ""))
    provider = await house.instance.login(file).leave(visit.session)
    await visit.end()
    cleared = {"clear-site-data": '"cache"'}
    if provider is None:
        answer = see_other(then)
        answer.headers.update(cleared)
        return answer
    return page(
        request,
        "voter/go_on.html",
        election=file,
        url=provider,
        leaving=True,
        headers=cleared,
        here=f"/e/{file.id}/goodbye",
    )


def _posted(request: Asked, election: ElectionFile, shown: Shown) -> Response[Any]:
    """Answer a change: what has no error to tell is shown by a GET of its own, so that reloading sends nothing."""
    if isinstance(shown, FormShown) and not shown.errors and not any(field.error for field in shown.fields):
        return see_other(f"/e/{election.id}/login/step")
    if isinstance(shown, WaitShown):
        return see_other(f"/e/{election.id}/login/step")
    return _drawn(request, election, shown)


def _drawn(request: Asked, election: ElectionFile, shown: Shown) -> Response[Any]:
    here = f"/e/{election.id}/login/step"
    session = visit_of(request, house_of(request).site).session
    token = session.form_token(f"{STEP}/{election.id}") if session else ""
    match shown:
        case LoggedInShown():
            return see_other(f"/e/{election.id}/contests")
        case GoTo(url=url):
            # A page, not a redirect: Chromium holds redirects that follow a form to the form's own form-action.
            return page(request, "voter/go_on.html", election=election, url=url, leaving=False, here=here)
        case WaitShown():
            return page(request, "voter/wait.html", election=election, shown=shown, token=token, here=here)
        case RefusedShown():
            headers = {REFUSAL: shown.code}
            if shown.seconds:
                headers["retry-after"] = str(shown.seconds)
            return page(
                request,
                "voter/refused.html",
                election=election,
                status=shown.status,
                headers=headers,
                shown=shown,
                leave=session is not None and session.to_leave(election.id),
                # No other way in helps where the vote itself is not open.
                others=() if shown.code in ("election_closed", "election_not_open") else shown.branches,
                here=f"/e/{election.id}/",
            )
        case FormShown():
            wrong = bool(shown.errors) or any(field.error for field in shown.fields)
            codes = " ".join(shown.codes)
            return page(
                request,
                "voter/step.html",
                election=election,
                status=422 if wrong else 200,
                headers={REFUSAL: codes} if codes else None,
                shown=shown,
                remedies=_remedies(speaker(request, election), shown.codes, election),
                who_so_far=shown.display,
                token=token,
                here=here,
            )


def _remedies(say: Speaker, codes: Sequence[str], election: ElectionFile) -> list[str]:
    """Return what to do about each error of a form, once; what has places of the factor's own is left out."""
    common = common_values(election, say.locale)
    texts = (say.t(f"error.{code}.remedy", **common) for code in codes if say.has(f"error.{code}.remedy"))
    return list(dict.fromkeys(text for text in texts if "{" not in text))


handlers = (begin, step, submit, callback, ask_not_me, not_me, ask_logout, logout, goodbye)
