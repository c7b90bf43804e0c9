"""`isoloir seats`: from votes to seats, with the arithmetic."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from isoloir.errors import IsoloirError
from isoloir.seats import Allocation, AverageStep, CapStep, QuotientStep, SeatsError, allocate


@click.command()
@click.option("--seats", type=click.IntRange(min=1), required=True, help="How many seats to allot.")
@click.argument("votes", nargs=-1, required=True, metavar="LIST=VOTES…")
@click.option("--candidates", default="", metavar="LIST=N,…", help="Candidates of the lists that may be short.")
@click.option("--short-lists", type=click.Choice(["cap", "reallocate"]), default="cap", show_default=True)
@click.option(
    "--tie", type=click.Choice(["votes_then_lot", "votes_then_oldest"]), default="votes_then_lot", show_default=True
)
@click.option("--lot", "lots", multiple=True, metavar="LIST", help="The list that the lot drew; repeat in order.")
@click.option("--oldest", multiple=True, metavar="LIST", help="The list of the oldest candidate; repeat in order.")
@click.option("--json", "as_json", is_flag=True, help="Print the allocation as JSON.")
def seats(
    seats: int,
    votes: tuple[str, ...],
    candidates: str,
    short_lists: str,
    tie: str,
    lots: tuple[str, ...],
    oldest: tuple[str, ...],
    as_json: bool,
) -> None:
    """Allot seats by quotient and highest average, in exact fractions.

    Example: isoloir seats --seats 5 A=3608 B=2290 C=800 D=591
    """
    try:
        allocation = allocate(
            seats,
            _numbers(votes, "VOTES"),
            candidates=_numbers(tuple(filter(None, candidates.split(","))), "--candidates"),
            short_lists="cap" if short_lists == "cap" else "reallocate",
            ties="votes_then_lot" if tie == "votes_then_lot" else "votes_then_oldest",
            decided=lots if tie == "votes_then_lot" else oldest,
        )
    except SeatsError as error:
        raise IsoloirError(error.code, **error.where) from error
    if as_json:
        click.echo(json.dumps(allocation.as_json(), ensure_ascii=False))
    else:
        _show(allocation)


def _numbers(pairs: tuple[str, ...], where: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for position, pair in enumerate(pairs, 1):
        name, sign, number = pair.rpartition("=")
        if not (name and sign and number.isascii() and number.isdigit()):
            raise click.BadParameter(f"number {position} is not of the form LIST=NUMBER.", param_hint=where)
        if name in found:
            raise click.BadParameter(f"number {position} names a list that was already given.", param_hint=where)
        found[name] = int(number)
    return found


def _show(allocation: Allocation) -> None:
    console = Console()
    quotient = allocation.quotient
    console.print(f"Valid votes: {allocation.valid_votes}. Quotient: {quotient} ≈ {float(quotient):.3f}")
    for step in allocation.steps:
        match step:
            case QuotientStep():
                share = f"{float(step.share):.4f}"
                console.print(
                    f"  {step.list}: {step.votes} votes ÷ quotient = {share} → {step.seats}", highlight=False
                )
            case AverageStep():
                averages = ", ".join(f"{name} {float(average):.3f}" for name, average in step.averages.items())
                tie = f" (equal, parted by {step.tie})" if step.tie else ""
                console.print(f"  seat {step.seat}: averages {averages} → {step.list}{tie}", highlight=False)
            case CapStep():
                console.print(f"  {step.list}: won {step.won}, has {step.candidates} candidates", highlight=False)
    table = Table("List", "Seats")
    for name, number in allocation.seats.items():
        table.add_row(name, str(number))
    console.print(table)
    if allocation.unallocated:
        console.print(f"Unallocated: {allocation.unallocated}")
