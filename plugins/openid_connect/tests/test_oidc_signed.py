"""What a provider signs: an identity as a signed JWT, and keys that change while people vote."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from isoloir.hooks import Proved, Redirect, Refused
from isoloir.testing import FakeIdentityProvider

refused = partial(Refused, values={"provider": "Connexion Hôpital"})
Answer = Callable[[httpx2.Request], httpx2.Response | None]


def instead(provider: FakeIdentityProvider, answer: Answer) -> httpx2.AsyncClient:
    """Return a client of that provider, some of whose answers are others."""
    return httpx2.AsyncClient(
        transport=httpx2.MockTransport(lambda request: answer(request) or provider._answer(request))
    )


def signed_identity(provider: FakeIdentityProvider, **changes: Any) -> Answer:
    now = int(provider.clock.now().timestamp())
    claims = provider.person | {"iss": provider.issuer, "aud": provider.client_id, "iat": now, "exp": now + 60}
    claims = {name: value for name, value in (claims | changes).items() if value is not ...}
    jwt = provider._signed(claims)

    def answer(request: httpx2.Request) -> httpx2.Response | None:
        if request.url.path != "/userinfo":
            return None
        return httpx2.Response(200, content=jwt, headers={"content-type": "application/jwt; charset=utf-8"})

    return answer


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None), ({"iat": ..., "exp": ...}, None), ({"iss": ..., "aud": ...}, None), ({"iat": ...}, None),
        ({"iss": "https://other.example"}, "oidc_token_issuer"), ({"aud": "other"}, "oidc_token_audience"),
        ({"exp": 1}, "oidc_token_expired"), ({"exp": 1, "iat": ...}, "oidc_token_expired"),
        ({"nbf": 9_999_999_999}, "oidc_token_not_yet_valid"), ({"exp": "soon"}, "oidc_token_unreadable"),
        ({"sub": "s-2"}, "oidc_userinfo_mismatch"), ({"sub": ...}, "oidc_userinfo_mismatch"),
    ],
)  # fmt: skip
async def test_a_signed_identity_is_held_to_what_it_says(
    make_voter: Any, provider: FakeIdentityProvider, changes: dict[str, Any], code: str | None
) -> None:
    """Issuer, audience and times of a signed user-info count wherever they are written; the sound twin proves."""
    voter = make_voter()
    voter.flow.http = instead(provider, signed_identity(provider, **changes))
    step = await voter.log_in()
    assert step == refused(code) if code else isinstance(step, Proved)


async def test_a_signed_identity_of_another_hand_is_refused(make_voter: Any, provider: FakeIdentityProvider) -> None:
    """A user-info signed by somebody who is not the provider, under the name of its key, proves nothing."""
    voter, forger = make_voter(), FakeIdentityProvider(clock=provider.clock)
    forger.person = dict(provider.person)
    voter.flow.http = instead(provider, signed_identity(forger))
    assert await voter.log_in() == refused("oidc_token_signature")


@pytest.mark.parametrize("published", [True, False])
async def test_a_key_that_changes_under_its_name_is_read_anew_once(
    make_voter: Any, provider: FakeIdentityProvider, published: bool
) -> None:
    """A provider that names no keys, or always the same, may change it between two logins; a forger may not."""
    voter, asked = make_voter(), []

    def count(request: httpx2.Request) -> httpx2.Response | None:
        asked.append(request.url.path)
        return old if request.url.path == "/certs" and not published else None

    old = httpx2.Response(200, json={"keys": [provider._public_key()]})
    voter.flow.http = instead(provider, count)
    assert isinstance(await voter.log_in(), Proved)
    step = await voter.start()
    assert isinstance(step, Redirect)
    provider._key = ec.generate_private_key(ec.SECP256R1())
    step = await voter.finish(provider.authorise(step.url))
    assert isinstance(step, Proved) if published else step == refused("oidc_token_signature")
    assert asked.count("/certs") == 2
