"""Files of partial decryptions on the command line: each is taken or refused for itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import click

from isoloir.commands.context import show_refusal
from isoloir.errors import IsoloirError
from isoloir.partials import Partials

files_argument = click.argument(
    "files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="PARTIALS…"
)


async def take_each(ctx: click.Context, files: Sequence[Path], take: Callable[[Partials], Awaitable[None]]) -> bool:
    """Hand each file over; a wrong one is told on stderr and stops no other. Returns whether all were taken.

    Raises IsoloirError for what does not lie in a file: the election is not there yet, or no more.
    """
    refused = 0
    for path in files:
        try:
            await take(Partials.read(path))
        except IsoloirError as error:
            if not error.code.startswith("partial_"):
                raise
            refused += 1
            show_refusal(ctx, error)
    return not refused
