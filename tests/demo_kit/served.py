"""A demonstration on a free port, as the command serves it or within this process, and its instance's folder."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from isoloir_prosante_connect.keycloak import Keycloak, Wallet
from isoloir_web.server import bound
from isoloir_web.trial.demonstration import Plan, running
from isoloir_web.trial.keycloak import Realm
from isoloir_web.trial.serving import HOST

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "medecins-2024"
ISOLOIR = Path(sys.executable).with_name("isoloir")
_READY_WITHIN = 240
_ENDS_WITHIN = 60


@dataclass(frozen=True)
class Served:
    """A demonstration that runs: its address and its instance's folder; `said` is what it printed."""

    address: str
    folder: Path
    said: str = ""
    wallet: Wallet | None = None
    """The realm that stands for Pro Santé Connect, where that is a real Keycloak of the test run."""

    def wait(self, minutes: int) -> None:
        """Let minutes pass, for every process of the instance."""
        shift = self.folder / "clock-shift"
        later = shift.with_suffix(".later")
        later.write_text(str(float(shift.read_text()) + 60 * minutes))
        later.replace(shift)

    def isoloir(self, *arguments: str | Path) -> str:
        """Run a command on the instance; returns what it prints."""
        command = [ISOLOIR, "--lang", "en", "--instance", self.folder, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close_and_count(self) -> None:
        """Be the board: close, and tally with the shares of the secretary and of two delegates."""
        self.isoloir("election", "close", "medecins-2024")
        members = ("secretary", "delegate-2", "delegate-4")
        shares = [part for one in members for part in ("--share", self.folder / f"board/national-{one}.json")]
        self.isoloir("tally", "run", "medecins-2024", *shares, "--code-file", self.folder / "board/code")


@contextmanager
def command(folder: Path, *options: str | Path) -> Iterator[Served]:
    """Run ``isoloir demo`` on a free port, in English, until the block ends; then as Ctrl-C ends it."""
    server = subprocess.Popen(
        [ISOLOIR, "--lang", "en", "demo", *options, "--port", "0", "--folder", folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert server.stdout is not None
    said = ""
    try:
        for line in server.stdout:
            said += line
            if "Ctrl+C" in line:
                break
        address = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert address, f"the demonstration did not start: {said}"
        yield Served(address[0], folder, said)
    finally:
        server.send_signal(signal.SIGINT)
        server.stdout.close()
        ended = server.wait(_ENDS_WITHIN)
    assert ended == 0


@contextmanager
def beside(keycloak: Keycloak, folder: Path) -> Iterator[Served]:
    """Serve the example from a thread of this process, with a realm of its own on a Keycloak that runs already."""
    realm = Realm(keycloak, f"demonstration-{secrets.token_hex(4)}")
    began: list[Served] = []
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        plan = Plan(EXAMPLE / "election.toml", EXAMPLE / "roll.csv", folder)
        with bound(HOST) as listening:
            async with running(plan, listening, lambda _: None, realm) as (trial, _):
                began.append(Served(trial.base_url, folder, wallet=Wallet(keycloak, realm.name)))
                ready.set()
                await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            loop.close()
            ready.set()

    thread = threading.Thread(target=run, name="demonstration")
    thread.start()
    try:
        assert ready.wait(_READY_WITHIN)
        assert began, "the demonstration did not start"
        yield began[0]
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(_ENDS_WITHIN)
    assert not thread.is_alive()
