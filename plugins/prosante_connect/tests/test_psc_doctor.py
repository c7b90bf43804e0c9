"""`isoloir-psc doctor` on an election's file, against a real Keycloak, direct and through a broker."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result

from isoloir.commands import main as isoloir
from isoloir_prosante_connect.keycloak import (
    PASSWORD,
    Keycloak,
    RelyingSite,
    Wallet,
    administer,
    log_in,
    make_browser,
    make_wallet,
)
from isoloir_psc import doctor as examined
from isoloir_psc.command import main
from isoloir_psc.realm import Realm
from isoloir_psc.trial import make_brokered

pytestmark = pytest.mark.slow

SITE = "http://127.0.0.1:8000"
CALLBACK = f"{SITE}/e/mon-election/login/callback/psc"
SECRET = "k7-Une.phrase:de+passe/longue"
Ask = Callable[..., Result]


@pytest.fixture(scope="module", params=["direct", "brokered"])
def config(keycloak: Keycloak, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A configuration that works."""
    site = RelyingSite("isoloir", (CALLBACK,), (CALLBACK,), secret=SECRET)
    known = {"preset": "simulator", "client_id": "isoloir", "client_secret": {"env": "PSC_SECRET"}}
    if request.param == "brokered":
        return {**known, "issuer": make_brokered(keycloak, site).issuer, "broker": {}}
    wallet = make_wallet(keycloak, [site], realm=f"esante-wallet-{secrets.token_hex(4)}")
    return {**known, "issuer": wallet.issuer, "discovery_url": wallet.discovery_url}


@pytest.fixture
def ask(config: dict[str, Any], tmp_path: Path) -> Ask:
    """`ask("--json", lang=…, secret=…, name=…, **changes)`: the command on a file with that factor."""
    return _asking("prosante_connect", config, tmp_path)


@pytest.fixture(scope="module")
def wallet(keycloak: Keycloak) -> Wallet:
    """A realm whose telephones ring for this site."""
    site = RelyingSite("isoloir", (CALLBACK,), secret=SECRET)
    return make_wallet(keycloak, [site], realm=f"esante-wallet-{secrets.token_hex(4)}")


@pytest.fixture
def ask_ecps(wallet: Wallet, tmp_path: Path) -> Ask:
    """The same on a file with the factor of the telephone."""
    config = {
        "preset": "simulator", "issuer": wallet.issuer, "discovery_url": wallet.discovery_url,
        "client_id": "isoloir", "client_secret": {"env": "PSC_SECRET"},
    }  # fmt: skip
    return _asking("prosante_connect_ecps", config, tmp_path)


def _asking(plugin: str, config: dict[str, Any], tmp_path: Path) -> Ask:
    def run(
        *more: str, lang: str = "en", secret: str = SECRET, name: str = "psc", given: str = "", **changes: Any
    ) -> Result:
        file = tmp_path / "election.toml"
        file.unlink(missing_ok=True)
        CliRunner().invoke(isoloir, ["election", "new", str(file)], catch_exceptions=False)
        written = ", ".join(f"{key} = {_toml(value)}" for key, value in (config | changes).items())
        factor = f'[factors.{name}]\nplugin = "{plugin}"\nconfig = {{ {written} }}\n\n'
        file.write_text(file.read_text().replace("[factors.", f"{factor}[factors.", 1))
        (tmp_path / "isoloir.toml").write_text(
            f'base_url = "{SITE}"\nplugins = ["prosante_connect", "password_sms", "ordinal_check", "outbox"]\n'
        )
        runner = CliRunner(env={"PSC_SECRET": secret})
        asked = ["--lang", lang, "doctor", str(file), "--instance", str(tmp_path), *more]
        return runner.invoke(main, asked, input=given, catch_exceptions=False)

    return run


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


def _codes(result: Result) -> list[str]:
    return [one["code"] for one in json.loads(result.stdout)["problems"]]


def test_a_configuration_that_works_is_said_to(ask: Ask) -> None:
    """In both languages, and with 0."""
    english, french = ask(), ask(lang="fr")
    assert (english.exit_code, french.exit_code) == (0, 0), english.output
    assert "The configuration works." in english.output
    assert "La configuration fonctionne." in french.output


def test_what_keeps_a_configuration_from_working_is_said(ask: Ask) -> None:
    """Away, a wrong secret, an address to return to that is not registered: each by its code, with 1, no secret."""
    away = ask("--json", issuer="http://127.0.0.1:9", discovery_url="http://127.0.0.1:9/nobody")
    assert (_codes(away), away.exit_code) == (["psc_check_discovery"], 1)
    wrong = ask("--json", secret="another-phrase-altogether")
    assert (_codes(wrong), wrong.exit_code) == (["psc_doctor_secret"], 1)
    assert "another-phrase-altogether" not in wrong.output
    elsewhere = ask("--json", name="carte")
    assert "psc_doctor_redirect" in _codes(elsewhere)
    assert elsewhere.exit_code == 1
    unknown = ask("--json", client_id="nobody")
    assert set(_codes(unknown)) == {"psc_doctor_redirect", "psc_doctor_secret"}
    words = ask(name="carte").output
    assert f"{SITE}/e/mon-election/login/callback/carte" in words
    assert "→ Have that return address registered" in words


def test_a_test_login_is_walked_to_its_end(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claims of a real login are shown; who has no RPPS number is refused in the factor's own words."""
    opened: list[str] = []
    echo = examined.click.echo

    def note(said: str, **options: Any) -> None:
        opened.extend(line for line in said.splitlines() if "/protocol/openid-connect/auth?" in line)
        echo(said, **options)

    def paste(number: str) -> None:
        async def walk() -> str:
            async with make_browser() as browser:
                return await log_in(browser, opened[-1], number, PASSWORD, CALLBACK)

        def prompt(*_: Any, **__: Any) -> str:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(1) as pool:
                return pool.submit(lambda: asyncio.run(walk())).result()

        monkeypatch.setattr(examined.click, "prompt", prompt)

    monkeypatch.setattr(examined.click, "echo", note)
    paste("899700000017")
    proved = ask("--login")
    assert proved.exit_code == 0, proved.output
    assert "The login proves rpps = 99700000017; name shown: Dr Alix Martin." in proved.output
    paste("099700018")
    refused = ask("--login")
    assert refused.exit_code == 1
    assert "psc_identity_adeli" in refused.output
    monkeypatch.setattr(examined.click, "prompt", lambda *_, **__: f"{CALLBACK}?code=a&state=b")
    assert "psc_doctor_pasted" in ask("--login").output


def test_a_telephone_that_would_ring_is_said_to_work(ask_ecps: Ask, wallet: Wallet) -> None:
    """In both languages, with 0; and none has rung."""
    english, french = ask_ecps(), ask_ecps(lang="fr")
    assert (english.exit_code, french.exit_code) == (0, 0), english.output
    assert "The configuration works." in english.output
    assert "La configuration fonctionne." in french.output
    assert httpx2.get(wallet.keycloak.exchange, trust_env=False).json() == []


def test_what_keeps_a_telephone_from_ringing_is_said(ask_ecps: Ask, wallet: Wallet) -> None:
    """Away, nobody there to ask, a wrong secret, another client, one that may not: each by its code, with 1."""
    away = ask_ecps("--json", issuer="http://127.0.0.1:9", discovery_url="http://127.0.0.1:9/nobody")
    assert (_codes(away), away.exit_code) == (["psc_check_discovery"], 1)
    silent = ask_ecps("--json", backchannel_authentication_endpoint="http://127.0.0.1:9/nobody")
    assert (_codes(silent), silent.exit_code) == (["psc_doctor_approval"], 1)
    wrong = ask_ecps("--json", secret="another-phrase-altogether")
    assert (_codes(wrong), wrong.exit_code) == (["psc_doctor_secret"], 1)
    assert "another-phrase-altogether" not in wrong.output
    assert _codes(ask_ecps("--json", client_id="nobody")) == ["psc_doctor_secret"]
    realm = Realm(administer(wallet.keycloak), wallet.realm)
    client = realm.client("isoloir")
    assert client is not None
    for granted, codes in (("false", ["psc_doctor_ecps_closed"]), ("true", [])):
        client["attributes"]["oidc.ciba.grant.enabled"] = granted
        realm.put(f"clients/{client['id']}", client)
        assert _codes(ask_ecps("--json")) == codes


@pytest.mark.parametrize(
    ("modes", "codes"),
    [(["ping"], ["psc_doctor_poll"]), ("poll", ["psc_doctor_poll"]), (["ping", "poll"], []), (None, [])],
)
def test_a_service_without_polls_is_said(ask_ecps: Ask, wallet: Wallet, modes: Any, codes: list[str]) -> None:
    """Where it says how it delivers tokens, polls must be among them; where it says nothing, nothing is said."""
    described = httpx2.get(wallet.discovery_url, trust_env=False).json()
    described |= {"backchannel_token_delivery_modes_supported": modes}

    class Description(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(described).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Description) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        try:
            found = ask_ecps("--json", discovery_url=f"http://127.0.0.1:{served.server_port}/")
        finally:
            served.shutdown()
    assert _codes(found) == codes


def test_a_file_without_the_factor_is_said(tmp_path: Path) -> None:
    """There is nothing to look over."""
    file = tmp_path / "election.toml"
    CliRunner().invoke(isoloir, ["election", "new", str(file)], catch_exceptions=False)
    (tmp_path / "isoloir.toml").write_text(
        f'base_url = "{SITE}"\nplugins = ["password_sms", "ordinal_check", "outbox"]\n'
    )
    asked = ["--lang", "fr", "doctor", str(file), "--instance", str(tmp_path)]
    result = CliRunner(env=dict(os.environ)).invoke(main, asked, catch_exceptions=False)
    assert result.exit_code == 1
    assert "psc_doctor_unused" in result.output
