"""The acts of an election's life: ``isoloir election create|key|seal|rehearse|open|close|publish``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from isoloir import board, lifecycle, rehearsal
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.lifecycle import State
from isoloir.partials import Partials

_file = click.Path(path_type=Path, dir_okay=False)
election_argument = click.argument("election_id", metavar="ELECTION")


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


@click.group()
def rehearse() -> None:
    """Rehearse the whole vote with the real shares: sealed → rehearsed."""


def _rehearsals(instance: Instance, election: ElectionFile) -> Path:
    return instance.archives_folder / election.id / "rehearsals"


@rehearse.command(name="begin")
@election_argument
@json_option
@click.pass_context
@run
async def rehearse_begin(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Fill and close a scratch box of every contest, for the members to decrypt."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        folder = _rehearsals(instance, election)
        paths = await rehearsal.begin(instance.store, election, folder, instance.clock)
        await _done(instance, election, as_json, archives=[str(path) for path in paths.values()])


@rehearse.command(name="add")
@election_argument
@click.argument("files", nargs=-1, type=_file, required=True, metavar="PARTIALS…")
@json_option
@click.pass_context
@run
async def rehearse_add(ctx: click.Context, election_id: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Check and take what members decrypted: the files of `isoloir trustee decrypt`."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        for path in files:
            given = Partials.read(path)
            await rehearsal.receive(instance.store, election, _rehearsals(instance, election), given)
        await _done(instance, election, as_json)


@rehearse.command(name="finish")
@election_argument
@json_option
@click.pass_context
@run
async def rehearse_finish(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Open the scratch boxes, once more without each member who can be done without; keep the record."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        held = await rehearsal.finish(
            instance.store, election, instance.plugins, _rehearsals(instance, election), instance.clock
        )
        if as_json:
            show_json({**held.to_json(), "passed": held.passed})
        else:
            texts, locale = core_texts(), language()
            for contest in held.contests:
                outcome = "rehearsal.passed" if contest.passed else "rehearsal.failed"
                told = {"contest": contest.contest, "ballots": contest.ballots, "archive": contest.archive}
                console().print(texts.get(locale, outcome, **told))
                if contest.without:
                    names = ", ".join(contest.without)
                    console().print(texts.get(locale, "rehearsal.without", members=names), soft_wrap=True)
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
