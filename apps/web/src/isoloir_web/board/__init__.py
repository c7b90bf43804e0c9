"""Pages of board members and organisers: their account, and all that they may see and do; never a result."""

from collections.abc import Sequence
from typing import Any


def handlers() -> Sequence[Any]:
    """Return the handlers of this folder; each finds the sessions of accounts, not those of voters."""
    from litestar import Router

    from isoloir_web.board import (
        account,
        activation,
        ceremony,
        correction,
        doing,
        extension,
        home,
        integrity,
        key,
        log,
        minutes,
        poll_book,
        rehearsal,
        remarks,
        steps,
        turnout,
        unsealing,
        working,
    )

    rooms = (
        account, activation, home, steps, ceremony, key, rehearsal, turnout, poll_book, integrity, unsealing, remarks,
        minutes, log, doing, working, extension, correction,
    )  # fmt: skip
    every = [handler for room in rooms for handler in room.handlers]
    return [Router("/e/{election:str}/board", route_handlers=every, opt={"account": True})]
