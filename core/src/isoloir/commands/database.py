"""``isoloir database``: prepare a PostgreSQL server, bring a database to this version, look whether it is safe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isoloir.commands.context import (
    console,
    core_texts,
    instance_folder,
    json_option,
    language,
    refusal,
    run,
    show_json,
)
from isoloir.config.settings import read_settings
from isoloir.errors import IsoloirError

if TYPE_CHECKING:
    from isoloir.store.postgresql import Address

url_option = click.option("--database", "url", default=None, help="Another database than the instance's.")
admin_option = click.option(
    "--admin",
    default=None,
    help="Where the server's administrator connects, postgresql://postgres@…; as the system's user when left out.",
)


@click.group()
def database() -> None:
    """The database: its roles, its version, its settings."""


@database.command()
@url_option
@admin_option
@click.option("--apply", is_flag=True, help="Run the statements instead of printing them.")
@click.pass_context
@run
async def prepare(ctx: click.Context, url: str | None, admin: str | None, apply: bool) -> None:
    """Print the SQL that a PostgreSQL superuser runs once: roles, database, schemas. It may be run again."""
    address = _postgresql(_url(ctx, url))
    from isoloir.store import preparation

    planned = preparation.plan(address)
    if not apply:
        click.echo(planned.script, nl=False)
        return
    await preparation.prepare(planned, preparation.administrator(address, admin))
    _say(ctx, "database.prepared", database=address.database)


@database.command()
@url_option
@admin_option
@json_option
@click.pass_context
@run
async def upgrade(ctx: click.Context, url: str | None, admin: str | None, as_json: bool) -> None:
    """Bring the database to this software's version, all of it or nothing. Make a copy before."""
    from isoloir.store import version

    where = _url(ctx, url)
    if _is_postgresql(where):
        from isoloir.store import preparation

        address = _postgresql(where)
        former = await preparation.upgrade(address, preparation.administrator(address, admin))
    else:
        former = await _sqlite(where, upgrade=True)
    if as_json:
        show_json({"former": former, "current": version.HEAD})
        return
    _say(ctx, "database.upgraded", former=former or "–", current=version.HEAD)


@database.command()
@url_option
@admin_option
@json_option
@click.pass_context
@run
async def current(ctx: click.Context, url: str | None, admin: str | None, as_json: bool) -> None:
    """Show the database's version, and the one that this software works with."""
    from isoloir.store import version

    where = _url(ctx, url)
    if _is_postgresql(where):
        from isoloir.store import preparation

        found = await preparation.current(preparation.administrator(_postgresql(where), admin))
    else:
        found = await _sqlite(where)
    if as_json:
        show_json({"current": found, "expected": version.HEAD})
        return
    _say(ctx, "database.current", current=found or "–", expected=version.HEAD)


@database.command()
@url_option
@json_option
@click.pass_context
@run
async def check(ctx: click.Context, url: str | None, as_json: bool) -> None:
    """Look at everything that is looked at when Isoloir starts: roles, settings, version; refused if one is wrong."""
    from isoloir.store.engine import Store

    where = _url(ctx, url)
    findings: list[IsoloirError] = []
    advice: list[str] = []
    if _is_postgresql(where):
        from isoloir.store.postgresql import look

        findings, advice = await look(_postgresql(where))
    else:
        await _sqlite(where)
    if not findings:
        await (await Store.open(where)).close()
    if as_json:
        show_json({"safe": not findings, "findings": [refusal(ctx, one) for one in findings], "advice": advice})
        if findings:
            ctx.exit(1)
        return
    texts, locale = core_texts(), language(ctx)
    for finding in findings[1:]:
        console().print(f"{finding.code}: {texts.sentence(locale, finding)}", style="red", soft_wrap=True)
    if findings:
        raise findings[0]
    _say(ctx, "database.safe")
    for one in advice:
        console().print(texts.get(locale, f"database.advice_{one}"), style="yellow", soft_wrap=True)


def _url(ctx: click.Context, given: str | None) -> str:
    return given or read_settings(instance_folder(ctx)).database


def _is_postgresql(url: str) -> bool:
    return url.startswith(("postgresql", "postgres"))


def _postgresql(url: str) -> Address:
    if not _is_postgresql(url):
        raise IsoloirError("database_not_postgresql")
    from isoloir.store.postgresql import Address

    return Address.of(url)


async def _sqlite(url: str, *, upgrade: bool = False) -> str | None:
    from isoloir.store import version
    from isoloir.store.sqlite import SqliteStore, file_of

    if not Path(file_of(url)).exists():
        raise IsoloirError("database_missing")
    store = await SqliteStore.at(url, outdated=True)
    try:
        async with store.write() as session:
            connection = await session.connection()
            former = await connection.run_sync(version.current)
            if upgrade:
                await connection.run_sync(version.upgrade)
            return former
    finally:
        await store.close()


def _say(ctx: click.Context, name: str, **places: Any) -> None:
    console().print(core_texts().get(language(ctx), name, **places), style="green", soft_wrap=True)
