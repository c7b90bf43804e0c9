"""What a realm still lacks to broker Pro Santé Connect, as a list of changes: shown first, made only when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote

from isoloir_psc.realm import Realm
from isoloir_psc.wanted import ENTRANCE, FIRST_LOGIN, SCOPE, Wanted, scope

Kind = Literal["make", "set", "remove"]
Part = Literal[
    "realm", "flow", "provider", "provider_mapper", "profile", "scope", "mapper", "client", "client_scope",
    "entrance", "actions",
]  # fmt: skip
OF_KEYCLOAK: Final = ("account", "account-console", "admin-cli")
"""Clients of every realm by which a user could change their own account, or log in by a password."""


@dataclass(frozen=True)
class Change:
    """One thing to do: to `make`, `set` or `remove` a `part` of the realm by its `name`; `keys` says what of it."""

    kind: Kind
    part: Part
    name: str
    keys: tuple[str, ...] = ()
    make: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)


def find_changes(realm: Realm, wanted: Wanted, *, renew_secret: bool = False) -> list[Change]:
    """Return what the realm lacks, in the order in which it can be made; nothing where all is there.

    Keycloak never shows a provider's secret, so that it is written where the provider is made, or `renew_secret`.
    Raises keycloak.exceptions.KeycloakError.
    """
    return [
        *_settings(realm, wanted),
        *_profile(realm, wanted),
        *_flow(realm, FIRST_LOGIN, [("idp-create-user-if-unique", "REQUIRED", {})]),
        *_provider(realm, wanted, renew_secret),
        *_provider_mappers(realm, wanted),
        *_flow(
            realm,
            ENTRANCE,
            [
                ("auth-cookie", "ALTERNATIVE", {}),
                ("identity-provider-redirector", "ALTERNATIVE", {"defaultProvider": wanted.alias}),
            ],
        ),
        *_scope(realm, wanted),
        *_client(realm, wanted),
        *_own_clients(realm),
        *_actions(realm),
        *_entrance(realm),
    ]


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys (``config.issuer``) of `wanted` whose values are not those of `found`; others may be there."""
    keys: list[str] = []
    for key, value in wanted.items():
        have = found.get(key)
        if isinstance(value, Mapping):
            keys += (f"{key}.{inner}" for inner in differing(value, have if isinstance(have, Mapping) else {}))
        elif (sorted(have or ()) if isinstance(value, list) and _plain(value) else have) != value:
            keys.append(key)
    return tuple(keys)


def _plain(value: list[Any]) -> bool:
    return all(isinstance(one, str) for one in value)


def _merged(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **found,
        **{
            key: _merged(found.get(key) or {}, value) if isinstance(value, Mapping) else value
            for key, value in wanted.items()
        },
    }


def _settings(realm: Realm, wanted: Wanted) -> Iterator[Change]:
    settings = {key: value for key, value in wanted.realm_settings().items() if key != "browserFlow"}
    found = realm.settings()
    if found is None:
        yield Change("make", "realm", realm.name, make=lambda: realm.make(settings))
    elif keys := differing(settings, found):
        yield Change("set", "realm", realm.name, keys, lambda: realm.put("", _merged(found, settings)))


def _profile(realm: Realm, wanted: Wanted) -> Iterator[Change]:
    profile = wanted.profile()
    found = realm.get("users/profile") or {}
    have = {one["name"]: one for one in found.get("attributes", ())}
    needed = {one["name"]: one for one in profile["attributes"]}
    keys = tuple(name for name, one in needed.items() if differing(one, have.get(name, {})))
    if found.get("unmanagedAttributePolicy") in ("ENABLED", "ADMIN_VIEW"):
        keys = (*keys, "unmanagedAttributePolicy")
    if keys:
        kept = [one for name, one in have.items() if name not in needed]
        # The whole of an attribute is ours: a rule of Keycloak's on user names would refuse a national identifier.
        written = {"attributes": [*profile["attributes"], *kept], "groups": found.get("groups", [])}
        yield Change("set", "profile", realm.name, keys, lambda: realm.put("users/profile", written))


def _flow(realm: Realm, alias: str, steps: list[tuple[str, str, dict[str, str]]]) -> Iterator[Change]:
    exists = any(one["alias"] == alias for one in realm.listed("authentication/flows"))
    if exists and _steps(realm, alias) == steps:
        return

    def write() -> None:
        at = f"authentication/flows/{quote(alias, safe='')}"
        if not exists:
            realm.post(
                "authentication/flows",
                {"alias": alias, "providerId": "basic-flow", "topLevel": True, "builtIn": False, "description": ""},
            )
        for one in realm.executions(alias):
            if one["level"] == 0:
                realm.delete(f"authentication/executions/{one['id']}")
        for provider, _, config in steps:
            realm.post(f"{at}/executions/execution", {"provider": provider})
            made = realm.executions(alias)[-1]
            if config:
                name = f"{alias} {provider}"
                realm.post(f"authentication/executions/{made['id']}/config", {"alias": name, "config": config})
        for made, (_, requirement, _) in zip(realm.executions(alias), steps, strict=True):
            realm.put(f"{at}/executions", {**made, "requirement": requirement})

    yield Change("set" if exists else "make", "flow", alias, make=write)


def _steps(realm: Realm, alias: str) -> list[tuple[str, str, dict[str, str]]]:
    return [(one.get("providerId", ""), one["requirement"], config_of(realm, one)) for one in realm.executions(alias)]


def config_of(realm: Realm, execution: Mapping[str, Any]) -> dict[str, str]:
    """Return the configuration of one step of a flow; empty where it has none."""
    if "authenticationConfig" not in execution:
        return {}
    found: dict[str, str] = (realm.get(f"authentication/config/{execution['authenticationConfig']}") or {}).get(
        "config", {}
    )
    return found


def _provider(realm: Realm, wanted: Wanted, renew_secret: bool) -> Iterator[Change]:
    provider = wanted.identity_provider()
    at = f"identity-provider/instances/{quote(wanted.alias, safe='')}"
    found = realm.get(at)
    secret = {"config": {"clientSecret": wanted.provider_secret}} if wanted.provider_secret else {}
    if found is None:
        yield Change(
            "make",
            "provider",
            wanted.alias,
            make=lambda: realm.post("identity-provider/instances", _merged(provider, secret)),
        )
        return
    keys = differing(provider, found)
    if renew_secret:
        keys, provider = (*keys, "config.clientSecret"), _merged(provider, secret)
    if keys:
        yield Change("set", "provider", wanted.alias, keys, lambda: realm.put(at, _merged(found, provider)))


def _provider_mappers(realm: Realm, wanted: Wanted) -> Iterator[Change]:
    at = f"identity-provider/instances/{quote(wanted.alias, safe='')}/mappers"
    yield from _named(realm, "provider_mapper", lambda: at, wanted.provider_mappers(), realm.listed(at))


def _scope(realm: Realm, wanted: Wanted) -> Iterator[Change]:
    def find() -> dict[str, Any] | None:
        return next((one for one in realm.listed("client-scopes") if one["name"] == SCOPE), None)

    found = find()
    if found is None:
        yield Change("make", "scope", SCOPE, make=lambda: realm.post("client-scopes", scope()))

    def at() -> str:
        return f"client-scopes/{(find() or {})['id']}/protocol-mappers/models"

    yield from _named(realm, "mapper", at, wanted.scope_mappers(), (found or {}).get("protocolMappers", []))


def _named(
    realm: Realm,
    part: Part,
    at: Callable[[], str],
    wanted: list[dict[str, Any]],
    found: list[dict[str, Any]],
) -> Iterator[Change]:
    """Yield what brings a list of things with names to what is wanted: what else stands there goes."""
    have = {one["name"]: one for one in found}
    for one in wanted:
        old = have.pop(one["name"], None)
        if old is None:
            yield Change("make", part, one["name"], make=lambda one=one: realm.post(at(), one))  # type: ignore[misc]
        elif keys := differing(one, old):
            yield Change(
                "set",
                part,
                one["name"],
                keys,
                lambda one=one, old=old: realm.put(f"{at()}/{old['id']}", {**one, "id": old["id"]}),  # type: ignore[misc]
            )
    for name, old in have.items():
        yield Change("remove", part, name, make=lambda old=old: realm.delete(f"{at()}/{old['id']}"))  # type: ignore[misc]


def _client(realm: Realm, wanted: Wanted) -> Iterator[Change]:
    client = {**wanted.client(), "secret": wanted.client_secret}
    found = realm.client(wanted.client_id)
    if found is None:
        scopes: dict[str, Any] = {"defaultClientScopes": [SCOPE], "optionalClientScopes": []}
        yield Change("make", "client", wanted.client_id, make=lambda: realm.post("clients", {**client, **scopes}))
        return
    at = f"clients/{found['id']}"
    if keys := differing(client, found):
        yield Change("set", "client", wanted.client_id, keys, lambda: realm.put(at, _merged(found, client)))
    yield from _named(realm, "mapper", lambda: f"{at}/protocol-mappers/models", [], found.get("protocolMappers", []))
    for kind in ("default", "optional"):
        listed = realm.listed(f"{at}/{kind}-client-scopes")
        for one in listed:
            if kind == "optional" or one["name"] != SCOPE:
                path = f"{at}/{kind}-client-scopes/{one['id']}"
                yield Change("remove", "client_scope", one["name"], make=lambda path=path: realm.delete(path))  # type: ignore[misc]
        if kind == "default" and all(one["name"] != SCOPE for one in listed):

            def give() -> None:
                made = next(one for one in realm.listed("client-scopes") if one["name"] == SCOPE)
                realm.put(f"{at}/default-client-scopes/{made['id']}", {})

            yield Change("make", "client_scope", SCOPE, make=give)


def _own_clients(realm: Realm) -> Iterator[Change]:
    """Yield what closes Keycloak's own ways for users to log in and to change their account."""
    missing = realm.settings() is None
    for name in OF_KEYCLOAK:
        found = realm.client(name)
        if missing or (found is not None and found["enabled"]):

            def close(name: str = name) -> None:
                client = realm.client(name)
                if client is not None:
                    realm.put(f"clients/{client['id']}", {**client, "enabled": False})

            yield Change("set", "client", name, ("enabled",), close)


def _actions(realm: Realm) -> Iterator[Change]:
    """Yield what takes from users every action on their own account (a password, a profile, a link)."""
    listed = realm.listed("authentication/required-actions")
    enabled = tuple(one["alias"] for one in listed if one["enabled"])

    def close() -> None:
        for one in realm.listed("authentication/required-actions"):
            if one["enabled"]:
                alias = quote(one["alias"], safe="")
                realm.put(
                    f"authentication/required-actions/{alias}", {**one, "enabled": False, "defaultAction": False}
                )

    if enabled or not listed:
        yield Change("set", "actions", realm.name, enabled, close)


def _entrance(realm: Realm) -> Iterator[Change]:
    found = realm.settings()
    if (found or {}).get("browserFlow") != ENTRANCE:
        yield Change(
            "set",
            "entrance",
            ENTRANCE,
            make=lambda: realm.put("", {**(realm.settings() or {}), "browserFlow": ENTRANCE}),
        )


def told(changes: list[Change]) -> list[dict[str, Any]]:
    """Return changes as they are told to a program."""
    return [{"kind": one.kind, "part": one.part, "name": one.name, "keys": list(one.keys)} for one in changes]
