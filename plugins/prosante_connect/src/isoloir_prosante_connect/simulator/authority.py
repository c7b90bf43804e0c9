"""What the simulated provider knows and decides; its pages and addresses are elsewhere.

Sources: OpenID Connect Core 1.0, RFC 6749, RFC 7636, RFC 9207, RP-Initiated Logout 1.0.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from isoloir_openid_connect.clock import Clock
from isoloir_openid_connect.tokens import access_token_hash
from isoloir_prosante_connect.backchannel import GRANT as CIBA
from isoloir_prosante_connect.simulator.faults import FAULTS, signed, spoil_claims, unsigned
from isoloir_prosante_connect.simulator.identities import SHAPES, Identity
from isoloir_prosante_connect.simulator.oauth import OAuthError
from isoloir_prosante_connect.simulator.telephones import Telephones

_CODE_LASTS: Final = timedelta(seconds=60)
_TOKEN_LASTS: Final = timedelta(seconds=120)
_SESSION_LASTS: Final = timedelta(hours=4)
_SESSION_IDLES: Final = timedelta(minutes=30)
_ASKED_AT_MOST: Final = 10_000


@dataclass(frozen=True)
class RelyingParty:
    """A site that is registered: its secret, and the exact addresses that voters may be sent back to."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()


class BadClient(Exception):
    """Nobody to send the voter back to: an unknown client, or an address that is not registered."""


@dataclass(frozen=True)
class Asked:
    """A checked authorization request."""

    client: RelyingParty
    redirect_uri: str
    state: str
    nonce: str | None
    challenge: str
    scope: str
    prompt: str
    max_age: int | None


@dataclass
class Session:
    """Somebody is logged in on a browser (single sign-on)."""

    identity: Identity
    means: str
    since: datetime
    used: datetime


@dataclass(frozen=True)
class Grant:
    """What a code or an access token stands for."""

    asked: Asked
    identity: Identity
    means: str
    auth_time: datetime
    until: datetime


class Authority:
    """The provider: who may log in, for whom, and what has been issued."""

    def __init__(
        self,
        identities: Iterable[Identity],
        issuer: str,
        clients: Iterable[RelyingParty],
        clock: Clock,
        *,
        signed_userinfo: bool = False,
        slow_seconds: float = 30,
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self.clock = clock
        self.signed_userinfo = signed_userinfo
        self.slow_seconds = slow_seconds
        self.identities = tuple(identities) or SHAPES
        self.clients = {client.client_id: client for client in clients}
        self.telephones = Telephones(self)
        self._faults: set[str] = set()
        self._keys: list[RSAKey] = []
        self._asked: dict[str, Asked] = {}
        self._sessions: dict[str, Session] = {}
        self._codes: dict[str, Grant] = {}
        self._spent: dict[str, str] = {}
        self._tokens: dict[str, Grant] = {}
        self.rotate_keys()

    # --- switches for tests -------------------------------------------------------------------------

    @property
    def faults(self) -> set[str]:
        """The faults switched on."""
        return self._faults

    def fail(self, *faults: str) -> None:
        """Switch these faults on and all others off; none makes the provider sound again."""
        if unknown := set(faults) - FAULTS:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}")
        self._faults = set(faults)

    def rotate_keys(self, *, keep_old: bool = False) -> None:
        """Sign with a new RSA key from now on; the old ones are published on only if `keep_old`."""
        fresh = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": secrets.token_hex(8)})
        self._keys = [fresh, *(self._keys if keep_old else [])]

    # --- what it publishes --------------------------------------------------------------------------

    def address(self, endpoint: str) -> str:
        """Return the address of an endpoint under the issuer."""
        return f"{self.issuer}/{endpoint}"

    def description(self) -> dict[str, Any]:
        """Return the discovery document, with the oddities of the real one."""
        wire = "protocol/openid-connect"
        clear = "discovery_clear_address" in self.faults
        described = {
            "issuer": "https://another.example/realm" if "discovery_other_issuer" in self.faults else self.issuer,
            "authorization_endpoint": self.address("wallet/auth"),
            "token_endpoint": "http://192.0.2.1/token" if clear else self.address(f"{wire}/token"),
            "userinfo_endpoint": self.address(f"{wire}/userinfo"),
            "jwks_uri": self.address(f"{wire}/certs"),
            "end_session_endpoint": self.address(f"{wire}/logout"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "scope_all"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": ["0", "0"],
            "backchannel_authentication_endpoint": self.address(f"{wire}/ext/ciba/auth"),
            "backchannel_token_delivery_modes_supported": ["poll"],
        }
        if "ciba_not_offered" in self.faults:
            del described["backchannel_authentication_endpoint"]
        return described

    def public_keys(self) -> dict[str, Any]:
        """Return the JSON Web Key Set."""
        if "jwks_empty" in self.faults:
            return {"keys": []}
        return dict(KeySet(list(self._keys)).as_dict(private=False))

    # --- logging in ---------------------------------------------------------------------------------

    def ask(self, params: Mapping[str, str]) -> Asked:
        """Check an authorization request; `BadClient` before the address to return to is known to be right."""
        client = self.clients.get(params.get("client_id", ""))
        uri = params.get("redirect_uri", "")
        if client is None or uri not in client.redirect_uris:
            raise BadClient
        max_age = params.get("max_age")
        return Asked(
            client=client,
            redirect_uri=uri,
            state=params.get("state", ""),
            nonce=params.get("nonce"),
            challenge=params.get("code_challenge", ""),
            scope=params.get("scope", ""),
            prompt=params.get("prompt", ""),
            max_age=int(max_age) if max_age and max_age.isdecimal() else None,
        )

    def mistake(self, asked: Asked, params: Mapping[str, str]) -> str | None:
        """Return the error code of a request that is not one of the code flow with PKCE S256, or `None`."""
        if params.get("response_type") != "code":
            return "unsupported_response_type"
        if "openid" not in asked.scope.split():
            return "invalid_scope"
        if params.get("code_challenge_method") != "S256" or len(asked.challenge) != 43:
            return "invalid_request"
        return None

    def keep(self, asked: Asked) -> str:
        """Keep a request until its form comes back; returns the handle that the form carries."""
        while len(self._asked) >= _ASKED_AT_MOST:
            del self._asked[next(iter(self._asked))]
        handle = secrets.token_urlsafe(24)
        self._asked[handle] = asked
        return handle

    def kept(self, handle: str) -> Asked | None:
        """Return a request that a form came back for, once."""
        return self._asked.pop(handle, None)

    def find(self, chosen: str) -> Identity | None:
        """Return an identity by its id, its national identifier or its RPPS number."""
        return next((one for one in self.identities if chosen in (one.id, one.number, one.number[1:])), None)

    def open_session(self, identity: Identity, means: str) -> tuple[str, Session]:
        """Log somebody in; returns the cookie's value and the session."""
        now = self.clock.now()
        handle = secrets.token_urlsafe(24)
        self._sessions[handle] = Session(identity, means, now, now)
        return handle, self._sessions[handle]

    def session(self, handle: str | None, asked: Asked) -> Session | None:
        """Return the session that answers a request without asking anybody, if there is one (single sign-on)."""
        found = self._sessions.get(handle or "")
        now = self.clock.now()
        if found is None or asked.prompt == "login":
            return None
        if now - found.since > _SESSION_LASTS or now - found.used > _SESSION_IDLES:
            return None
        if asked.max_age is not None and now - found.since > timedelta(seconds=asked.max_age):
            return None
        found.used = now
        return found

    def return_url(self, asked: Asked, answer: Mapping[str, str]) -> str:
        """Return where the voter goes back to, with `answer`, the state and the issuer (RFC 9207)."""
        params = {**answer, "state": asked.state, "iss": self.issuer}
        if "callback_iss" in self.faults:
            params["iss"] = "https://another.example/realm"
        if "callback_state" in self.faults:
            params["state"] = "another"
        if "callback_no_code" in self.faults:
            params.pop("code", None)
        for fault in self.faults & {"callback_access_denied", "callback_server_error", "callback_invalid_scope"}:
            params.pop("code", None)
            params["error"] = fault.removeprefix("callback_")
        joint = "&" if "?" in asked.redirect_uri else "?"
        return f"{asked.redirect_uri}{joint}{urlencode(params)}"

    def grant(self, asked: Asked, session: Session) -> str:
        """Issue a code, for one exchange within a minute; returns where the voter goes."""
        code = secrets.token_urlsafe(24)
        until = self.clock.now() + _CODE_LASTS
        self._codes[code] = Grant(asked, session.identity, session.means, session.since, until)
        return self.return_url(asked, {"code": code})

    # --- tokens -------------------------------------------------------------------------------------

    def exchange(self, client_id: str, client_secret: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Exchange a code, or an approval, for tokens; raises `OAuthError` (RFC 6749, section 5.2)."""
        client = self._known(client_id, client_secret)
        if form.get("grant_type") == CIBA:
            return self._approved(client, form.get("auth_req_id", ""))
        if form.get("grant_type") != "authorization_code":
            raise OAuthError("unsupported_grant_type")
        code = form.get("code", "")
        if code in self._spent:  # tried twice: what it brought is void (RFC 6749, section 4.1.2)
            self._tokens.pop(self._spent[code], None)
        grant = self._codes.pop(code, None)
        if grant is None or "invalid_grant" in self.faults:
            raise OAuthError("invalid_grant")
        verifier = form.get("code_verifier", "")
        if (
            grant.asked.client.client_id != client_id
            or grant.asked.redirect_uri != form.get("redirect_uri")
            or self.clock.now() > grant.until
            or not 43 <= len(verifier) <= 128
            or not hmac.compare_digest(create_s256_code_challenge(verifier).encode(), grant.asked.challenge.encode())
        ):
            raise OAuthError("invalid_grant")
        answer = self._tokens_of(grant)
        self._spent[code] = answer["access_token"]
        return answer

    def ring(self, client_id: str, client_secret: str, form: Mapping[str, str]) -> dict[str, object]:
        """Let a telephone ring (CIBA Core 1.0, section 7); raises `OAuthError`."""
        return self.telephones.ring(self._known(client_id, client_secret).client_id, form)

    def _known(self, client_id: str, client_secret: str) -> RelyingParty:
        client = self.clients.get(client_id)
        right = client is not None and hmac.compare_digest(client.client_secret.encode(), client_secret.encode())
        if client is None or not right or "invalid_client" in self.faults:
            raise OAuthError("invalid_client", 401)
        return client

    def _approved(self, client: RelyingParty, auth_req_id: str) -> dict[str, Any]:
        if "invalid_grant" in self.faults:
            raise OAuthError("invalid_grant")
        ring = self.telephones.redeem(client.client_id, auth_req_id)
        now = self.clock.now()
        asked = Asked(client, "", "", None, "", ring.scope, "", None)
        return self._tokens_of(Grant(asked, ring.identity, ring.channel, ring.answered_at or now, now))

    def _tokens_of(self, grant: Grant) -> dict[str, Any]:
        access_token = secrets.token_urlsafe(32)
        until = self.clock.now() + _TOKEN_LASTS
        self._tokens[access_token] = Grant(grant.asked, grant.identity, grant.means, grant.auth_time, until)
        answer = {
            "access_token": access_token,
            "token_type": "MAC" if "wrong_token_type" in self.faults else "Bearer",
            "expires_in": int(_TOKEN_LASTS.total_seconds()),
            "scope": grant.asked.scope,
            "id_token": self._id_token(grant, access_token),
        }
        if "no_id_token" in self.faults:
            del answer["id_token"]
        return answer

    def _id_token(self, grant: Grant, access_token: str) -> str:
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": grant.identity.subject,
            "aud": grant.asked.client.client_id,
            "azp": grant.asked.client.client_id,
            "typ": "ID",
            "iat": now,
            "exp": now + int(_TOKEN_LASTS.total_seconds()),
            "auth_time": int(grant.auth_time.timestamp()),
            "at_hash": access_token_hash("RS256", access_token),
            "preferred_username": grant.identity.number,
        }
        if grant.asked.nonce is not None:
            claims["nonce"] = grant.asked.nonce
        if grant.identity.acr is not None:
            claims["acr"] = grant.identity.acr
        spoil_claims(claims, self.faults)
        return signed(claims, self._keys[0], str(self._keys[0].kid), self.faults)

    def userinfo(self, access_token: str) -> dict[str, Any] | str:
        """Return who the token is about, as claims or as a signed JWT; raises `OAuthError`."""
        grant = self._tokens.get(access_token)
        if grant is None or self.clock.now() > grant.until or "userinfo_401" in self.faults:
            raise OAuthError("invalid_token", 401)
        claims = dict(grant.identity.userinfo)
        if "authMode" in claims:
            claims["authMode"] = grant.means
        if "userinfo_other_sub" in self.faults:
            claims["sub"] = "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899700009999"
        if "userinfo_no_sub" in self.faults:
            del claims["sub"]
        if "userinfo_other_username" in self.faults:
            claims["preferred_username"] = "899700009999"
        if "userinfo_alg_none" in self.faults:
            return unsigned(claims)
        if not self.signed_userinfo:
            return claims
        claims |= {"iss": self.issuer, "aud": grant.asked.client.client_id}
        return jwt.encode({"alg": "RS256", "kid": self._keys[0].kid}, claims, self._keys[0])

    # --- logging out --------------------------------------------------------------------------------

    def log_out(self, session: str | None, params: Mapping[str, str]) -> str | None:
        """End the session; returns where the voter goes, or `None` where no right address was given."""
        self._sessions.pop(session or "", None)
        try:
            keys = KeySet(list(self._keys))
            hint = jwt.decode(params.get("id_token_hint", ""), keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            return None
        client = self.clients.get(str(hint.get("azp")))
        uri = params.get("post_logout_redirect_uri", "")
        if client is None or uri not in (*client.post_logout_redirect_uris, *client.redirect_uris):
            return None
        state = params.get("state")
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': state})}" if state else uri
