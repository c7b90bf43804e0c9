"""A bar on the terminal: how much is verified, how many ballots, how long it still takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from .texts import Texts

_WIDTH = 25
_EVERY = 0.1
"""Seconds between two drawings."""


class Bar:
    """Draws itself on `stream` at most ten times a second, and at the end; `clear` removes it."""

    def __init__(self, stream: TextIO, title: str, texts: Texts, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._title = "".join(c if c.isprintable() else "?" for c in title)[-40:]
        self._texts = texts
        self._clock = clock
        self._begun = clock()
        self._drawn = float("-inf")

    def __call__(self, done: int, total: int, ballots: int) -> None:
        """Take note of bytes verified, bytes in all, ballots verified."""
        now = self._clock()
        if done < total and now - self._drawn < _EVERY:
            return
        self._drawn = now
        part = done / max(total, 1)
        left = round((now - self._begun) * (1 - part) / part) if part else 0
        line = self._texts.say(
            "progress",
            title=self._title,
            bar="█" * round(part * _WIDTH) + "░" * (_WIDTH - round(part * _WIDTH)),
            percent=f"{100 * done // max(total, 1):3}",
            ballots=ballots,
            done=self._texts.megabytes(done),
            total=self._texts.megabytes(total),
            left=f"{left // 60}:{left % 60:02}",
        )
        self._stream.write(f"\r{line}\033[K")
        self._stream.flush()

    def clear(self) -> None:
        """Leave the line empty."""
        self._stream.write("\r\033[K")
        self._stream.flush()
