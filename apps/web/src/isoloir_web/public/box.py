"""The public ballot box: what everybody may see and check while and after the vote.

A tracker is looked up by POST: it never stands in an address, so no history and no log keeps it.
"""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path
from typing import Any

from litestar import Response, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath, FromQuery
from litestar.response import File

from isoloir import poll_book, publication, unsealing
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir_web.forms import FORM_BYTES, read_form
from isoloir_web.house import House, contest_of, house_of
from isoloir_web.limits import count
from isoloir_web.pages import Asked, Page, page
from isoloir_web.public import trustee
from isoloir_web.refusals import REFUSAL

PAGE_LENGTH = 100
_TRACKER = re.compile(r"[0-9A-Za-z+/]{43}")


@route("/e/{election:str}/box", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def box(request: Asked, election: FromPath[str]) -> Page:
    """Show the count of each contest, the look-up, and what can be downloaded."""
    house = house_of(request)
    return await _box_page(request, house, house.election(election))


@post("/e/{election:str}/box", status_code=200, request_max_body_size=FORM_BYTES, opt={"changes_nothing": True})
async def look_up(request: Asked, election: FromPath[str]) -> Page:
    """Say whether the box holds the ballot of a tracker; exact, at once."""
    house = house_of(request)
    file = house.election(election)
    typed = (await read_form(request)).get("tracker", "")
    await _count(house, file.id, request.client.host if request.client else "")
    tracker = re.sub(r"[\s\u00a0\u202f\u200b-]", "", typed)
    if not _TRACKER.fullmatch(tracker):
        error = "empty" if not tracker else "form"
        return await _box_page(request, house, file, typed=typed[:100], error=error, status=422)
    found = await publication.find(house.instance.store, file.id, tracker)
    headers = None if found else {REFUSAL: "tracker_unknown"}
    return await _box_page(request, house, file, typed=tracker, answer=(found or "",), headers=headers)


async def _count(house: House, election_id: str, address: str) -> None:
    try:
        await count(house.lookups, election_id, address)
    except IsoloirError as error:
        # Looking up changes nothing: it goes on where nothing can be written, on a full disk say.
        if error.code != "storage_unavailable":
            raise


@route("/e/{election:str}/box/{contest:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def published(
    request: Asked, election: FromPath[str], contest: FromPath[str], number: FromQuery[str] = "1"
) -> Page:
    """Show one page of the published list of trackers, sorted."""
    house = house_of(request)
    file = house.election(election)
    chosen = contest_of(file, contest)
    found = await publication.box(house.instance.store, file.id, chosen.id)
    pages = max(1, ceil(len(found.trackers) / PAGE_LENGTH))
    if not re.fullmatch(r"[1-9][0-9]{0,6}", number) or int(number) > pages:
        raise IsoloirError("page_unknown")
    first = (int(number) - 1) * PAGE_LENGTH
    return page(
        request,
        "public/published.html",
        election=file,
        contest=chosen,
        box=found,
        trackers=found.trackers[first : first + PAGE_LENGTH],
        first=first + 1,
        number=int(number),
        pages=pages,
    )


@get("/e/{election:str}/box/{contest:str}/trackers.txt")
async def trackers(request: Asked, election: FromPath[str], contest: FromPath[str]) -> Response[bytes]:
    """Download the published list: its SHA-256 is the published hash, and `isoloir-verify --publication` takes it."""
    house = house_of(request)
    file = house.election(election)
    chosen = contest_of(file, contest)
    found = await publication.box(house.instance.store, file.id, chosen.id)
    name = f"{file.id}-{chosen.id}-{found.number}.txt"
    return Response(
        publication.written(found.trackers),
        media_type="text/plain",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@get("/e/{election:str}/box/{contest:str}/archive.bel")
async def archive(request: Asked, election: FromPath[str], contest: FromPath[str]) -> File:
    """Download the archive of a contest, once the box is frozen: all that a verifier needs."""
    house = house_of(request)
    file = house.election(election)
    path = archive_path(house, file, contest_of(file, contest).id)
    if path is None:
        raise IsoloirError("archive_not_yet")
    return File(path, filename=path.name, media_type="application/x-tar")


def archive_path(house: House, election: ElectionFile, contest_id: str) -> Path | None:
    """Return where a contest's archive lies, or `None` while there is none."""
    path = unsealing.archive_path(house.instance.archives_folder, election, contest_id)
    return path if path.is_file() else None


async def _box_page(
    request: Asked,
    house: House,
    election: ElectionFile,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Page:
    store = house.instance.store
    turnout = await poll_book.turnout(store, election)
    fingerprints = await publication.fingerprints(store, election.id)
    rows = [
        {
            "contest": contest,
            "box": await publication.box(store, election.id, contest.id),
            "turnout": turnout[contest.id],
            "fingerprint": fingerprints.get(contest.id),
            "archive": archive_path(house, election, contest.id) is not None,
        }
        for contest in election.contests
    ]
    found = {"typed": "", "error": "", "answer": None} | context
    if found["answer"]:
        found["answer_contest"] = next((one for one in election.contests if one.id == found["answer"][0]), None)
    contests = {board: [one for one in election.contests if one.board == board] for board in election.boards}
    boards = {board: (election.boards[board], opened) for board, opened in contests.items() if opened}
    return page(
        request,
        "public/box.html",
        election=election,
        status=status,
        headers=headers,
        rows=rows,
        boards=boards,
        program_digest=trustee.digest(),
        **found,
    )


handlers = (box, look_up, published, trackers, archive)
