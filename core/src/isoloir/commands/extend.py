"""``isoloir election extend``: a later close, decided by two members; for a day on which the web is away, too."""

from __future__ import annotations

from datetime import datetime

import click

from isoloir import dates, extension
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument
from isoloir.commands.two_members import by_option, two_members, with_option


@click.command()
@election_argument
@click.option("--until", type=click.DateTime(["%Y-%m-%dT%H:%M"]), required=True, help="The new close, in legal time.")
@click.option("--reason", required=True, help="Why: on the voters' pages, in the audit log and in the minutes.")
@by_option
@with_option
@json_option
@click.pass_context
@run
async def extend(
    ctx: click.Context, election_id: str, until: datetime, reason: str, by: str, confirmed: str, as_json: bool
) -> None:
    """Let people vote longer, while the vote is open; the sealed file stays as it is."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        two_members(election, by, confirmed, "extension_alone")
        store, clock = instance.store, instance.clock
        closes = until.replace(tzinfo=election.window.closes.tzinfo)
        made = await extension.propose(store, election, clock, by=by, closes=closes, reason=reason)
        await extension.confirm(store, election, clock, by=confirmed, number=made.number)
        zone = election.window.closes.tzinfo
    if as_json:
        show_json({"election": election.id, "closes": closes.isoformat()})
        return
    assert zone is not None
    when = dates.moment(language(), closes, zone, year=True, weekday=True)
    console().print(core_texts().get(language(), "extend.done", closes=when), soft_wrap=True)
