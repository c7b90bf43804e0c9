"""What must be done before the vote can open, each thing with what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from isoloir import board, lifecycle
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_web.house import House

_STEPS = ((State.CONFIGURED, "file"), (State.KEYED, "keys"), (State.SEALED, "seal"))
_ORDER = tuple(State)


@dataclass(frozen=True)
class Condition:
    """One condition: its name (``web.board.condition.<name>``), whether it is met, and what is missing."""

    name: str
    met: bool
    missing: Sequence[IsoloirError] = field(default_factory=tuple)


async def checklist(house: House, election: ElectionFile, state: State) -> list[Condition]:
    """Return every condition of opening, in the order in which they are met."""
    store, clock = house.instance.store, house.instance.clock
    reached = _ORDER.index(state)
    found = []
    for step, name in _STEPS:
        met = reached >= _ORDER.index(step)
        is_next = reached == _ORDER.index(step) - 1
        lacking = await lifecycle.missing(store, election, step, clock) if is_next else []
        found.append(Condition(name, met, lacking))
    lacking = []
    sealed = state in (State.SEALED, State.REHEARSED)
    if sealed:
        try:
            system, roll = await board.present_seal(store, election, house.instance.plugins)
            lacking = await lifecycle.missing(
                store, election, State.OPEN, clock, system_digest=system.digest, roll_digest=roll
            )
        except IsoloirError as error:
            lacking = [error]
    rest = {name: [error for error in lacking if _about(error) == name] for name in ("system", "roll", "window")}
    others = [error for error in lacking if error not in [one for some in rest.values() for one in some]]
    return [
        *found,
        Condition("rehearsal", state is State.REHEARSED and not others, others),
        *(Condition(name, sealed and not missing, missing) for name, missing in rest.items() if name != "window"),
        Condition("window", clock.now() < election.window.closes, rest["window"]),
    ]


def _about(error: IsoloirError) -> str:
    if error.code == "seal_broken":
        return str(error.where["part"])
    return "window" if error.code == "window_over" else "rehearsal"
