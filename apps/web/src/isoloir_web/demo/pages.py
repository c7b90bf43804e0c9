"""The one page of a demonstration: messages that voters received, whom to vote as, and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from litestar import Response, post, route
from litestar.enums import HttpMethod
from litestar.params import FromQuery

from isoloir import lifecycle, poll_book, roll
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.roll import RollEntry
from isoloir_web.demo.outbox import messages
from isoloir_web.forms import FORM_BYTES, read_form
from isoloir_web.house import House, house_of
from isoloir_web.pages import Asked, Page, Speaker, page, see_other, speaker

PEOPLE = 12
MESSAGES = 60


@dataclass(frozen=True)
class Person:
    """Somebody to vote as, with what to type."""

    entry: RollEntry
    college: str
    fields: tuple[tuple[str, str, str], ...]
    voted: int
    contests: int


@dataclass(frozen=True)
class Part:
    """One election of the demonstration: where its clock stands, and its people."""

    election: ElectionFile
    phase: str
    now: str
    people: list[Person]


@route("/demo/", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def demonstration(request: Asked, to: FromQuery[str] = "") -> Page:
    """Show the clock, the people and the messages, newest first; `to` keeps one person's."""
    house = house_of(request)
    say = speaker(request)
    parts = [await _part(house, say, election_id) for election_id in house.instance.elections()]
    sent = await messages(house.instance)
    people = [person.entry for part in parts for person in part.people]
    chosen = next((entry for entry in people if entry.id == to), None)
    if chosen is not None:
        sent = [one for one in sent if one.recipient in (chosen.email, chosen.mobile, chosen.display)]
    return page(request, "demo/demo.html", parts=parts, messages=sent[:MESSAGES], chosen=chosen, moves=MOVES)


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
    return file.window.opens + (file.window.closes - file.window.opens) / 2


def _closing(file: ElectionFile) -> datetime:
    return file.window.closes - timedelta(minutes=3)


def _grace(file: ElectionFile) -> datetime:
    return file.window.closes + timedelta(minutes=2)


def _after(file: ElectionFile) -> datetime:
    return file.window.grace_ends + timedelta(minutes=1)


MOVES = {"before": _before, "open": _open, "closing": _closing, "grace": _grace, "after": _after}


async def _part(house: House, say: Speaker, election_id: str) -> Part:
    file = house.instance.election(election_id)
    phase = await lifecycle.phase(house.instance.store, file, house.instance.clock)
    now = Speaker(house, say.locale, file).moment(house.instance.clock.now(), year=True, weekday=True)
    return Part(file, phase.name.lower(), now, await _people(house, say, file))


async def _people(house: House, say: Speaker, file: ElectionFile) -> list[Person]:
    """Return the first voters of the roll by key, so that a newcomer finds the same ones every time."""
    keys = [name for name, declared in file.roll.fields.items() if declared.key]
    found = sorted(
        await roll.entries(house.instance.store, file.id),
        key=lambda one: ([one.fields.get(name, "") for name in keys], one.last_name, one.id),
    )[:PEOPLE]
    people = []
    for entry in found:
        marked = await poll_book.marked(house.instance.store, file, entry.id)
        fields = tuple((name, entry.fields.get(name, ""), entry.kinds.get(name, "")) for name in file.roll.fields)
        college = file.colleges[entry.college].get(say.locale)
        people.append(Person(entry, college, fields, len(marked), len(roll.contests_of(file, entry))))
    return people


handlers = (demonstration, clock)
