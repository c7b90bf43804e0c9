"""`isoloir tally`: unseal with the board's shares or decryptions, and show votes, seats and the elected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from isoloir import lifecycle, unsealing
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument, progress_bar
from isoloir.commands.partials_files import files_argument, take_each
from isoloir.commands.trustee import code_option, read_code
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir.partials import Partials
from isoloir.seats import AverageStep, CapStep, QuotientStep
from isoloir.unsealing import ContestResult, Results

_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def tally() -> None:
    """Unseal the boxes of a closed election, and show the results."""


@tally.command()
@election_argument
@files_argument
@json_option
@click.pass_context
@run
async def add(ctx: click.Context, election_id: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Check and take what members decrypted: the files of `isoloir trustee decrypt`; a wrong one stops no other."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        folder = instance.archives_folder
        whole = await take_each(ctx, files, lambda one: unsealing.receive(instance.store, election, folder, one))
        given = {name: await unsealing.givers(instance.store, election, name) for name in election.boards}
        met = {name: board.met(given[name]) for name, board in election.boards.items()}
        if as_json:
            show_json({name: {"given": list(members), "met": met[name]} for name, members in given.items()})
        else:
            texts, locale = core_texts(), language()
            for name, members in given.items():
                told = {"board": name, "members": ", ".join(members) or "—"}
                console().print(texts.get(locale, "tally.met" if met[name] else "tally.not_met", **told))
    if not whole:
        ctx.exit(1)


@tally.command(name="run")
@election_argument
@click.option(
    "--share", "shares", type=_file, multiple=True, help="A share that its holder brought to this computer; for each."
)
@code_option
@click.option("--lot", "lots", multiple=True, metavar="CONTEST=LIST,…", help="The lot that the board drew for a tie.")
@json_option
@click.pass_context
@run
async def run_command(
    ctx: click.Context,
    election_id: str,
    shares: tuple[Path, ...],
    code_file: Path | None,
    lots: tuple[str, ...],
    as_json: bool,
) -> None:
    """Open every box with what the members decrypted; check all, allot the seats, make the results public."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        folder = instance.archives_folder
        for path in shares:
            share = KeyShare.read(path, read_code(code_file, path))
            boxes = unsealing.boxes_of(election, folder, share.board)
            await unsealing.receive(instance.store, election, folder, Partials.make(share, list(boxes.values())))
        with progress_bar() as bar:
            tasks = {contest.id: bar.add_task(contest.id, total=None) for contest in election.contests}
            results = await unsealing.unseal(
                instance.store,
                election,
                folder,
                instance.clock,
                lots=_lots(election, lots),
                progress=lambda contest, _, done, of: bar.update(tasks[contest], completed=done, total=of),
            )
        await lifecycle.publish_results(instance.store, election, instance.clock)
        _show(election, results, as_json)


@tally.command()
@election_argument
@json_option
@click.pass_context
@run
async def show(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Show votes, turnout, seats with their arithmetic, and the elected."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        results = await unsealing.results(instance.store, election)
        if results is None:
            raise IsoloirError("results_missing", election=election.id)
        _show(election, results, as_json)


def _lots(election: ElectionFile, lots: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found = {}
    for lot in lots:
        contest_id, _, lists = lot.partition("=")
        names = tuple(lists.split(","))
        try:
            contest = election.contest(contest_id)
            for name in names:
                contest.list(name)
        except KeyError:
            raise IsoloirError("lot_form", election=election.id) from None
        found[contest_id] = names
    return found


def results_json(results: Results) -> dict[str, Any]:
    """Return results in plain values."""
    return {
        "election": results.election,
        "contests": {
            one.contest: {
                "entitled": one.entitled,
                "poll_book": one.poll_book,
                "ballots": one.ballots,
                "blank": one.counts.blank,
                "lists": {
                    name: {"votes": votes, "seats": one.allocation.seats[name], "elected": list(one.elected[name])}
                    for name, votes in one.counts.votes.items()
                },
                "allocation": one.allocation.as_json(),
            }
            for one in results.contests
        },
    }


def _show(election: ElectionFile, results: Results, as_json: bool) -> None:
    if as_json:
        show_json(results_json(results))
        return
    for one in results.contests:
        _show_contest(election, one)


def _show_contest(election: ElectionFile, one: ContestResult) -> None:
    texts, locale, out = core_texts(), language(), console()
    contest = election.contest(one.contest)
    out.print(f"\n[bold]{contest.title.get(locale)}[/bold]")
    percent = f"{100 * one.poll_book / one.entitled:.1f}" if one.entitled else "0"
    out.print(
        texts.get(
            locale,
            "tally.turnout",
            entitled=one.entitled,
            voted=one.poll_book,
            percent=percent.replace(".", ",") if locale == "fr" else percent,
            blank=one.counts.blank,
            valid=one.counts.expressed,
        )
    )
    if one.counts.expressed:
        out.print(texts.get(locale, "tally.quotient", quotient=_number(one.allocation.quotient, locale)))
    for step in one.allocation.steps:
        match step:
            case QuotientStep():
                told = {"votes": step.votes, "share": _number(step.share, locale), "seats": step.seats}
                out.print("  " + texts.get(locale, "tally.step.quotient", list=contest.list(step.list).name, **told))
            case AverageStep():
                averages = ", ".join(
                    f"{contest.list(name).name} {_number(average, locale)}" for name, average in step.averages.items()
                )
                told = {"seat": step.seat, "averages": averages, "list": contest.list(step.list).name}
                tie = texts.get(locale, f"tally.tie.{step.tie}") if step.tie else ""
                out.print("  " + texts.get(locale, "tally.step.average", **told) + tie)
            case CapStep():
                told = {"won": step.won, "candidates": step.candidates}
                out.print("  " + texts.get(locale, "tally.step.cap", list=contest.list(step.list).name, **told))
    table = Table(*(texts.get(locale, f"tally.column.{name}") for name in ("list", "votes", "seats", "elected")))
    for name, votes in one.counts.votes.items():
        table.add_row(
            contest.list(name).name, str(votes), str(one.allocation.seats[name]), ", ".join(one.elected[name])
        )
    out.print(table)
    if one.allocation.unallocated:
        out.print(texts.get(locale, "tally.unallocated", number=one.allocation.unallocated))


def _number(value: Any, locale: str) -> str:
    shown = f"{float(value):.3f}".rstrip("0").rstrip(".")
    return shown.replace(".", ",") if locale == "fr" else shown
