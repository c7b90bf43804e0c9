"""The steps of an election, from its file to its archive: what is done, what comes next, who does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from litestar import route
from litestar.params import FromPath

from isoloir import errands, lifecycle
from isoloir.ceremony import hosting, progress
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_web import papers
from isoloir_web.board import acts
from isoloir_web.board.account import READS
from isoloir_web.board.acts import ACTS, Act
from isoloir_web.board.checklist import Condition, checklist
from isoloir_web.board.drawing import board_page, refusal, working
from isoloir_web.board.rights import READERS, Sitting, require_account
from isoloir_web.pages import Asked, Page, Speaker, speaker

_ORDER = tuple(State)
_STEPS: dict[str, tuple[State | None, str, str]] = {
    "file": (State.CONFIGURED, "organiser", ""),
    "ceremony": (None, "members", "ceremony"),
    "keys": (State.KEYED, "organiser", ""),
    "seal": (State.SEALED, "either", "integrity"),
    "rehearsal": (State.REHEARSED, "members", "rehearsal"),
    "open": (State.OPEN, "officer", ""),
    "close": (State.CLOSED, "clock", "turnout"),
    "tally": (State.TALLIED, "members", "unsealing"),
    "publish": (State.PUBLISHED, "officer", ""),
    "minutes": (None, "either", "minutes"),
    "archive": (State.ARCHIVED, "either", ""),
}
"""Each step with the state that it leads to (none: it has a measure of its own), who does it, and its page."""


@dataclass(frozen=True)
class Step:
    """One step: where it stands, who does it, its page, what is missing, and the acts that may be done now."""

    name: str
    stand: Literal["done", "now", "later"]
    who: str
    page: str
    missing: tuple[tuple[str, str], ...] = ()
    acts: tuple[Act, ...] = ()


@route("/steps", http_method=READS)
async def steps(request: Asked, election: FromPath[str]) -> Page:
    """Show every step."""
    sitting = await require_account(request, election, READERS)
    return board_page(
        request,
        "board/steps.html",
        sitting,
        steps=await steps_of(sitting, speaker(request, sitting.election)),
        **await working(request, sitting),
    )


def next_step(state: State) -> Step | None:
    """Return the step that comes after a state, without what it lacks; `None` once all are done."""
    for name, (leads_to, who, page) in _STEPS.items():
        if leads_to is not None and _ORDER.index(state) < _ORDER.index(leads_to):
            before = {State.CONFIGURED: "ceremony", State.PUBLISHED: "minutes"}.get(state, name)
            return Step(before, "now", who, _STEPS[before][2] if before != name else page)
    return None


async def steps_of(sitting: Sitting, say: Speaker) -> list[Step]:
    """Return the steps; the first that is not done is the one that comes now."""
    election = sitting.election
    state = await lifecycle.state(sitting.house.instance.store, election.id)
    ready = [one for one in await acts.ready(sitting) if one.may(election, sitting.account)]
    conditions = await checklist(sitting.house, election, state) if state in (State.SEALED, State.REHEARSED) else []
    found: list[Step] = []
    before = True
    for name, (leads_to, who, page) in _STEPS.items():
        done = before and await _done(sitting, name, leads_to, state, conditions)
        stand: Literal["done", "now", "later"] = "done" if done else "now" if before else "later"
        missing = await _missing(sitting, name, conditions) if stand == "now" else []
        offered = tuple(act for act in ready if act.step == name and (stand != "later" or act.name == "papers"))
        told = tuple(refusal(say, election, error) for error in missing)
        found.append(Step(name, stand, who, page, told, offered))
        before = done
    return found


async def _done(
    sitting: Sitting, name: str, leads_to: State | None, state: State, conditions: Sequence[Condition]
) -> bool:
    reached = _ORDER.index(state)
    if name == "ceremony":
        return reached >= _ORDER.index(State.KEYED) or not await _ceremony(sitting)
    if name == "minutes":
        made = await papers.made(sitting.house.instance, sitting.election)
        return state is State.ARCHIVED or (made is not None and not made.unsigned)
    assert leads_to is not None
    # One that the seal has outlived does not count.
    outdated = name == "rehearsal" and any(not one.met for one in conditions if one.name == "rehearsal")
    return reached >= _ORDER.index(leads_to) and not outdated


async def _ceremony(sitting: Sitting) -> list[IsoloirError]:
    try:
        transcript = await hosting.transcript(sitting.house.instance.store, sitting.election)
        for board in transcript.plan.boards:
            progress.not_stopped(transcript, board)
    except IsoloirError as error:
        return [error]
    return [
        IsoloirError("ceremony_unfinished", trustee=member, board=board) for board, member in progress.due(transcript)
    ]


async def _missing(sitting: Sitting, name: str, conditions: Sequence[Condition]) -> list[IsoloirError]:
    instance = sitting.house.instance
    if name == "ceremony":
        return await _ceremony(sitting)
    if name in ("rehearsal", "open"):
        kinds = ("rehearsal",) if name == "rehearsal" else ("system", "roll", "window")
        return [error for one in conditions if one.name in kinds for error in one.missing]
    if name == "close":
        return await lifecycle.missing(instance.store, sitting.election, State.CLOSED, instance.clock)
    if name in ("tally", "minutes", "archive"):
        return await _lacking(sitting, name)
    return []


async def _lacking(sitting: Sitting, name: str) -> list[IsoloirError]:
    last = await errands.last(sitting.house.instance.store, sitting.election.id)
    going = last is not None and not last.ended
    act = ACTS["archive" if name == "minutes" else name]
    if going or act.lacking is None:
        return []
    try:
        await act.lacking(sitting)
    except IsoloirError as error:
        return [error]
    return []


handlers = (steps,)
