"""The command line: one file per noun, loaded only when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click

from isoloir.commands.context import JSON_KEY, LANGUAGE_KEY, default_language, show_refusal
from isoloir.errors import IsoloirError
from isoloir.texts import LOCALES

ENTRY_POINTS: Final = "isoloir.commands"
"""The entry-point group where other distributions (the web application) add their nouns."""
ELECTION_ENTRY_POINTS: Final = "isoloir.commands.election"
"""The same for the acts of an election: the rehearsal needs the web application."""

NOUNS: Final[Mapping[str, str]] = {
    "account": "isoloir.commands.account:account",
    "audit": "isoloir.commands.audit:audit",
    "ceremony": "isoloir.commands.ceremony:ceremony",
    "check-ballot": "isoloir.commands.check_ballot:check_ballot",
    "database": "isoloir.commands.database:database",
    "election": "isoloir.commands.election:election",
    "invite": "isoloir.commands.invite:invite",
    "plugins": "isoloir.commands.plugins:plugins",
    "roll": "isoloir.commands.roll:roll",
    "seats": "isoloir.commands.seats:seats",
    "tally": "isoloir.commands.tally:tally",
    "trustee": "isoloir.commands.trustee:trustee",
    "verify": "isoloir.commands.verify:verify",
}
"""The core's own nouns: where each command object stands."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are named, from a table of ``module:object``.

    Other distributions add theirs under the entry-point group `brought`; the table's own win.
    """

    def __init__(
        self, *arguments: Any, table: Mapping[str, str] | None = None, brought: str | None = None, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self._table = dict(table or {})
        self._brought = brought

    def table(self) -> Mapping[str, str]:
        """Return the commands by name, those of modules that are there."""
        brought = {point.name: point.value for point in entry_points(group=self._brought)} if self._brought else {}
        whole = {**brought, **self._table}
        return {name: target for name, target in whole.items() if _is_there(target.partition(":")[0])}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, sorted."""
        return sorted({*super().list_commands(ctx), *self.table()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        target = self.table().get(cmd_name)
        if target is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


class Isoloir(LazyGroup):
    """The root: turns refusals into words and exit codes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether JSON is asked for, before anything can be refused."""
        ctx.meta[JSON_KEY] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command: 0 done, 1 refused (code, sentence and remedy on stderr), 2 wrong usage."""
        try:
            return super().invoke(ctx)
        except IsoloirError as error:
            show_refusal(ctx, error)
            ctx.exit(1)


@click.group(cls=Isoloir, table=NOUNS, brought=ENTRY_POINTS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--instance",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="ISOLOIR_INSTANCE",
    default=None,
    help="The instance's folder (also ISOLOIR_INSTANCE).",
)
@click.option(
    "--lang", type=click.Choice(LOCALES), envvar="ISOLOIR_LANG", default=None, help="The language of the answers."
)
@click.version_option(package_name="isoloir-core", prog_name="isoloir")
@click.pass_context
def main(ctx: click.Context, instance: Path | None, lang: str | None) -> None:
    """Elections that must stand up in law."""
    ctx.obj = instance
    ctx.meta[LANGUAGE_KEY] = lang or default_language(os.environ)


__all__: Sequence[str] = ["ELECTION_ENTRY_POINTS", "ENTRY_POINTS", "NOUNS", "Isoloir", "LazyGroup", "main"]
