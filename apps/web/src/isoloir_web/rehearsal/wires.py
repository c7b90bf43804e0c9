"""What the scratch election is wired to, all of it inside this process: its own application, and what stands in.

No socket is opened and nothing leaves the machine, so that nobody else can enter, and no provider is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import httpx2

from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir_web.app import create_app
from isoloir_web.trial.browsing import Browser
from isoloir_web.trial.folder import PSC_FACTORS, SIMULATED, Trial
from isoloir_web.trial.people import Person

REAL = "real"
_SIMULATOR = "simulator"
_OUTBOX = "outbox"


class Wires:
    """The scratch application under the instance's own address, and the simulated provider beside it."""

    def __init__(self) -> None:
        self._application: Any = None
        self._simulator: Any = None
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(self._provider), follow_redirects=False)

    async def connect(
        self, scratch: Instance, election: ElectionFile, trial: Trial, strangers: Iterable[Person]
    ) -> None:
        """Make the application, and what stands in for providers: it knows the roll, and these strangers."""
        # In a thread: a server may be answering voters of another election meanwhile.
        self._application = await asyncio.to_thread(create_app, scratch)
        if simulated(election):
            from isoloir_web.trial.serving import simulator_of

            self._simulator = await simulator_of(
                scratch,
                election,
                trial,
                [(one.fields.get("rpps", ""), "Dr", one.first_name, one.last_name) for one in strangers],
            )

    def browser(self, base_url: str, number: int) -> Browser:
        """Return the browser of test voter `number`, at an address of its own (RFC 5737)."""
        client = (f"192.0.2.{number % 254 + 1}", 50_000 + number)
        transport = httpx2.ASGITransport(self._dispatch, raise_app_exceptions=False, client=client)
        return Browser(base_url, transport=transport)

    async def _dispatch(self, scope: Any, receive: Any, send: Any) -> None:
        to = self._provider if scope["path"].startswith(f"{SIMULATED}/") else self._application
        await to(scope, receive, send)

    async def _provider(self, scope: Any, receive: Any, send: Any) -> None:
        if self._simulator is None:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._simulator(scope, receive, send)


def simulated(election: ElectionFile) -> bool:
    """Whether the election asks Pro Santé Connect; raises IsoloirError ``rehearsal_stand_in_missing`` (plugin)."""
    plugins = sorted({use.plugin for use in election.factors.values()} & PSC_FACTORS)
    if plugins and not all(find_spec(name) for name in ("authlib", "isoloir_prosante_connect")):
        raise IsoloirError("rehearsal_stand_in_missing", plugin=plugins[0])
    return bool(plugins)


def plugins_of(election: ElectionFile) -> dict[str, str]:
    """Return what ran for each plugin that the election uses: itself (``real``), or what stood in for it."""
    factors = {
        f"factors.{name}": f"{REAL}, {_SIMULATOR}" if use.plugin in PSC_FACTORS else REAL
        for name, use in election.factors.items()
    }
    checks = {f"eligibility.{use.plugin}": REAL for use in election.eligibility}
    notifiers = {
        f"notifiers.{channel}": REAL if use.plugin == _OUTBOX else _OUTBOX
        for channel, use in election.notifiers.items()
    }
    return {**factors, **checks, **notifiers}
