"""What is wrong with a realm that brokers Pro Santé Connect for a vote, in codes that have a sentence and a remedy.

It looks at what matters for a vote, however the realm came to be: that nobody enters but through the provider, that
nobody but the broker writes who somebody is, and that nothing said to Isoloir can be said by another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from isoloir.hooks import Problem
from isoloir_openid_connect.addresses import is_loopback
from isoloir_prosante_connect.brokered import CLAIMS, HANDED_ON, NAMES
from isoloir_psc.provisioning import OF_KEYCLOAK, config_of
from isoloir_psc.realm import Realm
from isoloir_psc.wanted import NOTE

_NO_LOGIN: Final = frozenset({"auth-cookie", "identity-provider-redirector"})
"""Steps of a login flow by which nobody logs in here; and conditions, which let nobody in either."""
_LINKING: Final = frozenset(
    {
        "idp-confirm-link", "idp-confirm-override-link", "idp-email-verification", "idp-username-password-form",
        "idp-auto-link", "idp-detect-existing-broker-user",
    }
)  # fmt: skip
_NEEDED: Final = ("sub", "SubjectNameID")
_GRANTS: Final = {
    "implicitFlowEnabled": "implicit flow", "serviceAccountsEnabled": "service account",
}  # fmt: skip
_OTHER_GRANTS: Final = {
    "oauth2.device.authorization.grant.enabled": "device flow", "oidc.ciba.grant.enabled": "CIBA",
}  # fmt: skip


def inspect(realm: Realm, *, alias: str, client_id: str, redirect_uris: Iterable[str] = ()) -> list[Problem]:
    """Return what is wrong with the realm, as Problems ``psc_realm_…``; nothing where it may serve a vote.

    Raises keycloak.exceptions.KeycloakError.
    """
    settings = realm.settings()
    if settings is None or not settings.get("enabled"):
        return [Problem("psc_realm_missing", {"realm": realm.name})]
    client = realm.client(client_id)
    return [
        *_doors(realm, settings),
        *_logins(realm, settings, client, alias),
        *_users(realm, alias),
        *_provider(realm, alias),
        *_site(realm, client, client_id, alias, tuple(redirect_uris)),
        *([Problem("psc_realm_http", {"address": realm.base})] if _is_clear(realm.base) else ()),
    ]


def _doors(realm: Realm, settings: Mapping[str, Any]) -> Iterator[Problem]:
    if settings.get("registrationAllowed"):
        yield Problem("psc_realm_registration")
    if settings.get("resetPasswordAllowed"):
        yield Problem("psc_realm_reset_password")
    if settings.get("sslRequired") == "none":
        yield Problem("psc_realm_clear")
    if not settings.get("bruteForceProtected"):
        yield Problem("psc_realm_brute_force", severe=False)
    for one in realm.listed("clients"):
        if one.get("enabled") and one.get("directAccessGrantsEnabled"):
            yield Problem("psc_realm_direct_grant", {"client": one["clientId"]})
        if one.get("enabled") and one["clientId"] in OF_KEYCLOAK and one["clientId"].startswith("account"):
            yield Problem("psc_realm_account", {"client": one["clientId"]})
    actions = sorted(one["alias"] for one in realm.listed("authentication/required-actions") if one.get("enabled"))
    if actions:
        yield Problem("psc_realm_actions", {"actions": ", ".join(actions)})


def _logins(
    realm: Realm, settings: Mapping[str, Any], client: Mapping[str, Any] | None, alias: str
) -> Iterator[Problem]:
    """Yield what is wrong with the flow of logins, the realm's and the one that the client may have instead."""
    flows = {str(settings.get("browserFlow", ""))}
    instead = (client or {}).get("authenticationFlowBindingOverrides") or {}
    by_id = {one["id"]: one["alias"] for one in realm.listed("authentication/flows")}
    if instead.get("browser"):
        flows = {by_id.get(instead["browser"], instead["browser"]), *flows}
    for flow in sorted(flows):
        leads = False
        for one in _live(realm.executions(flow)):
            step = one.get("providerId", "")
            if step == "identity-provider-redirector":
                leads = config_of(realm, one).get("defaultProvider") == alias
            elif step and step not in _NO_LOGIN and not step.startswith("conditional-"):
                yield Problem("psc_realm_local_login", {"flow": flow, "step": step})
        if not leads:
            yield Problem("psc_realm_entrance", {"flow": flow, "alias": alias})


def _live(executions: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the steps that are not switched off, nor within a flow that is."""
    off: int | None = None
    for one in executions:
        level = int(one.get("level", 0))
        if off is not None and level > off:
            continue
        off = level if one.get("requirement") == "DISABLED" else None
        if off is None:
            yield one


def _users(realm: Realm, alias: str) -> Iterator[Problem]:
    linked = {one["id"] for one in realm.users(idpAlias=alias)}
    others = [one for one in realm.users() if one["id"] not in linked]
    if others:
        yield Problem("psc_realm_local_users", {"count": str(len(others))})


def _provider(realm: Realm, alias: str) -> Iterator[Problem]:
    where = {"alias": alias}
    found = realm.get(f"identity-provider/instances/{quote(alias, safe='')}")
    if found is None or not found.get("enabled"):
        yield Problem("psc_realm_provider_missing", where)
        return
    config = found.get("config") or {}
    if found.get("trustEmail"):
        yield Problem("psc_realm_trusts_email", where)
    if config.get("validateSignature") != "true":
        yield Problem("psc_realm_signature", where)
    if config.get("pkceEnabled") != "true" or config.get("pkceMethod") != "S256":
        yield Problem("psc_realm_provider_pkce", where)
    if config.get("syncMode") != "FORCE":
        yield Problem("psc_realm_sync", where)
    for name in ("authorizationUrl", "tokenUrl", "userInfoUrl", "jwksUrl", "logoutUrl"):
        if _is_clear(config.get(name) or ""):
            yield Problem("psc_realm_provider_clear", {**where, "name": name})
    flow = found.get("firstBrokerLoginFlowAlias") or (realm.settings() or {}).get("firstBrokerLoginFlow", "")
    steps = [one.get("providerId", "") for one in _live(realm.executions(flow))]
    linking = [step for step in steps if step in _LINKING]
    if linking:
        yield Problem("psc_realm_linking", {"flow": flow, "steps": ", ".join(linking)})
    if "idp-review-profile" in steps:
        yield Problem("psc_realm_review", {"flow": flow})
    others = sorted(
        one["alias"]
        for one in realm.listed("identity-provider/instances")
        if one["alias"] != alias and one.get("enabled")
    )
    if others:
        yield Problem("psc_realm_other_providers", {"aliases": ", ".join(others)}, severe=False)


def _site(
    realm: Realm, client: Mapping[str, Any] | None, client_id: str, alias: str, redirect_uris: tuple[str, ...]
) -> Iterator[Problem]:
    if client is None or not client.get("enabled"):
        yield Problem("psc_realm_client_missing", {"client": client_id})
        return
    yield from _client(client, redirect_uris)
    yield from _told(realm, client, alias)


def _client(client: Mapping[str, Any], redirect_uris: tuple[str, ...]) -> Iterator[Problem]:
    where = {"client": client["clientId"]}
    attributes = client.get("attributes") or {}
    if client.get("publicClient"):
        yield Problem("psc_realm_client_public", where)
    if attributes.get("pkce.code.challenge.method") != "S256":
        yield Problem("psc_realm_client_pkce", where)
    grants = [name for key, name in _GRANTS.items() if client.get(key)]
    grants += [name for key, name in _OTHER_GRANTS.items() if attributes.get(key) == "true"]
    if grants:
        yield Problem("psc_realm_client_grants", {**where, "grants": ", ".join(grants)})
    registered = client.get("redirectUris") or []
    back = (attributes.get("post.logout.redirect.uris") or "").split("##")
    for uri in [*registered, *back]:
        if "*" in uri or uri == "+":
            yield Problem("psc_realm_redirect_wildcard", {**where, "uri": uri})
        elif _is_clear(uri):
            yield Problem("psc_realm_redirect_clear", {**where, "uri": uri})
    for uri in redirect_uris:
        if uri not in registered:
            yield Problem("psc_realm_redirect_missing", {**where, "uri": uri})


def _told(realm: Realm, client: Mapping[str, Any], alias: str) -> Iterator[Problem]:
    """Yield what is wrong with what the realm says to Isoloir, and with who writes it."""
    always, all_mappers = _mappers(realm, client)
    names = [one for one in all_mappers if _claim(one) == NAMES]
    if not any(_is_note(one, NOTE) and _in_id_token(one) for one in always if _claim(one) == NAMES):
        yield Problem("psc_realm_names_provider", {"claim": NAMES})
    for one in names:
        if not _is_note(one, NOTE):
            yield Problem("psc_realm_names_provider_otherwise", {"claim": NAMES, "mapper": one["name"]})
    levels = [one for one in all_mappers if one["protocolMapper"] == "oidc-acr-mapper" or _claim(one) == "acr"]
    if any(not _is_note(one, "acr") for one in levels):
        yield Problem("psc_realm_level_own")
    elif not levels:
        yield Problem("psc_realm_level_missing", severe=False)
    sources = [
        (claim.removeprefix(f"{CLAIMS}."), (one.get("config") or {}).get("user.attribute"))
        for one in all_mappers
        if (claim := _claim(one)).startswith(f"{CLAIMS}.")
    ]
    mappers = realm.listed(f"identity-provider/instances/{quote(alias, safe='')}/mappers")
    written = {
        one["config"].get("user.attribute"): one["config"]
        for one in mappers
        if one.get("identityProviderMapper") == "oidc-user-attribute-idp-mapper"
    }
    missing = [
        name
        for name in _NEEDED
        if not any(
            claim == name and source in written and written[source].get("claim") == HANDED_ON[name]
            for claim, source in sources
        )
    ]
    if missing:
        yield Problem("psc_realm_claims", {"claims": ", ".join(missing)})
    profile = realm.get("users/profile") or {}
    managed = {one["name"]: one for one in profile.get("attributes", ())}
    open_to_all = profile.get("unmanagedAttributePolicy") == "ENABLED"
    for claim, name in sources:
        if name is None:
            yield Problem("psc_realm_claim_otherwise", {"claim": claim})
            continue
        edit = (managed[name].get("permissions") or {}).get("edit", []) if name in managed else None
        if (edit is None and open_to_all) or (edit is not None and "user" in edit):
            yield Problem("psc_realm_editable", {"attribute": name})
        if name in written and written[name].get("syncMode", "INHERIT") not in ("FORCE", "INHERIT"):
            yield Problem("psc_realm_sync", {"alias": f"{alias}: {name}"})


def _mappers(realm: Realm, client: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the client's mappers: those of every login, and those that a login may ask for besides."""
    scopes = {one["name"]: one.get("protocolMappers", []) for one in realm.listed("client-scopes")}
    always = [*client.get("protocolMappers", [])]
    for name in client.get("defaultClientScopes", []):
        always += scopes.get(name, [])
    on_demand = [one for name in client.get("optionalClientScopes", []) for one in scopes.get(name, [])]
    return always, [*always, *on_demand]


def _claim(mapper: Mapping[str, Any]) -> str:
    return str((mapper.get("config") or {}).get("claim.name", ""))


def _is_note(mapper: Mapping[str, Any], note: str) -> bool:
    config = mapper.get("config") or {}
    return mapper["protocolMapper"] == "oidc-usersessionmodel-note-mapper" and config.get("user.session.note") == note


def _in_id_token(mapper: Mapping[str, Any]) -> bool:
    return (mapper.get("config") or {}).get("id.token.claim") == "true"


def _is_clear(url: str) -> bool:
    return urlsplit(url).scheme == "http" and not is_loopback(url)
