"""The key ceremony in a member's browser: a static page, the same bytes for every member, and its three requests.

No seed, code or share ever comes here: documents alone, which everybody may read, each from its member's account.
"""

from __future__ import annotations

import json
from typing import Any

from litestar import Response, get, post, route
from litestar.enums import MediaType
from litestar.params import FromPath

from isoloir.accounts.account import Role
from isoloir.ceremony import hosting, progress
from isoloir.ceremony.documents import Document, Transcript
from isoloir.errors import IsoloirError
from isoloir_web.board.account import READS
from isoloir_web.board.rights import Sitting, require_account
from isoloir_web.house import ROOT
from isoloir_web.limits import count
from isoloir_web.pages import Asked, speaker

MEMBERS = (Role.MEMBER,)
DOCUMENT_BYTES = 200_000
"""The largest document that is read; a contribution takes some seven hundred bytes for each member of the group."""

PAGE = ROOT / "static" / "booth" / "key.html"
_TOKEN = "x-isoloir-token"  # noqa: S105  # the name of the header
_PURPOSE = "key"


@route("/key", http_method=READS, opt={"booth": True})
async def key(request: Asked, election: FromPath[str]) -> Response[bytes]:
    """Serve the page, unchanged, to a member."""
    await require_account(request, election, MEMBERS)
    return Response(PAGE.read_bytes(), media_type=MediaType.HTML, headers={"cache-control": "no-cache"})


@get("/key/setup", opt={"json": True, "booth": True})
async def setup(request: Asked, election: FromPath[str]) -> dict[str, Any]:
    """Tell the page whose it is, who sits on the board, and where its links lead."""
    sitting = await require_account(request, election, MEMBERS)
    file, account = sitting.election, sitting.account
    say = speaker(request, file)
    return {
        "language": say.locale,
        "account": account.display,
        "election": {"id": file.id, "title": file.title.get(say.locale)},
        "board": account.board,
        "member": account.member,
        "people": [
            {"id": name, "name": one.name, "role": say.t(f"web.board.seat.{one.role}")}
            for name, one in file.boards[account.board].members.items()
        ],
        "token": sitting.token(_PURPOSE),
        "links": {"board": f"/e/{file.id}/board/", "login": f"/e/{file.id}/board/login"},
        "help": {"phone": file.help_line.phone, "hours": file.help_line.hours.get(say.locale)},
    }


@get("/key/transcript", opt={"json": True, "booth": True})
async def transcript(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Tell all that was handed over so far, or `null` while no ceremony is begun; 304 while there is nothing new."""
    sitting = await require_account(request, election, MEMBERS)
    try:
        found = await hosting.transcript(sitting.house.instance.store, sitting.election)
    except IsoloirError as error:
        if error.code != "ceremony_missing":
            raise
        return Response(b"null", media_type=MediaType.JSON)
    tag = f'"{found.plan.uuid}-{len(found.documents)}"'
    if request.headers.get("if-none-match") == tag:
        return Response(None, status_code=304, headers={"etag": tag})
    return _told(found, {"etag": tag})


@post("/key/documents", status_code=200, opt={"json": True, "booth": True}, request_max_body_size=DOCUMENT_BYTES)
async def hand_over(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Take a member's next document; who handed it over is in the log before it is kept."""
    sitting = await require_account(request, election, MEMBERS)
    sitting.require_token(_PURPOSE, request.headers.get(_TOKEN, ""))
    house, file, account = sitting.house, sitting.election, sitting.account
    await count(house.documents, file.id, account.id)
    document = _read(await request.body(), sitting)
    found = await hosting.transcript(house.instance.store, file)
    if document not in found.documents:
        progress.expected(found, document)
        told = {"what": "ceremony", "ceremony": document.ceremony, "round": document.round.value}
        await house.accounts.record(file, "account_acts", account.id, **told)
        found = await hosting.add(house.instance.store, file, document, house.instance.clock)
    return _told(found)


def _read(body: bytes, sitting: Sitting) -> Document:
    """Read a document; raises `IsoloirError` ``form_malformed``, or ``ceremony_not_yours`` for another member's."""
    try:
        document = Document.from_json(json.loads(body))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise IsoloirError("form_malformed") from None
    if (document.board, document.member) != (sitting.account.board, sitting.account.member):
        raise IsoloirError("ceremony_not_yours")
    return document


def _told(found: Transcript, headers: dict[str, str] | None = None) -> Response[Any]:
    return Response(found.to_json(), media_type=MediaType.JSON, headers=headers)


handlers = (key, setup, transcript, hand_over)
