"""The rehearsal: its scratch boxes to download, each member's decryption taken, and what it showed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Response, get, post, route
from litestar.params import FromPath
from litestar.response import File

from isoloir import lifecycle
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_web import waiting
from isoloir_web.board import acts, giving
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import form_page, surroundings, working
from isoloir_web.board.rights import MEMBERS, READERS, Sitting, posted_files, require_account
from isoloir_web.house import contest_of
from isoloir_web.pages import Asked, Page, see_other


@route("/rehearsal", http_method=READS)
async def look(request: Asked, election: FromPath[str]) -> Page:
    """Show what is to be decrypted, who has, and what the last rehearsal showed."""
    return await _drawn(request, await require_account(request, election, READERS))


@get("/rehearsal/{contest:str}/archive.bel")
async def archive(request: Asked, election: FromPath[str], contest: FromPath[str]) -> File:
    """Download the archive of a scratch box."""
    sitting = await require_account(request, election, READERS)
    instance = sitting.house.instance
    chosen = contest_of(sitting.election, contest)
    begun = await waiting.rehearsal_waiting(instance, sitting.election)
    if begun is None or chosen not in sitting.contests or not begun.archives[chosen.id].is_file():
        raise IsoloirError("archive_not_yet")
    path = begun.archives[chosen.id]
    return File(path, filename=f"blanc-{chosen.id}.bel", media_type="application/x-tar")


@post("/rehearsal", status_code=200, request_max_body_size=giving.GIVEN_BYTES)
async def give(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Take what the member whose account this is decrypted."""
    sitting, form, files = await posted_files(request, election, "rehearsal", MEMBERS)
    try:
        await giving.take(sitting, "rehearsal", form, files)
    except IsoloirError as error:
        return await _drawn(request, sitting, error)
    return see_other(f"/e/{sitting.election.id}/board/rehearsal?given")


async def _drawn(request: Asked, sitting: Sitting, error: IsoloirError | None = None) -> Page:
    instance, election = sitting.house.instance, sitting.election
    begun = await waiting.rehearsal_waiting(instance, election)
    read = await waiting.rehearsal_boxes(instance.store, election) if begun else {}
    read = {contest: one for contest, one in read.items() if begun and begun.archives[contest].name == one.file}
    givers = await giving.rehearsed(sitting) if begun else []
    held = await waiting.rehearsals_held(instance.store, election)
    state = await lifecycle.state(instance.store, election.id)
    return form_page(
        request,
        "board/rehearsal.html",
        election,
        [],
        error=error,
        account=sitting.account,
        begun=begun is not None,
        boxes=giving.shown(sitting, read, "/board/rehearsal/{contest}/archive.bel"),
        givers=givers,
        mine=giving.mine(sitting, givers),
        last=held[-1] if held else None,
        titles={contest.id: contest.title for contest in election.contests},
        called=lambda members, board: ", ".join(_called(election, board, members)),
        boards={contest.id: contest.board for contest in election.contests},
        sealed=state in (State.SEALED, State.REHEARSED),
        token=sitting.token("rehearsal"),
        acts=[
            one for one in await acts.ready(sitting) if one.step == "rehearsal" and one.may(election, sitting.account)
        ],
        here=f"/e/{election.id}/board/rehearsal",
        **await working(request, sitting),
        **surroundings(sitting),
    )


def _called(election: ElectionFile, board: str, members: Iterable[str]) -> list[str]:
    """Return members by name, in the order in which the board's file has them."""
    seated = election.boards[board].members if board in election.boards else {}
    given = set(members)
    return [found.name for one, found in seated.items() if one in given] or sorted(given)


handlers = (look, archive, give)
