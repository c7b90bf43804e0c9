"""``isoloir roll correct``: two members of the board correct a sealed roll, from a file of the electors concerned."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from isoloir import roll_correction
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.two_members import by_option, two_members, with_option
from isoloir.errors import IsoloirError
from isoloir.roll_import import read_roll


@click.command(name="correct")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--election", "election_id", required=True, help="The election whose roll it is.")
@click.option("--strike", is_flag=True, help="Take the electors of FILE off the roll; before the opening only.")
@click.option("--reason", required=True, help="Why: in the audit log and in the minutes. Name nobody in it.")
@by_option
@with_option
@json_option
@click.pass_context
@run
async def correct(
    ctx: click.Context,
    file: Path,
    election_id: str,
    strike: bool,
    reason: str,
    by: str,
    confirmed: str,
    as_json: bool,
) -> None:
    """Put the electors of FILE on a sealed roll, or correct them there; the roll is sealed again.

    FILE is as for `roll import`, with the electors concerned alone: who is on the roll already is known by the first
    key of the election's file, and keeps their identifier. `isoloir invite send` then writes to those added.
    """
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        two_members(election, by, confirmed, "correction_alone")
        read = read_roll(file, election, instance.plugins.roll_checks.values())
        if read.errors:
            raise IsoloirError("roll_has_errors", number=sum(read.error_counts.values()), line=read.errors[0].line)
        store, keys, clock = instance.store, instance.keys, instance.clock
        made = await roll_correction.propose(
            store, keys, election, clock, by=by, reason=reason, entries=read.entries, strike=strike
        )
        await roll_correction.confirm(store, keys, election, clock, by=confirmed, number=made.number)
    counts = Counter[str](change.kind for change in made.changes)
    told = {kind: counts[kind] for kind in ("added", "changed", "struck")}
    if as_json:
        show_json({"election": election.id, **told})
        return
    console().print(core_texts().get(language(), "correct.done", **told), soft_wrap=True)
