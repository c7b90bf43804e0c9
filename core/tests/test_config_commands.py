"""The command line: election check, schema and new, plugins, and how refusals are told."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isoloir.commands import main
from isoloir.commands.context import default_language
from isoloir.config.reading import read_election
from isoloir.config.settings import FILE

BAD = 'id = "Not An Id"\n[window]\nopens = 2024-06-11T09:00:00\n'


def isoloir(*arguments: str | Path, lang: str = "en", columns: int = 400) -> Result:
    """Run the command line."""
    environment = {"ISOLOIR_LANG": lang, "ISOLOIR_INSTANCE": None, "COLUMNS": str(columns)}
    return CliRunner(env=environment).invoke(main, [str(argument) for argument in arguments])


def test_a_new_file_is_valid_and_complete(tmp_path: Path) -> None:
    """`election new` writes a file that is read without a mistake, under the id asked for, opening in the future."""
    file = tmp_path / "new.toml"
    assert isoloir("election", "new", file, "--id", "mon-vote").exit_code == 0
    election = read_election(file)
    assert (election.id, election.test) == ("mon-vote", True)
    assert (election.window.closes - election.window.opens).days == 7


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    """A file that exists is refused and left as it was; so is an id that no file may bear."""
    file = tmp_path / "new.toml"
    file.write_text("mine")
    result = isoloir("election", "new", file)
    assert result.exit_code == 1
    assert "election_file_exists" in result.stderr
    assert file.read_text() == "mine"
    result = isoloir("election", "new", tmp_path / "other.toml", "--id", 'x"\ny')
    assert (result.exit_code, (tmp_path / "other.toml").exists()) == (1, False)


@pytest.mark.parametrize(("lang", "word"), [("fr", "manque"), ("en", "is missing")])
def test_check_tells_every_mistake_in_words(tmp_path: Path, lang: str, word: str) -> None:
    """Without --json each mistake comes on stderr with file, line, key, code, sentence and remedy; exit 1."""
    file = tmp_path / "e.toml"
    file.write_text(BAD)
    result = isoloir("election", "check", file, lang=lang)
    assert result.exit_code == 1
    assert f"{file}:1: id" in result.stderr
    assert f"{file}:2: window.closes" in result.stderr
    assert "[id_form]" in result.stderr
    assert word in result.stderr
    assert "→" in result.stderr
    assert "Not An Id" not in result.stderr
    assert result.stdout == ""


def test_check_tells_every_mistake_in_json(tmp_path: Path) -> None:
    """With --json the mistakes are the answer, on stdout, sorted by line; exit 1."""
    file = tmp_path / "e.toml"
    file.write_text(BAD)
    result = isoloir("election", "check", file, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["valid"] is False
    places = [(error["line"], error["key"], error["code"]) for error in told["errors"]]
    assert (1, "id", "id_form") in places
    assert (2, "window.closes", "key_missing") in places
    assert [line for line, _, _ in places] == sorted(line for line, _, _ in places)
    assert all(error["sentence"] and error["remedy"] and error["file"] == str(file) for error in told["errors"])


def test_check_of_a_valid_file_says_so(tmp_path: Path) -> None:
    """An instance that allows what the file uses finds it valid: exit 0, and JSON when asked."""
    file = tmp_path / "new.toml"
    isoloir("election", "new", file)
    result = isoloir("election", "check", file, "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["valid"], told["errors"]) == (0, True, [])
    assert told["plugins"] == ["ordinal_check", "outbox", "password_sms"]
    assert "is valid" in isoloir("election", "check", file).stdout


def test_check_takes_the_instances_plugins_alone(tmp_path: Path) -> None:
    """The twin: under an instance that allows no plugin, the same file names plugins that are not loaded."""
    file = tmp_path / "new.toml"
    isoloir("election", "new", file)
    (tmp_path / FILE).write_text("plugins = []")
    told = json.loads(isoloir("--instance", tmp_path, "election", "check", file, "--json").stdout)
    assert {error["code"] for error in told["errors"]} == {
        "plugin_unknown_factors",
        "plugin_unknown_eligibility",
        "plugin_unknown_notifiers",
    }


def test_schema_is_printed_as_json() -> None:
    """`election schema` prints one JSON object that describes the file's keys."""
    printed = json.loads(isoloir("election", "schema").stdout)
    assert printed["properties"]["window"]["description"]


def test_plugins_are_listed_without_being_loaded() -> None:
    """Without an instance every installed plugin is listed, and none is loaded."""
    listed = json.loads(isoloir("plugins", "--json").stdout)["plugins"]
    assert {"ordinal_check", "outbox", "password_sms", "prosante_connect", "smtp_mail"} <= {
        row["name"] for row in listed
    }
    assert not [row for row in listed if row["loaded"] or row["hooks"]]
    assert all(row["version"] for row in listed)


def test_plugins_that_the_instance_allows_are_loaded(tmp_path: Path) -> None:
    """With an instance its plugins are loaded, with hooks and contract; the others stay listed as they were."""
    (tmp_path / FILE).write_text('plugins = ["ordinal_check"]')
    listed = json.loads(isoloir("--instance", tmp_path, "plugins", "--json").stdout)["plugins"]
    rows = {row["name"]: row for row in listed}
    assert rows["ordinal_check"]["loaded"] is True
    assert rows["ordinal_check"]["contract_version"] == 1
    assert {"register_factors", "register_eligibility"} <= set(rows["ordinal_check"]["hooks"])
    assert rows["password_sms"]["loaded"] is False
    assert "ordinal_check" in isoloir("--instance", tmp_path, "plugins").stdout


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_list_of_plugins_is_never_cut(tmp_path: Path, lang: str, width: int) -> None:
    """In words too, names, versions and hooks are whole; folded, not cut, where the terminal is narrow."""
    (tmp_path / FILE).write_text('plugins = ["ordinal_check"]')
    shown = isoloir("--instance", tmp_path, "plugins", lang=lang, columns=width).stdout
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    wide = isoloir("--instance", tmp_path, "plugins", lang=lang).stdout
    assert Counter("".join(shown.split())) == Counter("".join(wide.split()))
    if width >= 80:
        words = ("ordinal_check", "prosante_connect", "0.1.0", "register_eligibility", "register_roll_checks")
        assert [one for one in words if one not in shown] == []


def test_a_refusal_is_told_in_words_or_json(tmp_path: Path) -> None:
    """A refusal comes on stderr with code, sentence and remedy, as JSON under --json; exit 1, never a traceback."""
    nowhere = tmp_path / "nowhere"
    words = isoloir("--instance", nowhere, "plugins")
    assert (words.exit_code, words.stdout) == (1, "")
    assert words.stderr.startswith("instance_folder_missing: ")
    told = json.loads(isoloir("--instance", nowhere, "plugins", "--json").stderr)["error"]
    assert told["code"] == "instance_folder_missing"
    assert told["remedy"]


def test_settings_are_refused_line_by_line(tmp_path: Path) -> None:
    """A mistake in the instance's settings is told with its line, as in an election's file."""
    (tmp_path / FILE).write_text('base_url = "https://vote.example.org"\ndemo = true\n')
    result = isoloir("--instance", tmp_path, "plugins")
    assert result.exit_code == 1
    assert f"{tmp_path / FILE}:2: demo [unsafe_settings]" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["election", "check"], ["election", "nothing"], ["plugins", "--x"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    """What the command line cannot understand is usage, exit 2; never a refusal."""
    assert isoloir(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LC_ALL": "fr_FR", "LANG": "en_GB"}, "fr"),
        ({"LANG": "C.UTF-8"}, "fr"),
        ({}, "fr"),
    ],
)
def test_the_environment_says_the_language(environment: dict[str, str], language: str) -> None:
    """The reader's language is the environment's, and French where it asks for none of ours."""
    assert default_language(environment) == language


def test_the_new_file_keeps_toml_readable(tmp_path: Path) -> None:
    """The new file is plain TOML, whose id is a text."""
    file = tmp_path / "new.toml"
    isoloir("election", "new", file)
    assert tomllib.loads(file.read_text(encoding="utf-8"))["id"] == "mon-election"
