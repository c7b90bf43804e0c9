"""What an organiser's Keycloak must hold to broker Pro Santé Connect for a vote, as Keycloak's own representations.

The realm has no login of its own: whoever comes is sent on to the provider, and comes back as a user whom only the
broker writes. Each claim of the provider is an attribute of that user (``psc.<claim>``), and is told on to Isoloir
under one claim ``psc``; beside it stands which identity provider vouched, from the session and not from the user.

Source: Keycloak 26 Server Administration Guide, "Integrating identity providers" and "Managing user attributes".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from isoloir_prosante_connect.brokered import ALIAS, CLAIMS, HANDED_ON, NAMES
from isoloir_prosante_connect.config import AUTHORIZATION, ISSUERS, Preset

SCOPE: Final = "prosante-connect"
ENTRANCE: Final = "prosante-connect only"
"""The login flow: nowhere to go but the provider."""
FIRST_LOGIN: Final = "prosante-connect first login"
"""What a first login does: make the user, ask nothing, link nobody."""
NOTE: Final = "identity_provider"
"""Keycloak's own note of the session: the alias of the identity provider that it came through."""
ClientAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]


def attribute(claim: str) -> str:
    """Return the user's attribute that holds a claim of the provider."""
    return f"psc.{claim}"


@dataclass(frozen=True)
class Wanted:
    """One realm, one identity provider, one client: all that an organiser says."""

    realm: str
    provider: dict[str, str]
    """Addresses of the provider: ``issuer``, ``authorization_endpoint``, ``token_endpoint``, …"""
    provider_client_id: str
    provider_secret: str | None = field(repr=False)
    """`None` under ``private_key_jwt``: the realm signs with its own key."""
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    post_logout_uris: tuple[str, ...]
    provider_auth: ClientAuth = "client_secret_basic"
    alias: str = ALIAS

    def realm_settings(self) -> dict[str, Any]:
        """Return the realm's own settings: no account but the broker's."""
        return {
            "enabled": True,
            "sslRequired": "external",
            "registrationAllowed": False,
            "resetPasswordAllowed": False,
            "editUsernameAllowed": False,
            "rememberMe": False,
            "loginWithEmailAllowed": False,
            "duplicateEmailsAllowed": True,  # an address is nobody's key here
            "bruteForceProtected": True,
            "browserFlow": ENTRANCE,
            "ssoSessionIdleTimeout": 30 * 60,
            "ssoSessionMaxLifespan": 4 * 3600,
            "accessTokenLifespan": 120,
            "attributes": {
                # The provider says the level; Keycloak must not ask for another login of its own to reach it.
                "acr.loa.map": json.dumps({"eidas1": -1, "eidas2": -1, "eidas3": -1}, separators=(",", ":")),
            },
        }

    def identity_provider(self) -> dict[str, Any]:
        """Return the provider, as the broker's client of it; its secret is left out (`Wanted.provider_secret`)."""
        config = {
            "issuer": self.provider["issuer"],
            "authorizationUrl": self.provider["authorization_endpoint"],
            "tokenUrl": self.provider["token_endpoint"],
            "userInfoUrl": self.provider["userinfo_endpoint"],
            "jwksUrl": self.provider["jwks_uri"],
            "logoutUrl": self.provider["end_session_endpoint"],
            "clientId": self.provider_client_id,
            "clientAuthMethod": self.provider_auth,
            "defaultScope": "openid scope_all",
            "pkceEnabled": "true",
            "pkceMethod": "S256",
            "validateSignature": "true",
            "useJwksUrl": "true",
            "disableUserInfo": "false",
            "syncMode": "FORCE",
            "disableNonce": "false",
            "backchannelSupported": "false",
        }
        return {
            "alias": self.alias,
            "displayName": "Pro Santé Connect",
            "providerId": "oidc",
            "enabled": True,
            "trustEmail": False,
            "storeToken": False,
            "linkOnly": False,
            "firstBrokerLoginFlowAlias": FIRST_LOGIN,
            "config": config,
        }

    def provider_mappers(self) -> list[dict[str, Any]]:
        """Return what the broker writes about a user at every login."""
        mappers = [
            {
                "name": claim,
                "identityProviderAlias": self.alias,
                "identityProviderMapper": "oidc-user-attribute-idp-mapper",
                "config": {"claim": path, "user.attribute": attribute(claim), "syncMode": "FORCE"},
            }
            for claim, path in HANDED_ON.items()
        ]
        mappers.append(
            {
                "name": "username",
                "identityProviderAlias": self.alias,
                "identityProviderMapper": "oidc-username-idp-mapper",
                "config": {"template": "${CLAIM.sub}", "target": "LOCAL", "syncMode": "FORCE"},
            }
        )
        mappers.append(
            {
                "name": "acr",
                "identityProviderAlias": self.alias,
                "identityProviderMapper": "oidc-user-session-note-idp-mapper",
                "config": {
                    "claims": json.dumps([{"key": "acr", "value": ".*"}]),
                    "are.claim.values.regex": "true",
                    "syncMode": "FORCE",
                },
            }
        )
        return mappers

    def profile(self) -> dict[str, Any]:
        """Return the user profile: attributes that an administrator alone, and so the broker, writes."""
        names = ("username", "email", "firstName", "lastName", *map(attribute, HANDED_ON))
        return {
            "attributes": [
                {"name": name, "multivalued": False, "permissions": {"view": ["admin"], "edit": ["admin"]}}
                for name in names
            ],
        }

    def scope_mappers(self) -> list[dict[str, Any]]:
        """Return what Isoloir is told: the provider's claims, the level, who vouched, when the login was."""
        return [
            *(
                _told(
                    attribute(claim),
                    "oidc-usermodel-attribute-mapper",
                    {"user.attribute": attribute(claim), "claim.name": f"{CLAIMS}.{claim}"},
                    kind="String",
                )
                for claim in HANDED_ON
            ),
            _note(NAMES, NOTE),
            _note("acr", "acr"),
            _note("auth_time", "AUTH_TIME", kind="long"),
            _told("sub", "oidc-sub-mapper", {}, everywhere=True),
        ]

    def client(self) -> dict[str, Any]:
        """Return Isoloir as the broker's client; its secret is left out (`Wanted.client_secret`)."""
        return {
            "clientId": self.client_id,
            "name": "Isoloir",
            "enabled": True,
            "protocol": "openid-connect",
            "publicClient": False,
            "bearerOnly": False,
            "standardFlowEnabled": True,
            "implicitFlowEnabled": False,
            "directAccessGrantsEnabled": False,
            "serviceAccountsEnabled": False,
            "consentRequired": False,
            "fullScopeAllowed": False,
            "clientAuthenticatorType": "client-secret",
            "redirectUris": sorted(self.redirect_uris),
            "webOrigins": [],
            "attributes": {
                "pkce.code.challenge.method": "S256",
                "post.logout.redirect.uris": "##".join(sorted(self.post_logout_uris)),
                "oauth2.device.authorization.grant.enabled": "false",
                "oidc.ciba.grant.enabled": "false",
            },
        }


def addresses(preset: Preset, issuer: str | None = None) -> dict[str, str]:
    """Return where the provider's endpoints are: all but the authorization's are at its issuer."""
    base = issuer or ISSUERS[preset]
    under = f"{base}/protocol/openid-connect"
    return {
        "issuer": base,
        "authorization_endpoint": (None if issuer else AUTHORIZATION[preset]) or f"{under}/auth",
        "token_endpoint": f"{under}/token",
        "userinfo_endpoint": f"{under}/userinfo",
        "jwks_uri": f"{under}/certs",
        "end_session_endpoint": f"{under}/logout",
    }


def scope() -> dict[str, Any]:
    """Return the client scope that Isoloir alone is given."""
    return {
        "name": SCOPE,
        "protocol": "openid-connect",
        "description": "Pro Santé Connect for Isoloir",
        "attributes": {"include.in.token.scope": "false", "display.on.consent.screen": "false"},
    }


def _note(claim: str, note: str, kind: str = "String") -> dict[str, Any]:
    return _told(
        claim,
        "oidc-usersessionmodel-note-mapper",
        {"user.session.note": note, "claim.name": claim},
        kind=kind,
        everywhere=True,
    )


def _told(
    name: str, mapper: str, config: dict[str, str], *, kind: str | None = None, everywhere: bool = False
) -> dict[str, Any]:
    """Return a mapper: to the user-info alone, or to the tokens as well."""
    where = {
        "userinfo.token.claim": "true",
        "id.token.claim": str(everywhere).lower(),
        "access.token.claim": str(everywhere).lower(),
    }
    if mapper == "oidc-sub-mapper":
        where = {"access.token.claim": "true", "introspection.token.claim": "true"}
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": mapper,
        "config": {**config, **where, **({"jsonType.label": kind} if kind else {})},
    }
