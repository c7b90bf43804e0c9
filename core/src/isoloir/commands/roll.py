"""`isoloir roll`: preview, import and export the electoral roll."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import IO, Any

import click
from rich.table import Table
from rich.text import Text

from isoloir import roll as domain
from isoloir.commands import LazyGroup
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument, progress_bar
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.roll_import import Imported, LineError, LineWarning, Preview, import_roll, read_roll
from isoloir.roll_import.encodings import CHOICES
from isoloir.roll_import.preview import Progress
from isoloir.roll_import.writing import write_roll
from isoloir.texts import Texts

_SHOWN = 50


def _mapping(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [one.rpartition("=") for one in given]
    if any(not header or not column for header, _, column in pairs):
        raise click.BadParameter(core_texts().get(language(ctx), "roll.column_option"))
    return {header.strip(): column.strip() for header, _, column in pairs}


_file = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
_election = click.option("--election", "election_id", required=True, help="The election whose roll it is.")
_columns = click.option(
    "--column", "columns", multiple=True, callback=_mapping, metavar="HEADER=COLUMN",
    help="What a column is whose header is not understood: --column 'Mél pro=email'; =ignore leaves it out.",
)  # fmt: skip
_encoding = click.option(
    "--encoding",
    type=click.Choice(CHOICES),
    default=None,
    help="The file's encoding, where the preview guessed wrong.",
)
_report = click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), default=None,
    help="Write every error and warning into this CSV file, however many there are.",
)  # fmt: skip


@click.group(cls=LazyGroup, table={"correct": "isoloir.commands.roll_correct:correct"})
def roll() -> None:
    """The electoral roll: look first, then import all of it or nothing."""


@roll.command()
@_file
@_election
@_columns
@_encoding
@_report
@json_option
@click.pass_context
@run
async def preview(
    ctx: click.Context,
    file: Path,
    election_id: str,
    columns: dict[str, str],
    encoding: str | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Say what importing FILE would do: every mistake with its line, column and remedy."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        read = await _read(instance, election, file, columns, encoding, report)
        _show(read, instance.texts_of(election), as_json, report)
    if read.errors:
        ctx.exit(1)


@roll.command(name="import")
@_file
@_election
@_columns
@_encoding
@_report
@click.option(
    "--replace", "in_place", is_flag=True,
    help="The file is the whole roll from now on: who is in it keeps their identifier, who is not leaves.",
)  # fmt: skip
@json_option
@click.pass_context
@run
async def import_command(
    ctx: click.Context,
    file: Path,
    election_id: str,
    columns: dict[str, str],
    encoding: str | None,
    report: Path | None,
    in_place: bool,
    as_json: bool,
) -> None:
    """Put FILE on the roll, all of it or nothing."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        read = await _read(instance, election, file, columns, encoding, report)
        if read.errors:
            _show(read, instance.texts_of(election), as_json, report)
            ctx.exit(1)
        with _bar("roll.writing") as progress:
            done = await import_roll(instance.store, election, read, in_place=in_place, progress=progress)
    _show_import(election, read, done, in_place, as_json)


@roll.command()
@election_argument
@click.option("--with-identifiers", is_flag=True, help="With the voters' identifiers, for letters: keep it safe.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default=None,
    help="Write into this file (readable by its owner alone) instead of the standard output.",
)  # fmt: skip
@json_option
@click.pass_context
@run
async def export(
    ctx: click.Context, election_id: str, with_identifiers: bool, output: Path | None, as_json: bool
) -> None:
    """Write the roll as a CSV that `roll import` reads, sorted by name; to the standard output without --output."""
    if as_json and output is None:
        raise click.UsageError(core_texts().get(language(), "roll.json_needs_output"))
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        entries = domain.each(instance.store, election.id)
        if output is None:
            await write_roll(sys.stdout, election, entries, with_identifiers=with_identifiers)
            return
        with _private(output, bom=True) as file:
            number = await write_roll(file, election, entries, with_identifiers=with_identifiers)
    if as_json:
        show_json({"election": election.id, "exported": number, "file": str(output)})
    else:
        console().print(core_texts().get(language(), "roll.exported", number=number, file=str(output)))


async def _read(
    instance: Instance,
    election: ElectionFile,
    file: Path,
    columns: Mapping[str, str],
    encoding: str | None,
    report: Path | None,
) -> Preview:
    """Read the file in a thread, so that Ctrl-C is heard; with a bar, and a report where one is asked for."""
    stopped = Event()
    texts = instance.texts_of(election)

    def work(progress: Progress, told: Any) -> Preview:
        def go_on(done: int, total: int) -> None:
            if stopped.is_set():
                raise IsoloirError("roll_interrupted", election=election.id)
            progress(done, total)

        checks = instance.plugins.roll_checks.values()
        return read_roll(file, election, checks, columns=columns, encoding=encoding, told=told, progress=go_on)

    with _bar("roll.reading") as progress, _reporting(report, texts) as told:
        try:
            return await asyncio.to_thread(work, progress, told)
        except asyncio.CancelledError:
            stopped.set()
            raise


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    bar = progress_bar()
    with bar:
        task = bar.add_task(core_texts().get(language(), name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _reporting(report: Path | None, texts: Texts) -> Iterator[Any]:
    """Yield what writes each finding into the report, or `None`."""
    if report is None:
        yield None
        return
    locale = language()
    with _private(report, bom=True) as file:
        writer = csv.writer(file, delimiter=";")
        names = ("line", "letter", "column", "severity", "code", "what", "todo")
        writer.writerow([texts.get(locale, f"roll.column.{name}") for name in names])

        def told(one: LineError) -> None:
            found = _told(texts, locale, one)
            severity = texts.get(locale, "roll.warning" if isinstance(one, LineWarning) else "roll.error")
            row = [one.line or "", found["letter"], found["header"], severity, one.code]
            writer.writerow([*row, found["sentence"], found["remedy"]])

        yield told


@contextmanager
def _private(path: Path, *, bom: bool = False) -> Iterator[IO[str]]:
    """Open a file that its owner alone may read; with a mark by which spreadsheets know UTF-8."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(handle, 0o600)
    except OSError as error:
        raise IsoloirError("roll_file_not_written", file=str(path), failure=type(error).__name__) from None
    with os.fdopen(handle, "w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        yield file


def _told(texts: Texts, locale: str, one: LineError) -> dict[str, Any]:
    where = {"line": one.line, "column": one.column, **one.where}
    remedy = f"error.{one.code}.remedy"
    return {
        "line": one.line,
        "column": one.column,
        "letter": str(one.where.get("letter", "")),
        "header": str(one.where.get("column", one.column)),
        "code": one.code,
        "sentence": texts.get(locale, f"error.{one.code}", **where),
        "remedy": texts.get(locale, remedy, **where) if texts.has(locale, remedy) else "",
    }


def _show(read: Preview, texts: Texts, as_json: bool, report: Path | None) -> None:
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
                "samples": list(read.samples) if read.guessed else [],
                "colleges": dict(read.colleges),
                "contests": dict(read.contests),
                "error_counts": dict(read.error_counts),
                "warning_counts": dict(read.warning_counts),
                "errors": errors,
                "warnings": warnings,
            }
        )
        return
    out = console()
    for title, found, counts, style in (
        ("roll.errors", errors, read.error_counts, "red"),
        ("roll.warnings", warnings, read.warning_counts, "yellow"),
    ):
        if not found:
            continue
        number = sum(counts.values())
        out.print(texts.get(locale, title, number=number), style=style)
        table = Table(*(texts.get(locale, f"roll.column.{name}") for name in ("line", "column", "what", "todo")))
        for one in found[:_SHOWN]:
            letter = f" ({one['letter']})" if one["letter"] else ""
            row = (str(one["line"] or ""), f"{one['header']}{letter}", one["sentence"], one["remedy"])
            table.add_row(*map(Text, row))  # as they are: [roll.columns] is no markup
        out.print(table)
        if number > _SHOWN:
            out.print(texts.get(locale, "roll.more", number=number - min(_SHOWN, len(found))))
            for code, times in sorted(counts.items(), key=lambda pair: -pair[1]):
                out.print(f"  {code}: {times}")
    if read.guessed and read.samples:
        out.print(texts.get(locale, "roll.guessed", encoding=_named(read.encoding)), style="yellow")
        for sample in read.samples:
            out.print(f"  {sample}", markup=False)
    if report is not None:
        out.print(texts.get(locale, "roll.reported", file=str(report)))
    out.print(texts.get(locale, "roll.read", lines=read.lines, entries=len(read.entries)))
    for name, times in {**read.colleges, **read.contests}.items():
        out.print(f"  {name}: {times}")


def _named(encoding: str) -> str:
    return encoding.upper() if encoding.startswith(("utf", "iso")) else encoding.title()


def _show_import(election: ElectionFile, read: Preview, done: Imported, in_place: bool, as_json: bool) -> None:
    warnings = sum(read.warning_counts.values())
    counts = {"added": done.added, "unchanged": done.unchanged, "changed": done.changed, "removed": done.removed}
    if as_json:
        show_json({"election": election.id, "imported": done.number, "warnings": warnings, **counts})
        return
    texts, locale = core_texts(), language()
    console().print(texts.get(locale, "roll.imported", number=done.number, warnings=warnings))
    if in_place:
        console().print(texts.get(locale, "roll.replaced", **counts))
