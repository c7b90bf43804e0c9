"""The booth: its static page, the same bytes for every voter, and the three requests that it makes.

Nothing here ever sees a choice. Trackers and credentials are in bodies alone, never in an address or a log.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from litestar import Response, get, post, route
from litestar.enums import HttpMethod, MediaType
from litestar.params import FromPath

from isoloir import casting, notifications, publication, registrar
from isoloir.config.election import Contest, ElectionFile
from isoloir.errors import IsoloirError
from isoloir.lifecycle import display_order
from isoloir_web.forms import require_token
from isoloir_web.house import ROOT, House, contest_of, house_of
from isoloir_web.limits import count
from isoloir_web.pages import Asked, speaker, window_line
from isoloir_web.sessions import visit_of
from isoloir_web.voter.rights import Voting, require_right, require_voter, standings

_log = logging.getLogger(__name__)

BALLOT_BYTES = 1_000_000
"""The largest ballot that is read; one of ten lists in BELENIOS-2048 is some forty kilobytes."""

INDEX = ROOT / "static" / "booth" / "index.html"
CHECK = INDEX.with_name("check.html")
_TOKEN = "x-isoloir-token"  # noqa: S105  # the name of the header
_CREDENTIAL = "x-isoloir-credential"


@route("/e/{election:str}/booth/{contest:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD],
       opt={"booth": True, "sessionless": True})  # fmt: skip
async def booth(request: Asked, election: FromPath[str], contest: FromPath[str]) -> Response[bytes]:
    """Serve the booth, unchanged."""
    contest_of(house_of(request).election(election), contest)
    return Response(INDEX.read_bytes(), media_type=MediaType.HTML, headers={"cache-control": "no-cache"})


@route("/check", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt={"alone": "check", "sessionless": True})
async def check() -> Response[bytes]:
    """Serve the page that checks opened ballots, unchanged: of no election, and of use when saved on a disk."""
    return Response(CHECK.read_bytes(), media_type=MediaType.HTML, headers={"cache-control": "no-cache"})


@get("/e/{election:str}/booth/{contest:str}/setup", opt={"json": True})
async def setup(request: Asked, election: FromPath[str], contest: FromPath[str]) -> dict[str, Any]:
    """Tell the booth the contest, the lists in the order drawn by lot, and where its links lead."""
    house = house_of(request)
    file = house.election(election)
    chosen = contest_of(file, contest)
    voting = await require_voter(request, file)
    await require_right(house, voting, chosen)
    say = speaker(request, file)
    raw = (await publication.setup_bytes(house.instance.store, file.id, chosen.id))[0]
    text = raw.decode()
    return {
        "language": say.locale,
        "voter": voting.logged_in.display,
        "election": {"id": file.id, "title": file.title.get(say.locale), "window": window_line(say)},
        "contest": {"id": chosen.id, "title": chosen.title.get(say.locale)},
        "order_note": say.t("web.booth.order_note"),
        "election_json": text,
        "lists": await _lists(house, file, chosen, text),
        "blank": chosen.blank,
        "step_token": voting.session.form_token(_purpose(file, chosen)),
        "links": {
            "contests": f"/e/{file.id}/contests",
            "not_me": f"/e/{file.id}/not-me",
            "box": f"/e/{file.id}/box",
            "proof": f"/e/{file.id}/contests/{chosen.id}/proof",
            "accessibility": f"/e/{file.id}/accessibility",
        },
        "help": {"phone": file.help_line.phone, "hours": file.help_line.hours.get(say.locale)},
        "preview": False,
    }


@post("/e/{election:str}/booth/{contest:str}/credential", status_code=200, opt={"json": True},
      request_max_body_size=1024)  # fmt: skip
async def credential(request: Asked, election: FromPath[str], contest: FromPath[str]) -> dict[str, Any]:
    """Draw a credential for the ballot that the booth is about to encrypt; nobody notes to whom it went."""
    house = house_of(request)
    file = house.election(election)
    chosen = contest_of(file, contest)
    _require_asking(request, file, chosen)
    voting = await require_voter(request, file)
    await count(house.draws, file.id, f"{voting.entry.id}/{chosen.id}")
    await require_right(house, voting, chosen)
    instance = house.instance
    drawn = await registrar.draw_credential(
        instance.store, file, chosen.id, keys_folder=instance.secrets_folder, clock=instance.clock
    )
    return {"credential": drawn}


@post("/e/{election:str}/booth/{contest:str}/ballot", status_code=200, opt={"json": True},
      request_max_body_size=BALLOT_BYTES)  # fmt: skip
async def ballot(request: Asked, election: FromPath[str], contest: FromPath[str]) -> dict[str, Any]:
    """Cast a ballot: the right to vote is looked at again; the same bytes again return the same receipt."""
    house = house_of(request)
    instance = house.instance
    file = house.election(election)
    chosen = contest_of(file, contest)
    _require_asking(request, file, chosen)
    sent = await request.body()  # which may take its time: what may change is read after it
    voting = await require_voter(request, file)
    private = request.headers.get(_CREDENTIAL, "")
    voter = casting.Voter(voting.entry.id, file.id, voting.logged_in.authenticated_at)

    async def demand() -> None:
        await casting.require_maker(instance.store, file, chosen.id, sent, private, house.verifier)
        try:
            await require_right(house, voting, chosen)
        except IsoloirError as error:
            # A cast repeated while the first is under way must reach the casting, which tells it from a second vote.
            if error.code != "already_voted":
                raise

    receipt = await casting.cast(
        instance.store, file, voter, chosen.id, sent, instance.clock, house.verifier, demand=demand
    )
    await _tell(house, file, voting, chosen)
    after = await require_voter(request, file)
    say = speaker(request, file)
    remaining = [
        {
            "id": one.contest.id,
            "title": one.contest.title.get(say.locale),
            "url": f"/e/{file.id}/booth/{one.contest.id}",
        }
        for one in await standings(house, after)
        if not one.voted and not one.refused
    ]
    return {"tracker": receipt.tracker, "remaining": remaining, "logout": f"/e/{file.id}/logout"}


async def _tell(house: House, election: ElectionFile, voting: Voting, contest: Contest) -> None:
    """Tell the voter, at the contact on the roll, that a vote was recorded; the receipt does not hang on it."""
    instance = house.instance
    message = notifications.vote_recorded(
        election, house.texts(election), voting.entry, contest.id, base_url=house.site.origin
    )
    if message is not None:
        try:
            await notifications.queue(instance.store, instance.keys, election, instance.clock, [message])
        except IsoloirError as error:
            _log.error("election %s: a message could not be queued: %s", election.id, error.code)


def _require_asking(request: Asked, election: ElectionFile, contest: Contest) -> None:
    """Raise IsoloirError ``not_logged_in`` or ``form_expired`` unless this booth was opened by who is logged in."""
    session = visit_of(request, house_of(request).site).session
    if session is None or session.voter(election.id) is None:
        raise IsoloirError("not_logged_in")
    require_token(session, _purpose(election, contest), request.headers.get(_TOKEN, ""))


def _purpose(election: ElectionFile, contest: Contest) -> str:
    return f"booth/{election.id}/{contest.id}"


async def _lists(house: House, election: ElectionFile, contest: Contest, election_json: str) -> list[dict[str, Any]]:
    """Return the lists in the order drawn by lot, each with the place of its answer in the Belenios question."""
    answers: list[str] = json.loads(election_json)["questions"][0]["answers"]
    order = await display_order(house.instance.store, election, contest.id)
    shown = [contest.list(list_id) for list_id in order]
    return [
        {"id": one.id, "name": one.name, "candidates": list(one.candidates), "answer": answers.index(one.name)}
        for one in shown
    ]


handlers = (booth, check, setup, credential, ballot)
