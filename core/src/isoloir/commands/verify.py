"""`isoloir verify`: the same as `isoloir-verify`, which an auditor installs alone."""

from __future__ import annotations

import click

from isoloir.commands.context import language
from isoloir_ballots.commands import main


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def verify(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Verify archives: every proof, sum and count. `isoloir verify --help` lists the options."""
    ctx.exit(main(list(arguments), language(ctx)))
