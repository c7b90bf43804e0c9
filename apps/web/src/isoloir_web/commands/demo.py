"""`isoloir demo`: an election on this machine, ready to vote in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from isoloir.commands.context import language
from isoloir.config.election import ElectionFile
from isoloir_web.commands.identity import identity_options
from isoloir_web.demo.provider import provider_of
from isoloir_web.server import bound, until_stopped
from isoloir_web.texts import catalogue
from isoloir_web.trial.demonstration import Plan, running
from isoloir_web.trial.folder import Trial
from isoloir_web.trial.preparation import Say
from isoloir_web.trial.serving import HOST

if TYPE_CHECKING:
    from isoloir_web.trial.keycloak import Realm


@click.command()
@click.argument(
    "election",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=Path("examples/medecins-2024/election.toml"),
)
@click.option("--roll", type=click.Path(path_type=Path, dir_okay=False), help="The roll; roll.csv beside ELECTION.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path(".demo"), show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@identity_options
@click.pass_context
def demo(
    ctx: click.Context, election: Path, roll: Path | None, folder: Path, port: int, keycloak: Path | None
) -> None:
    """Prepare a copy of ELECTION whose window is around now, open it, and serve it on this machine alone."""
    texts = catalogue()[language(ctx)]
    out = Console(highlight=False)
    plan = Plan(election, roll or election.with_name("roll.csv"), folder)
    plan.check()

    def say(step: str) -> None:
        out.print(f"· {texts[f'trial.{step}']}")

    def ready(trial: Trial, file: ElectionFile) -> None:
        out.print(f"\n{_told(texts, trial, file)}", markup=False, soft_wrap=True)

    # Keycloak is started outside the loop: a Ctrl-C meanwhile ends it at once.
    with bound(HOST, port) as listening, _realm(keycloak, say) as realm:
        asyncio.run(_until_stopped(plan, listening, say, realm, ready))


async def _until_stopped(
    plan: Plan,
    listening: socket.socket,
    say: Say,
    realm: Realm | None,
    ready: Callable[[Trial, ElectionFile], None],
) -> None:
    async with running(plan, listening, say, realm) as (trial, file):
        ready(trial, file)
        await until_stopped()


@contextmanager
def _realm(keycloak: Path | None, say: Say) -> Iterator[Realm | None]:
    """Start the Keycloak asked for, if any, and stop it at the end."""
    if keycloak is None:
        yield None
        return
    from isoloir_web.trial.keycloak import realm  # half a second, and an extra, for those alone who ask for it

    say("keycloak")
    with realm(keycloak) as made:
        yield made


def _told(texts: Mapping[str, str], trial: Trial, election: ElectionFile) -> str:
    text = texts["trial.ready"]
    told = {
        "psc": texts["trial.psc_simulated"],
        "url": f"{trial.base_url}/",
        "demo": f"{trial.base_url}/demo/",
        "election": election.id,
        "folder": str(trial.folder),
        "code": str(trial.board / "code"),
        "shares": " ".join(
            f"--share {trial.board / f'{name}-{member}.json'}"
            for name, board in election.boards.items()
            for member in board.enough_of(board.holders)
        ),
    }
    provider = provider_of(election, trial.base_url)
    if provider is not None and not provider.simulated:
        told |= {"psc": texts["trial.psc_keycloak"], "password": provider.password}
    for name, value in told.items():
        text = text.replace(f"{{{name}}}", value)
    return text
