"""``isoloir election remark``: a board member's words, for the minutes."""

from __future__ import annotations

import click

from isoloir import remarks
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument


@click.command()
@election_argument
@click.option("--by", "member", required=True, metavar="MEMBER", help="Who says it: a member's id in the file.")
@click.option("--board", default=None, help="That member's board, where several boards have a member of that id.")
@click.option(
    "--kind",
    type=click.Choice(remarks.KINDS),
    default="remark",
    show_default=True,
    help="A member's remark, an event of the vote, or an intervention on the system.",
)
@click.argument("text")
@json_option
@click.pass_context
@run
async def remark(
    ctx: click.Context,
    election_id: str,
    member: str,
    board: str | None,
    kind: remarks.Kind,
    text: str,
    as_json: bool,
) -> None:
    """Record a TEXT for the minutes; it stays, and is printed as written. Name no voter in it."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        head = await remarks.add(
            instance.store, election, instance.clock, member=member, kind=kind, text=text, board=board
        )
    if as_json:
        show_json({"election": election.id, "serial": head.serial, "hash": head.hash})
        return
    console().print(core_texts().get(language(ctx), "remark.recorded", serial=head.serial), soft_wrap=True)
