"""What is done from a page for the election: who may, when, what it takes; proved by the second factor each time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from isoloir import board, errands, lifecycle, lots, remarks, unsealing
from isoloir.accounts.account import Account, Role, is_officer
from isoloir.ceremony import hosting
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir_web import papers, waiting
from isoloir_web.board.rights import Sitting

May = Callable[[ElectionFile, Account], bool]
Form = Mapping[str, str]
REASON_MOST = 200


@dataclass(frozen=True)
class Act:
    """One act: its name (of its page and texts), the step it belongs to, who may, in which states.

    `do` does it; without one it is an errand of that name. `lacking` raises what still keeps from it. `fields` are
    asked beside the code. `then` is the page that follows; for an errand that of its progress.
    """

    name: str
    step: str
    may: May
    who: str
    states: tuple[State, ...]
    do: Callable[[Sitting, Form], Awaitable[None]] | None = None
    lacking: Callable[[Sitting], Awaitable[None]] | None = None
    fields: tuple[str, ...] = field(default=())
    then: str = "steps"
    grave: bool = False
    """Whether it undoes what was done: offered apart."""


def _organiser(_: ElectionFile, account: Account) -> bool:
    return account.role is Role.ORGANISER


def _member(_: ElectionFile, account: Account) -> bool:
    return account.role is Role.MEMBER


def _either(election: ElectionFile, account: Account) -> bool:
    return _organiser(election, account) or is_officer(election, account)


def may_sign(election: ElectionFile, account: Account) -> bool:
    """Say who may hand in signed papers: the organiser, whose certificate it is, or an officer."""
    return _either(election, account)


async def require_ready(sitting: Sitting, act: Act) -> None:
    """Raise what keeps from an act now: ``lifecycle_order``, ``errand_going``, or what it lacks itself."""
    store, election = sitting.house.instance.store, sitting.election
    state = await lifecycle.state(store, election.id)
    if state not in act.states:
        raise IsoloirError("lifecycle_order", election=election.id, state=state.value, wanted=act.states[0].value)
    await errands.require_none(store, election)
    if act.lacking is not None:
        await act.lacking(sitting)


async def _take_file(sitting: Sitting, _: Form) -> None:
    await lifecycle.create(sitting.house.instance.store, sitting.election, sitting.house.instance.clock)


async def _no_ceremony(sitting: Sitting) -> None:
    """Raise ``ceremony_begun`` where one is under way and holds."""
    try:
        await hosting.transcript(sitting.house.instance.store, sitting.election)
    except IsoloirError as error:
        if error.code == "ceremony_missing":
            return
        raise
    raise IsoloirError("ceremony_begun", election=sitting.election.id)


async def _a_ceremony(sitting: Sitting) -> None:
    try:
        await hosting.transcript(sitting.house.instance.store, sitting.election)
    except IsoloirError as error:
        if error.code != "ceremony_outdated":
            raise


async def _begin_ceremony(sitting: Sitting, _: Form) -> None:
    instance = sitting.house.instance
    begun = await hosting.begin(instance.store, sitting.election, instance.clock)
    await waiting.tell(instance, sitting.election, "ceremony_begun", f"ceremony/{begun.plan.uuid}")


async def _restart_ceremony(sitting: Sitting, form: Form) -> None:
    instance = sitting.house.instance
    begun = await hosting.restart(instance.store, sitting.election, instance.clock, form["why"])
    await waiting.tell(instance, sitting.election, "ceremony_begun", f"ceremony/{begun.plan.uuid}")


async def _ceremony_complete(sitting: Sitting) -> None:
    await hosting.entries(sitting.house.instance.store, sitting.election)


async def _break_seal(sitting: Sitting, form: Form) -> None:
    instance = sitting.house.instance
    await lifecycle.break_seal(instance.store, sitting.election, instance.clock, reason=form["why"])


async def _rehearsal_rule(sitting: Sitting) -> None:
    instance, election = sitting.house.instance, sitting.election
    begun = await waiting.rehearsal_waiting(instance, election)
    if begun is None:
        raise IsoloirError("rehearsal_not_begun", election=election.id)
    for name in sorted({contest.board for contest in election.contests}):
        given = begun.given.get(name, ())
        if not election.boards[name].met(given):
            raise IsoloirError("rule_not_met", board=name, given=len(given))


async def _open(sitting: Sitting, _: Form) -> None:
    instance, election = sitting.house.instance, sitting.election
    await board.open_vote(instance.store, election, instance.plugins, instance.clock)
    await waiting.tell(instance, election, "vote_opened", "opened")


async def _can_open(sitting: Sitting) -> None:
    instance, election = sitting.house.instance, sitting.election
    system, roll = await board.present_seal(instance.store, election, instance.plugins)
    digests = {"system_digest": system.digest, "roll_digest": roll}
    for lacking in await lifecycle.missing(instance.store, election, State.OPEN, instance.clock, **digests):
        raise lacking


async def _grace_over(sitting: Sitting) -> None:
    if sitting.house.instance.clock.now() < sitting.election.window.grace_ends:
        raise IsoloirError("grace_not_over", election=sitting.election.id)


async def _can_tally(sitting: Sitting) -> None:
    store, election = sitting.house.instance.store, sitting.election
    for name in sorted({contest.board for contest in election.contests}):
        given = await unsealing.givers(store, election, name)
        if not election.boards[name].met(given):
            raise IsoloirError("rule_not_met", board=name, given=len(given))


@dataclass(frozen=True)
class Tie:
    """A tie that the tally stopped at: which contest, which lists, and whether a lot or the ages part them."""

    contest: str
    lists: tuple[str, ...]
    by: str


async def tie(sitting: Sitting) -> Tie | None:
    """Return the tie that waits for the board, or `None`."""
    found = await errands.last(sitting.house.instance.store, sitting.election.id)
    if found is None or found.kind != "tally" or found.error not in ("tie_needs_lot", "tie_needs_oldest"):
        return None
    lists = tuple(str(found.where["lists"]).split(", "))
    return Tie(str(found.where["contest"]), lists, found.error.removeprefix("tie_needs_"))


async def _a_tie(sitting: Sitting) -> None:
    waits = await tie(sitting)
    if waits is None:
        raise IsoloirError("no_tie", election=sitting.election.id)
    if sitting.account.board != sitting.election.contest(waits.contest).board:
        raise IsoloirError("account_role")


async def _a_lot(sitting: Sitting) -> None:
    await _a_tie(sitting)
    waits = await tie(sitting)
    assert waits is not None
    found = await lots.lot_of(sitting.house.instance.store, sitting.election, waits.contest)
    if found is None:
        raise IsoloirError("lot_missing", contest=waits.contest)


async def _record_lot(sitting: Sitting, form: Form) -> None:
    instance = sitting.house.instance
    waits = await tie(sitting)
    assert waits is not None
    order = tuple(form.get(f"rank-{number}", "") for number in range(1, len(waits.lists) + 1))
    lot = lots.Lot(waits.contest, order, form["drawn_by"].strip(), form["before"].strip(), sitting.account.id)
    await lots.record(instance.store, sitting.election, instance.clock, lot, waits.lists)


async def _confirm_lot(sitting: Sitting, form: Form) -> None:
    instance, election, account = sitting.house.instance, sitting.election, sitting.account
    waits = await tie(sitting)
    assert waits is not None
    found = await lots.lot_of(instance.store, election, waits.contest)
    if found is not None and ",".join(found.order) != form.get("order", ""):
        raise IsoloirError("lot_changed", contest=waits.contest)
    lot = await lots.confirm(instance.store, election, instance.clock, waits.contest, account.id)
    contest = election.contest(waits.contest)
    told = sitting.house.texts(election).get(
        "fr",
        f"web.board.lot.minutes.{waits.by}",
        contest=contest.title.get("fr"),
        order=", ".join(contest.list(one).name for one in lot.order),
        who=lot.drawn_by,
        before=lot.before,
    )
    await remarks.add(
        instance.store,
        election,
        instance.clock,
        member=account.member,
        board=account.board,
        kind="event",
        text=told,
    )
    await errands.ask(instance.store, election, "tally", instance.clock, by=account.id)


async def _publish(sitting: Sitting, _: Form) -> None:
    instance = sitting.house.instance
    await lifecycle.publish_results(instance.store, sitting.election, instance.clock)


async def _all_signed(sitting: Sitting) -> None:
    made = await papers.made(sitting.house.instance, sitting.election)
    if made is None:
        raise IsoloirError("papers_missing", election=sitting.election.id)
    if made.unsigned:
        raise IsoloirError("papers_unsigned", files=", ".join(made.unsigned))


_SEALED = (State.SEALED, State.REHEARSED)
ACTS: Mapping[str, Act] = {
    act.name: act
    for act in (
        Act("file", "file", _organiser, "organiser", (State.DRAFT,), _take_file),
        Act("ceremony", "ceremony", _organiser, "organiser", (State.CONFIGURED,), _begin_ceremony, _no_ceremony,
            then="ceremony"),
        Act("ceremony-restart", "ceremony", _organiser, "organiser", (State.CONFIGURED,), _restart_ceremony,
            _a_ceremony, ("why",), then="ceremony", grave=True),
        Act("keys", "keys", _organiser, "organiser", (State.CONFIGURED,), lacking=_ceremony_complete),
        Act("seal", "seal", _either, "either", (State.KEYED,)),
        Act("break-seal", "seal", is_officer, "officer", (State.KEYED, *_SEALED), _break_seal, fields=("why",),
            grave=True),
        Act("rehearsal", "rehearsal", _either, "either", _SEALED),
        Act("rehearsal-end", "rehearsal", _either, "either", _SEALED, lacking=_rehearsal_rule),
        Act("open", "open", is_officer, "officer", (State.REHEARSED,), _open, _can_open),
        Act("close", "close", is_officer, "officer", (State.OPEN,), lacking=_grace_over),
        Act("tally", "tally", _either, "either", (State.CLOSED,), lacking=_can_tally),
        Act("lot", "tally", is_officer, "officer", (State.CLOSED,), _record_lot, _a_tie, ("drawn_by", "before"),
            then="unsealing"),
        Act("lot-confirm", "tally", _member, "member", (State.CLOSED,), _confirm_lot, _a_lot, then="work"),
        Act("publish", "publish", is_officer, "officer", (State.TALLIED,), _publish),
        Act("papers", "minutes", _either, "either", (State.PUBLISHED, State.TALLIED)),
        Act("archive", "archive", _either, "either", (State.PUBLISHED,), lacking=_all_signed),
    )
}  # fmt: skip
"""Every act that has a page, by name."""


async def do(sitting: Sitting, act: Act, form: Form) -> str:
    """Do an act, once it is ready; return the page that follows. Who asked is in the log before it is done."""
    house, election, account = sitting.house, sitting.election, sitting.account
    await require_ready(sitting, act)
    await house.accounts.record(election, "account_acts", account.id, what=act.name)
    if act.do is None:
        await errands.ask(house.instance.store, election, act.name, house.instance.clock, by=account.id)
        return "work"
    await act.do(sitting, form)
    return act.then


async def ready(sitting: Sitting) -> list[Act]:
    """Return the acts that may be done now, whoever may do them, in the order of an election's life."""
    found = []
    for act in ACTS.values():
        try:
            await require_ready(sitting, act)
        except IsoloirError:
            continue
        found.append(act)
    return found
