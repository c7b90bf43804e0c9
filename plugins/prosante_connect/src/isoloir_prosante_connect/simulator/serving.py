"""The simulator on a loopback port of its own, in a thread: for tests, and for trying things out."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import uvicorn

from isoloir_openid_connect.clock import Clock, SystemClock
from isoloir_prosante_connect.simulator.app import Simulator
from isoloir_prosante_connect.simulator.authority import Authority, RelyingParty
from isoloir_prosante_connect.simulator.identities import Identity

_STARTS_WITHIN = 10.0


@contextmanager
def serve_simulator(
    port: int = 0,
    *,
    identities: Iterable[Identity] = (),
    clients: Iterable[RelyingParty] = (),
    clock: Clock | None = None,
    signed_userinfo: bool = False,
    slow_seconds: float = 30,
    path: str = "",
) -> Iterator[Simulator]:
    """Serve a simulator on 127.0.0.1 (port 0: any free one) until the block ends; its `issuer` says where.

    `path` puts the issuer under a prefix (``/demo/psc``). Raises OSError when the port is taken, RuntimeError
    when the server does not start.
    """
    # asyncio turns Nagle's algorithm off only on sockets that say that they are TCP; else every answer waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        issuer = f"http://127.0.0.1:{listening.getsockname()[1]}{path}"
        simulator = Simulator(
            Authority(
                identities, issuer, clients, clock or SystemClock(), signed_userinfo=signed_userinfo,
                slow_seconds=slow_seconds,
            )
        )  # fmt: skip
        settings = uvicorn.Config(
            simulator, lifespan="off", ws="none", log_config=None, log_level="warning", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + _STARTS_WITHIN
            while not server.started:
                if not thread.is_alive() or time.monotonic() > deadline:
                    raise RuntimeError("the simulator did not start")
                time.sleep(0.01)
            yield simulator
        finally:
            server.should_exit = True
            thread.join(_STARTS_WITHIN)
    finally:
        listening.close()
