"""The bundled conformance kit, unchanged, with its own provider of identity; and the texts that it cannot know of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from isoloir.hooks import PluginConfig, Redirect, Step
from isoloir.plugin_set import PluginSet
from isoloir.testing import FactorContract, FactorRun, FakeClock, FakeFlow, FakeIdentityProvider
from isoloir.testing.texts import literal_codes, missing, refusal_identifiers, texts_of, well_formed
from isoloir.texts import read_catalogues
from isoloir_openid_connect import checking
from isoloir_openid_connect.factor import OpenIDConnect, OpenIDConnectConfig

PACKAGE = "isoloir_openid_connect"


class TestOpenIDConnectContract(FactorContract):
    """All of the factor's contract."""

    @pytest.fixture
    def provider(self) -> FakeIdentityProvider:
        found = FakeIdentityProvider(clock=FakeClock())
        found.person = {"sub": "person-1", "acr": "eidas1", "employee_number": "E-4711", "given_name": "Alix"}
        return found

    @pytest.fixture
    def factor(self) -> OpenIDConnect:
        return OpenIDConnect()

    @pytest.fixture
    def config(self, factor: OpenIDConnect, provider: FakeIdentityProvider) -> PluginConfig:  # type: ignore[override]
        return OpenIDConnectConfig.model_validate(
            {
                "provider": "Connexion Hôpital", "issuer": provider.issuer, "client_id": provider.client_id,
                "client_secret": provider.client_secret,
                "claims": {"employee": {"claim": "employee_number", "pattern": "E-([0-9]+)"}},
            }
        )  # fmt: skip

    @pytest.fixture
    def make_flow(self, provider: FakeIdentityProvider) -> Callable[..., FakeFlow]:  # type: ignore[override]
        def make(**arguments: Any) -> FakeFlow:
            flow = FakeFlow(http=provider.client, **arguments)
            provider.clock = flow.clock
            return flow

        self.identity_provider = provider
        return make

    async def honest(self, run: FactorRun) -> Step:
        step = await run.start()
        assert isinstance(step, Redirect)
        params = self.identity_provider.authorise(step.url)
        del params["iss"]  # the kit takes every parameter for a secret, and the issuer is none
        return await run.come_back(**params)


def _codes() -> set[str]:
    written = literal_codes(PACKAGE, frozenset({"Refusal", "Refused", "Problem", "PydanticCustomError"}))
    return written | set(checking._PROBLEMS.values())


def test_every_code_has_its_sentence_and_remedy_in_both_languages() -> None:
    """Whatever the plugin refuses, in a login, a configuration or a test of the connection, is said and remedied."""
    codes = _codes()
    assert len(codes) > 45, "the scan has lost its way"
    assert missing(texts_of(PACKAGE), refusal_identifiers(codes)) == []
    assert all(well_formed(code) for code in codes)


def test_the_catalogue_says_nothing_that_nothing_refuses() -> None:
    """No text outlives its code; those chosen by a condition are named here."""
    texts = read_catalogues(PACKAGE)
    said = {one.removeprefix("error.").removesuffix(".remedy") for one in texts["fr"] if one.startswith("error.")}
    conditional = {"oidc_misconfigured", "oidc_token_not_yet_valid"}
    assert said - _codes() - conditional == set()
    assert set(texts["fr"]) == set(texts["en"])


def test_french_texts_keep_the_typography() -> None:
    """A narrow no-break space stands before high punctuation, and no straight apostrophe is left."""
    for name, text in read_catalogues(PACKAGE)["fr"].items():
        assert "'" not in text, name
        assert " :" not in text.replace("\u202f:", ""), name
        assert not any(f" {sign}" in text for sign in ":;!?»"), name


def test_no_provider_is_named_in_a_text() -> None:
    """The base serves every provider: their names come from the configuration."""
    for texts in read_catalogues(PACKAGE).values():
        for name, text in texts.items():
            assert "Pro Santé" not in text, name
            assert "preset" not in text, name


def test_the_plugin_loads_by_its_entry_point() -> None:
    """The installed plugin registers its one factor and passes the plugin set's checks."""
    assert set(PluginSet.load(["openid_connect"]).factors) == {"openid_connect"}
