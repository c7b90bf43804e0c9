"""What `isoloir-psc check` refuses, each provoked on a real realm; and provisioning mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from isoloir.testing import FakeFlow
from isoloir_prosante_connect.keycloak import Keycloak, RelyingSite
from isoloir_psc.inspection import inspect
from isoloir_psc.provisioning import find_changes
from isoloir_psc.realm import Realm
from isoloir_psc.trial import Brokered, make_brokered

pytestmark = pytest.mark.slow

CALLBACK = FakeFlow(instance="psc").callback
PROVIDER = "identity-provider/instances/prosante-connect"


@pytest.fixture(scope="module")
def sound(keycloak: Keycloak) -> Brokered:
    """A realm as it is provisioned; every test spoils it, and mends it by provisioning."""
    return make_brokered(keycloak, RelyingSite("isoloir", (CALLBACK,), (CALLBACK,), secret="k7-une-phrase-longue"))


def _codes(sound: Brokered) -> list[str]:
    found = inspect(sound.realm, alias="prosante-connect", client_id="isoloir", redirect_uris=[CALLBACK])
    return sorted({one.code for one in found})


def _set(path: str, **changes: Any) -> Callable[[Realm], None]:
    def spoil(realm: Realm) -> None:
        realm.put(path, _deep(realm.get(path), changes))

    return spoil


def _deep(found: Any, changes: dict[str, Any]) -> dict[str, Any]:
    return {**found, **{k: _deep(found.get(k, {}), v) if isinstance(v, dict) else v for k, v in changes.items()}}


def _client(**changes: Any) -> Callable[[Realm], None]:
    def spoil(realm: Realm) -> None:
        client = realm.client("isoloir")
        assert client is not None
        realm.put(f"clients/{client['id']}", _deep(client, changes))

    return spoil


def _other_client(name: str, **changes: Any) -> Callable[[Realm], None]:
    def spoil(realm: Realm) -> None:
        client = realm.client(name)
        assert client is not None
        realm.put(f"clients/{client['id']}", {**client, "enabled": True, **changes})

    return spoil


def _profile(change: Callable[[dict[str, Any]], None]) -> Callable[[Realm], None]:
    def spoil(realm: Realm) -> None:
        profile = realm.get("users/profile")
        change(profile)
        realm.put("users/profile", profile)

    return spoil


def _let_users_edit(profile: dict[str, Any]) -> None:
    for one in profile["attributes"]:
        if one["name"] == "psc.SubjectNameID":
            one["permissions"]["edit"] = ["admin", "user"]


def _let_anything_in(profile: dict[str, Any]) -> None:
    profile["unmanagedAttributePolicy"] = "ENABLED"
    profile["attributes"] = [one for one in profile["attributes"] if one["name"] != "psc.SubjectNameID"]


def _in_scope(name: str, mapper: dict[str, Any] | None) -> Callable[[Realm], None]:
    """Take a mapper of the client's scope away, or put another in its place."""

    def spoil(realm: Realm) -> None:
        scope = next(one for one in realm.listed("client-scopes") if one["name"] == "prosante-connect")
        at = f"client-scopes/{scope['id']}/protocol-mappers/models"
        for one in scope["protocolMappers"]:
            if one["name"] == name:
                realm.delete(f"{at}/{one['id']}")
        if mapper is not None:
            realm.post(at, {"name": name, "protocol": "openid-connect", **mapper})

    return spoil


def _hardcoded(claim: str, value: str) -> dict[str, Any]:
    return {
        "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": {
            "claim.name": claim,
            "claim.value": value,
            "id.token.claim": "true",
            "userinfo.token.claim": "true",
        },
    }


def _without_mapper(name: str) -> Callable[[Realm], None]:
    def spoil(realm: Realm) -> None:
        for one in realm.listed(f"{PROVIDER}/mappers"):
            if one["name"] == name:
                realm.delete(f"{PROVIDER}/mappers/{one['id']}")

    return spoil


def _mapper_kept(name: str) -> Callable[[Realm], None]:
    def spoil(realm: Realm) -> None:
        for one in realm.listed(f"{PROVIDER}/mappers"):
            if one["name"] == name:
                one["config"]["syncMode"] = "IMPORT"
                realm.put(f"{PROVIDER}/mappers/{one['id']}", one)

    return spoil


def _scope_given(realm: Realm) -> None:
    client = realm.client("isoloir")
    assert client is not None
    scope = next(one for one in realm.listed("client-scopes") if one["name"] == "acr")
    realm.put(f"clients/{client['id']}/optional-client-scopes/{scope['id']}", {})


def _own_login(realm: Realm) -> None:
    realm.put("", {**(realm.settings() or {}), "browserFlow": "browser"})


def _entrance(realm: Realm) -> dict[str, Any]:
    return next(
        one
        for one in realm.executions("prosante-connect only")
        if one["providerId"] == "identity-provider-redirector"
    )


def _led_elsewhere(realm: Realm) -> None:
    config = realm.get(f"authentication/config/{_entrance(realm)['authenticationConfig']}")
    realm.put(f"authentication/config/{config['id']}", {**config, "config": {"defaultProvider": "another"}})


def _led_nowhere(realm: Realm) -> None:
    realm.put(
        "authentication/flows/prosante-connect%20only/executions", {**_entrance(realm), "requirement": "DISABLED"}
    )


def _step(flow: str, provider: str) -> Callable[[Realm], None]:
    def spoil(realm: Realm) -> None:
        at = f"authentication/flows/{flow.replace(' ', '%20')}/executions"
        realm.post(f"{at}/execution", {"provider": provider})
        realm.put(at, {**realm.executions(flow)[-1], "requirement": "ALTERNATIVE"})

    return spoil


def _flow_of_client(realm: Realm) -> None:
    own = next(one for one in realm.listed("authentication/flows") if one["alias"] == "browser")
    _client(authenticationFlowBindingOverrides={"browser": own["id"]})(realm)


def _action(realm: Realm) -> None:
    action = realm.get("authentication/required-actions/UPDATE_PASSWORD")
    realm.put("authentication/required-actions/UPDATE_PASSWORD", {**action, "enabled": True})


def _user(realm: Realm) -> None:
    realm.post("users", {"username": "somebody", "enabled": True})


def _provider_in_clear(realm: Realm) -> None:
    _set("", sslRequired="none")(realm)  # or Keycloak would not take it
    _set(PROVIDER, config={"tokenUrl": "http://psc.example/token"})(realm)


def _other_provider(realm: Realm) -> None:
    found = realm.get(PROVIDER)
    del found["internalId"]
    realm.post("identity-provider/instances", {**found, "alias": "another"})


SPOILT: dict[str, tuple[str, Callable[[Realm], None]]] = {
    "registration": ("psc_realm_registration", _set("", registrationAllowed=True)),
    "a forgotten password": ("psc_realm_reset_password", _set("", resetPasswordAllowed=True)),
    "plain http": ("psc_realm_clear", _set("", sslRequired="none")),
    "no brake": ("psc_realm_brute_force", _set("", bruteForceProtected=False)),
    "a grant by password": ("psc_realm_direct_grant", _client(directAccessGrantsEnabled=True)),
    "a grant by password elsewhere": ("psc_realm_direct_grant", _other_client("admin-cli")),
    "the account console": ("psc_realm_account", _other_client("account-console")),
    "an action of users": ("psc_realm_actions", _action),
    "local passwords": ("psc_realm_local_login", _own_login),
    "a password beside": ("psc_realm_local_login", _step("prosante-connect only", "auth-username-password-form")),
    "an entrance to another provider": ("psc_realm_entrance", _led_elsewhere),
    "an entrance to nowhere": ("psc_realm_entrance", _led_nowhere),
    "a flow of the client's own": ("psc_realm_local_login", _flow_of_client),
    "a local user": ("psc_realm_local_users", _user),
    "no provider": ("psc_realm_provider_missing", _set(PROVIDER, enabled=False)),
    "trusted e-mail": ("psc_realm_trusts_email", _set(PROVIDER, trustEmail=True)),
    "signatures": ("psc_realm_signature", _set(PROVIDER, config={"validateSignature": "false"})),
    "no PKCE at the provider": ("psc_realm_provider_pkce", _set(PROVIDER, config={"pkceEnabled": "false"})),
    "read once": ("psc_realm_sync", _set(PROVIDER, config={"syncMode": "IMPORT"})),
    "one claim read once": ("psc_realm_sync", _mapper_kept("SubjectNameID")),
    "a provider in clear": ("psc_realm_provider_clear", _provider_in_clear),
    "linking": ("psc_realm_linking", _set(PROVIDER, firstBrokerLoginFlowAlias="first broker login")),
    "linking unasked": ("psc_realm_linking", _step("prosante-connect first login", "idp-auto-link")),
    "a profile reviewed": ("psc_realm_review", _step("prosante-connect first login", "idp-review-profile")),
    "another provider": ("psc_realm_other_providers", _other_provider),
    "no client": ("psc_realm_client_missing", _client(enabled=False)),
    "a public client": ("psc_realm_client_public", _client(publicClient=True)),
    "no PKCE": ("psc_realm_client_pkce", _client(attributes={"pkce.code.challenge.method": ""})),
    "plain PKCE": ("psc_realm_client_pkce", _client(attributes={"pkce.code.challenge.method": "plain"})),
    "the implicit flow": ("psc_realm_client_grants", _client(implicitFlowEnabled=True)),
    "a wildcard": ("psc_realm_redirect_wildcard", _client(redirectUris=[CALLBACK, "https://vote.example/*"])),
    "a wildcard of logout": (
        "psc_realm_redirect_wildcard",
        _client(attributes={"post.logout.redirect.uris": "+"}),
    ),
    "a return in clear": ("psc_realm_redirect_clear", _client(redirectUris=[CALLBACK, "http://vote.example/back"])),
    "another return": ("psc_realm_redirect_missing", _client(redirectUris=["https://vote.example/back"])),
    "no name of the provider": ("psc_realm_names_provider", _in_scope("identity_provider", None)),
    "a fixed name of the provider": (
        "psc_realm_names_provider_otherwise",
        _in_scope("identity_provider", _hardcoded("identity_provider", "prosante-connect")),
    ),
    "a level of its own": ("psc_realm_level_own", _scope_given),
    "no level": ("psc_realm_level_missing", _in_scope("acr", None)),
    "no identifier": ("psc_realm_claims", _without_mapper("SubjectNameID")),
    "an identifier not handed on": ("psc_realm_claims", _in_scope("psc.sub", None)),
    "a fixed identifier": (
        "psc_realm_claim_otherwise",
        _in_scope("psc.SubjectNameID", _hardcoded("psc.SubjectNameID", "899700000017")),
    ),
    "an RPPS number that a user edits": ("psc_realm_editable", _profile(_let_users_edit)),
    "an RPPS number that nobody manages": ("psc_realm_editable", _profile(_let_anything_in)),
}
WARNINGS = {"psc_realm_brute_force", "psc_realm_other_providers", "psc_realm_level_missing"}


@pytest.mark.parametrize("case", SPOILT)
def test_what_is_wrong_with_a_realm_is_found_and_mended(sound: Brokered, case: str) -> None:
    """Spoilt, the realm is refused with the code of what was spoilt; provisioned again, it is sound again."""
    code, spoil = SPOILT[case]
    assert _codes(sound) == []
    spoil(sound.realm)
    try:
        found = inspect(sound.realm, alias="prosante-connect", client_id="isoloir", redirect_uris=[CALLBACK])
        assert code in {one.code for one in found}
        assert all(one.severe == (one.code not in WARNINGS) for one in found)
    finally:
        _mend(sound)
    assert _codes(sound) == []


def _mend(sound: Brokered) -> None:
    """Provision again; what provisioning leaves to the organiser (accounts, other providers, a flow) goes here."""
    realm = sound.realm
    for user in realm.users():
        realm.delete(f"users/{user['id']}")
    if realm.get("identity-provider/instances/another"):
        realm.delete("identity-provider/instances/another")
    _client(authenticationFlowBindingOverrides={"browser": ""})(realm)
    for change in find_changes(realm, sound.wanted):
        change.make()


def test_a_realm_that_is_not_there_is_refused(sound: Brokered) -> None:
    """A name that is misspelt is not taken for a realm without faults."""
    nowhere = Realm(sound.realm.admin, "nowhere")
    assert [one.code for one in inspect(nowhere, alias="a", client_id="b")] == ["psc_realm_missing"]


def test_provisioning_twice_does_nothing(sound: Brokered) -> None:
    """All is there: not one change is left; a renewed secret is the only thing written unseen."""
    assert find_changes(sound.realm, sound.wanted) == []
    renewed = find_changes(sound.realm, sound.wanted, renew_secret=True)
    assert [(one.part, one.keys) for one in renewed] == [("provider", ("config.clientSecret",))]


def test_clear_text_elsewhere_is_refused(sound: Brokered, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Keycloak on another machine is asked over https, or it is said."""
    monkeypatch.setattr(Realm, "base", "http://keycloak.example")
    assert _codes(sound) == ["psc_realm_http"]


def test_every_code_is_provoked() -> None:
    """The table has every code that the inspection knows, but those that other tests provoke."""
    from isoloir.testing.texts import literal_codes

    known = {code for code in literal_codes("isoloir_psc", frozenset({"Problem"})) if code.startswith("psc_realm_")}
    assert known - {code for code, _ in SPOILT.values()} == {"psc_realm_missing", "psc_realm_http"}
