"""`isoloir election rehearse`: a scratch election played to its close, opened with the board's real shares."""

from __future__ import annotations

from pathlib import Path

import click

from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import done, election_argument, progress_bar
from isoloir.commands.partials_files import files_argument, take_each
from isoloir.rehearsal import Rehearsal
from isoloir_web import rehearsal
from isoloir_web.waiting import rehearsals_folder


@click.group()
def rehearse() -> None:
    """Rehearse the whole vote with the real shares: sealed → rehearsed."""


@rehearse.command()
@election_argument
@json_option
@click.pass_context
@run
async def begin(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Have test voters vote in a scratch election, by the real pages, and close it, for the members to decrypt."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        texts, locale = core_texts(), language()
        with progress_bar() as bar:
            task = bar.add_task("", total=None)
            paths = await rehearsal.begin(
                instance,
                election,
                lambda step, made, of: bar.update(
                    task, description=texts.get(locale, f"rehearse.{step}"), completed=made, total=of
                ),
            )
        await done(instance, election, as_json, archives=[str(path) for path in paths.values()])


@rehearse.command()
@election_argument
@files_argument
@json_option
@click.pass_context
@run
async def add(ctx: click.Context, election_id: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Check and take what members decrypted: the files of `isoloir trustee decrypt`; a wrong one stops no other."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        whole = await take_each(ctx, files, lambda given: rehearsal.receive(instance, election, given))
        await done(instance, election, as_json)
    if not whole:
        ctx.exit(1)


@rehearse.command()
@election_argument
@json_option
@click.pass_context
@run
async def finish(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Open the scratch boxes, once more without each member who can be done without; keep record and minutes."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        held = await rehearsal.finish(instance, election)
        if as_json:
            show_json({**held.to_json(), "passed": held.passed})
        else:
            _show(held)
            minutes = rehearsals_folder(instance, election) / held.concluded.minutes
            await done(instance, election, as_json, minutes=str(minutes))
    if not held.passed:
        ctx.exit(1)


def _show(held: Rehearsal) -> None:
    texts, locale, out = core_texts(), language(), console()
    for branch, number in held.played.branches.items():
        told = texts.get(locale, "rehearse.branch" if number else "rehearse.no_branch", branch=branch, voters=number)
        out.print(told, soft_wrap=True)
    for drill in held.played.drills:
        what = texts.get(locale, f"rehearse.drill.{drill.what}")
        colon, codes = texts.get(locale, "act.colon"), ", ".join(drill.codes) or "–"
        where = f" ({drill.branch})" if drill.branch else ""
        out.print(f"{'✓' if drill.held else '✗'} {what}{where}{colon} {codes}", soft_wrap=True, markup=False)
    for contest in held.contests:
        outcome = "rehearse.passed" if contest.passed else "rehearse.failed"
        held_in = {"contest": contest.contest, "ballots": contest.ballots, "archive": contest.archive}
        out.print(texts.get(locale, outcome, **held_in), soft_wrap=True)
        if contest.without:
            names = ", ".join(contest.without)
            out.print(texts.get(locale, "rehearse.without", members=names), soft_wrap=True)
    if held.concluded.fault:
        out.print(texts.get(locale, "rehearse.fault", code=held.concluded.fault), soft_wrap=True)
