"""``isoloir-psc provision`` and ``check``: an organiser's own Keycloak as broker, made and looked over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakError
from rich.text import Text

from isoloir.commands.context import console, json_option, language, show_json
from isoloir.hooks import Problem
from isoloir_openid_connect.addresses import is_safe_address
from isoloir_prosante_connect.brokered import ALIAS
from isoloir_prosante_connect.config import Preset
from isoloir_psc.inspection import inspect
from isoloir_psc.provisioning import Change, find_changes, told
from isoloir_psc.realm import Realm
from isoloir_psc.telling import own_texts, tell
from isoloir_psc.wanted import ClientAuth, Wanted, addresses

F = TypeVar("F", bound=Callable[..., Any])


def _of_a_realm(command: F) -> F:
    """Add the options that say which realm, and whose rights."""
    for option in (
        click.option("--client-id", default="isoloir", show_default=True, help="Isoloir's name in the realm."),
        click.option("--alias", default=ALIAS, show_default=True, help="The realm's name for Pro Santé Connect."),
        click.option("--admin-realm", default="master", show_default=True, help="The administrator's own realm."),
        click.option("--admin", required=True, help="An administrator of the Keycloak."),
        click.option(
            "--password",
            envvar="ISOLOIR_KEYCLOAK_PASSWORD",
            prompt=True,
            hide_input=True,
            help="Their password: by ISOLOIR_KEYCLOAK_PASSWORD, or asked for.",
        ),
        click.option("--realm", required=True, help="The realm of the vote."),
        click.option("--keycloak", required=True, help="Where the Keycloak is, https://…"),
    ):
        command = option(command)
    return command


@click.command()
@_of_a_realm
@click.option("--preset", type=click.Choice(["bas", "prod"]), default="prod", show_default=True, help="Which one.")
@click.option("--issuer", default=None, help="Another issuer than the preset's.")
@click.option("--psc-client-id", required=True, help="The name that Pro Santé Connect gave to this Keycloak.")
@click.option(
    "--psc-secret-file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Its secret, in a file."
)
@click.option(
    "--psc-auth",
    type=click.Choice(["client_secret_basic", "client_secret_post", "private_key_jwt"]),
    default="client_secret_basic",
    show_default=True,
    help="How it shows itself there.",
)
@click.option(
    "--client-secret-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help="The secret that Isoloir has at this Keycloak, in a file.",
)
@click.option("--redirect-uri", "redirect_uris", multiple=True, required=True, help="The factor's callback, whole.")
@click.option(
    "--post-logout-uri", "post_logout_uris", multiple=True, help="Where logouts end; the callbacks when left out."
)
@click.option("--renew-secret", is_flag=True, help="Write the secret of Pro Santé Connect again.")
@click.option("--apply", "apply_now", is_flag=True, help="Do it; without, it is only said what would be done.")
@json_option
@click.pass_context
def provision(
    ctx: click.Context,
    keycloak: str,
    realm: str,
    admin: str,
    password: str,
    admin_realm: str,
    alias: str,
    client_id: str,
    preset: Preset,
    issuer: str | None,
    psc_client_id: str,
    psc_secret_file: Path | None,
    psc_auth: ClientAuth,
    client_secret_file: Path,
    redirect_uris: tuple[str, ...],
    post_logout_uris: tuple[str, ...],
    renew_secret: bool,
    apply_now: bool,
    as_json: bool,
) -> None:
    """Make a realm of your Keycloak the broker of Pro Santé Connect; what is there already stays.

    Without --apply nothing is changed: it is said what would be. Exit status 0 where that works.
    """
    if (psc_secret_file is None) != (psc_auth == "private_key_jwt"):
        raise click.UsageError(own_texts().get(language(ctx), "psc.provision.secret"))
    for uri in (*redirect_uris, *post_logout_uris):
        if "*" in uri:
            raise click.UsageError(
                own_texts().get(language(ctx), "error.psc_realm_redirect_wildcard", uri=uri, client=client_id)
            )
    wanted = Wanted(
        realm=realm,
        provider=addresses(preset, issuer),
        provider_client_id=psc_client_id,
        provider_secret=_secret(ctx, psc_secret_file) if psc_secret_file else None,
        provider_auth=psc_auth,
        client_id=client_id,
        client_secret=_secret(ctx, client_secret_file),
        redirect_uris=redirect_uris,
        post_logout_uris=post_logout_uris or redirect_uris,
        alias=alias,
    )

    def changed() -> list[Change]:
        there = _realm(keycloak, admin, password, admin_realm, realm)
        changes = find_changes(there, wanted, renew_secret=renew_secret)
        for change in changes if apply_now else ():
            change.make()
        return changes

    changes = _asked(ctx, keycloak, changed)
    if as_json:
        show_json({"applied": apply_now, "changes": told(changes)})
        return
    texts, locale, out = own_texts(), language(ctx), console()
    for change in changes:
        said = texts.get(
            locale,
            "psc.change",
            kind=texts.get(locale, f"psc.kind.{change.kind}"),
            part=texts.get(locale, f"psc.part.{change.part}"),
            name=change.name,
        )
        out.print(Text(said + (f" ({', '.join(change.keys)})" if change.keys else "")))
    end = "nothing" if not changes else "done" if apply_now else "dry"
    out.print(Text(texts.get(locale, f"psc.provision.{end}", count=len(changes)), style="green"))


@click.command()
@_of_a_realm
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="A callback that must be registered.")
@json_option
@click.pass_context
def check(
    ctx: click.Context,
    keycloak: str,
    realm: str,
    admin: str,
    password: str,
    admin_realm: str,
    alias: str,
    client_id: str,
    redirect_uris: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what is wrong with a realm that brokers Pro Santé Connect for a vote; nothing is changed.

    Exit status 0 where it may serve a vote (remarks may remain), 1 where it may not.
    """
    problems = _asked(
        ctx,
        keycloak,
        lambda: inspect(
            _realm(keycloak, admin, password, admin_realm, realm),
            alias=alias,
            client_id=client_id,
            redirect_uris=redirect_uris,
        ),
    )
    tell(ctx, problems, own_texts(), what="check", as_json=as_json)


def _secret(ctx: click.Context, file: Path) -> str:
    secret = file.read_text().strip()
    if not secret:
        raise click.UsageError(own_texts().get(language(ctx), "psc.provision.empty", file=str(file)))
    return secret


def _realm(keycloak: str, admin: str, password: str, admin_realm: str, realm: str) -> Realm:
    return Realm(
        KeycloakAdmin(server_url=keycloak, username=admin, password=password, realm_name=admin_realm, timeout=30),
        realm,
    )


R = TypeVar("R")


def _asked(ctx: click.Context, keycloak: str, ask: Callable[[], R]) -> R:
    """Ask Keycloak; where it may not be asked, refuses or is away, say so and leave with 1."""
    if not is_safe_address(keycloak, local=True):
        _refuse(ctx, Problem("psc_realm_http", {"address": keycloak}))  # an administrator's password is on its way
    try:
        return ask()
    except KeycloakError as error:
        _refuse(ctx, _why(error, keycloak))


def _refuse(ctx: click.Context, problem: Problem) -> NoReturn:
    texts, locale = own_texts(), language(ctx)
    click.echo(f"{problem.code}: {texts.get(locale, f'error.{problem.code}', **problem.values)}", err=True)
    click.echo(f"→ {texts.get(locale, f'error.{problem.code}.remedy', **problem.values)}", err=True)
    ctx.exit(1)


def _why(error: KeycloakError, address: str) -> Problem:
    if error.response_code == 401:
        return Problem("psc_keycloak_password")
    if error.response_code == 403:
        return Problem("psc_keycloak_rights")
    if error.response_code is None:
        return Problem("psc_keycloak_away", {"address": address})
    return Problem("psc_keycloak_refused", {"address": address, "status": str(error.response_code)})
