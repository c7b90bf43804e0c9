"""The bundled conformance kit, unchanged, over real HTTP; and the texts that it cannot know of."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from isoloir.hooks import PluginConfig, Redirect, Step, Wait
from isoloir.plugin_set import PluginSet
from isoloir.testing import FactorContract, FactorRun, FakeClock, FakeFlow
from isoloir.testing.texts import literal_codes, literal_errors, missing, refusal_identifiers, texts_of, well_formed
from isoloir.texts import read_catalogues
from isoloir_prosante_connect import identity
from isoloir_prosante_connect.config import ECpsConfig, ProSanteConnectConfig
from isoloir_prosante_connect.ecps import _ENDS, ECps
from isoloir_prosante_connect.factor import ProSanteConnect
from isoloir_prosante_connect.simulator import RelyingParty, Simulator, Telephone, log_in, serve_simulator
from isoloir_prosante_connect.simulator.telephones import Telephones

PACKAGE = "isoloir_prosante_connect"
TLS = ssl.create_default_context()
CALLBACKS = tuple(FakeFlow(election=election).callback for election in (FakeFlow().election.id, "another-election"))


@contextmanager
def _unlogged() -> Iterator[None]:
    """Silence the voter's browser: its own log is not the plugin's."""
    loggers = [logging.getLogger(name) for name in ("httpx2", "httpcore2.connection", "httpcore2.http11")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@pytest.fixture(scope="module")
def provider() -> Iterator[Simulator]:
    """A provider on the kit's clock, where the kit's elections are registered."""
    client = RelyingParty("isoloir", "k7-une-phrase-longue", CALLBACKS)
    with serve_simulator(clients=[client], clock=FakeClock()) as simulator:
        yield simulator


class TestProSanteConnectContract(FactorContract):
    """All of the factor's contract."""

    @pytest.fixture
    def factor(self) -> ProSanteConnect:
        return ProSanteConnect()

    @pytest.fixture
    def config(self, factor: ProSanteConnect, provider: Simulator) -> PluginConfig:  # type: ignore[override]
        return ProSanteConnectConfig.model_validate(
            {
                "preset": "simulator", "issuer": provider.issuer, "client_id": "isoloir",
                "client_secret": "k7-une-phrase-longue",
            }
        )  # fmt: skip

    @pytest.fixture
    async def make_flow(self, provider: Simulator) -> AsyncIterator[Callable[..., FakeFlow]]:  # type: ignore[override]
        async with httpx2.AsyncClient(verify=TLS, trust_env=False, timeout=10) as http:

            def make(**arguments: Any) -> FakeFlow:
                flow = FakeFlow(http=http, **arguments)
                provider.authority.clock = flow.clock
                provider.authority.telephones = Telephones(provider.authority)
                return flow

            yield make

    async def honest(self, run: FactorRun) -> Step:
        step = await run.start()
        assert isinstance(step, Redirect)
        with _unlogged():
            async with httpx2.AsyncClient(verify=TLS, trust_env=False, timeout=10) as browser:
                url = await log_in(browser, step.url, "899700000017")
        params = dict(parse_qsl(urlsplit(url).query))
        # The kit takes every parameter for a secret; the issuer is none, and stands in the log of every request.
        del params["iss"]
        return await run.come_back(**params)


class TestECpsContract(TestProSanteConnectContract):
    """All of it again, where the login is approved on the telephone."""

    wrong: ClassVar = {"rpps": "99700009999"}  # nobody's: the page waits, and nothing rings

    @pytest.fixture(autouse=True)
    def _same_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Draw the same two digits each time: the kit compares every number that two people are shown."""
        monkeypatch.setattr("isoloir_prosante_connect.ecps.secrets.randbelow", lambda below: 37)

    @pytest.fixture
    def factor(self) -> ECps:  # type: ignore[override]
        return ECps()

    @pytest.fixture
    def config(self, factor: ECps, provider: Simulator) -> PluginConfig:  # type: ignore[override]
        return ECpsConfig.model_validate(
            {
                "preset": "simulator", "issuer": provider.issuer, "client_id": "isoloir",
                "client_secret": "k7-une-phrase-longue",
            }
        )  # fmt: skip

    async def honest(self, run: FactorRun) -> Step:
        await run.start()
        step = await run.submit(rpps="99700000017")
        with _unlogged():
            async with httpx2.AsyncClient(verify=TLS, trust_env=False, timeout=10) as owner:
                telephone = Telephone(owner, run.config.issuer, "899700000017")
                if numbers := await telephone.rings():
                    assert isinstance(step, Wait)
                    assert [step.values["number"]] == numbers
                    await telephone.answer()
        return await run.tick()


def _codes() -> set[str]:
    written = literal_codes(PACKAGE, frozenset({"Refusal", "Refused", "Problem", "PydanticCustomError"}))
    listed = {*identity._OTHER_KINDS.values(), *ProSanteConnect.own_words.values(), *_ENDS.values()}
    return written | listed - {"oidc_unavailable"} | literal_errors(PACKAGE)


def test_every_code_has_its_sentence_and_remedy_in_both_languages() -> None:
    """Whatever the plugin refuses in words of its own is said and remedied."""
    codes = _codes()
    assert len(codes) >= 8, "the scan has lost its way"
    assert missing(texts_of(PACKAGE), refusal_identifiers(codes)) == []
    assert all(well_formed(code) for code in codes)


def test_own_words_stand_for_codes_of_the_base() -> None:
    """Each code that the plugin says otherwise is one that the base says too: none is misspelt."""
    said = read_catalogues("isoloir_openid_connect")["fr"]
    assert {code for code in ProSanteConnect.own_words if f"error.{code}" not in said} == set()


def test_the_catalogue_says_nothing_that_nothing_refuses() -> None:
    """No text outlives its code, and none says again what the base says."""
    texts = read_catalogues(PACKAGE)
    said = {one.removeprefix("error.").removesuffix(".remedy") for one in texts["fr"] if one.startswith("error.")}
    assert said - _codes() == {"psc_identity_unknown"}  # chosen by a condition
    assert set(texts["fr"]) == set(texts["en"])
    assert not set(texts["fr"]) & set(read_catalogues("isoloir_openid_connect")["fr"])


def test_french_texts_keep_the_typography() -> None:
    """A narrow no-break space stands before high punctuation, and no straight apostrophe is left."""
    for name, text in read_catalogues(PACKAGE)["fr"].items():
        assert "'" not in text, name
        assert " :" not in text.replace("\u202f:", ""), name
        assert not any(f" {sign}" in text for sign in ":;!?»"), name


def test_the_plugin_loads_by_its_entry_point() -> None:
    """The installed plugin registers its two factors and passes the plugin set's checks."""
    plugins = PluginSet.load(["prosante_connect"])
    assert set(plugins.factors) == {"prosante_connect", "prosante_connect_ecps"}
    assert plugins.catalogue["fr"]["error.oidc_unavailable"].startswith("Le service {provider}")
