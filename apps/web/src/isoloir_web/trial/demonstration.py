"""A demonstration: an election whose window is around now, prepared, opened, everybody invited, and served."""

from __future__ import annotations

import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from isoloir.config.election import ElectionFile
from isoloir.config.settings import FILE as SETTINGS
from isoloir.config.settings import read_settings
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir_web.background import kept_going
from isoloir_web.trial.accounts import make_accounts
from isoloir_web.trial.folder import Trial, write_instance
from isoloir_web.trial.preparation import Say, invite, open_vote, prepare
from isoloir_web.trial.serving import served

if TYPE_CHECKING:
    from isoloir_web.trial.keycloak import Realm

_WINDOW = timedelta(days=7)


@dataclass(frozen=True)
class Plan:
    """What a demonstration is made of: an election file, its roll, and the folder of its instance."""

    source: Path
    roll: Path
    folder: Path

    def check(self) -> None:
        """Raise IsoloirError where there is no roll, or the folder holds anything but a former demonstration."""
        if not self.roll.is_file():
            raise IsoloirError("roll_file_missing", file=self.roll.name)
        former = (self.folder / SETTINGS).is_file() and read_settings(self.folder).demo
        if self.folder.exists() and any(self.folder.iterdir()) and not former:
            raise IsoloirError("demo_folder", folder=self.folder.name)


@asynccontextmanager
async def running(
    plan: Plan, listening: socket.socket, say: Say, realm: Realm | None = None
) -> AsyncIterator[tuple[Trial, ElectionFile]]:
    """Make the instance anew and serve it on the port that `listening` holds, until the block ends.

    `realm` takes the simulator's place. Raises IsoloirError as `Plan.check` does: nothing was touched then.
    """
    plan.check()
    if plan.folder.exists():
        shutil.rmtree(plan.folder)
    host, port = listening.getsockname()[:2]
    opens = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    trial = write_instance(
        plan.folder,
        plan.source,
        base_url=f"http://{host}:{port}",
        opens=opens,
        closes=opens + _WINDOW,
        issuer=realm.issuer if realm else None,
    )
    async with Instance.open(trial.folder) as instance:
        election = instance.election(trial.election_id)
        await prepare(instance, election, plan.roll.read_bytes(), trial.board, say)
        await make_accounts(instance, election)
        if realm is not None:
            say("realm")
            await realm.make(instance, election, trial)
        await open_vote(instance, election)
        say("invitations")
        await invite(instance, election)
        async with served(instance, election, trial, listening), kept_going(instance):
            yield trial, election
