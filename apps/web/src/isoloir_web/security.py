"""What every answer carries and every request must show: headers, cookies, origin and host.

Sources: Content Security Policy 3, Fetch Metadata, RFC 6265bis (``__Host-``), HSTS RFC 6797.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware

from isoloir.errors import IsoloirError
from isoloir_web.sessions import set_cookies

if TYPE_CHECKING:
    from litestar.types import ASGIApp, BeforeMessageSendHookHandler, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
BOOTH_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
# Each built page holds its script and style; their hashes, and nothing else, may run (see apps/booth/build.mjs).
ALONE_POLICIES = {
    name: Path(__file__).with_name("static").joinpath("booth", f"{name}-policy.txt").read_text("ascii").strip()
    + "; frame-ancestors 'none'"
    for name in ("check", "trustee")
}
_PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
        "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi",
        "payment", "picture-in-picture", "publickey-credentials-create", "publickey-credentials-get",
        "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": _PERMISSIONS,
}
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Site:
    """Where the instance says it is served: everything about origin and cookies derives from it, never from Host."""

    origin: str
    host: str
    secure: bool

    @classmethod
    def of(cls, base_url: str) -> Site:
        """Read an instance's base address; `base_url` has been checked by the settings."""
        parts = urlsplit(base_url)
        return cls(f"{parts.scheme}://{parts.netloc}".lower(), parts.netloc.lower(), parts.scheme == "https")

    @property
    def session_cookie(self) -> str:
        """Name of the session cookie: ``__Host-`` wherever browsers accept it."""
        return "__Host-isoloir" if self.secure else "isoloir"

    @property
    def account_cookie(self) -> str:
        """Name of the cookie of board members and organisers, apart from the voters'."""
        return "__Host-isoloir-account" if self.secure else "isoloir-account"

    @property
    def language_cookie(self) -> str:
        """Name of the cookie that keeps the language chosen."""
        return "__Host-isoloir-lang" if self.secure else "isoloir-lang"

    def cookie(self, name: str, value: str, max_age: int | None = None) -> str:
        """Return a ``Set-Cookie`` value: HttpOnly, SameSite=Lax, whole site, Secure but on loopback HTTP."""
        age = "" if max_age is None else f"; Max-Age={max_age}"
        return f"{name}={value}; Path=/{age}; HttpOnly; SameSite=Lax" + ("; Secure" if self.secure else "")


class OriginMiddleware(ASGIMiddleware):
    """Refuses requests sent to another host name, and changes asked by another site.

    `IsoloirError` codes: ``wrong_host``, ``foreign_origin``. A change must be shown to come from here: by
    ``Sec-Fetch-Site`` where the browser sends it, else by ``Origin``; a request with neither is refused. Routes with
    the opt ``changes_nothing`` only look something up, and ``any_host`` ones say nothing of an election.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, site: Site) -> None:
        self._site = site

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Check, then go on."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        handler = scope.get("route_handler")
        if not (handler and handler.opt.get("any_host")) and headers.get(b"host", "").lower() != self._site.host:
            raise IsoloirError("wrong_host", address=self._site.origin)
        harmless = bool(handler and handler.opt.get("changes_nothing"))
        if scope["method"] not in _READS and not harmless and not self._from_here(headers):  # type: ignore[typeddict-item]
            raise IsoloirError("foreign_origin", address=self._site.origin)
        await next_app(scope, receive, send)

    def _from_here(self, headers: dict[bytes, str]) -> bool:
        fetched = headers.get(b"sec-fetch-site")
        if fetched is not None:
            return fetched == "same-origin"
        origin = headers.get(b"origin", "").lower()
        return hmac.compare_digest(origin.encode(), self._site.origin.encode())


def answer_headers(site: Site) -> BeforeMessageSendHookHandler:
    """Return the hook that puts security headers and cookies on every answer, 404, 405, 413 and 500 too."""

    async def before_send(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        handler = scope.get("route_handler")
        opt = handler.opt if handler else {}
        booth = bool(opt.get("booth"))
        alone = ALONE_POLICIES.get(opt.get("alone", ""))
        for name, value in _ALWAYS.items():
            headers[name] = value
        headers["content-security-policy"] = alone or (BOOTH_POLICY if booth else PAGE_POLICY)
        # On pages with forms a policy of `no-referrer` makes browsers send `Origin: null` with the form (Fetch,
        # "append a request Origin header"), and those without Sec-Fetch-Site could not vote.
        headers["referrer-policy"] = "no-referrer" if booth or alone else "same-origin"
        if site.secure:
            headers["strict-transport-security"] = "max-age=31536000"
        headers.setdefault("cache-control", "no-store")
        set_cookies(message, scope, site)

    return before_send
