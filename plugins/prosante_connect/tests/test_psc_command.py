"""`isoloir-psc` as an organiser types it, against a real Keycloak; and its texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isoloir.testing import FakeFlow
from isoloir.testing.texts import literal_codes, missing, refusal_identifiers, texts_of, well_formed
from isoloir.texts import read_catalogues
from isoloir_prosante_connect.keycloak import Keycloak, RelyingSite
from isoloir_psc.command import main
from isoloir_psc.trial import Brokered, make_brokered

CALLBACK = FakeFlow(instance="psc").callback
Type = Callable[..., Result]


@pytest.fixture
def brokered(keycloak: Keycloak) -> Brokered:
    """Pro Santé Connect's realm; the broker's is still to be made."""
    site = RelyingSite("isoloir", (CALLBACK,), (CALLBACK,), secret="k7-une-phrase-longue")
    return make_brokered(keycloak, site, provisioned=False)


@pytest.fixture
def typed(brokered: Brokered, tmp_path: Path) -> Type:
    """`typed("provision", "--apply")`: the command with all that it needs; `lang=`, `password=`, `keycloak=`."""
    running, wanted = brokered.wallet.keycloak, brokered.wanted
    for name, secret in (("psc", wanted.provider_secret or ""), ("isoloir", wanted.client_secret)):
        (tmp_path / name).write_text(f"{secret}\n")

    def run(command: str, *more: str, lang: str = "en", password: str = "", url: str = "") -> Result:
        asked = [
            "--lang", lang, command, "--keycloak", url or running.url, "--realm", wanted.realm,
            "--admin", running.user, "--redirect-uri", CALLBACK,
        ]  # fmt: skip
        if command == "provision":
            asked += [
                "--issuer", brokered.wallet.issuer, "--psc-client-id", "organiser",
                "--psc-secret-file", str(tmp_path / "psc"), "--client-secret-file", str(tmp_path / "isoloir"),
            ]  # fmt: skip
        environment = {"ISOLOIR_KEYCLOAK_PASSWORD": password or running.password}
        return CliRunner().invoke(main, [*asked, *more], env=environment, catch_exceptions=False)

    return run


@pytest.mark.slow
def test_a_realm_is_shown_then_made_then_there(typed: Type, brokered: Brokered) -> None:
    """Dry first: nothing changes. Then it is made, is fit for a vote, and the second time nothing is left to do."""
    dry = typed("provision")
    assert dry.exit_code == 0
    assert "Nothing was changed" in dry.output
    assert brokered.realm.settings() is None
    absent = typed("check")
    assert absent.exit_code == 1
    assert "psc_realm_missing" in absent.output
    done = typed("provision", "--apply")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[:-1] == dry.output.splitlines()[:-1]
    assert typed("check").exit_code == 0
    assert "Nothing to do" in typed("provision").output
    assert json.loads(typed("provision", "--apply", "--json").output) == {"applied": True, "changes": []}
    for secret in (brokered.wanted.client_secret, str(brokered.wanted.provider_secret)):
        assert secret not in dry.output + done.output


@pytest.mark.slow
def test_check_says_what_is_wrong_in_the_language_asked_for(typed: Type, brokered: Brokered) -> None:
    """Code, sentence and remedy; the exit status is 1 where something severe is wrong, and 0 for a remark."""
    typed("provision", "--apply")
    settings = brokered.realm.settings() or {}
    brokered.realm.put("", {**settings, "bruteForceProtected": False})
    remark = typed("check", "--json")
    assert remark.exit_code == 0
    assert [one["code"] for one in json.loads(remark.output)["problems"]] == ["psc_realm_brute_force"]
    brokered.realm.put("", {**settings, "registrationAllowed": True})
    french, english = typed("check", lang="fr"), typed("check")
    assert (french.exit_code, english.exit_code) == (1, 1)
    assert "psc_realm_registration: N’importe qui peut s’inscrire dans ce royaume." in french.output
    assert "→ Switch off “User registration”" in english.output
    assert "(registrationAllowed)" in typed("provision").output


@pytest.mark.slow
def test_a_keycloak_that_refuses_or_is_away_is_said(typed: Type) -> None:
    """A wrong password and a closed port: a code, a sentence, a remedy, and 1; no trace and no password."""
    wrong = typed("check", password="not-the-password")
    assert wrong.exit_code == 1
    assert "psc_keycloak_password" in wrong.output
    assert "not-the-password" not in wrong.output
    away = typed("check", url="http://127.0.0.1:9")
    assert away.exit_code == 1
    assert "psc_keycloak_away" in away.output


@pytest.mark.slow
def test_a_wildcard_is_not_provisioned(typed: Type) -> None:
    """An address to return to is written in full, or nothing is done."""
    refused = typed("provision", "--apply", "--redirect-uri", "https://vote.example/*")
    assert refused.exit_code == 2
    assert "https://vote.example/*" in refused.output


@pytest.mark.parametrize("address", ["http://keycloak.example", "keycloak.example", "http://10.0.0.1:8080"])
def test_no_password_goes_to_a_keycloak_in_clear(address: str) -> None:
    """A clear or malformed address is refused before anybody is asked; the same on this machine is asked."""
    check = ["check", "--realm", "vote", "--admin", "a", "--password", "b", "--keycloak"]
    refused = CliRunner().invoke(main, ["--lang", "en", *check, address], catch_exceptions=False)
    assert (refused.exit_code, refused.output.partition(":")[0]) == (1, "psc_realm_http")
    asked = CliRunner().invoke(main, ["--lang", "en", *check, "http://127.0.0.1:9"], catch_exceptions=False)
    assert (asked.exit_code, asked.output.partition(":")[0]) == (1, "psc_keycloak_away")


def test_an_empty_secret_is_not_provisioned(tmp_path: Path) -> None:
    """The file is named, before anybody is asked."""
    empty = tmp_path / "secret"
    empty.write_text("\n")
    refused = CliRunner().invoke(
        main,
        ["--lang", "en", "provision", "--keycloak", "http://127.0.0.1:9", "--realm", "vote", "--admin", "a",
         "--password", "b", "--psc-client-id", "c", "--psc-secret-file", str(empty), "--client-secret-file",
         str(empty), "--redirect-uri", CALLBACK],
    )  # fmt: skip
    assert refused.exit_code == 2
    assert "is empty" in refused.output


def test_every_code_of_the_tools_has_its_sentence_and_remedy() -> None:
    """In both languages, and none says what nothing finds."""
    codes = literal_codes("isoloir_psc", frozenset({"Problem"}))
    assert len(codes) >= 30, "the scan has lost its way"
    assert missing(texts_of("isoloir_psc"), refusal_identifiers(codes)) == []
    assert all(well_formed(code) for code in codes)
    texts = read_catalogues("isoloir_psc")
    said = {one.removeprefix("error.").removesuffix(".remedy") for one in texts["fr"] if one.startswith("error.")}
    assert said == codes
    assert set(texts["fr"]) == set(texts["en"])


def test_french_texts_of_the_tools_keep_the_typography() -> None:
    """A narrow no-break space stands before high punctuation, and no straight apostrophe is left."""
    for name, text in read_catalogues("isoloir_psc")["fr"].items():
        assert "'" not in text, name
        assert not any(f" {sign}" in text for sign in ":;!?»"), name
