"""`isoloir ceremony`: the key ceremony of an election's boards, as the election hosts it."""

from __future__ import annotations

from pathlib import Path

import click

from isoloir.ceremony import hosting, progress
from isoloir.ceremony.documents import Document, Transcript
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json

_file = click.Path(path_type=Path, dir_okay=False)
_election = click.argument("election_id", metavar="ELECTION")


@click.group()
def ceremony() -> None:
    """Hold the key ceremony: take what each member hands over, and give it to the others."""


@ceremony.command()
@_election
@json_option
@click.pass_context
@run
async def begin(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Begin the ceremony, once the election's file is taken."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        _show(await hosting.begin(instance.store, election, instance.clock), as_json)


@ceremony.command()
@_election
@click.option("--reason", required=True, help="Why, as the audit log keeps it.")
@json_option
@click.pass_context
@run
async def restart(ctx: click.Context, election_id: str, reason: str, as_json: bool) -> None:
    """Begin again with new shares, after a complaint or a lost share."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        _show(await hosting.restart(instance.store, election, instance.clock, reason), as_json)


@ceremony.command()
@_election
@click.argument("files", nargs=-1, type=_file, required=True)
@json_option
@click.pass_context
@run
async def add(ctx: click.Context, election_id: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Check and take the documents that members hand over."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        for path in files:
            await hosting.add(instance.store, election, Document.read(path), instance.clock)
        _show(await hosting.transcript(instance.store, election), as_json)


@ceremony.command()
@_election
@click.argument("file", type=_file)
@json_option
@click.pass_context
@run
async def export(ctx: click.Context, election_id: str, file: Path, as_json: bool) -> None:
    """Write the transcript so far into FILE, for the members."""
    async with open_instance(ctx) as instance:
        found = await hosting.transcript(instance.store, instance.election(election_id))
        found.write(file)
        _show(found, as_json)


@ceremony.command()
@_election
@json_option
@click.pass_context
@run
async def show(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Say what is still due, and from whom."""
    async with open_instance(ctx) as instance:
        _show(await hosting.transcript(instance.store, instance.election(election_id)), as_json)


def _show(transcript: Transcript, as_json: bool) -> None:
    waiting = progress.due(transcript)
    if as_json:
        told = [{"board": one[0], "member": one[1], "round": round_.value} for one, round_ in waiting.items()]
        digests = {board: progress.certificates(transcript, board) for board in transcript.plan.boards}
        show_json({"ceremony": transcript.plan.uuid, "complete": not waiting, "due": told, "certificates": digests})
        return
    texts, locale = core_texts(), language()
    for (board, member), round_ in waiting.items():
        what = texts.get(locale, f"ceremony.round.{round_.value}")
        console().print(texts.get(locale, "ceremony.due", board=board, trustee=member, what=what))
    for board in transcript.plan.boards:
        if digest := progress.certificates(transcript, board):
            console().print(texts.get(locale, "ceremony.certificates", board=board, digest=digest), soft_wrap=True)
    if not waiting:
        console().print(texts.get(locale, "ceremony.complete", election=transcript.plan.election))
