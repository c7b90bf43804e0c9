"""A realm that stands for Pro Santé Connect: its scope, its claims, its people, on a real Keycloak.

Pro Santé Connect is itself a Keycloak realm, ``esante-wallet``, whose people come from a directory; so their ``sub``
is ``f:<directory>:<national identifier>``. Here they are users of the realm, each claim is an attribute of theirs
(written in JSON, so that lists and empty texts come out as they are), and ``sub`` is one of these attributes too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from keycloak import KeycloakAdmin

from isoloir_prosante_connect.keycloak.certificates import CLIENT_SUBJECT
from isoloir_prosante_connect.keycloak.server import Keycloak
from isoloir_prosante_connect.simulator.identities import SHAPES, Identity

REALM: Final = "esante-wallet"
SCOPE: Final = "scope_all"
PASSWORD: Final = "carte-et-code"  # noqa: S105 - it stands for the card; everybody's, and for nobody real
_ADMIN_SECONDS: Final = 300
_TEXTS: Final = ("sub", "acr")
"""Claims that are texts and part of every token; the others are JSON, and of the user-info alone."""
_AMONG_CLAIMS: Final = (
    "preferred_username", "SubjectNameID", "given_name", "family_name", "authMode", "Palier_Authentification",
    "SubjectRole", "SubjectOrganization", "SubjectOrganizationID", "Secteur_Activite", "PSI_Locale", "UITVersion",
    "otherIds", "SubjectRefPro",
)  # fmt: skip


@dataclass(frozen=True)
class RelyingSite:
    """A site that Pro Santé Connect knows, and how it shows who it is.

    With a `secret`; or by ``private_key_jwt`` with the public keys `jwks` (RFC 7523); or else by ``tls_client_auth``
    with the certificate of `Keycloak.certificates` (RFC 8705), at the https address.
    """

    client_id: str
    redirect_uris: tuple[str, ...]
    post_logout_uris: tuple[str, ...] = ()
    secret: str | None = field(default=None, repr=False)
    jwks: Mapping[str, Any] | None = None
    algorithm: str = "ES256"
    signed_userinfo: str | None = None
    """The algorithm of a user-info in a signed JWT; JSON when left out."""


@dataclass(frozen=True)
class Wallet:
    """The realm made: where it is."""

    keycloak: Keycloak
    realm: str

    @property
    def issuer(self) -> str:
        """The issuer, over plain http on this machine."""
        return f"{self.keycloak.url}/realms/{self.realm}"

    @property
    def https_issuer(self) -> str:
        """The same realm's issuer over https; the way to it for mTLS."""
        return f"{self.keycloak.https_url}/realms/{self.realm}"

    @property
    def discovery_url(self) -> str:
        """Where a stock Keycloak describes itself: not where Pro Santé Connect does."""
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def ciba_endpoint(self) -> str:
        """Where an e-CPS login is asked for."""
        return f"{self.issuer}/protocol/openid-connect/ext/ciba/auth"


def administer(keycloak: Keycloak) -> KeycloakAdmin:
    """Return python-keycloak's administrator of a Keycloak of ours."""
    return KeycloakAdmin(
        server_url=keycloak.url,
        username=keycloak.user,
        password=keycloak.password,
        realm_name="master",
        # On a busy machine a realm with a whole roll takes its time, and sent again it would be there already.
        timeout=_ADMIN_SECONDS,
        max_retries=0,
    )


def make_wallet(
    keycloak: Keycloak,
    sites: Iterable[RelyingSite],
    identities: Iterable[Identity] = SHAPES,
    *,
    realm: str = REALM,
    ciba_interval: int = 5,
    ciba_expires: int = 120,
) -> Wallet:
    """Make the realm; its people log in with their identifier (`Identity.number`) and `PASSWORD`.

    `ciba_interval` and `ciba_expires` are in seconds. Raises keycloak.exceptions.KeycloakError where it exists.
    """
    administer(keycloak).create_realm(
        {
            "realm": realm,
            "enabled": True,
            "displayName": "Pro Santé Connect (Keycloak)",
            "internationalizationEnabled": True,
            "supportedLocales": ["fr", "en"],
            "defaultLocale": "en",
            "sslRequired": "none",
            "registrationAllowed": False,
            # Everybody's password is public: to hash it slowly would make a whole roll wait, and protect nothing.
            "passwordPolicy": "hashAlgorithm(pbkdf2-sha256) and hashIterations(1)",
            "accessTokenLifespan": 120,
            "ssoSessionIdleTimeout": 30 * 60,
            "ssoSessionMaxLifespan": 4 * 3600,
            "attributes": {
                # A level above that of the session asks for a new login, and a password alone has none (-1): so that
                # single sign-on is as silent as the provider's.
                "acr.loa.map": json.dumps({"eidas1": -1, "eidas2": -1, "eidas3": -1}),
                "cibaBackchannelTokenDeliveryMode": "poll",
                "cibaExpiresIn": str(ciba_expires),
                "cibaInterval": str(ciba_interval),
                "cibaAuthRequestedUserHint": "login_hint",
            },
            "clientScopes": [_own_scope(), _scope_all()],
            "defaultDefaultClientScopes": ["identity"],
            "defaultOptionalClientScopes": [SCOPE],
            "components": {"org.keycloak.userprofile.UserProfileProvider": [_profile()]},
            "clients": [_client(site) for site in sites],
            "users": [_user(one) for one in identities],
        }
    )
    return Wallet(keycloak, realm)


def _profile() -> dict[str, Any]:
    # Nothing is asked of a person but who they are: the directory knows the rest, as attributes of no fixed list.
    profile = {
        "attributes": [
            {"name": name, "permissions": {"view": ["admin"], "edit": ["admin"]}}
            for name in ("username", "email", "firstName", "lastName")
        ],
        "unmanagedAttributePolicy": "ADMIN_EDIT",
    }
    return {"providerId": "declarative-user-profile", "config": {"kc.user.profile.config": [json.dumps(profile)]}}


def _own_scope() -> dict[str, Any]:
    """Return what every token holds: `sub`, `acr` and when the login was."""
    mappers = [_mapper(name, "String", everywhere=True) for name in _TEXTS]
    mappers.append(
        {
            "name": "auth_time",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-usersessionmodel-note-mapper",
            "config": {
                "user.session.note": "AUTH_TIME",
                "claim.name": "auth_time",
                "jsonType.label": "long",
                "id.token.claim": "true",
                "access.token.claim": "true",
            },
        }
    )
    return {"name": "identity", "protocol": "openid-connect", "protocolMappers": mappers}


def _scope_all() -> dict[str, Any]:
    return {
        "name": SCOPE,
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": "true"},
        "protocolMappers": [_mapper(name, "JSON", everywhere=False) for name in _AMONG_CLAIMS],
    }


def _mapper(claim: str, kind: str, *, everywhere: bool) -> dict[str, Any]:
    return {
        "name": claim,
        "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-attribute-mapper",
        "config": {
            "user.attribute": f"psc.{claim}",
            "claim.name": claim,
            "jsonType.label": kind,
            "userinfo.token.claim": str(claim != "acr").lower(),
            "id.token.claim": str(everywhere).lower(),
            "access.token.claim": str(everywhere).lower(),
        },
    }


def _user(one: Identity) -> dict[str, Any]:
    attributes = {
        f"psc.{name}": [value if name in _TEXTS else json.dumps(value, ensure_ascii=False)]
        for name, value in one.userinfo.items()
    }
    if one.acr is not None:
        attributes["psc.acr"] = [one.acr]
    return {
        "username": one.number,
        "enabled": True,
        "attributes": attributes,
        "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
    }


def _client(site: RelyingSite) -> dict[str, Any]:
    attributes = {
        "post.logout.redirect.uris": "##".join(site.post_logout_uris),
        "oidc.ciba.grant.enabled": "true",
        "pkce.code.challenge.method": "S256",
    }
    if site.signed_userinfo is not None:
        attributes["user.info.response.signature.alg"] = site.signed_userinfo
    if site.secret is not None:
        kind, secret = "client-secret", {"secret": site.secret}
    elif site.jwks is not None:
        kind, secret = "client-jwt", {}
        attributes |= {
            "use.jwks.string": "true",
            "jwks.string": json.dumps(site.jwks),
            "token.endpoint.auth.signing.alg": site.algorithm,
        }
    else:
        kind, secret = "client-x509", {}
        attributes |= {"x509.subjectdn": CLIENT_SUBJECT, "x509.allow.regex.pattern.comparison": "false"}
    return {
        "clientId": site.client_id,
        "enabled": True,
        "protocol": "openid-connect",
        "publicClient": False,
        "standardFlowEnabled": True,
        "directAccessGrantsEnabled": False,
        "redirectUris": list(site.redirect_uris),
        "clientAuthenticatorType": kind,
        **secret,
        "attributes": attributes,
        "defaultClientScopes": ["identity"],
        "optionalClientScopes": [SCOPE],
    }
