"""The results: votes, turnout, seats with their arithmetic step by step, and who is elected."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from litestar import route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from isoloir import lifecycle, unsealing
from isoloir.config.election import Contest
from isoloir.seats import AverageStep, CapStep, QuotientStep
from isoloir.unsealing import ContestResult
from isoloir_web.house import house_of
from isoloir_web.pages import Asked, Page, Speaker, page, speaker
from isoloir_web.public.box import archive_path


@dataclass(frozen=True)
class Row:
    """One list: its votes and the arithmetic of its seats, as text."""

    name: str
    votes: int
    share: str
    at_quotient: int
    averages: tuple[tuple[str, bool], ...]
    seats: int
    elected: tuple[str, ...]


@dataclass(frozen=True)
class Arithmetic:
    """The allocation, ready to be drawn: the quotient, one row per list, one column per seat at the average."""

    quotient: str
    rows: tuple[Row, ...]
    seats_at_average: tuple[int, ...]
    ties: tuple[tuple[int, str, str], ...]
    caps: tuple[tuple[str, int, int], ...]


@route("/e/{election:str}/results", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def results(request: Asked, election: FromPath[str]) -> Page:
    """Show the results, or say when they will be there."""
    house = house_of(request)
    file = house.election(election)
    store = house.instance.store
    phase = await lifecycle.phase(store, file, house.instance.clock)
    found = await unsealing.results(store, file) if phase is lifecycle.Phase.COUNTED else None
    if found is None:
        return page(request, "public/no_results.html", election=file, closes=file.window.closes)
    say = speaker(request, file)
    drawn = [
        {
            "contest": file.contest(result.contest),
            "result": result,
            "arithmetic": arithmetic(say, file.contest(result.contest), result),
            "archive": archive_path(house, file, result.contest) is not None,
        }
        for result in found.contests
    ]
    return page(request, "public/results.html", election=file, contests=drawn)


def arithmetic(say: Speaker, contest: Contest, result: ContestResult) -> Arithmetic:
    """Draw an allocation as the columns of one table; lists in the order of their votes."""
    votes, allocation = result.counts.votes, result.allocation
    names = {one.id: one.name for one in contest.lists}
    shares = {step.list: step for step in allocation.steps if isinstance(step, QuotientStep)}
    rounds = [step for step in allocation.steps if isinstance(step, AverageStep)]
    rows = tuple(
        Row(
            name=names[list_id],
            votes=votes[list_id],
            share=_decimal(say, shares[list_id].share) if list_id in shares else "–",
            at_quotient=shares[list_id].seats if list_id in shares else 0,
            averages=tuple(
                (_decimal(say, step.averages[list_id]) if list_id in step.averages else "–", step.list == list_id)
                for step in rounds
            ),
            seats=allocation.seats[list_id],
            elected=tuple(result.elected[list_id]),
        )
        for list_id in sorted(votes, key=lambda one: (-votes[one], names[one]))
    )
    return Arithmetic(
        quotient=_decimal(say, allocation.quotient),
        rows=rows,
        seats_at_average=tuple(step.seat for step in rounds),
        ties=tuple((step.seat, names[step.list], step.tie) for step in rounds if step.tie),
        caps=tuple((names[s.list], s.won, s.candidates) for s in allocation.steps if isinstance(s, CapStep)),
    )


def _decimal(say: Speaker, value: Fraction) -> str:
    """Return an exact fraction as people read it: two decimals at most, with ≈ where they do not say all."""
    hundredths = value * 100
    rounded = int(hundredths + Fraction(1, 2))
    whole, rest = divmod(rounded, 100)
    text = say.number(whole)
    if rest:
        text += ("," if say.locale == "fr" else ".") + f"{rest:02}".rstrip("0")
    return text if hundredths == rounded else f"≈\u00a0{text}"


handlers = (results,)
