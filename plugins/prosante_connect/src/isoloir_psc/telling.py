"""How the tools say what is wrong: code, sentence, remedy; and by the exit status."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from isoloir.commands.context import console, language, show_json
from isoloir.hooks import Problem
from isoloir.texts import Texts, read_catalogues


def own_texts() -> Texts:
    """Return the texts of the tools."""
    return Texts(read_catalogues("isoloir_psc"))


def tell(ctx: click.Context, problems: list[Problem], texts: Texts, *, what: str, as_json: bool) -> None:
    """Print problems, the severe ones first, and leave with 1 where there is a severe one.

    `what` is the command, whose last words are ``psc.<what>.fit`` and ``.unfit``.
    """
    locale, out = language(ctx), console()
    severe = sum(one.severe for one in problems)
    listed: list[dict[str, Any]] = [
        {
            "code": one.code,
            "severe": one.severe,
            "sentence": texts.get(locale, f"error.{one.code}", **one.values),
            "remedy": texts.get(locale, f"error.{one.code}.remedy", **one.values),
            "where": dict(one.values),
        }
        for one in sorted(problems, key=lambda one: not one.severe)
    ]
    if as_json:
        show_json({"fit": not severe, "problems": listed})
    else:
        for one in listed:
            out.print(Text(f"{one['code']}: {one['sentence']}", style="bold red" if one["severe"] else "yellow"))
            out.print(Text(f"→ {one['remedy']}", style="green"))
        end = "unfit" if severe else "fit"
        out.print(Text(texts.get(locale, f"psc.{what}.{end}", count=severe), style="red" if severe else "green"))
    if severe:
        ctx.exit(1)
