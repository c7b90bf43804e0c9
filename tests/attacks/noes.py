"""Which function of ours says no: found out while it happens, so that nobody has to write it down."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any
from unittest.mock import patch

from litestar.exceptions import HTTPException

from isoloir.errors import IsoloirError
from isoloir.login.attempt import Attempt
from isoloir.login.drawing import Drawing
from isoloir.login.selection import Selection
from isoloir_openid_connect.federation import Federation
from isoloir_web import refusals

_ONLY_DRAW = ("Drawing.", "Walk._refuse")


def _name(frame: FrameType) -> str:
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname.partition('.<locals>')[0]}"


def _raised_in(error: BaseException) -> str:
    """The innermost function of ours that an exception came through."""
    found, place = "", error.__traceback__
    while place is not None:
        if str(place.tb_frame.f_globals.get("__name__", "")).startswith("isoloir"):
            found = _name(place.tb_frame)
        place = place.tb_next
    return found or "litestar"


def _drawn_for() -> str:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_qualname.startswith(_ONLY_DRAW):
        frame = frame.f_back
    assert frame is not None
    return _name(frame)


def _function(of: Any) -> str:
    return f"{of.__module__}.{of.__qualname__}"


class Noes:
    """The functions that said no while the last request was answered."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A request begins."""
        self.said: list[str] = []
        self.drawn: list[str] = []

    @property
    def first(self) -> str:
        """Who said no first; where nobody but whoever had the page of the refusal drawn, that function."""
        return self.said[0] if self.said else self.drawn[-1] if self.drawn else "nobody"


@contextmanager
def overheard() -> Iterator[Noes]:
    """Until the block ends, note every function that refuses. Applications made inside it are heard."""
    noes = Noes()
    refused, refusal, takes_back = Federation.refused, Drawing.refusal, Attempt.takes_back
    confirmed = Selection.confirmed

    def hear_refused(self: Any, config: Any, error: Any) -> Any:
        noes.said.append(_raised_in(error))
        return refused(self, config, error)

    def hear_refusal(self: Any, *given: Any, **named: Any) -> Any:
        noes.drawn.append(_drawn_for())
        return refusal(self, *given, **named)

    def hear_takes_back(self: Any, *given: Any) -> bool:
        taken = takes_back(self, *given)
        if not taken:
            noes.said.append(_function(takes_back))
        return taken

    async def hear_confirmed(self: Any, *given: Any) -> Any:
        found = await confirmed(self, *given)
        if isinstance(found, str):
            noes.said.append(_function(confirmed))
        return found

    def hear(handler: Callable[..., Any]) -> Callable[..., Any]:
        def handle(request: Any, error: Any) -> Any:
            noes.said.append(_raised_in(error))
            return handler(request, error)

        return handle

    handlers = {kind: hear(handler) for kind, handler in refusals.HANDLERS.items()}  # type: ignore[arg-type]
    assert {IsoloirError, HTTPException} <= set(handlers)
    with ExitStack() as stack:
        stack.enter_context(patch.object(Federation, "refused", hear_refused))
        stack.enter_context(patch.object(Drawing, "refusal", hear_refusal))
        stack.enter_context(patch.object(Attempt, "takes_back", hear_takes_back))
        stack.enter_context(patch.object(Selection, "confirmed", hear_confirmed))
        stack.enter_context(patch.dict(refusals.HANDLERS, handlers))
        yield noes
