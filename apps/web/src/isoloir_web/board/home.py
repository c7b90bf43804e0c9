"""The first page of whoever is logged in: where the election stands, what is missing, the calendar."""

from __future__ import annotations

from typing import Any

from litestar import Response, route
from litestar.params import FromPath

from isoloir import lifecycle, oversight, poll_book
from isoloir.accounts.account import Role, is_officer
from isoloir.lifecycle import Phase, State
from isoloir_web.board.account import READS
from isoloir_web.board.checklist import checklist
from isoloir_web.board.drawing import board_page, refusal
from isoloir_web.board.rights import require_account
from isoloir_web.board.steps import next_step
from isoloir_web.house import house_of
from isoloir_web.pages import Asked, see_other, speaker
from isoloir_web.sessions import visit_of

_BEFORE = (State.DRAFT, State.CONFIGURED, State.KEYED, State.SEALED, State.REHEARSED)


@route("/", http_method=READS)
async def home(request: Asked, election: FromPath[str]) -> Response[Any]:
    """Show where the election stands."""
    house = house_of(request)
    file = house.election(election)
    if await house.accounts.who(file, visit_of(request, house.site).session) is None:
        return see_other(f"/e/{file.id}/board/login")
    sitting = await require_account(request, election)
    store, clock = house.instance.store, house.instance.clock
    state = await lifecycle.state(store, file.id)
    conditions = await checklist(house, file, state) if state in _BEFORE else []
    say = speaker(request, file)
    turnout = await poll_book.turnout(store, file)
    now = clock.now()
    calendar = [(name, moment, moment <= now) for name, moment in (("opens", file.window.opens),
                ("closes", file.window.closes), ("grace", file.window.grace_ends))]  # fmt: skip
    return board_page(
        request,
        "board/home.html",
        sitting,
        stand=_stand(state, lifecycle.phase_of(state, file, clock)),
        conditions=[(one, [refusal(say, file, error) for error in one.missing]) for one in conditions],
        ready=bool(conditions) and all(one.met for one in conditions),
        next=next_step(state),
        may_open=is_officer(file, sitting.account),
        calendar=calendar,
        may_correct=sitting.account.role is Role.MEMBER and state in (State.SEALED, State.REHEARSED, State.OPEN),
        may_extend=sitting.account.role is Role.MEMBER
        and lifecycle.phase_of(state, file, clock) is lifecycle.Phase.OPEN,
        contests=[(contest, turnout[contest.id]) for contest in sitting.contests],
        counting=state not in _BEFORE,
        check=await oversight.last_check(store, file.id),
    )


def _stand(state: State, phase: Phase) -> str:
    if state is State.OPEN:
        return {Phase.BEFORE: "waits", Phase.OPEN: "open", Phase.GRACE: "grace"}.get(phase, "ended")
    return str(state.value)


handlers = (home,)
