"""`isoloir account`: what the organiser sees of an account, and never its secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from isoloir.commands import main

ELECTION = Path(__file__).parents[2] / "examples" / "medecins-2024" / "election.toml"


@pytest.fixture
def isoloir(tmp_path: Path) -> Any:
    """Run commands on a new instance, which holds the example's election with an outbox for its messages."""
    place = tmp_path / "elections" / "medecins-2024"
    place.mkdir(parents=True)
    text = ELECTION.read_text("utf-8")
    outbox = f'{{ plugin = "outbox", config = {{ folder = "{tmp_path}/outbox" }} }}'
    (place / "election.toml").write_text(text.replace('{ plugin = "outbox" }', outbox), "utf-8")
    (tmp_path / "outbox").mkdir(mode=0o700)
    plugins = ["ordinal_check", "outbox", "password_sms", "prosante_connect"]
    (tmp_path / "isoloir.toml").write_text(f'base_url = "http://127.0.0.1:8000"\nplugins = {json.dumps(plugins)}\n')

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["--instance", str(tmp_path), "--lang", "fr", "account", *arguments])

    run.folder = tmp_path  # type: ignore[attr-defined]
    return run


def test_an_account_goes_from_the_organiser_to_its_holder(isoloir: Any) -> None:
    """The link is mailed and never printed, the code is printed and never mailed; then list, reset, disable."""
    here = ("medecins-2024", "a.martin")
    person = ("--display", "Dr Alix Martin", "--email", "alix@example.org")
    made = isoloir("new", *here, *person, "--board", "national", "--member", "president")
    assert made.exit_code == 0, made.output
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", made.stdout)
    assert code
    assert "/board/activate/" not in made.stdout
    sent = "".join(path.read_text() for path in (isoloir.folder / "outbox").glob("*.json"))
    assert "/board/activate/" in sent
    assert code[0] not in sent
    told = json.loads(isoloir("list", "medecins-2024", "--json").stdout)
    assert [(one["name"], one["state"], one["member"]) for one in told] == [("a.martin", "invited", "president")]
    twice = isoloir("new", "medecins-2024", "other", *person, "--board", "national", "--member", "president")
    assert (twice.exit_code, "account_seat_taken" in twice.stderr) == (1, True)
    again = json.loads(isoloir("reset", *here, "--json").stdout)
    assert again["code"] != code[0]
    assert isoloir("disable", *here).exit_code == 0
    assert "account_disabled" in isoloir("reset", *here).stderr
    assert "account_unknown" in isoloir("disable", "medecins-2024", "nobody").stderr
    assert "désactivé" in isoloir("list", "medecins-2024").stdout
