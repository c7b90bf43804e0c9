"""A provider that is only configured: what is asked of it, which claims prove what, and who is refused."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from isoloir.hooks import Asserted, Claim, Proved, Redirect, Refused

refused = partial(Refused, values={"provider": "Connexion Hôpital"})


async def test_configured_claims_are_asserted(make_voter: Any) -> None:
    """The claim named proves the roll field named, at the level configured, and the name is shown."""
    step = await make_voter(minimum_acr="eidas2").log_in()
    assert step == Proved({"employee": Claim("E-4711", Asserted("eidas2"))}, "Alix Martin")


async def test_several_claims_are_asserted_at_once(make_voter: Any, provider: Any) -> None:
    """Each roll field has its own claim, of user-info or of the ID token."""
    provider.person["email"], provider.person["email_verified"] = "alix@example.org", True
    voter = make_voter(
        claims={"employee": {"claim": "sub", "source": "id_token"}, "email": {"claim": "email"}}, display="{email}"
    )
    by = Asserted("eidas1")
    assert await voter.log_in() == Proved(
        {"employee": Claim("s-1", by), "email": Claim("alix@example.org", by)}, "alix@example.org"
    )


async def test_request_is_made_of_the_configuration(make_voter: Any, provider: Any) -> None:
    """Scopes (openid always), level, prompt, age, state, nonce and PKCE S256."""
    voter = make_voter(scopes=["email", "openid"], minimum_acr="eidas2", prompt_login=True, max_age=60)
    step = await voter.start()
    assert isinstance(step, Redirect)
    assert step.url.startswith(f"{provider.issuer}/authorize?")
    asked = {name: value for name, [value] in parse_qs(urlsplit(step.url).query).items()}
    assert {name: asked.pop(name) for name in ("scope", "acr_values", "prompt", "max_age", "state")} == {
        "scope": "openid email", "acr_values": "eidas2", "prompt": "login", "max_age": "60",
        "state": voter.flow.token,
    }  # fmt: skip
    assert asked["code_challenge_method"] == "S256"
    assert asked.keys() >= {"nonce", "code_challenge", "client_id", "redirect_uri", "response_type"}


@pytest.mark.parametrize(
    ("source", "value", "read"),
    [
        ({"claim": "n"}, "4711", "4711"),
        ({"claim": "n"}, 4711, "4711"),
        ({"claim": "n"}, ["4711"], "4711"),
        ({"claim": "n"}, ["", "4711"], "4711"),
        ({"claim": "n", "pattern": "E-([0-9]+)"}, "E-4711", "4711"),
        ({"claim": "n", "pattern": "E-[0-9]+"}, "E-4711", "E-4711"),
        ({"claim": "n"}, ..., "oidc_claim_absent"),
        ({"claim": "n"}, "", "oidc_claim_absent"),
        ({"claim": "n"}, "  ", "oidc_claim_absent"),
        ({"claim": "n"}, None, "oidc_claim_absent"),
        ({"claim": "n"}, True, "oidc_claim_absent"),
        ({"claim": "n"}, {"value": "4711"}, "oidc_claim_absent"),
        ({"claim": "n"}, [], "oidc_claim_absent"),
        ({"claim": "n"}, ["4711", "4712"], "oidc_claim_several"),
        ({"claim": "n"}, "x" * 257, "oidc_claim_form"),
        ({"claim": "n"}, "4711\n", "oidc_claim_form"),
        ({"claim": "n"}, "47\u202e11", "oidc_claim_form"),
        ({"claim": "n", "pattern": "E-([0-9]+)"}, "E-4711 ", "oidc_claim_form"),
        ({"claim": "n", "pattern": "E-([0-9]+)"}, "xE-4711", "oidc_claim_form"),
        ({"claim": "n", "pattern": "E-([0-9]*)"}, "E-", "oidc_claim_form"),
        ({"claim": "n", "pattern": "(E)?[0-9]+"}, "4711", "oidc_claim_form"),
        ({"claim": "n", "source": "id_token"}, "4711", "4711"),
    ],
)
async def test_a_claim_is_one_well_formed_value(
    make_voter: Any, provider: Any, source: dict[str, Any], value: Any, read: str
) -> None:
    """A text, a number or a list of one proves; nothing, several, other types and other forms do not."""
    if value is not ...:
        provider.person["n"] = value
    step = await make_voter(claims={"employee": source}).log_in()
    if read.startswith("oidc_"):
        assert step == refused(read)
    else:
        assert isinstance(step, Proved)
        assert step.claims["employee"].value == read


@pytest.mark.parametrize("claim", ["email", "phone_number"])
@pytest.mark.parametrize(
    ("verified", "accepts", "proved"),
    [(True, False, True), (False, False, False), (..., False, False), ("true", False, False), (..., True, True)],
)
async def test_an_address_counts_only_if_the_provider_has_verified_it(
    make_voter: Any, provider: Any, claim: str, verified: Any, accepts: bool, proved: bool
) -> None:
    """What people may type at the provider proves nothing until it has checked it, unless the organiser says so."""
    provider.person[claim] = "someone"
    if verified is not ...:
        provider.person[f"{claim}_verified"] = verified
    step = await make_voter(claims={"contact": {"claim": claim, "accept_unverified": accepts}}).log_in()
    assert isinstance(step, Proved) if proved else step == refused("oidc_claim_unverified")


@pytest.mark.parametrize(
    ("in_token", "in_userinfo", "accepted"),
    [
        ("member", "member", True), (..., "member", True), ("member", ..., True), (["staff", "member"], ..., True),
        (..., ..., False), ("alum", ..., False), ("member", "alum", False), ("", ..., False), (["alum"], ..., False),
    ],
)  # fmt: skip
async def test_required_values_are_required_wherever_they_stand(
    make_voter: Any, provider: Any, in_token: Any, in_userinfo: Any, accepted: bool
) -> None:
    """An institution, a role or the name of an identity provider: one that is not listed, or none, is refused."""
    if in_token is not ...:
        provider.spoiled["affiliation"] = in_token
    if in_userinfo is not ...:
        provider.person["affiliation"] = in_userinfo
    elif in_token is not ...:
        provider.spoiled["affiliation"] = in_token
    step = await make_voter(requires={"affiliation": ["member", "faculty"]}).log_in()
    assert isinstance(step, Proved) if accepted else step == refused("oidc_requirement")


PROCONNECT = {
    "levels": ["https://proconnect.gouv.fr/assurance/self-asserted", "https://proconnect.gouv.fr/assurance/checked"],
    "minimum_acr": "https://proconnect.gouv.fr/assurance/checked", "level": "eidas1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "acr", "result"),
    [
        ({}, "eidas1", "eidas1"), ({}, "eidas3", "eidas1"), ({}, None, "oidc_level_absent"),
        ({"accept_absent_acr": True}, None, "eidas1"), ({}, "0", "oidc_level_unknown"),
        ({"accept_absent_acr": True}, "0", "oidc_level_unknown"),
        ({"minimum_acr": "eidas2"}, "eidas1", "oidc_level_too_low"),
        ({"minimum_acr": "eidas2", "accept_absent_acr": True}, None, "oidc_level_too_low"),
        ({"minimum_acr": "eidas2", "level": "eidas1"}, "eidas2", "eidas1"),
        (PROCONNECT, "https://proconnect.gouv.fr/assurance/checked", "eidas1"),
        (PROCONNECT, "https://proconnect.gouv.fr/assurance/self-asserted", "oidc_level_too_low"),
        (PROCONNECT, "eidas1", "oidc_level_unknown"),
    ],
)  # fmt: skip
async def test_levels_are_the_provider_s_own_words(
    make_voter: Any, provider: Any, changes: dict[str, Any], acr: str | None, result: str
) -> None:
    """An ordered list says which level satisfies which; an absent one is refused unless the organiser accepts it."""
    provider.person["acr"] = acr
    voter = make_voter(**changes)
    step = await voter.log_in()
    if result.startswith("oidc_"):
        assert step == refused(result)
    else:
        assert isinstance(step, Proved)
        assert step.claims["employee"].by == Asserted(result) == voter.factor.vouches(voter.config)["employee"]


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{given_name} {family_name}", "Alix Martin"), ("{title} {family_name}", "Martin"), ("{nickname}", None),
        ("", None), ("{sub}", "s-1"), ("{employee_number} – {__class__} {0}", "E-4711 –"), ("{long}", "x" * 80),
        ("{turned}", "Martin"), ("{number}", None),
    ],
)  # fmt: skip
async def test_the_name_is_a_template_of_claims(
    make_voter: Any, provider: Any, template: str, shown: str | None
) -> None:
    """Places are claims and nothing else; what is missing leaves no hole, and nothing turns the line."""
    provider.person |= {"long": "x" * 200, "turned": "\u202eMartin\n", "number": 7}
    step = await make_voter(display=template).log_in()
    assert isinstance(step, Proved)
    assert step.display == shown


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        ({"iss": "https://other.example"}, "oidc_token_issuer"), ({"aud": "other"}, "oidc_token_audience"),
        ({"azp": "other"}, "oidc_token_authorized_party"), ({"exp": 1}, "oidc_token_expired"),
        ({"nonce": "other"}, "oidc_token_nonce"), ({"at_hash": "x"}, "oidc_token_at_hash"),
        ({"sub": "s-2"}, "oidc_userinfo_mismatch"), ({"acr": "eidas9"}, "oidc_level_unknown"), ({}, None),
    ],
)  # fmt: skip
async def test_spoiled_tokens_let_nobody_in(
    make_voter: Any, provider: Any, spoiled: dict[str, Any], code: str | None
) -> None:
    """Each claim of the token is checked under a mere configuration too; the sound twin gets in."""
    provider.spoiled = spoiled
    step = await make_voter().log_in()
    assert step == refused(code) if code else isinstance(step, Proved)


async def test_discovery_may_be_elsewhere(make_voter: Any, provider: Any) -> None:
    """A description that is not at its usual path is found where the configuration says, and only there."""
    wrong = make_voter(discovery_url=f"{provider.issuer}/elsewhere")
    assert await wrong.start() == refused("oidc_unavailable", seconds=30)
    right = make_voter(discovery_url=f"{provider.issuer}/.well-known/openid-configuration")
    assert isinstance(await right.start(), Redirect)


async def test_the_return_of_another_provider_is_refused(make_voter: Any, provider: Any) -> None:
    """Mix-up: the issuer of the return is another one's (RFC 9207)."""
    voter = make_voter()
    step = await voter.start()
    params = provider.authorise(step.url) | {"iss": "https://other.example"}
    assert await voter.finish(params) == refused("oidc_wrong_provider")
