"""Signatures and claims, one by one, where a whole login would hide them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from isoloir_openid_connect.assurance import Assurance
from isoloir_openid_connect.provider import read_keys
from isoloir_openid_connect.refusal import Refusal
from isoloir_openid_connect.tokens import Expected, UnknownKey, check_id_token, signed_claims

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
RSA = RSAKey.generate_key(2048)
ELLIPTIC = ECKey.generate_key("P-256")
EVERY = ("RS256", "PS256", "ES256")
PSC = Assurance(("eidas1", "eidas2", "eidas3"), "eidas1", absent="eidas1")


def published(*keys: tuple[str | None, Any], **extra: str) -> Any:
    listed = []
    for kid, key in keys:
        one = dict(key.as_dict(private=False)) | extra
        one.pop("kid", None)
        listed.append(one | ({"kid": kid} if kid else {}))
    return read_keys({"keys": listed})


def token(key: Any, algorithm: str, **header: Any) -> str:
    return jwt.encode({"alg": algorithm, **header}, {"sub": "x"}, key, algorithms=[algorithm])


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", RSA), ("PS256", RSA), ("ES256", ELLIPTIC)])
def test_each_accepted_signature_is_read(algorithm: str, key: Any) -> None:
    """RSA, RSA-PSS and elliptic curves, among keys of other kinds."""
    keys = published(("a", RSA), ("b", ELLIPTIC))
    assert signed_claims(token(key, algorithm, kid="a" if key is RSA else "b"), keys, EVERY) == (
        algorithm, {"sub": "x"},
    )  # fmt: skip


def test_a_key_serves_only_its_own_kind() -> None:
    """The name of an RSA key does not make an elliptic signature good, nor does a key marked for another one."""
    with pytest.raises(UnknownKey):
        signed_claims(token(ELLIPTIC, "ES256", kid="a"), published(("a", RSA)), EVERY)
    with pytest.raises(UnknownKey):
        signed_claims(token(RSA, "RS256", kid="a"), published(("a", RSA), alg="PS256"), EVERY)


def test_an_algorithm_left_out_of_the_configuration_is_refused() -> None:
    """A good signature of a kind that is not accepted is refused before any key is looked for."""
    with pytest.raises(Refusal, match="oidc_token_algorithm"):
        signed_claims(token(ELLIPTIC, "ES256", kid="a"), published(("a", ELLIPTIC)), ("RS256",))


def test_a_token_without_a_key_name_needs_a_provider_with_one_key() -> None:
    """With one fitting key it is clear which; with two it is not."""
    nameless = token(RSA, "RS256")
    assert signed_claims(nameless, published(("a", RSA), ("b", ELLIPTIC)), EVERY)
    with pytest.raises(UnknownKey):
        signed_claims(nameless, published(("a", RSA), ("b", RSAKey.generate_key(2048))), EVERY)


@pytest.mark.parametrize(
    "garbage",
    ["", "a.b", "a.b.c", "..", "a" * 40_000, "é.é.é", "bnVsbA.e30.x", "W10.e30.x", "e30.e30.x", "eyJhbGciOjF9.e30.x"],
)
def test_garbage_is_refused_not_an_error(garbage: str) -> None:
    """Neither text, nor other JSON, nor an endless token gets past its header."""
    with pytest.raises(Refusal, match=r"oidc_token_(unreadable|algorithm)"):
        signed_claims(garbage, published(("a", RSA)), EVERY)


@pytest.mark.parametrize("payload", ["bnVsbA", "W10", "bm90anNvbg", "e30x", "!"])
def test_a_good_header_does_not_help_a_bad_payload(payload: str) -> None:
    """A payload that is no object, with any signature, is refused."""
    header, _, signature = token(RSA, "RS256", kid="a").split(".")
    with pytest.raises(Refusal, match="oidc_token_signature"):
        signed_claims(f"{header}.{payload}.{signature}", published(("a", RSA)), EVERY)


def test_an_unknown_critical_header_is_refused() -> None:
    """What a token says must be understood, and is not, voids it (RFC 7515, section 4.1.11)."""
    spoiled = jwt.encode({"alg": "RS256", "kid": "a"}, {"sub": "x"}, RSA)
    header = {"alg": "RS256", "kid": "a", "crit": ["exp"], "exp": 1}
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    with pytest.raises(Refusal, match="oidc_token_signature"):
        signed_claims(".".join([encoded, *spoiled.split(".")[1:]]), published(("a", RSA)), EVERY)


def test_unusable_keys_are_passed_over() -> None:
    """Symmetric, encryption, short, broken and unknown keys leave the usable one."""
    good = dict(RSA.as_dict(private=False)) | {"kid": "good"}
    keys = read_keys(
        {
            "keys": [
                dict(OctKey.generate_key(256).as_dict()), good | {"use": "enc"},
                {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "RSA"}, {"kty": "AKP", "pub": "x"},
                {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
                {"kty": "EC", "crv": "P-0", "x": "AA", "y": "AA"}, "text", None, good,
            ]
        }
    )  # fmt: skip
    assert [one.kid for one in keys] == ["good"]


@pytest.mark.parametrize("broken", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}])
def test_a_key_set_without_a_list_is_no_key_set(broken: dict[str, Any]) -> None:
    """What is no key set is told as a provider that does not answer."""
    with pytest.raises(Refusal, match="oidc_unavailable"):
        read_keys(broken)


def check(sent: str | None = "n", /, **changes: Any) -> None:
    claims = {
        "iss": "https://idp.example", "aud": "isoloir", "sub": "s", "exp": NOW.timestamp() + 60,
        "iat": NOW.timestamp(), "nonce": "n",
    } | changes  # fmt: skip
    expected = Expected(
        issuer="https://idp.example", client_id="isoloir", nonce=sent, access_token="token", assurance=PSC,
        now=NOW, skew=30,
    )  # fmt: skip
    check_id_token("RS256", {name: value for name, value in claims.items() if value is not ...}, expected)


@pytest.mark.parametrize(
    "changes",
    [{}, {"aud": ["isoloir"]}, {"aud": ["other", "isoloir"], "azp": "isoloir"}, {"azp": "isoloir"}, {"acr": "eidas3"},
     {"acr": ""}, {"nbf": 0}, {"auth_time": 0},
     {"at_hash": "PEaenWxYddN6Q_NT1PiOYQ"}],
)  # fmt: skip
def test_sound_claims_pass(changes: dict[str, Any]) -> None:
    """The twins of what follows: nothing is refused that should not be."""
    check(**changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://idp.example/"}, "oidc_token_issuer"),
        ({"iss": ...}, "oidc_token_issuer"),
        ({"iss": ["https://idp.example"]}, "oidc_token_issuer"),
        ({"aud": ...}, "oidc_token_audience"),
        ({"aud": []}, "oidc_token_audience"),
        ({"aud": {"isoloir": 1}}, "oidc_token_audience"),
        ({"aud": "isoloir2"}, "oidc_token_audience"),
        ({"azp": ""}, "oidc_token_authorized_party"),
        ({"exp": "9999999999"}, "oidc_token_unreadable"),
        ({"exp": True}, "oidc_token_unreadable"),
        ({"iat": ...}, "oidc_token_unreadable"),
        ({"exp": NOW.timestamp() - 31}, "oidc_token_expired"),
        ({"iat": NOW.timestamp() + 31}, "oidc_token_not_yet_valid"),
        ({"nbf": NOW.timestamp() + 31}, "oidc_token_not_yet_valid"),
        ({"auth_time": NOW.timestamp() + 31}, "oidc_token_not_yet_valid"),
        ({"auth_time": "yesterday"}, "oidc_token_unreadable"),
        ({"nonce": None}, "oidc_token_nonce"),
        ({"nonce": ["n"]}, "oidc_token_nonce"),
        ({"nonce": "é"}, "oidc_token_nonce"),
        ({"at_hash": None}, "oidc_token_at_hash"),
        ({"at_hash": "QEaenWxYddN6Q_NT1PiOYQ"}, "oidc_token_at_hash"),
        ({"sub": ""}, "oidc_token_unreadable"),
        ({"sub": 1}, "oidc_token_unreadable"),
        ({"acr": "eidas0"}, "oidc_level_unknown"),
        ({"acr": "EIDAS1"}, "oidc_level_unknown"),
        ({"acr": ["eidas3"]}, "oidc_level_unknown"),
        ({"acr": 1}, "oidc_level_unknown"),
    ],
)
def test_each_unsound_claim_is_refused(changes: dict[str, Any], code: str) -> None:
    """Other values, other types, missing ones."""
    with pytest.raises(Refusal, match=code):
        check(**changes)


def test_a_grant_without_a_nonce_has_none_in_its_token() -> None:
    """A token of a decoupled login has no nonce; one that has is the answer to another request."""
    check(None, nonce=...)
    with pytest.raises(Refusal, match="oidc_token_nonce"):
        check(None)


LEVELS = ("low", "substantial", "high")


@pytest.mark.parametrize(
    ("acr", "minimum", "absent", "code"),
    [
        ("low", "low", None, None), ("high", "low", None, None), ("substantial", "substantial", None, None),
        ("low", "substantial", None, "oidc_level_too_low"), ("substantial", "high", None, "oidc_level_too_low"),
        (None, "low", None, "oidc_level_absent"), ("", "low", None, "oidc_level_absent"),
        (None, "low", "low", None), ("", "low", "low", None), (None, "substantial", "low", "oidc_level_too_low"),
        ("0", "low", "low", "oidc_level_unknown"), ("LOW", "low", None, "oidc_level_unknown"),
        (["high"], "low", None, "oidc_level_unknown"), (1, "low", None, "oidc_level_unknown"),
        ("eidas1", "low", None, "oidc_level_unknown"),
    ],
)  # fmt: skip
def test_levels_are_ordered(acr: object, minimum: str, absent: str | None, code: str | None) -> None:
    """A level satisfies those below it; what is no level satisfies none, and its absence only where that is said."""
    if code is None:
        Assurance(LEVELS, minimum, absent).check(acr)
    else:
        with pytest.raises(Refusal, match=code):
            Assurance(LEVELS, minimum, absent).check(acr)
