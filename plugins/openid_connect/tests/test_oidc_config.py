"""What an organiser may write of a provider, and what is refused before any voter comes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError


def codes(configured: Any, **changes: Any) -> set[str]:
    with pytest.raises(ValidationError) as refused:
        configured(**changes)
    return {error["type"] for error in refused.value.errors(include_input=False)}


@pytest.mark.parametrize(
    ("local", "url", "code"),
    [
        (False, "http://127.0.0.1:8000/realm", "oidc_address_clear"),
        (False, "http://localhost/realm", "oidc_address_clear"),
        (False, "http://idp.example/realm", "oidc_address_form"),
        (True, "http://idp.example/realm", "oidc_address_form"),
        (True, "https://idp.example/realm", "oidc_local_elsewhere"),
        (False, "ftp://idp.example/realm", "oidc_address_form"),
        (False, "https://user:word@idp.example/realm", "oidc_address_form"),
        (False, "https://idp.example/realm#part", "oidc_address_form"),
        (False, "https://idp.example/realm?x=1", "oidc_address_form"),
        (False, "https://", "oidc_address_form"),
        (False, "https://idp.example:port/realm", "oidc_address_form"),
        (False, "https://idp.example/a b", "oidc_address_form"),
        (False, "idp.example", "oidc_address_form"),
        (True, "http://127.0.0.1:8000/realm", None),
        (True, "http://[::1]:8000/realm", None),
        (False, "https://idp.example/realm", None),
    ],
)
def test_addresses_are_https_or_loopback_of_a_trial(configured: Any, local: bool, url: str, code: str | None) -> None:
    """Clear text goes no further than this machine, and only where the provider is said to be here."""
    if code is None:
        assert configured(local=local, issuer=url).effective_issuer == url
    else:
        assert codes(configured, local=local, issuer=url) == {code}


@pytest.mark.parametrize("name", ["discovery_url", "token_endpoint", "userinfo_endpoint", "jwks_uri"])
def test_every_address_is_held_to_that(configured: Any, name: str) -> None:
    """An endpoint in clear text is refused like the issuer; its sound twin is taken."""
    assert codes(configured, **{name: "http://127.0.0.1/x"}) == {"oidc_address_clear"}
    assert configured(**{name: "https://idp.example.org/x"})


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", "RSA1_5", "rs256"])
def test_only_asymmetric_signatures_can_be_configured(configured: Any, algorithm: str) -> None:
    """`none` and HMAC are not among the choices."""
    assert codes(configured, algorithms=["RS256", algorithm]) == {"literal_error"}


@pytest.mark.parametrize("secret", ["", "   "])
def test_an_empty_secret_is_refused(configured: Any, secret: str) -> None:
    """A site without a secret would be anybody."""
    assert codes(configured, client_secret=SecretStr(secret)) == {"oidc_secret_empty"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"levels": ["low", "low"]}, "oidc_levels_twice"),
        ({"minimum_acr": "eidas4"}, "oidc_level_unlisted"),
        ({"levels": ["low", "high"]}, "oidc_level_worth"),
        ({"minimum_acr": "eidas1", "level": "eidas2"}, "oidc_level_above"),
        ({"level": "eidas3"}, "oidc_level_above"),
        ({"levels": ["low", "high"], "level": "eidas2"}, None),
        ({"minimum_acr": "eidas3", "level": "eidas1"}, None),
        ({"levels": ["high"], "level": "gold"}, "literal_error"),
        ({"levels": []}, "too_short"),
        ({"levels": ["two words"], "level": "eidas1"}, "string_pattern_mismatch"),
    ],
)
def test_levels_say_what_they_are_worth(configured: Any, changes: dict[str, Any], code: str | None) -> None:
    """Each once, the minimum among them; own words need a worth, and none is worth more than its name."""
    if code is None:
        assert configured(**changes)
    else:
        assert code in codes(configured, **changes)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, "too_short"), ({"RPPS": {"claim": "n"}}, "oidc_claim_name"),
        ({"a b": {"claim": "n"}}, "oidc_claim_name"),
        ({"é": {"claim": "n"}}, "oidc_claim_name"), ({"n": {"claim": ""}}, "string_too_short"),
        ({"n": {"claim": "n", "pattern": "("}}, "oidc_claim_pattern"),
        ({"n": {"claim": "n", "pattern": "(a)(b)"}}, "oidc_claim_pattern"),
        ({"n": {"claim": "n", "from": "x"}}, "extra_forbidden"), ({"n": "n"}, "model_type"),
        ({"n": {"claim": "https://idp.example/claims/number", "pattern": "(?:a|b)(c)"}}, None),
    ],
)  # fmt: skip
def test_claims_are_named_and_read_clearly(configured: Any, claims: dict[str, Any], code: str | None) -> None:
    """At least one, under the name of a roll field; a pattern that compiles, with one group at most."""
    if code is None:
        assert configured(claims=claims)
    else:
        assert codes(configured, claims=claims) == {code}


@pytest.mark.parametrize(
    "changes",
    [
        {"clock_skew": -1}, {"clock_skew": 3600}, {"timeout": 0}, {"prompt_login": "yes"}, {"algorithms": []},
        {"client_auth": "none"}, {"max_age": -1}, {"issuers": "x"}, {"client_id": ""}, {"provider": ""},
        {"issuer": ...}, {"claims": ...}, {"scopes": ["a b"]}, {"client_secret": ...},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(configured: Any, changes: dict[str, Any]) -> None:
    """Unknown keys, endless patience, no client, no issuer and no claims are refused."""
    assert codes(configured, **changes)
