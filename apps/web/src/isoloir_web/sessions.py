"""The visitor's cookie and the server's session: nothing is stored before a login begins.

The cookie holds an opaque handle; the session lies under its digest (`isoloir.login.sessions`). A handle that the
server did not make is never taken over. The handle moves at each step up, and the answer then carries the new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware

from isoloir_web.texts import negotiate

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

    from isoloir.login.sessions import Session, Sessions
    from isoloir_web.security import Site

_HANDLE_LIMIT = 256
_LANGUAGE_KEPT = 60 * 60 * 24 * 90


class Visit:
    """One request's visitor: the session, if there is one, and the language."""

    def __init__(
        self, sessions: Sessions | None, session: Session | None, presented: str | None, locale: str, cookie: str = ""
    ) -> None:
        self._sessions = sessions
        self.cookie = cookie
        self.session = session
        self.presented = presented
        self.locale = locale
        self.keep_language = False

    async def begin(self) -> Session:
        """Return the session, made now if there is none: a login begins."""
        if self.session is None:
            assert self._sessions is not None, "a route without session began a login"
            self.session = await self._sessions.start(self.locale)
        return self.session

    async def end(self) -> None:
        """End the session and take the cookie back."""
        if self.session is not None:
            assert self._sessions is not None
            await self._sessions.end(self.session)
        self.session = None


class SessionMiddleware(ASGIMiddleware):
    """Finds the visitor of each request; routes with the opt ``sessionless`` have a language only.

    Those with the opt ``account`` are for board members and organisers, whose sessions are apart from the voters'.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, voters: Sessions, accounts: Sessions, site: Site) -> None:
        self._voters = voters
        self._accounts = accounts
        self._site = site

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Load the session that the cookie names, choose the language, and go on."""
        handler = scope.get("route_handler")
        sessionless = bool(handler and handler.opt.get("sessionless"))
        cookies = _cookies(scope)
        account = bool(handler and handler.opt.get("account"))
        sessions = self._accounts if account else self._voters
        cookie = self._site.account_cookie if account else self._site.session_cookie
        presented = cookies.get(cookie)
        session = None
        if presented and len(presented) <= _HANDLE_LIMIT and not sessionless:
            session = await sessions.load(presented)
        asked = _asked(scope)
        visit = Visit(sessions, session, presented, _language(scope, cookies, self._site, session), cookie)
        if asked == visit.locale:
            visit.keep_language = True
            if session is not None and session.locale != asked:
                await sessions.speak(session, asked)
        scope["state"]["visit"] = visit
        await next_app(scope, receive, send)


def visit_of(request: Request[Any, Any, Any], site: Site) -> Visit:
    """Return the request's visitor; where no route was found (404), one without session but with a language."""
    visit = request.scope["state"].get("visit")
    if isinstance(visit, Visit):
        return visit
    return Visit(None, None, None, _language(request.scope, _cookies(request.scope), site, None))


def set_cookies(message: Message, scope: Scope, site: Site) -> None:
    """Write on the answer what must change in the browser's cookies; called for every answer, errors too."""
    visit = scope.get("state", {}).get("visit")
    if not isinstance(visit, Visit) or message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    handler = scope.get("route_handler")
    if not (handler and handler.opt.get("sessionless")):
        if visit.session is not None and visit.session.handle != visit.presented:
            headers.add("set-cookie", site.cookie(visit.cookie, visit.session.handle))
        elif visit.session is None and visit.presented:
            headers.add("set-cookie", site.cookie(visit.cookie, "", max_age=0))
    if visit.keep_language:
        headers.add("set-cookie", site.cookie(site.language_cookie, visit.locale, max_age=_LANGUAGE_KEPT))


def _language(scope: Any, cookies: dict[str, str], site: Site, session: Session | None) -> str:
    accept = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-language"), None)
    kept = cookies.get(site.language_cookie)
    return negotiate(_asked(scope), session.locale if session else None, kept, accept)


def _asked(scope: Any) -> str | None:
    query = scope.get("query_string", b"")
    for pair in query.split(b"&")[:20]:
        if pair in (b"lang=fr", b"lang=en"):
            return str(pair[5:].decode())
    return None


def _cookies(scope: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"cookie":
            for part in value.decode("latin-1").split(";"):
                key, separator, text = part.strip().partition("=")
                if separator and key not in found:
                    found[key] = text
    return found
