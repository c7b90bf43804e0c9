"""A later close that the board decided in another process is known before a request is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

    from isoloir.extension import InForce


class ExtensionMiddleware(ASGIMiddleware):
    """Looks for extensions now and then; routes with the opt ``sessionless`` need none."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, windows: InForce) -> None:
        self._windows = windows

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Look, then go on."""
        handler = scope.get("route_handler")
        if not (handler and handler.opt.get("sessionless")):
            await self._windows.learn(at_once=False)
        await next_app(scope, receive, send)
