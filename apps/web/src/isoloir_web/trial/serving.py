"""The application and the simulated Pro Santé Connect behind one loopback port."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from isoloir import roll
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir_prosante_connect.simulator import Identity, RelyingParty, Simulator, create_simulator, from_roll
from isoloir_web import server
from isoloir_web.app import create_app
from isoloir_web.trial.folder import CLIENT_ID, PSC_FACTORS, SIMULATED, Trial

HOST = "127.0.0.1"


async def simulator_of(
    instance: Instance, election: ElectionFile, trial: Trial, others: Iterable[tuple[str, str, str, str]] = ()
) -> Simulator | None:
    """Make the simulated provider that knows everybody on the roll and these others, where the election uses it."""
    callbacks = callbacks_of(election, trial)
    if not callbacks or not trial.simulated:
        return None
    here = RelyingParty(CLIENT_ID, trial.client_secret, callbacks, (goodbye_of(election, trial),))
    known = (*await known_from_roll(instance, election), *from_roll(others))
    return create_simulator(known, f"{trial.base_url}{SIMULATED}", [here], clock=instance.clock)


def callbacks_of(election: ElectionFile, trial: Trial) -> tuple[str, ...]:
    """Return the addresses that Pro Santé Connect sends voters back to; none where the election does not use it."""
    instances = [name for name, use in election.factors.items() if use.plugin in PSC_FACTORS]
    return tuple(f"{trial.base_url}/e/{election.id}/login/callback/{name}" for name in instances)


def goodbye_of(election: ElectionFile, trial: Trial) -> str:
    """Return the address that voters are sent to after logging out."""
    return f"{trial.base_url}/e/{election.id}/goodbye"


async def known_from_roll(instance: Instance, election: ElectionFile) -> tuple[Identity, ...]:
    """Return everybody on the roll, as a provider knows them, in the order of their numbers."""
    return from_roll(
        (entry.fields.get("rpps", ""), entry.civility, entry.first_name, entry.last_name)
        for entry in sorted(
            await roll.entries(instance.store, election.id), key=lambda one: one.fields.get("rpps", "")
        )
    )


def mounted(application: Any, simulator: Simulator | None) -> Any:
    """Return an ASGI application that hands the simulator's paths to it, and the rest to `application`."""
    if simulator is None:
        return application

    async def dispatch(scope: Any, receive: Any, send: Any) -> None:
        mine = scope["type"] == "http" and scope["path"].startswith(f"{SIMULATED}/")
        await (simulator if mine else application)(scope, receive, send)

    return dispatch


@asynccontextmanager
async def served(
    instance: Instance, election: ElectionFile, trial: Trial, listening: socket.socket
) -> AsyncIterator[None]:
    """Serve the instance on the port that `listening` holds, until the block ends."""
    application = mounted(create_app(instance), await simulator_of(instance, election, trial))
    async with server.served(instance, listening, application=application, graceful_seconds=2):
        yield
