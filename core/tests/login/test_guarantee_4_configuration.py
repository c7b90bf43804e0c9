"""Guarantee 4, on the way of a login: secrets are references, resolved in memory, and never come out again.

The references themselves are tested in `test_config_secrets.py`.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from isoloir import sealing
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import FOLDER, Keys
from isoloir.errors import IsoloirError
from isoloir.hooks import Asserted, EligibilityCheck, Event, Factor, PluginConfig, Refused, hookimpl
from isoloir.login import eligibility
from isoloir.login.login import Login
from isoloir.login.sessions import Sessions
from isoloir.plugin_set import PluginSet
from isoloir.testing import FakeClock
from isoloir.texts import Texts, read_catalogues

VALUE = "Zx81-never-shown"


class SecretConfig(PluginConfig):
    password: SecretStr


class Leaky(Factor[SecretConfig]):
    """A factor that puts its whole configuration into whatever it raises."""

    name = "leaky"
    config = SecretConfig
    forms: ClassVar[tuple[Any, ...]] = ()

    def vouches(self, config: SecretConfig) -> Any:
        return {"rpps": Asserted("eidas1")}

    async def advance(self, config: SecretConfig, flow: Any, event: Event) -> Any:
        assert config.password.get_secret_value() == VALUE
        raise ValueError(config, config.password.get_secret_value(), vars(config))


class LeakyCheck(EligibilityCheck[SecretConfig]):
    """An eligibility check that does so too."""

    name = "leaky"
    config = SecretConfig

    async def check(self, config: SecretConfig, voter: Any, claims: Any, contest: Any) -> Refused:
        raise ValueError(config.password.get_secret_value())


class Plugin:
    @hookimpl
    def register_factors(self) -> list[Any]:
        return [Leaky()]

    @hookimpl
    def register_eligibility(self) -> list[Any]:
        return [LeakyCheck()]


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    (tmp_path / FOLDER).mkdir(mode=0o700)
    file = tmp_path / FOLDER / "factor"
    file.write_text(VALUE)
    file.chmod(0o600)
    return file


def election_of(made: Any, reference: dict[str, Any]) -> ElectionFile:
    """Return the house's election with the leaky factor, its secret given so."""
    given = made.election.model_dump(mode="python")
    given["factors"] = {"leaky": {"plugin": "leaky", "config": {"password": reference}}}
    given["eligibility"] = [{"plugin": "leaky", "config": {"password": reference}}]
    given["policy"]["any"] = [{"id": "way", "label": {"fr": "w", "en": "w"}, "all": ["leaky"]}]
    return ElectionFile.model_validate(given)


def login_of(made: Any, election: ElectionFile, folder: Path) -> Login:
    store, sessions = made.engine.store, made.engine.sessions
    texts = Texts(read_catalogues("isoloir"))
    plugins = PluginSet.of(Plugin())
    return Login(
        store, election, plugins, texts, made.keys, made.clock, made.http, "http://127.0.0.1", sessions, made.send,
        folder=folder,
    )  # fmt: skip


async def test_no_dump_of_a_login_shows_a_secret(
    house: Any, plays: Any, refused: Any, caplog: pytest.LogCaptureFixture, secret_file: Path
) -> None:
    """A factor that fails with its whole configuration in hand shows it neither in logs, pages nor the database."""
    caplog.set_level(logging.DEBUG)
    made = await house({"one": plays.provider("1")})
    election = election_of(made, {"file": "factor"})
    made.engine.login = login_of(made, election, secret_file.parents[1])
    visitor = await made.visitor()
    shown = await visitor.begin()
    refused(shown, "factor_failed")
    refused_in = await eligibility.open_contests(
        election, PluginSet.of(Plugin()), await made.entry(), {}, {}, folder=secret_file.parents[1]
    )
    assert {right.code for right in refused_in} == {"eligibility_failed"}
    assert "leaky" in caplog.text
    kept = made.kept()
    session = await visitor.session()
    for text in (
        caplog.text,
        repr(shown),
        repr(session),
        repr(vars(session)),
        repr(made.engine.login),
        repr(election),
    ):
        assert VALUE not in text
    assert VALUE.encode() not in kept


async def test_a_secret_in_the_file_itself_never_reaches_a_digest(house: Any, plays: Any, secret_file: Path) -> None:
    """The seal covers the reference: a rotated secret leaves it whole, another reference breaks it."""
    made = await house({"one": plays.provider("1")})
    plugins = PluginSet.of()
    before = sealing.system_seal(election_of(made, {"file": "factor"}), {}, plugins)
    secret_file.write_text("rotated-" + VALUE)
    assert sealing.system_seal(election_of(made, {"file": "factor"}), {}, plugins).digest == before.digest
    moved = sealing.system_seal(election_of(made, {"file": "other"}), {}, plugins)
    assert before.drift(moved) == ("election_file",)


async def test_a_rotated_secret_is_read_at_the_next_start(
    house: Any, plays: Any, refused: Any, secret_file: Path
) -> None:
    """A login made anew takes the new value; a missing one stops the start, naming the reference alone."""
    made = await house({"one": plays.provider("1")})
    election = election_of(made, {"file": "factor"})
    first = login_of(made, election, secret_file.parents[1])
    secret_file.write_text("rotated-" + VALUE)
    second = login_of(made, election, secret_file.parents[1])
    values = [login._factors._instances["leaky"][1].password.get_secret_value() for login in (first, second)]
    assert values == [VALUE, "rotated-" + VALUE]
    secret_file.unlink()
    with pytest.raises(IsoloirError) as caught:
        login_of(made, election, secret_file.parents[1])
    assert (caught.value.code, dict(caught.value.where)) == ("secret_missing", {"reference": "file:factor"})


async def test_what_is_stored_of_a_login_is_encrypted(house: Any, plays: Any) -> None:
    """Claims, what was typed, state and secrets are nowhere in the database files in the clear; the id is opaque."""

    async def play(flow: Any, event: Any) -> Any:
        await flow.secrets.put("code", "kept-by-the-factor", plays.soon)
        await flow.attempts.fail("tries", "typed-subject")
        return plays.Form(plays.Ask, errors={"answer": "form.format"}, state={"a": "state-of-the-factor"})

    made = await house({"psc": plays.provider("10000000000", display="Dr Shown"), "two": plays.Scripted(play)})
    visitor = await made.visitor()
    await visitor.begin()
    token = visitor.sent_with["state"]
    await visitor.come_back()
    shown = await visitor.answer("typed-by-the-voter", "secret-of-the-voter")
    assert shown.fields[0].value == "typed-by-the-voter"
    assert shown.fields[1].value == ""
    kept = made.kept()
    for text in (
        "Dr Shown", "typed-by-the-voter", "secret-of-the-voter", "state-of-the-factor", "kept-by-the-factor",
        "typed-subject", token, visitor.handle,
    ):  # fmt: skip
        assert text.encode() not in kept, text
    assert (await made.entry()).last_name.encode() in kept


async def test_a_session_of_another_master_key_is_no_session(house: Any, plays: Any, tmp_path: Path) -> None:
    """Without the key that made it a stored session opens nothing."""
    made = await house({"psc": plays.provider("10000000000")})
    visitor = await made.visitor()
    await visitor.begin()
    other = Sessions(made.engine.store, Keys(os.urandom(32)), FakeClock())
    assert await other.load(visitor.handle) is None
    assert await made.engine.sessions.load(visitor.handle) is not None
