"""The server: one process that answers, publishes on schedule and carries messages, until it is told to stop."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from socket import socket
from typing import TYPE_CHECKING

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


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started and self._tell is not None:
            self._tell()


def server_of(
    instance: Instance, host: str, port: int, *, started: Callable[[], None] | None = None
) -> uvicorn.Server:
    """Return the server of an instance, not started; `started` is called once it listens.

    No access log: addresses of requests would stand in it, with what an identity provider sends back. Forwarding
    headers are believed from the trusted proxies alone.
    """
    refuse_unsafe(instance.settings, host)
    proxies = list(instance.settings.trusted_proxies)
    return _Server(
        uvicorn.Config(
            create_app(instance),
            host=host,
            port=port,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=_GRACEFUL_SECONDS,
            log_level="warning",
            lifespan="on",
            ws="none",
        ),
        started,
    )


async def serve_instance(
    instance: Instance, host: str, port: int, *, started: Callable[[], None] | None = None
) -> None:
    """Serve until a signal comes, carrying messages and publishing meanwhile; requests under way are answered."""
    server = server_of(instance, host, port, started=started)
    async with kept_going(instance):
        await server.serve()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
