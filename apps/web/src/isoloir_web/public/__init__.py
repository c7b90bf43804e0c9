"""Pages of everybody: the elections, the public ballot box, the results, accessibility."""

from collections.abc import Sequence
from typing import Any


def handlers() -> Sequence[Any]:
    """Return the handlers of this folder."""
    from isoloir_web.public import box, elections, results, trustee

    return [*elections.handlers, *box.handlers, *results.handlers, *trustee.handlers]
