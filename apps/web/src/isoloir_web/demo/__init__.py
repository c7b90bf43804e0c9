"""Pages of a demonstration, and of nothing else: messages, people to vote as, the clock."""

from collections.abc import Sequence
from typing import Any


def handlers() -> Sequence[Any]:
    """Return the handlers of this folder."""
    from isoloir_web.demo import board, pages

    return [*pages.handlers, *board.handlers]
