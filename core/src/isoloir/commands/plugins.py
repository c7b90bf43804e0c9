"""``isoloir plugins``: what is installed, and what of it this instance loads; ``new``: one to begin from."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from isoloir.commands.context import console, core_texts, instance_folder, json_option, language, show_json
from isoloir.commands.plugin_new import new
from isoloir.config.settings import read_settings
from isoloir.plugin_set import PluginSet, installed
from isoloir_ballots.groups import named

_USUAL_WIDTH = 80


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> None:
    """List the installed plugins (loaded or not, version, hooks, contract), and what checks the ballots.

    Only those that the instance allows are loaded; without --instance, none is.
    """
    if ctx.invoked_subcommand is None:
        _list(ctx, as_json)


plugins.add_command(new)


def _list(ctx: click.Context, as_json: bool) -> None:
    allowed: tuple[str, ...] = ()
    if ctx.find_root().obj is not None:
        allowed = read_settings(instance_folder(ctx)).plugins
    shown = rows(PluginSet.load(allowed))
    arithmetic = named("Ed25519").arithmetic
    if as_json:
        show_json({"plugins": shown, "arithmetic": arithmetic})
        return
    texts, locale = core_texts(), language(ctx)
    columns = ("name", "loaded", "version", "contract", "hooks", "registers")
    # Folded, never cut: a name is there to be copied into an allow-list, even from a narrow terminal.
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    out = console()
    whole = {}
    if out.width >= _USUAL_WIDTH:
        whole["name"] = max((len(row["name"]) for row in shown), default=0)
        whole["hooks"] = max((len(hook) for row in shown for hook in row["hooks"]), default=0)
    for column in columns:
        title = texts.get(locale, f"plugins.{column}")
        table.add_column(title, overflow="fold", min_width=whole.get(column))
    for row in shown:
        table.add_row(
            row["name"],
            texts.get(locale, "plugins.yes" if row["loaded"] else "plugins.no"),
            row["version"],
            str(row["contract_version"] or "–"),
            "\n".join(row["hooks"]) or "–",
            "\n".join(row["registers"]) or "–",
        )
    out.print(table)
    out.print(texts.get(locale, "plugins.arithmetic", arithmetic=arithmetic))


def rows(loaded: PluginSet) -> list[dict[str, Any]]:
    """Return one row for every installed plugin, by name; what only its code can tell is empty until it is loaded."""
    known = {one.name: one for one in loaded.loaded}
    found = []
    for point in installed():
        one = known.get(point.name)
        found.append(
            {
                "name": point.name,
                "distribution": point.dist.name if point.dist is not None else "",
                "version": point.dist.version if point.dist is not None else "",
                "loaded": one is not None,
                "contract_version": one.contract_version if one is not None else None,
                "hooks": list(one.hooks) if one is not None else [],
                "registers": list(one.registers) if one is not None else [],
            }
        )
    return found
