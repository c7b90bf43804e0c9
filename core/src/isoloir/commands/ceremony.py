"""`isoloir ceremony`: the key ceremony of an election's boards, as the election hosts it."""

from __future__ import annotations

from pathlib import Path

import click

from isoloir.accounts import directory
from isoloir.ceremony import hosting, progress, substitutes
from isoloir.ceremony.documents import Document, Transcript
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.errors import IsoloirError
from isoloir.substitute_copy import Release

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


@ceremony.command()
@_election
@click.argument("files", nargs=-1, type=_file, required=True)
@json_option
@click.pass_context
@run
async def deposit(ctx: click.Context, election_id: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Keep the release keys of the substitutes' copies: the files of `isoloir trustee copy`."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        for path in files:
            release = Release.read(path)
            await substitutes.deposit(instance.store, instance.keys, election, release, instance.clock)
        kept = sorted(await substitutes.ready(instance.store, election))
    if as_json:
        show_json({"ready": [{"board": board, "member": member} for board, member in kept]})
        return
    for board, member in kept:
        told = core_texts().get(language(), "ceremony.substitute_ready", board=board, trustee=member)
        console().print(told, soft_wrap=True)


@ceremony.command()
@_election
@click.option("--board", required=True, help="The board's id in the election file.")
@click.option("--member", required=True, help="Who is replaced: their id on that board.")
@click.option("--reason", required=True, help="Why, as the audit log and the minutes keep it.")
@click.option("--out", type=_file, required=True, help="The file for the substitute: the key that is freed.")
@json_option
@click.pass_context
@run
async def replace(
    ctx: click.Context, election_id: str, board: str, member: str, reason: str, out: Path, as_json: bool
) -> None:
    """Record that a member's substitute sits in their place, and free the key of the substitute's copy."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        store, clock = instance.store, instance.clock
        if out.exists():
            raise IsoloirError("file_exists", file=out.name)
        release = await substitutes.replace(store, instance.keys, election, board, member, reason, clock)
        for account in await directory.everybody(store, election.id):
            if (account.board, account.member) == (board, member) and account.state != "disabled":
                await directory.disable(store, election, clock, account.name)
    release.write(out)
    if as_json:
        show_json({"board": board, "member": member, "release": str(out)})
        return
    told = core_texts().get(language(), "ceremony.replaced", board=board, trustee=member, out=out)
    console().print(told, soft_wrap=True)


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
