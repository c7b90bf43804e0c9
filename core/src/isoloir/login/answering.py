"""Whatever a plugin does when it is asked: an answer without fault, or a line in the log that names it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)


async def answer_of(
    who: str, ask: Callable[[], Awaitable[T]], fault_of: Callable[[T], str | None], patience: float
) -> T | None:
    """Return what `ask` answers within `patience` seconds; `None`, logged under `who`, when anything is wrong.

    `fault_of` names what is wrong with an answer. Only the name of a fault or the class of an exception is logged:
    an exception's text may hold what was typed. A cancelled request stays cancelled.
    """
    try:
        async with asyncio.timeout(patience) as limit:
            answer = await ask()
        # A plugin that swallows its own end answers too late all the same.
        fault = "TimeoutError" if limit.expired() else fault_of(answer)
        if fault is None:
            return answer
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        fault = type(error).__name__  # something that the plugin waited for was cancelled, not the request
    except Exception as error:
        fault = type(error).__name__
    _log.error("%s failed: %s", who, fault)
    return None
