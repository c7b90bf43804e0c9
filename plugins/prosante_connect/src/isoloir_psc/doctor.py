"""``isoloir-psc doctor``: does the configuration of an election work with Pro Santé Connect, before it is sealed?

What can be known without a card is asked of the provider itself: its description, keys and clock by the factor's own
check; whether it takes the address to return to, by asking for its login page; whether it takes the site's secret, by
a code that is none; whether it would ask for an approval by telephone (`approval`). With ``--login`` somebody logs
in, and the very steps of the factor are walked to their end.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import click
import httpx2

from isoloir.clock import SystemClock
from isoloir.commands.context import json_option, language, show_refusal
from isoloir.config.election import ElectionFile
from isoloir.config.reading import read_election
from isoloir.config.secrets import resolve
from isoloir.config.settings import read_settings
from isoloir.errors import IsoloirError
from isoloir.hooks import Flow, FlowElection, Problem, Proved, Redirect, Refused, Return, Start
from isoloir.plugin_set import PluginSet
from isoloir.texts import Texts, read_catalogues
from isoloir_prosante_connect.config import ECpsConfig, ProSanteConnectConfig
from isoloir_prosante_connect.ecps import ECps
from isoloir_prosante_connect.factor import ProSanteConnect
from isoloir_psc.approval import examine_approval
from isoloir_psc.telling import own_texts, tell

_PLUGIN = ProSanteConnect.name
_FACTORS = (_PLUGIN, ECps.name)
"""One plugin registers both."""
_NO_CODE = "isoloir-psc-doctor"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--instance",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    envvar="ISOLOIR_INSTANCE",
    required=True,
    help="The instance's folder: its address and its secrets (also ISOLOIR_INSTANCE).",
)
@click.option(
    "--login", is_flag=True, help="Walk one login by the pages to its end, with a card or an e-CPS of yours."
)
@json_option
@click.pass_context
def doctor(ctx: click.Context, file: Path, instance: Path, login: bool, as_json: bool) -> None:
    """Say whether an election's configuration works with Pro Santé Connect, directly or through your Keycloak.

    Description, keys, clocks, the address to return to, the secret, approvals by telephone where the file has them;
    with --login, the claims of a real login by the pages too.
    Nothing is kept, and nobody votes. Exit status 0 where it works, 1 where it does not.
    """
    try:
        plugins = PluginSet.load([_PLUGIN, *(name for name in read_settings(instance).plugins if name != _PLUGIN)])
        election = read_election(file, plugins)
        base = str(read_settings(instance).base_url).rstrip("/")
        problems = asyncio.run(_examine(ctx, election, base, instance, login))
    except IsoloirError as error:
        show_refusal(ctx, error)
        ctx.exit(1)
    texts = Texts(plugins.catalogue, read_catalogues("isoloir_psc"))
    tell(ctx, problems, texts, what="doctor", as_json=as_json)


async def _examine(ctx: click.Context, election: ElectionFile, base: str, folder: Path, login: bool) -> list[Problem]:
    uses = {name: use for name, use in election.factors.items() if use.plugin in _FACTORS}
    if not uses:
        return [Problem("psc_doctor_unused")]
    problems: list[Problem] = []
    for name, use in uses.items():
        if use.plugin == ECps.name:
            by_telephone = ECpsConfig.model_validate(resolve(use.config, folder))
            async with _client(by_telephone) as http:
                problems += await examine_approval(by_telephone, http)
            continue
        config = ProSanteConnectConfig.model_validate(resolve(use.config, folder))
        visit = Visit(config, FlowElection(election.id, test=election.test), name, f"{base}/e/{election.id}")
        found = await visit.examine()
        if login and not any(one.severe for one in found):
            found += await visit.log_in(ctx)
        problems += found
    return problems


def _client(config: ProSanteConnectConfig) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(timeout=config.timeout, follow_redirects=False, trust_env=False)


class _Memory:
    """The secrets of one login, for as long as the command runs."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def put(self, name: str, value: str, lasts: timedelta) -> None:
        self._kept[name] = value

    async def get(self, name: str) -> str | None:
        return self._kept.get(name)

    async def delete_if(self, name: str, value: str) -> bool:
        return self._kept.pop(name, None) == value


@dataclass
class _Login:
    """As much of a flow as the factor uses."""

    http: httpx2.AsyncClient
    election: FlowElection
    instance: str
    callback: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    clock: SystemClock = field(default_factory=SystemClock)
    secrets: _Memory = field(default_factory=_Memory, repr=False)


@dataclass(frozen=True)
class Visit:
    """One factor of an election, tried out as the site would use it."""

    config: ProSanteConnectConfig
    election: FlowElection
    instance: str
    site: str
    """The election's address, ``https://vote.example/e/ELECTION``."""

    @property
    def callback(self) -> str:
        """The address to return to, as the site will send it."""
        return f"{self.site}/login/callback/{self.instance}"

    async def examine(self) -> list[Problem]:
        """Return what is wrong as far as that can be known without a login."""
        found = await ProSanteConnect().check(self.config)
        if any(one.severe for one in found):
            return found
        async with _client(self.config) as http:
            return [*found, *await self._address(http), *await self._secret(http)]

    async def _address(self, http: httpx2.AsyncClient) -> list[Problem]:
        """Ask for the login page: where the address to return to is not registered the answer is an error's."""
        step = await ProSanteConnect().advance(self.config, self._flow(http), Start())
        where = {"uri": self.callback, "client": self.config.client_id}
        if not isinstance(step, Redirect):
            return [Problem("psc_doctor_login_page", where)]
        try:
            page = await http.get(step.url)
        except httpx2.HTTPError:
            return [Problem("psc_doctor_login_page", where)]
        if page.status_code >= 400:
            return [Problem("psc_doctor_redirect", where)]
        back = page.headers.get("location", "")
        if back.startswith(self.callback) and "error" in dict(parse_qsl(urlsplit(back).query)):
            return [Problem("psc_doctor_request", where)]
        return []

    async def _secret(self, http: httpx2.AsyncClient) -> list[Problem]:
        """Show a code that is none: a provider that knows the site refuses the code, another refuses the site."""
        step = await self._return(http, {"code": _NO_CODE})
        if isinstance(step, Refused) and step.code == "oidc_code_refused":
            return []
        return [Problem("psc_doctor_secret", {"client": self.config.client_id})]

    async def log_in(self, ctx: click.Context) -> list[Problem]:
        """Let somebody log in in their own browser, and go on with the address where they end."""
        async with _client(self.config) as http:
            flow = self._flow(http)
            factor = ProSanteConnect()
            step = await factor.advance(self.config, flow, Start())
            if not isinstance(step, Redirect):
                return [Problem("psc_doctor_login_page", {"uri": self.callback})]
            texts, locale = own_texts(), language(ctx)
            click.echo(f"{texts.get(locale, 'psc.doctor.open')}\n\n{step.url}\n", err=True)
            address = click.prompt(texts.get(locale, "psc.doctor.paste"), err=True)
            params = dict(parse_qsl(urlsplit(address.strip()).query))
            if params.get("state") != flow.token:
                return [Problem("psc_doctor_pasted")]
            end = await factor.advance(self.config, flow, Return(params))
        if isinstance(end, Proved):
            claims = ", ".join(f"{name} = {claim.value}" for name, claim in end.claims.items())
            click.echo(texts.get(locale, "psc.doctor.proved", claims=claims, display=end.display or "–"), err=True)
            return []
        assert isinstance(end, Refused)
        return [Problem(end.code, dict(end.values))]

    async def _return(self, http: httpx2.AsyncClient, params: Mapping[str, str]) -> Any:
        flow = self._flow(http)
        factor = ProSanteConnect()
        step = await factor.advance(self.config, flow, Start())
        return (
            await factor.advance(self.config, flow, Return({"state": flow.token, **params}))
            if isinstance(step, Redirect)
            else step
        )

    def _flow(self, http: httpx2.AsyncClient) -> Flow:
        return cast(Flow, _Login(http, self.election, self.instance, self.callback))
