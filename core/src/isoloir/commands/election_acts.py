"""The acts of an election's life: ``isoloir election create|key|seal|open|close|publish``."""

from __future__ import annotations

from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from isoloir import board, lifecycle
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.lifecycle import State

election_argument = click.argument("election_id", metavar="ELECTION")


def progress_bar() -> Progress:
    """Return a bar with numbers, on stderr, gone when done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    from rich.console import Console

    return Progress(*columns, console=Console(stderr=True), transient=True)


async def done(instance: Instance, election: ElectionFile, as_json: bool, **more: Any) -> None:
    """Tell where the election stands after an act, and these values."""
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
        await done(instance, election, as_json)


@click.command()
@election_argument
@json_option
@click.pass_context
@run
async def key(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Make the boxes' keys, once the key ceremony is complete: configured → keyed."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        with progress_bar() as bar:
            tasks = {contest.id: bar.add_task(contest.id, total=None) for contest in election.contests}
            await board.make_keys(
                instance.store,
                election,
                instance.secrets_folder,
                instance.clock,
                lambda contest, made, of: bar.update(tasks[contest], completed=made, total=of),
            )
        await done(instance, election, as_json)


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
        await done(instance, election, as_json, system_digest=made.system, roll_digest=made.roll)


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
        await done(instance, election, as_json)


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
        await done(instance, election, as_json, archives=[str(path) for path in paths.values()])


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
        await done(instance, election, as_json)


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
