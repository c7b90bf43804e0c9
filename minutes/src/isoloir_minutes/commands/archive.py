"""``isoloir archive``: the package of an election that is kept two years."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from isoloir import lifecycle
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument, progress_bar
from isoloir.lifecycle import State
from isoloir_minutes import package
from isoloir_minutes.package.manifest import entry_of

_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def archive() -> None:
    """Everything of an election in one file, to be kept two years (CGFP R.211-580)."""


@archive.command()
@election_argument
@click.argument("file", type=_file)
@click.option(
    "--papers",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder of the signed minutes and poll books.",
)
@json_option
@click.pass_context
@run
async def make(ctx: click.Context, election_id: str, file: Path, papers: Path, as_json: bool) -> None:
    """Write the package of an election into a new FILE: published → archived."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        with progress_bar() as bar:
            task = bar.add_task(election.id, total=None)
            made = await package.make(
                instance, election, papers, file, lambda _, done, of: bar.update(task, completed=done, total=of)
            )
        digest = entry_of(file).sha256
        if await lifecycle.state(instance.store, election.id) is State.PUBLISHED:
            await lifecycle.archive(instance.store, election, instance.clock, {"sha256": digest})
    if as_json:
        show_json({"election": election.id, "file": str(file), "files": len(made.files), "sha256": digest})
        return
    texts, locale = core_texts(), language(ctx)
    told = texts.get(locale, "package.made", files=len(made.files), file=str(file), sha256=digest)
    console().print(Text(told), soft_wrap=True)
    console().print(Text(texts.get(locale, "package.personal"), style="yellow"), soft_wrap=True)


@archive.command()
@click.argument("file", type=_file)
@json_option
@click.pass_context
@run
async def verify(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Verify a package: digests, nothing missing nor extra, papers, programs, log, every proof of the boxes."""
    found = await package.verify(file)
    wrong = [one for one in found if one.faults]
    if as_json:
        faults = [{"name": one.name, "faults": list(one.faults)} for one in wrong]
        show_json({"holds": not wrong, "checked": len(found), "faults": faults})
    else:
        texts, locale = core_texts(), language(ctx)
        for one in wrong:
            console().print(Text(f"✗ {one.name}", style="red"), soft_wrap=True)
            for code in one.faults:
                console().print(Text(f"    {code}: {texts.get(locale, f'minutes.fault.{code}')}"), soft_wrap=True)
        if not wrong:
            told = texts.get(locale, "package.holds", checked=len(found))
            console().print(Text(told, style="green"), soft_wrap=True)
    if wrong:
        ctx.exit(1)
