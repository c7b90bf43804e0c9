"""How pages of the board are drawn: whose page it is, forms with their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from isoloir import errands
from isoloir.accounts.account import Account, Role
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.login.shown import FieldShown
from isoloir_web.board.rights import Sitting
from isoloir_web.pages import Asked, Page, Speaker, page, speaker
from isoloir_web.refusals import REFUSAL, STATUS, places

_KINDS: dict[str, tuple[str, str, str]] = {
    "name": ("text", "username", "text"),
    "password": ("password", "current-password", "text"),
    "former": ("password", "current-password", "text"),
    "chosen": ("password", "new-password", "text"),
    "again": ("password", "new-password", "text"),
    "activation": ("text", "off", "text"),
    "code": ("text", "one-time-code", "text"),
    "day": ("date", "off", "text"),
    "hour": ("time", "off", "text"),
    "reason": ("text", "off", "text"),
    "why": ("text", "off", "text"),
    "drawn_by": ("text", "off", "text"),
    "before": ("text", "off", "text"),
}
"""Input type, autocomplete token and input mode of each field."""
_LONGEST = 200
_DRAWN_AGAIN = frozenset({"name", "day", "hour", "reason", "why", "drawn_by", "before"})


def fields(say: Speaker, *names: str, typed: dict[str, str] | None = None) -> list[FieldShown]:
    """Return the fields of a form; secrets are never drawn again."""
    found = []
    for name in names:
        kind, autocomplete, mode = _KINDS[name]
        hint = f"web.board.field.{name}.hint"
        found.append(
            FieldShown(
                name=name,
                label=say.t(f"web.board.field.{name}"),
                hint=say.t(hint) if say.has(hint) else "",
                input=kind,
                autocomplete=autocomplete,
                inputmode=mode,
                value=(typed or {}).get(name, "")[:_LONGEST] if name in _DRAWN_AGAIN else "",
                error="",
                max_length=_LONGEST,
            )
        )
    return found


def require_same(form: Mapping[str, str]) -> None:
    """Raise `IsoloirError` ``password_differs`` where a new password was not typed twice."""
    if form.get("chosen", "") != form.get("again", ""):
        raise IsoloirError("password_differs")


def form_page(
    request: Asked,
    template: str,
    election: ElectionFile,
    shown: Sequence[FieldShown],
    *,
    error: IsoloirError | None = None,
    account: Account | None = None,
    here: str | None = None,
    **context: Any,
) -> Page:
    """Draw a form, with what was refused above it."""
    say = speaker(request, election)
    messages, remedies, headers = [], [], {}
    if error is not None:
        headers[REFUSAL] = error.code
        if "seconds" in error.where:
            headers["retry-after"] = str(ceil(float(error.where["seconds"])))
        sentence, remedy = refusal(say, election, error)
        messages.append(sentence)
        remedies.append(remedy)
    return page(
        request,
        template,
        election=election,
        status=STATUS.get(error.code, 422) if error else 200,
        headers=headers,
        here=here,
        fields=shown,
        messages=messages,
        remedies=remedies,
        account=account,
        seat=seat(say, election, account) if account else "",
        **context,
    )


def refusal(say: Speaker, election: ElectionFile, error: IsoloirError) -> tuple[str, str]:
    """Return a refusal in words: its sentence and its remedy."""
    filled = places(error, election, say.locale)
    if "fault" in filled:
        named = f"web.board.fault.{filled['fault']}"
        filled["fault"] = say.t(named if say.has(named) else "web.board.fault.other")
    return say.t(f"error.{error.code}", **filled), say.t(f"error.{error.code}.remedy", **filled)


async def working(request: Asked, sitting: Sitting) -> dict[str, Any]:
    """Return what a page says of the long work asked last: how far it is, and what refused it."""
    found = await errands.last(sitting.house.instance.store, sitting.election.id)
    refused = found.refusal if found is not None else None
    say = speaker(request, sitting.election)
    return {"work": found, "refused": refusal(say, sitting.election, refused) if refused else None}


def board_page(request: Asked, template: str, sitting: Sitting, **context: Any) -> Page:
    """Draw a page of somebody who is logged in."""
    say = speaker(request, sitting.election)
    return page(
        request,
        template,
        election=sitting.election,
        account=sitting.account,
        seat=seat(say, sitting.election, sitting.account),
        **surroundings(sitting),
        **context,
    )


def surroundings(sitting: Sitting) -> dict[str, Any]:
    """Return what the frame of every page needs: the way out, which pages there are, the alarm."""
    return {
        "leave": sitting.token("leave"),
        "reads": sitting.account.role is not Role.SUPPORT,
        "alarm": sitting.alarm,
    }


def seat(say: Speaker, election: ElectionFile, account: Account) -> str:
    """Return what somebody is here for, in words."""
    board = election.boards.get(account.board)
    member = board.members.get(account.member) if board else None
    return say.t(f"web.board.seat.{member.role}" if member else f"web.board.role.{account.role.value}")
