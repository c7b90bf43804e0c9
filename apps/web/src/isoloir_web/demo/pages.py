"""The pages of a demonstration: the clock, whom to vote as, and what each person received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Response, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath, FromQuery

from isoloir import lifecycle, roll
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir_web.demo.outbox import messages
from isoloir_web.demo.people import Person, find, person
from isoloir_web.demo.provider import Provider, provider_of
from isoloir_web.forms import FORM_BYTES, read_form
from isoloir_web.house import House, house_of
from isoloir_web.pages import Asked, Page, Speaker, page, see_other, speaker

MESSAGES = 5
_WORDS = 100


@dataclass(frozen=True)
class Part:
    """One election of the demonstration: where its clock stands, and the people found on its roll."""

    election: ElectionFile
    phase: str
    now: str
    people: list[Person]
    found: int
    provider: Provider | None


@route("/demo/", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def demonstration(request: Asked, who: FromQuery[str] = "") -> Page:
    """Show the clock, some people or those whom `who` names, and the newest messages."""
    house = house_of(request)
    say = speaker(request)
    words = who.strip()[:_WORDS]
    parts = [await _part(house, say, election_id, words) for election_id in house.instance.elections()]
    sent = await messages(house.instance)
    return page(
        request, "demo/demo.html", parts=parts, messages=sent[:MESSAGES], sent=len(sent), who=words, moves=MOVES
    )


@route("/demo/people/{election:str}/{entry:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def one_person(request: Asked, election: FromPath[str], entry: FromPath[str]) -> Page:
    """Show one person: what to type, and every message they received, newest first."""
    house = house_of(request)
    file = house.election(election)
    found = await roll.entry(house.instance.store, file.id, entry)
    if found is None:
        raise IsoloirError("page_unknown")
    shown = await person(house.instance, file, found)
    sent = await messages(house.instance, shown.addresses)
    provider = provider_of(file, house.instance.settings.base_url)
    return page(request, "demo/person.html", person=shown, of=file, messages=sent, provider=provider)


@post("/demo/clock", status_code=200, request_max_body_size=FORM_BYTES)
async def clock(request: Asked) -> Response[Any]:
    """Move the demonstration's clock to a moment of the election's window."""
    house = house_of(request)
    form = await read_form(request)
    file = house.election(form.get("election", ""))
    move = MOVES.get(form.get("move", ""))
    if move is None or not hasattr(house.instance.clock, "move_to"):
        raise IsoloirError("form_malformed")
    house.instance.clock.move_to(move(file))
    return see_other("/demo/")


def _before(file: ElectionFile) -> datetime:
    return file.window.opens - timedelta(hours=1)


def _open(file: ElectionFile) -> datetime:
    # The present if that will do: a real provider keeps its own time, and this is the only one it agrees with.
    present, window = datetime.now(UTC), file.window
    return present if window.opens <= present < window.closes else window.opens + (window.closes - window.opens) / 2


def _closing(file: ElectionFile) -> datetime:
    return file.window.closes - timedelta(minutes=3)


def _grace(file: ElectionFile) -> datetime:
    return file.window.closes + timedelta(minutes=2)


def _after(file: ElectionFile) -> datetime:
    return file.window.grace_ends + timedelta(minutes=1)


MOVES = {"before": _before, "open": _open, "closing": _closing, "grace": _grace, "after": _after}


async def _part(house: House, say: Speaker, election_id: str, words: str) -> Part:
    file = house.instance.election(election_id)
    phase = await lifecycle.phase(house.instance.store, file, house.instance.clock)
    now = Speaker(house, say.locale, file).moment(house.instance.clock.now(), year=True, weekday=True)
    people, found = await find(house.instance, file, words)
    provider = provider_of(file, house.instance.settings.base_url)
    return Part(file, phase.name.lower(), now, people, found, provider)


handlers = (demonstration, one_person, clock)
