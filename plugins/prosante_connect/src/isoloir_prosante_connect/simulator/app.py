"""The simulated provider over HTTP: the addresses of the real one, under any prefix."""

import asyncio
import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit

from litestar import Litestar, Request, get, post
from litestar.datastructures import Cookie
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from litestar.types import Receive, Scope, Send

from isoloir_prosante_connect.config import DISCOVERY_PATH
from isoloir_prosante_connect.simulator.authority import Authority, BadClient
from isoloir_prosante_connect.simulator.oauth import OAuthError
from isoloir_prosante_connect.simulator.pages import STYLE, answered_page, login_page, message_page, telephones_page

COOKIE: Final = "psc_simulator"
TELEPHONES: Final = "/wallet/telephones"
"""Where everybody's telephone is answered."""
_WIRE: Final = "/protocol/openid-connect"
_MEANS: Final = ("CARD", "MOBILE")
_SCOPE_KEYS: Final = (
    "type", "asgi", "http_version", "server", "client", "scheme", "method", "query_string", "headers",
)  # fmt: skip

AnyRequest = Request[Any, Any, Any]
AnyResponse = Response[Any]


class Simulator:
    """An ASGI application, and the switches of the provider behind it (`authority`)."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self._prefix = urlsplit(authority.issuer).path
        self._app = Litestar(
            route_handlers=_handlers(authority, self._prefix),
            exception_handlers={BadClient: _bad_client(authority), OAuthError: _oauth_error},
            openapi_config=None,
            logging_config=None,
        )

    @property
    def issuer(self) -> str:
        """The issuer, which is also where everything is."""
        return self.authority.issuer

    def fail(self, *faults: str) -> None:
        """Switch these faults on (see `simulator.faults.FAULTS`) and all others off."""
        self.authority.fail(*faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, whether or not whoever mounts this has taken the prefix off its path."""
        if scope["type"] != ScopeType.HTTP:
            return
        path = scope["path"].removeprefix(self._prefix) if self._prefix else scope["path"]
        # A fresh scope: the frameworks around this leave things of their own in theirs.
        inner: dict[str, Any] = {name: scope.get(name) for name in _SCOPE_KEYS}
        path = "/" + path.strip("/")
        inner |= {"path": path, "raw_path": path.encode(), "root_path": "", "state": {}}
        await self._app(inner, receive, send)  # type: ignore[arg-type]  # a scope made of a scope


def _handlers(authority: Authority, prefix: str) -> list[HTTPRouteHandler]:
    style = f"{prefix}/simulator.css"

    @get("/simulator.css", sync_to_thread=False)
    def stylesheet() -> AnyResponse:
        return Response(STYLE, media_type="text/css; charset=utf-8")

    @get(DISCOVERY_PATH)
    async def discovery() -> AnyResponse:
        return await _faulty(authority, "discovery") or _json(authority.description())

    @get(f"{_WIRE}/certs")
    async def certs() -> AnyResponse:
        return await _faulty(authority, "jwks") or _json(authority.public_keys())

    @get("/wallet/auth", sync_to_thread=False)
    def authorize(request: AnyRequest) -> AnyResponse:
        params = _once(request.query_params.multi_items())
        asked = authority.ask(params)
        if error := authority.mistake(asked, params):
            return _redirect(authority.return_url(asked, {"error": error}))
        if session := authority.session(request.cookies.get(COOKIE), asked):
            return _redirect(authority.grant(asked, session))
        if asked.prompt == "none":
            return _redirect(authority.return_url(asked, {"error": "login_required"}))
        return _login(authority, authority.keep(asked), asked, prefix, style)

    @post("/wallet/login", status_code=200)
    async def login(request: AnyRequest) -> AnyResponse:
        form = _once((await request.form()).multi_items())
        asked = authority.kept(form.get("request", ""))
        if asked is None:
            raise BadClient
        if form.get("cancel"):
            return _redirect(authority.return_url(asked, {"error": "access_denied"}))
        chosen = form.get("number", "").strip() or form.get("identity", "")
        identity, means = authority.find(chosen), form.get("means", "CARD")
        if identity is None or means not in _MEANS:
            error = "personne n’a ce numéro ici. Choisissez une identité de la liste, ou tapez un numéro RPPS."
            return _login(authority, authority.keep(asked), asked, prefix, style, error)
        handle, session = authority.open_session(identity, means)
        cookie = Cookie(key=COOKIE, value=handle, path=prefix or "/", httponly=True, samesite="lax")
        return _redirect(authority.grant(asked, session), cookie)

    @post(f"{_WIRE}/token", status_code=200)
    async def token(request: AnyRequest) -> AnyResponse:
        if broken := await _faulty(authority, "token"):
            return broken
        form = _once((await request.form()).multi_items())
        client_id, client_secret = _client_of(request.headers.get("authorization"), form)
        return _json(authority.exchange(client_id, client_secret, form))

    @post(f"{_WIRE}/ext/ciba/auth", status_code=200)
    async def backchannel(request: AnyRequest) -> AnyResponse:
        if broken := await _faulty(authority, "ciba"):
            return broken
        form = _once((await request.form()).multi_items())
        return _json(authority.ring(*_client_of(request.headers.get("authorization"), form), form))

    @get(TELEPHONES, sync_to_thread=False)
    def telephones() -> AnyResponse:
        rings = tuple(authority.telephones.ringing())
        return _html(telephones_page(rings, action=f"{prefix}{TELEPHONES}", style=style), authority)

    @post(TELEPHONES, status_code=200)
    async def answer(request: AnyRequest) -> AnyResponse:
        form = _once((await request.form()).multi_items())
        ring = authority.telephones.answer(form.get("ring", ""), form.get("act", ""))
        page = answered_page(ring, back=f"{prefix}{TELEPHONES}", style=style)
        return _html(page, authority, status=200 if ring else 404)

    @get(f"{_WIRE}/userinfo")
    async def userinfo(request: AnyRequest) -> AnyResponse:
        if broken := await _faulty(authority, "userinfo"):
            return broken
        kind, _, access_token = request.headers.get("authorization", "").partition(" ")
        claims = authority.userinfo(access_token if kind.lower() == "bearer" else "")
        if isinstance(claims, str):
            return Response(claims.encode(), media_type="application/jwt", headers=_NO_STORE)
        return _json(claims)

    @get(f"{_WIRE}/logout", sync_to_thread=False)
    def logout(request: AnyRequest) -> AnyResponse:
        url = authority.log_out(request.cookies.get(COOKIE), _once(request.query_params.multi_items()))
        if url is not None:
            return _redirect(url)
        return _html(message_page("Vous êtes déconnecté", "Vous pouvez fermer cette page.", style=style), authority)

    return [
        stylesheet, discovery, certs, authorize, login, token, backchannel, telephones, answer, userinfo, logout,
    ]  # fmt: skip


_NO_STORE: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def _json(content: Mapping[str, Any] | list[Any], status: int = 200) -> AnyResponse:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(body, media_type="application/json", status_code=status, headers=_NO_STORE)


def _redirect(url: str, cookie: Cookie | None = None) -> AnyResponse:
    headers = {**_NO_STORE, "location": url, "referrer-policy": "no-referrer"}
    return Response(b"", status_code=302, headers=headers, cookies=[cookie] if cookie else None)


def _html(page: str, authority: Authority, status: int = 200) -> AnyResponse:
    # Browsers hold the redirect that answers a form to `form-action` too: the sites served are named in it.
    urls = {uri for client in authority.clients.values() for uri in client.redirect_uris}
    sites = " ".join(sorted({"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in urls}))
    policy = (
        f"default-src 'none'; style-src 'self'; form-action 'self' {sites}; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {**_NO_STORE, "content-security-policy": policy, "referrer-policy": "same-origin"}
    return Response(page.encode(), media_type="text/html; charset=utf-8", status_code=status, headers=headers)


def _login(authority: Authority, handle: str, asked: Any, prefix: str, style: str, error: str = "") -> AnyResponse:
    page = login_page(asked, handle, authority.identities, action=f"{prefix}/wallet/login", style=style, error=error)
    return _html(page, authority, status=422 if error else 200)


def _once(items: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Return parameters by name; one given twice makes the request invalid (RFC 6749, section 3.1)."""
    read: dict[str, str] = {}
    for name, value in items:
        if name in read:
            raise OAuthError("invalid_request")
        read[name] = str(value)
    return read


def _client_of(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str]:
    """Return the client's name and secret, from the header or the form but not both (RFC 6749, section 2.3)."""
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic" or "client_secret" in form:
        raise OAuthError("invalid_request")
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", 401) from None
    return unquote_plus(client_id), unquote_plus(secret)


async def _faulty(authority: Authority, endpoint: str) -> AnyResponse | None:
    """Return the broken answer that is switched on for an endpoint, or `None`."""
    faults = authority.faults
    if f"{endpoint}_slow" in faults:
        await asyncio.sleep(authority.slow_seconds)
    if f"{endpoint}_html" in faults:
        return Response(b"<!doctype html><title>Maintenance</title>", media_type="text/html")
    if f"{endpoint}_not_object" in faults:
        return _json([])
    if f"{endpoint}_error_500" in faults:
        return _json({"error": "server_error"}, 500)
    if f"{endpoint}_redirect" in faults:
        return _redirect(authority.issuer)
    if f"{endpoint}_huge" in faults:
        return _json({"filler": "x" * 2_000_000})
    return None


def _bad_client(authority: Authority) -> Any:
    style = f"{urlsplit(authority.issuer).path}/simulator.css"
    text = (
        "Le site qui vous envoie n’est pas connu ici, ou son adresse de retour n’est pas celle qui est inscrite, ou "
        "cette page a déjà servi. Revenez au site et recommencez."
    )

    def handle(_: AnyRequest, __: BadClient) -> AnyResponse:
        return _html(message_page("Connexion impossible", text, style=style), authority, status=400)

    return handle


def _oauth_error(_: AnyRequest, error: OAuthError) -> AnyResponse:
    return _json({"error": error.code}, error.status)
