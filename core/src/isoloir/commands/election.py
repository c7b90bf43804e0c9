"""``isoloir election …``: the election's file; its acts stand in `isoloir.commands.election_acts`."""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from isoloir.clock import SystemClock
from isoloir.commands import ELECTION_ENTRY_POINTS, LazyGroup, connections
from isoloir.commands.context import (
    console,
    core_texts,
    instance_folder,
    json_option,
    language,
    refusal,
    show_json,
)
from isoloir.config.election import ElectionFile
from isoloir.config.reading import ElectionFileInvalid, read_election
from isoloir.config.settings import read_settings
from isoloir.config.starter import starter
from isoloir.errors import IsoloirError
from isoloir.plugin_set import PluginSet, installed

ACTS = {
    **{
        name: f"isoloir.commands.election_acts:{name}"
        for name in ("create", "key", "seal", "close", "publish", "status")
    },
    "open": "isoloir.commands.election_acts:open_command",
    "remark": "isoloir.commands.remark:remark",
    "extend": "isoloir.commands.extend:extend",
}
"""The acts of the board, in modules of their own."""


@click.group(cls=LazyGroup, table=ACTS, brought=ELECTION_ENTRY_POINTS)
def election() -> None:
    """Check an election's file, and lead the election through its life."""


@election.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--connect", is_flag=True, help="Try the connections too: each factor's and notifier's own check.")
@json_option
@click.pass_context
def check(ctx: click.Context, file: Path, connect: bool, as_json: bool) -> None:
    """Check an election's file: file, line, key and remedy of every mistake at once.

    With --instance the file is checked with the plugins that the instance allows; without, with those that it
    names and that are installed. With --connect a file without mistakes is tried as well: providers are asked for
    their description and their keys, mail servers for their greeting; nobody is logged in and nothing is sent.
    Secrets are read relative to the instance, or to the file. Exit status 1 where voters would be kept out.
    """
    allowed = read_settings(instance_folder(ctx)).plugins if ctx.find_root().obj is not None else named_plugins(file)
    plugins = PluginSet.load(allowed)
    try:
        read = read_election(file, plugins)
    except ElectionFileInvalid as error:
        if not as_json:
            raise
        show_json({"valid": False, "file": str(file), "plugins": list(plugins.versions), **_told(ctx, error)})
        ctx.exit(1)
    folder = file.parent if ctx.find_root().obj is None else instance_folder(ctx)
    tried = asyncio.run(connections.try_connections(read, plugins, folder)) if connect else []
    if as_json:
        told = {"valid": True, "file": str(file), "plugins": list(plugins.versions), "id": read.id, "errors": []}
        found = {"connections": connections.as_json(tried, plugins, language(ctx))} if connect else {}
        show_json({**told, **found})
        ctx.exit(int(connections.severe(tried)))
    valid = core_texts().get(
        language(ctx),
        "election.check.valid",
        file=str(file),
        contests=len(read.contests),
        branches=len(read.policy.any),
        plugins=", ".join(plugins.versions) or "–",
    )
    console().print(Text(valid, style="green"))
    connections.show(ctx, tried, plugins)
    ctx.exit(int(connections.severe(tried)))


@election.command()
def schema() -> None:
    """Print the JSON Schema of an election's file."""
    click.echo(json.dumps(election_schema(), ensure_ascii=False, indent=2))


@election.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "election_id", default="mon-election", show_default=True, help="The election's id.")
@click.pass_context
def new(ctx: click.Context, file: Path, election_id: str) -> None:
    """Write a new election's file, complete and commented, to begin from."""
    opens = (SystemClock().now() + timedelta(days=30)).astimezone(ZoneInfo("Europe/Paris"))
    written = starter(election_id, opens.date())
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(written)
    except FileExistsError:
        raise IsoloirError("election_file_exists", file=str(file)) from None
    except OSError:
        raise IsoloirError("election_file_not_writable", file=str(file)) from None
    console().print(Text(core_texts().get(language(ctx), "election.new.written", file=str(file)), style="green"))


def election_schema() -> dict[str, Any]:
    """Return the JSON Schema of an election's file (draft 2020-12), every key with its sentence."""
    made = ElectionFile.model_json_schema()
    _close(made)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _close(schema: Any) -> None:
    """Let a table whose keys follow a pattern have no others: pydantic refuses them, and its schema forgets to."""
    if isinstance(schema, dict):
        if "patternProperties" in schema:
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            _close(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _close(inner)


def named_plugins(file: Path) -> tuple[str, ...]:
    """Return the installed plugins that a file names; none for one that cannot be read (the check tells why)."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return ()
    return tuple(sorted({point.name for point in installed()} & set(_names(raw))))


def _names(raw: dict[str, Any]) -> Iterator[str]:
    for key in ("factors", "eligibility", "notifiers"):
        uses = raw.get(key)
        for use in uses.values() if isinstance(uses, dict) else uses if isinstance(uses, list) else ():
            if isinstance(use, dict) and isinstance(use.get("plugin"), str):
                yield use["plugin"]


def _told(ctx: click.Context, error: ElectionFileInvalid) -> dict[str, Any]:
    told = refusal(ctx, error)
    return {"code": told["code"], "errors": told["errors"]}
