"""How this site shows who it is: by a secret, by an assertion that its key signs, by a certificate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import SecretStr, ValidationError

from isoloir.hooks import ClientCertificate, Problem, Proved, Redirect, Refused
from isoloir.testing import FakeClock, FakeIdentityProvider
from isoloir_openid_connect.checking import find_problems
from isoloir_openid_connect.factor import OpenIDConnect

RSA = RSAKey.generate_key(2048)
SHORT = pytest.mark.filterwarnings("ignore:Key size:joserfc.errors.SecurityWarning")


def pem(key: Any) -> str:
    return str(key.as_pem(private=True).decode())


@pytest.fixture
def sent(provider: FakeIdentityProvider) -> list[httpx2.Request]:
    """What is asked of the token endpoint: it takes whoever comes, and the test looks."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/token":
            asked.append(request)
            secret = f"&client_secret={provider.client_secret}"  # the fake knows no other proof
            request = httpx2.Request("POST", request.url, content=request.content + secret.encode())
        return provider._answer(request)

    provider.client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return asked


def form_of(request: httpx2.Request) -> dict[str, str]:
    pairs = parse_qsl(request.content.decode())
    assert len(dict(pairs)) == len(pairs), "a parameter given twice"
    assert int(request.headers["content-length"]) == len(request.content)
    return dict(pairs)


@pytest.mark.parametrize(
    ("key", "chosen", "algorithm"),
    [
        (RSA, None, "PS256"), (RSA, "RS256", "RS256"), (RSA, "PS512", "PS512"),
        (ECKey.generate_key("P-256"), None, "ES256"), (ECKey.generate_key("P-384"), None, "ES384"),
        (ECKey.generate_key("P-521"), "ES512", "ES512"),
    ],
    ids=["rsa", "rsa-RS256", "rsa-PS512", "p256", "p384", "p521-ES512"],
)  # fmt: skip
@pytest.mark.parametrize("audience", ["issuer", "token_endpoint"])
async def test_an_assertion_is_signed_for_each_request(
    make_voter: Any, provider: Any, sent: Any, key: Any, chosen: Any, algorithm: str, audience: str
) -> None:
    """private_key_jwt: by this site, about it, for the provider alone, for a minute, under a name used once."""
    voter = make_voter(
        client_auth="private_key_jwt", client_secret=..., client_key=SecretStr(pem(key)), client_key_id="ours-1",
        client_assertion_algorithm=chosen, client_assertion_audience=audience,
    )  # fmt: skip
    for _ in range(2):
        assert isinstance(await voter.log_in(), Proved)
    forms = [form_of(request) for request in sent]
    names = set()
    for form, request in zip(forms, sent, strict=True):
        assert "authorization" not in request.headers
        assert "client_secret" not in form
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        read = jwt.decode(
            form["client_assertion"], key, algorithms=[algorithm], registry=JWSRegistry(algorithms=[algorithm])
        )
        names.add(read.claims.pop("jti"))
        now = int(voter.flow.clock.now().timestamp())
        assert (read.header["alg"], read.header["kid"]) == (algorithm, "ours-1")
        assert read.claims == {
            "iss": "isoloir", "sub": form["client_id"], "iat": now, "exp": now + 60,
            "aud": provider.issuer if audience == "issuer" else f"{provider.issuer}/token",
        }  # fmt: skip
    assert len(names) == 2
    assert all(len(name) >= 22 for name in names)


@SHORT
@pytest.mark.parametrize(
    ("written", "algorithm"),
    [
        ("x" * 40, None), ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", None),
        (RSA.as_pem(private=False).decode(), None), (pem(RSA), "ES256"),
        (pem(ECKey.generate_key("P-256")), "ES384"), (pem(ECKey.generate_key("P-256")), "PS256"),
        ("short", None),
    ],
    ids=["no key", "broken", "public", "rsa for ES256", "p256 for ES384", "p256 for PS256", "1024 bits"],
)  # fmt: skip
async def test_a_key_that_cannot_sign_is_found_by_the_check_and_lets_nobody_in(
    make_voter: Any, provider: Any, sent: Any, written: str, algorithm: str | None
) -> None:
    """The organiser is told of the key, the voter that the site is at fault, and nothing reaches the provider."""
    if written == "short":
        written = pem(RSAKey.generate_key(1024))
    voter = make_voter(
        client_auth="private_key_jwt", client_secret=..., client_key=SecretStr(written),
        client_assertion_algorithm=algorithm,
    )  # fmt: skip
    found = await find_problems(voter.config, http=provider.client, clock=provider.clock)
    assert Problem("oidc_check_client_key") in found
    step = await voter.log_in()
    assert step == Refused("oidc_misconfigured", {"provider": "Connexion Hôpital"})
    assert sent == []
    sound = make_voter(client_auth="private_key_jwt", client_secret=..., client_key=SecretStr(pem(RSA)))
    assert Problem("oidc_check_client_key") not in await find_problems(
        sound.config, http=provider.client, clock=provider.clock
    )


@pytest.mark.parametrize(
    ("method", "given", "missing"),
    [
        ("client_secret_basic", (), "client_secret"), ("client_secret_post", ("client_key",), "client_secret"),
        ("private_key_jwt", ("client_secret",), "client_key"),
        ("tls_client_auth", ("client_certificate",), "client_key"),
        ("tls_client_auth", ("client_key",), "client_certificate"),
        ("private_key_jwt", ("client_key",), None),
        ("tls_client_auth", ("client_key", "client_certificate"), None),
    ],
)  # fmt: skip
def test_each_way_needs_its_own_secret(
    configured: Callable[..., Any], method: str, given: tuple[str, ...], missing: str | None
) -> None:
    """What a way of showing who one is needs is asked for by its name; nothing falls back to another way."""
    changes: dict[str, Any] = {"client_secret": ..., "client_auth": method}
    changes |= dict.fromkeys(given, SecretStr("x" * 40))
    if missing is None:
        assert configured(**changes).client_auth == method
        return
    with pytest.raises(ValidationError) as refused:
        configured(**changes)
    [error] = refused.value.errors(include_input=False)
    assert (error["type"], error["ctx"]) == ("oidc_client_auth", {"name": missing, "method": method})


def certificate_of(key: Any, clock: FakeClock, days: int = 30) -> str:
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "isoloir")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key)
        .serial_number(1).not_valid_before(clock.now() - timedelta(days=60))
        .not_valid_after(clock.now() + timedelta(days=days)).sign(key.private_key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(Encoding.PEM).decode()


def with_certificate(key: Any, certificate: str) -> dict[str, Any]:
    return {
        "client_auth": "tls_client_auth", "client_secret": ..., "client_key": SecretStr(pem(key)),
        "client_certificate": SecretStr(certificate),
    }  # fmt: skip


@pytest.mark.parametrize("aliased", [True, False])
async def test_a_certificate_is_declared_to_the_core_and_the_request_bears_the_name_alone(
    make_voter: Any, provider: Any, sent: Any, aliased: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tls_client_auth: `certificate` says what the flow's client shows; the provider's mTLS addresses are taken."""
    described = provider._discovery() | {"token_endpoint": "https://no-mtls.example/elsewhere"}
    aliases = {"token_endpoint": f"{provider.issuer}/token"}
    told = described | {"mtls_endpoint_aliases": aliases} if aliased else provider._discovery()
    monkeypatch.setattr(provider, "_discovery", lambda: told)
    key = ECKey.generate_key("P-256")
    voter = make_voter(**with_certificate(key, certificate_of(key, provider.clock)))
    assert voter.factor.certificate(voter.config) == ClientCertificate(
        voter.config.client_certificate, voter.config.client_key
    )
    assert isinstance(await voter.log_in(), Proved)
    [form] = [form_of(request) for request in sent]
    assert form["client_id"] == "isoloir"
    assert not {"client_secret", "client_assertion"} & form.keys()
    assert make_voter().factor.certificate(make_voter().config) is None


async def test_mtls_addresses_are_for_those_who_show_a_certificate(
    make_voter: Any, provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twin: a site with a secret stays at the ordinary token endpoint."""
    told = provider._discovery() | {"mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example/token"}}
    monkeypatch.setattr(provider, "_discovery", lambda: told)
    voter = make_voter()
    assert isinstance(await voter.start(), Redirect)
    client = await voter.factor.client(voter.config, voter.flow)
    assert client.endpoints.token_endpoint == f"{provider.issuer}/token"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ("", None),
        ("other key", "oidc_check_certificate"),
        ("no certificate", "oidc_check_certificate"),
        ("over", "oidc_check_certificate_dates"),
    ],
)
async def test_a_certificate_is_looked_at_by_the_check(
    configured: Any, provider: Any, spoil: str, code: str | None
) -> None:
    """Unreadable, of another key, or no longer good: the organiser is told before any voter comes."""
    key = ECKey.generate_key("P-256")
    certificate = certificate_of(
        ECKey.generate_key("P-256") if spoil == "other key" else key, provider.clock, -1 if spoil == "over" else 30
    )
    config = configured(**with_certificate(key, "x" * 40 if spoil == "no certificate" else certificate))
    found = {one.code for one in await find_problems(config, http=provider.client, clock=provider.clock)}
    assert {one for one in found if "certificate" in one or "key" in one} == ({code} if code else set())


def test_nothing_of_a_key_is_shown(configured: Any) -> None:
    """Neither the configuration nor what the factor declares prints a key."""
    config = configured(**with_certificate(RSA, "certificate-text"))
    shown = repr(config) + config.model_dump_json() + repr(OpenIDConnect().certificate(config))
    for line in pem(RSA).splitlines()[1:-1]:
        assert line not in shown
    assert "certificate-text" not in shown
