"""`isoloir check-ballot`: the same as `isoloir-check-ballot`, which anybody installs alone."""

from __future__ import annotations

import click

from isoloir.commands.context import language
from isoloir_ballots.opened.command import main


@click.command("check-ballot", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def check_ballot(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Say which choice a ballot opened by the booth holds. `isoloir check-ballot --help` lists the options."""
    ctx.exit(main(list(arguments), language(ctx)))
