"""A second realm of a real Keycloak stands for ProConnect: an election's file is all that it takes."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from attacks import noes, people, providers
from attacks.site import BASE, CALLBACKS, HERE, Site, open_site

from isoloir_prosante_connect.keycloak import Keycloak, administer, log_in, make_browser

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

_PASSWORD = "of-everybody-here"
_ESTABLISHMENT = "13002526500013"
_SCOPES = ("given_name", "usual_name", "email", "uid", "siret")
"""ProConnect has a scope for each claim; none of them is of Keycloak's own."""


def agent(place: int) -> str:
    return f"agent-{people.rpps(place)}"


PEOPLE = {
    agent(people.ELECTOR): {"siret": _ESTABLISHMENT, "uid": agent(people.ELECTOR)},
    agent(people.THIEF): {"siret": _ESTABLISHMENT, "uid": agent(people.THIEF)},
    "of-another-house": {"siret": "11000201100044", "uid": agent(people.ELECTOR)},
    "of-no-house": {"uid": agent(people.ELECTOR)},
    "stranger": {"siret": _ESTABLISHMENT, "uid": agent(77)},
    "other-form": {"siret": _ESTABLISHMENT, "uid": people.rpps(people.ELECTOR)},
}


def _scope(name: str, *mappers: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "protocol": "openid-connect", "protocolMappers": list(mappers)}


def _mapper(name: str, kind: str, **config: str) -> dict[str, Any]:
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config}


def _claim(name: str) -> dict[str, Any]:
    what = {"user.attribute": f"agent.{name}", "claim.name": name, "jsonType.label": "String"}
    where = {"userinfo.token.claim": "true", "id.token.claim": "false"}
    return _mapper(name, "oidc-usermodel-attribute-mapper", **what, **where)


def _identity() -> dict[str, Any]:
    """Every token: who, at which level."""
    level = {"claim.name": "acr", "claim.value": "eidas1", "jsonType.label": "String", "id.token.claim": "true"}
    subject = {"access.token.claim": "true", "introspection.token.claim": "true"}
    return _scope(
        "identity",
        _mapper("sub", "oidc-sub-mapper", **subject),
        _mapper("acr", "oidc-hardcoded-claim-mapper", **level),
    )


def _user(name: str, claims: dict[str, str]) -> dict[str, Any]:
    said = {"given_name": "Alix", "usual_name": "Martin", "email": f"{name}@hopital.example.org", **claims}
    return {
        "username": name, "enabled": True, "attributes": {f"agent.{key}": [value] for key, value in said.items()},
        "credentials": [{"type": "password", "value": _PASSWORD, "temporary": False}],
    }  # fmt: skip


class ProConnect(providers.Provider):
    """The realm, with user-info in a signed token, as ProConnect sends it."""

    name = "ProConnect"

    def __init__(self, keycloak: Keycloak) -> None:
        realm = f"agents-{secrets.token_hex(4)}"
        self.issuer = f"{keycloak.url}/realms/{realm}"
        self.discovery_url = f"{self.issuer}/.well-known/openid-configuration"
        site = {
            "clientId": "elections", "secret": providers.SECRET, "redirectUris": list(CALLBACKS),
            "attributes": {
                "pkce.code.challenge.method": "S256", "user.info.response.signature.alg": "RS256",
            },
            "defaultClientScopes": ["identity"], "optionalClientScopes": list(_SCOPES),
        }  # fmt: skip
        profile = {
            "attributes": [
                {"name": name, "permissions": {"view": ["admin"], "edit": ["admin"]}}
                for name in ("username", "email")
            ],
            "unmanagedAttributePolicy": "ADMIN_EDIT",
        }
        kept = {"providerId": "declarative-user-profile", "config": {"kc.user.profile.config": [json.dumps(profile)]}}
        administer(keycloak).create_realm(
            {
                "realm": realm,
                "enabled": True,
                "sslRequired": "none",
                "attributes": {"acr.loa.map": json.dumps({"eidas1": -1})},
                "clientScopes": [_identity(), *(_scope(name, _claim(name)) for name in _SCOPES)],
                "components": {"org.keycloak.userprofile.UserProfileProvider": [kept]},
                "clients": [site],
                "users": [_user(*one) for one in PEOPLE.items()],
            }
        )

    def factor(self) -> dict[str, Any]:
        return {
            "plugin": "openid_connect",
            "config": {
                "provider": "ProConnect", "issuer": self.issuer, "local": True, "client_id": "elections",
                "client_secret": {"file": "provider"}, "scopes": list(_SCOPES), "levels": ["eidas1"],
                "display": "{given_name} {usual_name}", "requires": {"siret": [_ESTABLISHMENT]},
                "claims": {"rpps": {"claim": "uid", "pattern": "agent-([0-9]{11})"}},
            },
        }  # fmt: skip

    def browser(self) -> httpx2.AsyncClient:
        return make_browser(providers.TLS)

    async def _log_in(self, browser: httpx2.AsyncClient, url: str, who: str) -> str:
        return await log_in(browser, url, who, _PASSWORD, BASE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """The site with that provider, by its election's file."""
    with noes.overheard() as heard:
        async with open_site(ProConnect(request.getfixturevalue("keycloak")), heard) as opened:
            yield opened


async def test_an_agent_logs_in_by_configuration_alone(site: Site) -> None:
    """Claims of another name, a required establishment, a signed user-info: the elector is in."""
    visitor = site.visitor(honest=True)
    shown = await visitor.log_in(agent(people.ELECTOR))
    assert (shown.path, shown.status) == (f"/e/{HERE}/contests", 200), shown
    assert await visitor.is_in()
    await site.clear()


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("of-another-house", "oidc_requirement"),
        ("of-no-house", "oidc_requirement"),
        ("stranger", "not_recognised"),
        ("other-form", "oidc_claim_form"),
    ],
)
async def test_who_does_not_fit_the_configuration_is_refused(site: Site, who: str, code: str) -> None:
    """Another establishment, none, nobody of the roll, a number of another form: refused, and not in."""
    visitor = site.visitor()
    shown = await visitor.log_in(who)
    assert shown.codes == [code]
    assert not await visitor.is_in()
    await site.clear()
