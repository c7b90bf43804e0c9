"""`isoloir simulate`: a whole election without a person."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from isoloir_web.commands.identity import identity_options
from isoloir_web.trial.simulation import Simulation


@click.command()
@click.argument("election", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--voters", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--json", "report", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the report.")
@click.option("--group", type=click.Choice(["Ed25519", "BELENIOS-2048"]), help="Another group than the file's.")
@click.option("--archives", type=click.Path(path_type=Path, file_okay=False), help="Where to keep the archives.")
@click.option("--seed", type=int, help="Draw the same people and choices again.")
@click.option(
    "--kills", type=click.IntRange(min=0), default=0, help="SIGKILL the server so many times while voters cast."
)
@click.option(
    "--board",
    "by_board",
    is_flag=True,
    help="Let the board act by the command line alone, from files, and try every"
    " subset of its members on the closed boxes.",
)
@click.option("--database", help="An empty PostgreSQL database, prepared and upgraded; a SQLite file when left out.")
@identity_options
@click.option(
    "--brokered", is_flag=True, help="With keycloak: through an organiser's own realm, which brokers the other."
)
@click.pass_context
def simulate(
    ctx: click.Context,
    election: Path,
    voters: int,
    report: Path | None,
    group: str | None,
    archives: Path | None,
    seed: int | None,
    kills: int,
    by_board: bool,
    database: str | None,
    keycloak: Path | None,
    brokered: bool,
) -> None:
    """Run ELECTION from the invitation to the seats, with invented voters over HTTP, and verify it.

    Exit status 0 only if poll book, ballots and votes agree in every contest, every archive verifies, and the result
    is what was cast.
    """
    if brokered and keycloak is None:
        raise click.UsageError("--brokered is for --identity keycloak")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(phase: str, done: int, of: int) -> None:
            bar.update(task, description=phase, completed=done, total=of or None)

        simulation = Simulation(
            election,
            voters,
            group=group,
            archives=archives,
            seed=seed,
            kills=kills,
            by_board=by_board,
            database=database,
            keycloak=keycloak,
            brokered=brokered,
            advance=advance,
        )
        outcome = asyncio.run(simulation.run())
    text = json.dumps(outcome.report, ensure_ascii=False, indent=2)
    if report is None:
        click.echo(text)
    else:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(text + "\n", encoding="utf-8")
        click.echo(f"{report}: {outcome.report['voted']} of {voters} voted, verified: {outcome.report['verified']}")
    for problem in outcome.problems:
        click.echo(problem, err=True)
    if not outcome.report["verified"]:
        ctx.exit(1)
