"""``isoloir-psc``: Pro Santé Connect for whoever organises an election."""

from __future__ import annotations

import os

import click

from isoloir.commands import LazyGroup
from isoloir.commands.context import LANGUAGE_KEY, default_language, language
from isoloir.texts import LOCALES
from isoloir_psc.telling import own_texts


class _Tools(LazyGroup):
    """The commands; one whose library is not installed says so."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; ClickException where the extra `keycloak` is not installed."""
        try:
            return super().get_command(ctx, cmd_name)
        except ModuleNotFoundError as error:
            if error.name != "keycloak":
                raise
            raise click.ClickException(own_texts().get(language(ctx), "psc.extra")) from None


_COMMANDS = {
    "provision": "isoloir_psc.realm_commands:provision",
    "check": "isoloir_psc.realm_commands:check",
    "doctor": "isoloir_psc.doctor:doctor",
}


@click.group(cls=_Tools, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--lang", type=click.Choice(LOCALES), envvar="ISOLOIR_LANG", default=None, help="The language of the answers."
)
@click.pass_context
def main(ctx: click.Context, lang: str | None) -> None:
    """Pro Santé Connect for an election: your own Keycloak as its broker, made and looked over."""
    ctx.meta[LANGUAGE_KEY] = lang or default_language(os.environ)
