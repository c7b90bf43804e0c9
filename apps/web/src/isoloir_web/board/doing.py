"""The page of each act: what it does and to what, asked once more, confirmed by a code of the second factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response, post, route
from litestar.params import FromPath

from isoloir import lots, unsealing
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir_web.board import acts, giving
from isoloir_web.board.account import READS
from isoloir_web.board.acts import ACTS, REASON_MOST, Act, Tie
from isoloir_web.board.drawing import fields, form_page, surroundings
from isoloir_web.board.rights import EVERYBODY, Sitting, posted, require_account
from isoloir_web.forms import FORM_BYTES
from isoloir_web.pages import Asked, Speaker, address, see_other, speaker

Details = list[tuple[str, list[str]]]
"""What an act is about, as the page says it: terms, each with its lines."""


@dataclass(frozen=True)
class Rank:
    """One place of a lot: the field's name, the list chosen for it."""

    name: str
    number: int
    chosen: str


@route("/do/{act:str}", http_method=READS)
async def ask(request: Asked, election: FromPath[str], act: FromPath[str]) -> Response[Any]:
    """Ask whether it is to be done; back to the steps while something is missing."""
    sitting = await require_account(request, election, EVERYBODY)
    chosen = _act(sitting, act)
    try:
        await acts.require_ready(sitting, chosen)
    except IsoloirError:
        return see_other(f"/e/{sitting.election.id}/board/steps")
    return await _page(request, sitting, chosen, {})


@post("/do/{act:str}", status_code=200, request_max_body_size=FORM_BYTES)
async def do(request: Asked, election: FromPath[str], act: FromPath[str]) -> Response[Any]:
    """Do it. Who asked is in the log before it is done."""
    sitting, form = await posted(request, election, f"do/{act}")
    chosen = _act(sitting, act)
    try:
        _require_fields(chosen, form)
        code = form.get("code", "")
        await sitting.house.accounts.confirm(sitting.election, sitting.account, code, address=address(request))
    except IsoloirError as error:
        return await _page(request, sitting, chosen, form, error)
    try:
        then = await acts.do(sitting, chosen, form)
    except IsoloirError as error:
        if error.code not in _CORRECTED_HERE:
            raise
        return await _page(request, sitting, chosen, form, error)
    return see_other(f"/e/{sitting.election.id}/board/{then}")


_CORRECTED_HERE = ("lot_order", "lot_words", "lot_same_member", "lot_changed")


def _act(sitting: Sitting, name: str) -> Act:
    """Return the act; raises IsoloirError ``page_unknown``, ``account_role``."""
    act = ACTS.get(name)
    if act is None:
        raise IsoloirError("page_unknown")
    if not act.may(sitting.election, sitting.account):
        raise IsoloirError("account_role")
    return act


def _require_fields(act: Act, form: dict[str, str]) -> None:
    if not all(0 < len(form.get(name, "").strip()) <= REASON_MOST for name in act.fields):
        raise IsoloirError("field_missing", most=REASON_MOST)


async def _page(
    request: Asked, sitting: Sitting, act: Act, form: dict[str, str], error: IsoloirError | None = None
) -> Response[Any]:
    say = speaker(request, sitting.election)
    waits = await acts.tie(sitting) if act.name in ("lot", "lot-confirm") else None
    ranks, lists, order = [], [], ""
    if waits is not None:
        contest = sitting.election.contest(waits.contest)
        lists = [contest.list(one) for one in waits.lists]
    if waits is not None and act.name == "lot":
        numbers = range(1, len(waits.lists) + 1)
        ranks = [Rank(f"rank-{number}", number, form.get(f"rank-{number}", "")) for number in numbers]
    if waits is not None and act.name == "lot-confirm":
        found = await lots.lot_of(sitting.house.instance.store, sitting.election, waits.contest)
        order = ",".join(found.order) if found else ""
    return form_page(
        request,
        "board/do.html",
        sitting.election,
        fields(say, *act.fields, "code", typed=form),
        error=error,
        account=sitting.account,
        token=sitting.token(f"do/{act.name}"),
        act=act,
        details=await _details(say, sitting, act, waits),
        ranks=ranks,
        lists=lists,
        order=order,
        **surroundings(sitting),
    )


async def _details(say: Speaker, sitting: Sitting, act: Act, waits: Tie | None) -> Details:
    election, instance = sitting.election, sitting.house.instance
    if act.name == "file":
        return _file(say, election)
    if act.name == "open":
        window = election.window
        opens, closes = (say.moment(one, year=True, weekday=True) for one in (window.opens, window.closes))
        return [(say.t("web.board.calendar.opens"), [opens]), (say.t("web.board.calendar.closes"), [closes])]
    if act.name == "rehearsal-end":
        given = await giving.rehearsed(sitting)
        return [
            (say.t("web.board.give.given"), [one.name for one in given if one.given] or ["–"]),
            (say.t("web.board.give.lacking"), [one.name for one in given if not one.given] or ["–"]),
        ]
    if act.name == "publish":
        found = await unsealing.results(instance.store, election)
        return _results(say, election, found) if found else []
    if waits is not None:
        contest = election.contest(waits.contest)
        told = [(say.t("web.board.contest"), [contest.title.get(say.locale)])]
        lot = await lots.lot_of(instance.store, election, waits.contest)
        if act.name == "lot-confirm" and lot is not None:
            names = [f"{number}. {contest.list(one).name}" for number, one in enumerate(lot.order, 1)]
            told.append((say.t("web.board.lot.order"), names))
            told.append((say.t("web.board.field.drawn_by"), [lot.drawn_by]))
            told.append((say.t("web.board.field.before"), [lot.before]))
        return told
    return []


def _file(say: Speaker, election: ElectionFile) -> Details:
    opens, closes = (say.moment(one, year=True) for one in (election.window.opens, election.window.closes))
    told = [
        (say.t("web.board.file.title"), [election.title.get(say.locale)]),
        (say.t("web.board.file.window"), [opens, closes]),
        (
            say.t("web.board.file.contests"),
            [
                say.t(
                    "web.board.file.contest",
                    title=contest.title.get(say.locale),
                    lists=say.number(len(contest.lists)),
                    seats=say.number(contest.seats),
                )
                for contest in election.contests
            ],
        ),
    ]
    for name, board in election.boards.items():
        title = (
            say.t("web.board.file.board") if len(election.boards) == 1 else f"{say.t('web.board.file.board')} {name}"
        )
        told.append((title, [f"{one.name}, {say.t(f'web.board.seat.{one.role}')}" for one in board.members.values()]))
    if election.accepts:
        told.append((say.t("web.board.file.risks"), [f"{one.risk} – {one.reason}" for one in election.accepts]))
    return told


def _results(say: Speaker, election: ElectionFile, found: unsealing.Results) -> Details:
    told = []
    for one in found.contests:
        contest = election.contest(one.contest)
        lines = [
            say.t(
                "web.board.publish.list",
                list=listed.name,
                votes=say.number(one.counts.votes[listed.id]),
                seats=say.number(one.allocation.seats[listed.id]),
                elected=", ".join(one.elected[listed.id]) or "–",
            )
            for listed in contest.lists
        ]
        blank = say.t("web.board.publish.blank", blank=say.number(one.counts.blank))
        told.append((contest.title.get(say.locale), [*lines, blank]))
    return told


handlers = (ask, do)
