"""The minutes and the poll books: made, read, downloaded, taken back signed; and the package that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Response, get, post, route
from litestar.params import FromPath
from litestar.response import File

from isoloir import errands, lifecycle
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_web import papers
from isoloir_web.board import acts
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import form_page, surroundings, working
from isoloir_web.board.rights import READERS, Sitting, posted_files, require_account
from isoloir_web.pages import Asked, Page, see_other

PAPERS_BYTES = 64_000_000
"""The largest form of signed papers."""
_KINDS = {".pdf": "application/pdf", ".csv": "text/csv", ".json": "application/json", ".zip": "application/zip",
          ".tar": "application/x-tar"}  # fmt: skip
_MAKES = (State.TALLIED, State.PUBLISHED)


@route("/minutes", http_method=READS)
async def look(request: Asked, election: FromPath[str]) -> Page:
    """Show the papers: made or not, signed or not, by whom."""
    return await _drawn(request, await require_account(request, election, READERS))


@get("/minutes/papers/{name:str}")
async def paper(request: Asked, election: FromPath[str], name: FromPath[str]) -> File:
    """Download one file, all of them (``papers.zip``), or the package (``archive.tar``)."""
    sitting = await require_account(request, election, READERS)
    instance = sitting.house.instance
    made = await papers.made(instance, sitting.election)
    known = {path.name: path for path in made.files} if made else {}
    place = papers.place(instance, sitting.election)
    known |= {one: place / one for one in (papers.ALL, papers.PACKAGE) if (place / one).is_file()}
    path = known.get(name)
    if path is None:
        raise IsoloirError("page_unknown")
    return File(path, filename=f"{sitting.election.id}-{name}", media_type=_KINDS.get(Path(name).suffix))


@post("/minutes/signed", status_code=200, request_max_body_size=PAPERS_BYTES)
async def signed(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Take signed papers, to be checked in the background before they replace the unsigned ones."""
    sitting, _, files = await posted_files(request, election, "minutes/signed", READERS)
    instance, file, account = sitting.house.instance, sitting.election, sitting.account
    if not acts.may_sign(file, account):
        raise IsoloirError("account_role")
    try:
        papers.receive(instance, file, await _awaited(sitting), _named(file.id, files))
    except IsoloirError as error:
        return await _drawn(request, sitting, error)
    await sitting.house.accounts.record(file, "account_acts", account.id, what="signed")
    await errands.ask(instance.store, file, "signed", instance.clock, by=account.id)
    return see_other(f"/e/{file.id}/board/work")


async def _awaited(sitting: Sitting) -> papers.Made:
    """Return the papers that signed ones may replace now."""
    instance, election = sitting.house.instance, sitting.election
    await errands.require_none(instance.store, election)
    if await lifecycle.state(instance.store, election.id) not in _MAKES:
        raise IsoloirError("papers_archived", election=election.id)
    made = await papers.made(instance, election)
    if made is None:
        raise IsoloirError("papers_missing", election=election.id)
    return made


def _named(election_id: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """Return files under the papers' own names: downloads bear the election's id in front."""
    return {name.removeprefix(f"{election_id}-"): content for name, content in files.items()}


async def _drawn(request: Asked, sitting: Sitting, error: IsoloirError | None = None) -> Page:
    instance, election = sitting.house.instance, sitting.election
    state = await lifecycle.state(instance.store, election.id)
    made = await papers.made(instance, election)
    ready = [one for one in await acts.ready(sitting) if one.step in ("minutes", "archive")]
    return form_page(
        request,
        "board/minutes.html",
        election,
        [],
        error=error,
        account=sitting.account,
        made=made,
        counted=state in (*_MAKES, State.ARCHIVED),
        may_sign=state in _MAKES and acts.may_sign(election, sitting.account),
        archived=state is State.ARCHIVED,
        package=(papers.place(instance, election) / papers.PACKAGE).is_file(),
        token=sitting.token("minutes/signed"),
        acts=[one for one in ready if one.may(election, sitting.account)],
        here=f"/e/{election.id}/board/minutes",
        **await working(request, sitting),
        **surroundings(sitting),
    )


handlers = (look, paper, signed)
