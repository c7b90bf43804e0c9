"""Pages of those who vote: the landing page, the login, the contests, the booth, the proof of vote."""

from collections.abc import Sequence
from typing import Any


def handlers() -> Sequence[Any]:
    """Return the handlers of this folder."""
    from isoloir_web.voter import booth, contests, landing, login

    return [*landing.handlers, *login.handlers, *contests.handlers, *booth.handlers]
