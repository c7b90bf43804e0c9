"""`isoloir demo`: an election on this machine, ready to vote in."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from isoloir.commands.context import language
from isoloir.config.election import ElectionFile
from isoloir.config.settings import FILE as SETTINGS
from isoloir.config.settings import read_settings
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir_web.background import kept_going
from isoloir_web.server import bound, until_stopped
from isoloir_web.texts import catalogue
from isoloir_web.trial.folder import Trial, write_instance
from isoloir_web.trial.preparation import invite, open_vote, prepare
from isoloir_web.trial.serving import HOST, served

_WINDOW = timedelta(days=7)


@click.command()
@click.argument(
    "election",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=Path("examples/medecins-2024/election.toml"),
)
@click.option("--roll", type=click.Path(path_type=Path, dir_okay=False), help="The roll; roll.csv beside ELECTION.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path(".demo"), show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.pass_context
def demo(ctx: click.Context, election: Path, roll: Path | None, folder: Path, port: int) -> None:
    """Prepare a copy of ELECTION whose window is around now, open it, and serve it on this machine alone."""
    asyncio.run(_demo(election, roll or election.with_name("roll.csv"), folder, port, language(ctx)))


async def _demo(source: Path, roll: Path, folder: Path, port: int, locale: str) -> None:
    out = Console(highlight=False)
    texts = catalogue()[locale]
    if not roll.is_file():
        raise IsoloirError("roll_file_missing", file=roll.name)
    with bound(HOST, port) as listening:
        trial = _fresh(source, folder, f"http://{HOST}:{listening.getsockname()[1]}")
        async with Instance.open(trial.folder) as instance:
            file = instance.election(trial.election_id)
            await prepare(
                instance, file, roll.read_bytes(), trial.board, lambda step: out.print(f"· {texts[f'trial.{step}']}")
            )
            await open_vote(instance, file)
            out.print(f"· {texts['trial.invitations']}")
            await invite(instance, file)
            async with served(instance, file, trial, listening), kept_going(instance):
                _tell(out, texts, trial, file)
                await until_stopped()


def _fresh(source: Path, folder: Path, base_url: str) -> Trial:
    """Write the demonstration's instance anew; nothing but a former demonstration is ever removed."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / SETTINGS).is_file() or not read_settings(folder).demo:
            raise IsoloirError("demo_folder", folder=folder.name)
        shutil.rmtree(folder)
    opens = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    return write_instance(folder, source, base_url=base_url, opens=opens, closes=opens + _WINDOW)


def _tell(out: Console, texts: Mapping[str, str], trial: Trial, election: ElectionFile) -> None:
    told = {
        "url": f"{trial.base_url}/",
        "demo": f"{trial.base_url}/demo/",
        "election": election.id,
        "folder": str(trial.folder),
        "shares": " ".join(
            f"--share {trial.board / f'{name}.json'}" for board in election.boards.values() for name in board.trustees
        ),
    }
    text = texts["trial.ready"]
    for name, value in told.items():
        text = text.replace(f"{{{name}}}", value)
    out.print(f"\n{text}", markup=False, soft_wrap=True)
