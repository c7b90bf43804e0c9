"""``isoloir audit``: is the log of the board's acts as it was written?"""

from __future__ import annotations

import re

import click

from isoloir import audit_log
from isoloir.audit_log import Head
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.errors import IsoloirError

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command()
@click.option(
    "--head", "known", default=None, help="A head written down earlier, serial:hash: is it still in the log?"
)
@json_option
@click.pass_context
@run
async def verify(ctx: click.Context, known: str | None, as_json: bool) -> None:
    """Recompute the chain of the whole log.

    Without --head, lines cut off at the end are not noticed: keep the head that is printed.
    """
    expected = _head(known)
    async with open_instance(ctx) as instance:
        check = await audit_log.verify(instance.store, expected)
    if as_json:
        show_json(
            {
                "holds": check.holds,
                "lines": check.lines,
                "head": {"serial": check.head.serial, "hash": check.head.hash},
                "faults": [{"serial": fault.serial, "clause": fault.clause} for fault in check.faults],
            }
        )
        if not check.holds:
            ctx.exit(1)
        return
    if not check.holds:
        first = check.faults[0]
        raise IsoloirError("audit_log_broken", faults=len(check.faults), serial=first.serial, clause=first.clause)
    texts, locale = core_texts(), language(ctx)
    console().print(texts.get(locale, "audit.holds", lines=check.lines), style="green")
    console().print(texts.get(locale, "audit.head", head=f"{check.head.serial}:{check.head.hash}"), soft_wrap=True)


def _head(typed: str | None) -> Head | None:
    if typed is None:
        return None
    parts = _HEAD.fullmatch(typed.strip().lower())
    if parts is None:
        raise IsoloirError("audit_head_malformed")
    return Head(int(parts[1]), parts[2])
