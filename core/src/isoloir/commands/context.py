"""What commands share: the instance, the language, refusals, and running what is asynchronous."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache, wraps
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.text import Text

from isoloir.config.located import FileInvalid, describe
from isoloir.errors import IsoloirError
from isoloir.texts import LOCALES, Texts, read_catalogues

if TYPE_CHECKING:
    from isoloir.instance import Instance

JSON_KEY: Final = "isoloir.json"
LANGUAGE_KEY: Final = "isoloir.language"

P = ParamSpec("P")
R = TypeVar("R")

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
"""The option of every command that shows something; its parameter is `as_json`."""


def default_language(environment: Mapping[str, str]) -> str:
    """Return the language that the environment asks for; French when it asks for none of ours."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        wanted = environment.get(variable, "")[:2].lower()
        if wanted in LOCALES:
            return wanted
    return LOCALES[0]


def language(ctx: click.Context | None = None) -> str:
    """Return the language of this run's answers."""
    found = (ctx or click.get_current_context()).meta.get(LANGUAGE_KEY, LOCALES[0])
    return str(found)


@cache
def core_texts() -> Texts:
    """Return the texts of the core and of the distributions that bring commands."""
    brought = sorted({point.module.partition(".")[0] for point in entry_points(group="isoloir.commands")})
    return Texts(*(read_catalogues(package) for package in brought), read_catalogues("isoloir"))


def instance_folder(ctx: click.Context) -> Path:
    """Return the instance's folder; raises IsoloirError ``instance_missing`` when none is named or there is none."""
    folder = ctx.find_root().obj
    if not isinstance(folder, Path):
        raise IsoloirError("instance_missing")
    if not folder.is_dir():
        raise IsoloirError("instance_folder_missing", folder=str(folder))
    return folder


def open_instance(ctx: click.Context) -> AbstractAsyncContextManager[Instance]:
    """Open the instance that ``--instance`` names: ``async with open_instance(ctx) as instance``."""
    # Imported late: most commands that need no instance should not wait for the database's libraries.
    from isoloir.instance import Instance

    return Instance.open(instance_folder(ctx))


def run(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """Make a command of an async function (below click's decorators): it runs to its end in a loop of its own."""

    @wraps(function)
    def command(*arguments: P.args, **options: P.kwargs) -> R:
        return asyncio.run(function(*arguments, **options))

    return command


def show_json(value: object) -> None:
    """Print one JSON value on stdout, readable by people too."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def console() -> Console:
    """Return the console for people, on stdout."""
    return Console(highlight=False)


def refusal(ctx: click.Context, error: IsoloirError) -> dict[str, Any]:
    """Return a refusal as it is told: code, sentence, remedy, where; and for a file, each of its errors."""
    texts, locale = core_texts(), language(ctx)
    told: dict[str, Any] = {
        "code": error.code,
        "sentence": texts.sentence(locale, error),
        "remedy": texts.remedy(locale, error),
        "where": dict(error.where),
    }
    if "near" in error.where:
        told["remedy"] = f"{texts.get(locale, 'hint.near', **error.where)} {told['remedy']}"
    if isinstance(error, FileInvalid):
        told["errors"] = [describe(one, error.texts or texts, locale) for one in error.errors]
    return told


def show_refusal(ctx: click.Context, error: IsoloirError) -> None:
    """Tell a refusal on stderr: as JSON under ``--json``, else in words."""
    told = refusal(ctx, error)
    if ctx.meta.get(JSON_KEY):
        click.echo(json.dumps({"error": told}, ensure_ascii=False, indent=2), err=True)
        return
    out = Console(stderr=True, highlight=False, soft_wrap=True)
    for one in told.get("errors", ()):
        out.print(Text(f"{one['file']}:{one['line']}: {one['key']}", style="bold"), Text(f"[{one['code']}]"))
        out.print(Text(f"  {one['sentence']}"))
        out.print(Text(f"  → {one['remedy']}", style="green"))
    out.print(Text(f"{told['code']}: {told['sentence']}", style="bold red"))
    if told["remedy"]:
        out.print(Text(f"→ {told['remedy']}", style="green"))
