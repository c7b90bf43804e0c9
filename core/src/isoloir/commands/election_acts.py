"""The acts of an election's life: ``isoloir election create|key|seal|rehearse|open|close|publish``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from isoloir import board, key_share, lifecycle, rehearsal
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.lifecycle import State

_file = click.Path(path_type=Path, dir_okay=False)
election_argument = click.argument("election_id", metavar="ELECTION")
share_option = click.option(
    "--share", "share_files", type=_file, multiple=True, required=True, help="A member's key share; once for each."
)


def read_shares(files: Iterable[Path]) -> list[key_share.KeyShare]:
    """Read key shares from their files."""
    return [key_share.KeyShare.read(path) for path in files]


def progress_bar() -> Progress:
    """Return a bar with numbers, on stderr, gone when done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    from rich.console import Console

    return Progress(*columns, console=Console(stderr=True), transient=True)


async def _done(instance: Instance, election: ElectionFile, as_json: bool, **more: Any) -> None:
    state = await lifecycle.state(instance.store, election.id)
    if as_json:
        show_json({"election": election.id, "state": state.value, **more})
        return
    texts, locale = core_texts(), language()
    console().print(texts.get(locale, f"act.{state.value}", election=election.id))
    for name, value in more.items():
        for one in value if isinstance(value, list) else [value]:
            told = f"  {texts.get(locale, f'act.word.{name}')}{texts.get(locale, 'act.colon')} {one}"
            console().print(told, soft_wrap=True)


@click.command()
@election_argument
@json_option
@click.pass_context
@run
async def create(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Take the election's file as it is: draft → configured."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        await lifecycle.create(instance.store, election, instance.clock)
        await _done(instance, election, as_json)


@click.command()
@election_argument
@click.argument("public_shares", nargs=-1, type=_file, required=True)
@json_option
@click.pass_context
@run
async def key(ctx: click.Context, election_id: str, public_shares: tuple[Path, ...], as_json: bool) -> None:
    """Make the boxes' keys from the members' PUBLIC_SHARES: configured → keyed."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        shares = [key_share.read_public_share(path) for path in public_shares]
        with progress_bar() as bar:
            tasks = {contest.id: bar.add_task(contest.id, total=None) for contest in election.contests}
            await board.make_keys(
                instance.store,
                election,
                shares,
                instance.secrets_folder,
                instance.clock,
                lambda contest, made, of: bar.update(tasks[contest], completed=made, total=of),
            )
        await _done(instance, election, as_json)


@click.command()
@election_argument
@json_option
@click.pass_context
@run
async def seal(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Seal system and roll, and draw the order of the lists by lot: keyed → sealed."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        made = await board.seal(instance.store, election, instance.plugins, instance.clock)
        await _done(instance, election, as_json, system_digest=made.system, roll_digest=made.roll)


@click.command()
@election_argument
@share_option
@json_option
@click.pass_context
@run
async def rehearse(ctx: click.Context, election_id: str, share_files: tuple[Path, ...], as_json: bool) -> None:
    """Open a scratch box of every contest with the real shares: sealed → rehearsed."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        held = await rehearsal.rehearse(
            instance.store,
            election,
            instance.plugins,
            read_shares(share_files),
            instance.archives_folder / election.id / "rehearsals",
            instance.clock,
        )
        if as_json:
            show_json({**held.to_json(), "passed": held.passed})
        else:
            texts, locale = core_texts(), language()
            for contest in held.contests:
                outcome = "rehearsal.passed" if contest.passed else "rehearsal.failed"
                told = {"contest": contest.contest, "ballots": contest.ballots, "archive": contest.archive}
                console().print(texts.get(locale, outcome, **told))
            await _done(instance, election, as_json)
    if not held.passed:
        ctx.exit(1)


@click.command()
@election_argument
@json_option
@click.pass_context
@run
async def open_command(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Open the vote, from the hour of its window on: rehearsed → open."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        await board.open_vote(instance.store, election, instance.plugins, instance.clock)
        await _done(instance, election, as_json)


@click.command()
@election_argument
@json_option
@click.pass_context
@run
async def close(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Freeze box and poll book once the grace is over, and write the archives: open → closed."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        with progress_bar() as bar:
            tasks = {contest.id: bar.add_task(contest.id, total=None) for contest in election.contests}
            paths = await board.close_vote(
                instance.store,
                election,
                instance.clock,
                instance.keys,
                instance.secrets_folder,
                instance.archives_folder,
                lambda contest, _, done, of: bar.update(tasks[contest], completed=done, total=of),
            )
        await _done(instance, election, as_json, archives=[str(path) for path in paths.values()])


@click.command()
@election_argument
@json_option
@click.pass_context
@run
async def publish(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Make the results public: tallied → published."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        await lifecycle.publish_results(instance.store, election, instance.clock)
        await _done(instance, election, as_json)


@click.command()
@election_argument
@json_option
@click.pass_context
@run
async def status(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Say where the election stands, and what is missing before it can open."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        state = await lifecycle.state(instance.store, election.id)
        checklist = []
        if state in (State.SEALED, State.REHEARSED):
            system, roll = await board.present_seal(instance.store, election, instance.plugins)
            checklist = await lifecycle.missing(
                instance.store,
                election,
                State.OPEN,
                instance.clock,
                system_digest=system.digest,
                roll_digest=roll,
            )
        texts, locale = core_texts(), language()
        if as_json:
            show_json(
                {
                    "election": election.id,
                    "state": state.value,
                    "missing": [
                        {"code": error.code, "sentence": texts.sentence(locale, error), "where": dict(error.where)}
                        for error in checklist
                    ],
                }
            )
            return
        console().print(texts.get(locale, f"act.{state.value}", election=election.id))
        for error in checklist:
            console().print(f"  ✗ {texts.sentence(locale, error)}\n    → {texts.remedy(locale, error)}")


open = open_command
open.name = "open"
