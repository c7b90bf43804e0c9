"""Pages of board members and organisers: their account, and all that they may see and do; never a result."""

from collections.abc import Sequence
from typing import Any


def handlers() -> Sequence[Any]:
    """Return the handlers of this folder; each finds the sessions of accounts, not those of voters."""
    from litestar import Router

    from isoloir_web.board import (
        account,
        activation,
        acts,
        extension,
        home,
        integrity,
        key,
        log,
        poll_book,
        turnout,
    )

    rooms = (account, activation, home, turnout, poll_book, integrity, log, acts, extension, key)
    every = [handler for room in rooms for handler in room.handlers]
    return [Router("/e/{election:str}/board", route_handlers=every, opt={"account": True})]
