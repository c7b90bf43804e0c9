"""Every refusal as an answer: what happened, what to do next, in HTML or JSON, in the visitor's language."""

from __future__ import annotations

import logging
import secrets
import traceback
from typing import Any

from litestar import Request, Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir_web.house import house_of
from isoloir_web.pages import page, speaker

_log = logging.getLogger("isoloir_web")

REFUSAL = "isoloir-refusal"
"""The header that bears the stable codes of what a page refuses, for machines and the help desk."""

STATUS = {
    "not_logged_in": 401,
    "account_needed": 401,
    "session_ended": 401,
    "foreign_origin": 403,
    "form_expired": 403,
    "ballot_not_yours": 403,
    "account_role": 403,
    "ceremony_not_yours": 403,
    "not_in_contest": 403,
    "page_unknown": 404,
    "election_unknown": 404,
    "contest_unknown": 404,
    "method_unknown": 405,
    "already_voted": 409,
    "ceremony_cheated": 409,
    "ceremony_foreign": 409,
    "ceremony_missing": 409,
    "ceremony_not_due": 409,
    "ceremony_outdated": 409,
    "credential_taken": 409,
    "activation_invalid": 410,
    "election_not_open": 410,
    "election_closed": 410,
    "box_frozen": 410,
    "too_large": 413,
    "ballot_too_large": 413,
    "wrong_host": 421,
    "account_refused": 422,
    "activation_code_refused": 422,
    "ballot_invalid": 422,
    "ceremony_refused": 422,
    "code_refused": 422,
    "errand_going": 409,
    "field_missing": 422,
    "lot_changed": 409,
    "lot_order": 422,
    "lot_same_member": 403,
    "lot_words": 422,
    "paper_none": 422,
    "paper_not_pdf": 422,
    "paper_unknown": 422,
    "partial_foreign": 422,
    "partial_incomplete": 422,
    "partial_invalid": 422,
    "partial_none": 422,
    "partial_not_yours": 403,
    "partial_unreadable": 422,
    "lifecycle_order": 409,
    "password_common": 422,
    "password_differs": 422,
    "password_long": 422,
    "password_refused": 422,
    "password_short": 422,
    "form_malformed": 422,
    "too_many_requests": 429,
    "internal": 500,
    "busy": 503,
    "login_busy": 503,
    "seed_missing": 503,
    "setup_missing": 503,
    "storage_unavailable": 503,
    "credentials_exhausted": 503,
}
"""The HTTP status of each refusal that the pages can meet; others are 400."""

_HTTP_CODES = {400: "form_malformed", 401: "not_logged_in", 403: "foreign_origin", 404: "page_unknown",
               405: "method_unknown", 413: "too_large", 415: "form_malformed", 503: "busy"}  # fmt: skip


def refuse_known(request: Request[Any, Any, Any], error: IsoloirError) -> Response[Any]:
    """Answer a refusal of ours."""
    return refusal(request, error)


def refuse_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer what the framework refuses."""
    if error.status_code >= 500:
        return refuse_unknown(request, error)
    code = _HTTP_CODES.get(error.status_code, "form_malformed")
    kept = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return refusal(request, IsoloirError(code), status=error.status_code, headers=kept)


def refuse_unknown(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer what nobody expected; the log gets where it happened, never what it said: that may quote a secret."""
    reference = secrets.token_hex(4)
    where = traceback.extract_tb(error.__traceback__)
    place = f"{where[-1].filename}:{where[-1].lineno}" if where else "nowhere"
    handler = request.scope.get("route_handler")
    _log.error("failure %s: %s at %s, in %s", reference, type(error).__name__, place, handler or "no route")
    return refusal(request, IsoloirError("internal", reference=reference))


def refusal(
    request: Request[Any, Any, Any],
    error: IsoloirError,
    *,
    status: int | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    """Answer with an error's sentence and remedy; JSON to the booth and to who prefers it."""
    election = _election(request)
    say = speaker(request, election)
    found = status or STATUS.get(error.code, 400)
    sent = {REFUSAL: error.code, **(headers or {})}
    if "seconds" in error.where and found in (429, 503):
        sent["retry-after"] = str(error.where["seconds"])
    filled = places(error, election, say.locale)
    sentence = say.t(f"error.{error.code}", **filled)
    remedy = say.t(f"error.{error.code}.remedy", **filled) if say.has(f"error.{error.code}.remedy") else ""
    if _wants_json(request):
        body: dict[str, Any] = {"code": error.code, "sentence": sentence, "remedy": remedy}
        if election is not None:
            body["help"] = {"phone": election.help_line.phone, "hours": election.help_line.hours.get(say.locale)}
        return Response(body, status_code=found, headers=sent, media_type=MediaType.JSON)
    return page(
        request,
        "shared/refusal.html",
        election=election,
        status=found,
        headers=sent,
        here=f"/e/{election.id}/" if election else "/",
        sentence=sentence,
        remedy=remedy,
        address=str(error.where.get("address", "")),
        again=error.code in ("not_logged_in", "account_needed", "session_ended", "form_expired"),
        board=request.scope["path"].startswith(f"/e/{election.id}/board/") if election else False,
    )


def places(error: IsoloirError, election: ElectionFile | None, locale: str) -> dict[str, str | int]:
    """Return what fills the sentence: where it happened, election, contest and member by their titles and name."""
    places = dict(error.where)
    if election is not None:
        places["election"] = election.title.get(locale)
        titles = {contest.id: contest.title.get(locale) for contest in election.contests}
        if places.get("contest") in titles:
            places["contest"] = titles[str(places["contest"])]
        board = election.boards.get(str(places.get("board", "")))
        if board is not None and places.get("trustee") in board.members:
            places["trustee"] = board.members[str(places["trustee"])].name
    return places


def _election(request: Request[Any, Any, Any]) -> ElectionFile | None:
    parts = request.scope["path"].split("/")
    if len(parts) > 2 and parts[1] == "e":
        try:
            return house_of(request).election(parts[2])
        except IsoloirError:
            return None
    return None


def _wants_json(request: Request[Any, Any, Any]) -> bool:
    handler = request.scope.get("route_handler")
    if handler and handler.opt.get("json"):
        return True
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


HANDLERS: ExceptionHandlersMap = {
    IsoloirError: refuse_known,
    HTTPException: refuse_http,
    Exception: refuse_unknown,
}
"""Which of these answers what."""
