"""The server: one process that answers, publishes on schedule and carries messages, until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from isoloir.errors import IsoloirError
from isoloir_web.app import create_app
from isoloir_web.background import kept_going

if TYPE_CHECKING:
    from isoloir.config.settings import Settings
    from isoloir.instance import Instance

_GRACEFUL_SECONDS = 20


def refuse_unsafe(settings: Settings, host: str) -> None:
    """Raise IsoloirError ``serve_unsafe_host``: a demonstration or debugging instance stays on this machine."""
    if (settings.demo or settings.debug) and not _is_loopback(host):
        raise IsoloirError("serve_unsafe_host", host=host)


def bound(host: str, port: int = 0) -> socket.socket:
    """Take a port of `host` (0: any free one); raises IsoloirError ``port_taken``."""
    try:
        (family, kind, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # Named as TCP, or asyncio would not switch off Nagle's delay on what it accepts.
        listening = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError:
        raise IsoloirError("port_taken", port=port) from None
    return listening


class _Server(uvicorn.Server):
    """Leaves the signals to the command it runs in, and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        self.begun.set()


@asynccontextmanager
async def served(
    instance: Instance,
    listening: socket.socket,
    *,
    application: Any = None,
    graceful_seconds: int = _GRACEFUL_SECONDS,
) -> AsyncIterator[None]:
    """Answer on the port that `listening` holds until the block ends; requests under way are answered.

    `application` takes the place of the instance's own. No access log: addresses of requests would stand in it, with
    what an identity provider sends back. Forwarding headers are believed from the trusted proxies alone.
    """
    refuse_unsafe(instance.settings, str(listening.getsockname()[0]))
    proxies = list(instance.settings.trusted_proxies)
    server = _Server(
        uvicorn.Config(
            application or create_app(instance),
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=graceful_seconds,
            log_level="warning",
            lifespan="on",
            ws="none",
        )
    )
    running = asyncio.create_task(server.serve(sockets=[listening]))
    begun = asyncio.create_task(server.begun.wait())
    try:
        await asyncio.wait({running, begun}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():  # else it raised, and does so below
            yield
    finally:
        begun.cancel()
        server.should_exit = True
        await running


async def serve_instance(
    instance: Instance, host: str, port: int, *, started: Callable[[], None] | None = None
) -> None:
    """Serve until a signal comes, carrying messages and publishing meanwhile; `started` is called once it listens."""
    refuse_unsafe(instance.settings, host)
    with bound(host, port) as listening:
        async with kept_going(instance), served(instance, listening):
            if started is not None:
                started()
            await until_stopped()


def stop_signal() -> asyncio.Event:
    """Return what is set by the signal that ends a command: an interruption, or the request to terminate."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def until_stopped() -> None:
    """Wait for the signal that ends a command."""
    await stop_signal().wait()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
