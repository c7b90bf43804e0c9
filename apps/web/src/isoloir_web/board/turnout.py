"""The turnout while people vote: by contest and college, and over time; never a result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from litestar import route
from litestar.params import FromPath

from isoloir import poll_book
from isoloir.config.election import ElectionFile
from isoloir.poll_book import Hours, hour_of
from isoloir_web.board.account import READS
from isoloir_web.board.drawing import board_page
from isoloir_web.board.rights import require_account
from isoloir_web.pages import Asked, Page

WIDTH, HEIGHT = 600, 160
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Curve:
    """How many had voted at each hour, as an SVG path over the whole window, and as the rows of a table."""

    path: str
    days: tuple[int, ...]
    """Where days begin, in the path's own units."""
    top: int
    rows: tuple[tuple[datetime, int, int], ...]
    """Hours in which somebody voted: when, how many, how many by its end."""


@route("/turnout", http_method=READS)
async def turnout(request: Asked, election: FromPath[str]) -> Page:
    """Show the counters, the curve of each contest and its table."""
    sitting = await require_account(request, election)
    instance = sitting.house.instance
    found = await poll_book.over_time(instance.store, sitting.election)
    now = instance.clock.now()
    drawn = [(one, found[one.id], curve(sitting.election, found[one.id], now)) for one in sitting.contests]
    return board_page(
        request,
        "board/turnout.html",
        sitting,
        drawn=drawn,
        now=now,
        width=WIDTH,
        height=HEIGHT,
        colleges=sitting.election.colleges,
        window=sitting.election.window,
    )


def curve(election: ElectionFile, hours: Hours, now: datetime) -> Curve:
    """Draw the votes of a contest hour by hour, from the opening to now or the end of grace."""
    begin, end = hour_of(election.window.opens), hour_of(election.window.grace_ends) + _HOUR
    span = max(1, round((end - begin) / _HOUR))
    top = max(1, hours.whole.entitled)
    until = min(now, end)
    rows, points, total, hour = [], [f"M0 {HEIGHT}"], 0, begin
    while hour < until:
        cast = hours.by_hour.get(hour, 0)
        total += cast
        if cast:
            rows.append((hour, cast, total))
        at = round(WIDTH * ((hour - begin) / _HOUR + 1) / span, 1)
        points.append(f"L{at} {round(HEIGHT * (1 - total / top), 1)}")
        hour += _HOUR
    days, day = [], begin.astimezone(election.window.opens.tzinfo)
    while (day := (day + timedelta(days=1)).replace(hour=0)) < end:
        days.append(round(WIDTH * ((day.astimezone(UTC) - begin) / _HOUR) / span))
    return Curve(" ".join(points), tuple(days), top, tuple(rows))


handlers = (turnout,)
