"""`isoloir roll`: preview, import and export the electoral roll."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from isoloir import roll as domain
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument
from isoloir.roll_import import LineError, LineWarning, Preview, import_roll, read_roll
from isoloir.texts import Texts

_SHOWN = 50
_file = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
_election = click.option("--election", "election_id", required=True, help="The election whose roll it is.")


@click.group()
def roll() -> None:
    """The electoral roll: look first, then import all of it or nothing."""


@roll.command()
@_file
@_election
@json_option
@click.pass_context
@run
async def preview(ctx: click.Context, file: Path, election_id: str, as_json: bool) -> None:
    """Say what importing FILE would do: every mistake with its line, column and remedy."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        read = read_roll(file, election, instance.plugins.roll_checks.values())
        _show(read, instance.texts_of(election), as_json)
    if read.errors:
        ctx.exit(1)


@roll.command(name="import")
@_file
@_election
@json_option
@click.pass_context
@run
async def import_command(ctx: click.Context, file: Path, election_id: str, as_json: bool) -> None:
    """Put FILE on the roll, all of it or nothing."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        read = read_roll(file, election, instance.plugins.roll_checks.values())
        if read.errors:
            _show(read, instance.texts_of(election), as_json)
            ctx.exit(1)
        number = await import_roll(instance.store, election, read)
    if as_json:
        show_json({"election": election.id, "imported": number, "warnings": len(read.warnings)})
    else:
        console().print(core_texts().get(language(), "roll.imported", number=number, warnings=len(read.warnings)))


@roll.command()
@election_argument
@click.option("--with-identifiers", is_flag=True, help="With the voters' identifiers, for letters: keep it safe.")
@click.pass_context
@run
async def export(ctx: click.Context, election_id: str, with_identifiers: bool) -> None:
    """Write the roll to the standard output, as a CSV that `roll import` reads."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        entries = await domain.entries(instance.store, election.id)
    fields = list(election.roll.fields)
    kinds = [name for name, declared in election.roll.fields.items() if declared.kinds]
    header = ["title", "last_name", "first_name", "email", "mobile", *fields, *(f"{name}_kind" for name in kinds)]
    header += ["college", "contests", "language"]
    if with_identifiers:
        header.append("identifier")
    writer = csv.writer(sys.stdout, delimiter=";", lineterminator="\n")
    writer.writerow(header)
    for entry in sorted(entries, key=lambda one: (one.last_name, one.first_name, one.id)):
        row = [entry.civility, entry.last_name, entry.first_name, entry.email, entry.mobile]
        row += [entry.fields.get(name, "") for name in fields] + [entry.kinds.get(name, "") for name in kinds]
        row += [entry.college, ",".join(entry.contests), entry.locale]
        writer.writerow([*row, entry.identifier] if with_identifiers else row)


def _told(texts: Texts, locale: str, one: LineError | LineWarning) -> dict[str, Any]:
    where = {"line": one.line, "column": one.column, **one.where}
    remedy = f"error.{one.code}.remedy"
    return {
        "line": one.line,
        "column": one.column,
        "code": one.code,
        "sentence": texts.get(locale, f"error.{one.code}", **where),
        "remedy": texts.get(locale, remedy, **where) if texts.has(locale, remedy) else "",
    }


def _show(read: Preview, texts: Texts, as_json: bool) -> None:
    locale = language()
    errors = [_told(texts, locale, one) for one in read.errors]
    warnings = [_told(texts, locale, one) for one in read.warnings]
    if as_json:
        show_json(
            {
                "lines": read.lines,
                "entries": len(read.entries),
                "delimiter": read.delimiter,
                "encoding": read.encoding,
                "colleges": dict(read.colleges),
                "contests": dict(read.contests),
                "errors": errors,
                "warnings": warnings,
            }
        )
        return
    out = console()
    for title, found, style in (("roll.errors", errors, "red"), ("roll.warnings", warnings, "yellow")):
        if found:
            out.print(texts.get(locale, title, number=len(found)), style=style)
            table = Table(*(texts.get(locale, f"roll.column.{name}") for name in ("line", "column", "what", "todo")))
            for one in found[:_SHOWN]:
                table.add_row(str(one["line"] or ""), one["column"], one["sentence"], one["remedy"])
            out.print(table)
            if len(found) > _SHOWN:
                out.print(texts.get(locale, "roll.more", number=len(found) - _SHOWN))
    out.print(texts.get(locale, "roll.read", lines=read.lines, entries=len(read.entries)))
    for name, number in {**read.colleges, **read.contests}.items():
        out.print(f"  {name}: {number}")
