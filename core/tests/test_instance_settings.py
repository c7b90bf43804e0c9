"""The instance's settings: located mistakes, and no unsafe start."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoloir.config.located import FileInvalid
from isoloir.config.settings import FILE, Settings, is_loopback, read_settings
from isoloir.errors import IsoloirError


def settings(folder: Path, text: str) -> Settings:
    """Write the text as an instance's settings, and read them."""
    (folder / FILE).write_text(text, encoding="utf-8")
    return read_settings(folder)


def test_settings_have_safe_defaults(tmp_path: Path) -> None:
    """An empty file is a loopback instance on SQLite, with no plugin, neither demonstration nor debugging."""
    read = settings(tmp_path, "")
    assert read.base_url == "http://127.0.0.1:8000"
    assert read.database == f"sqlite+aiosqlite:///{tmp_path.resolve()}/isoloir.sqlite3"
    assert (read.plugins, read.demo, read.debug) == ((), False, False)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:8000/"])
@pytest.mark.parametrize("switch", ["demo", "debug"])
def test_demo_and_debug_are_for_this_machine(tmp_path: Path, switch: str, base_url: str) -> None:
    """A demonstration, or debugging, starts on a loopback address."""
    assert getattr(settings(tmp_path, f'base_url = "{base_url}"\n{switch} = true'), switch) is True


@pytest.mark.parametrize(
    "base_url", ["https://vote.example.org", "https://127.0.0.1.example.org", "https://10.0.0.1"]
)
@pytest.mark.parametrize("switch", ["demo", "debug"])
def test_demo_and_debug_are_refused_where_anybody_comes(tmp_path: Path, switch: str, base_url: str) -> None:
    """The twin: on any other address they stop the start, at their own line; without them it starts."""
    with pytest.raises(FileInvalid) as caught:
        settings(tmp_path, f'base_url = "{base_url}"\n{switch} = true')
    assert [(error.code, error.key, error.line) for error in caught.value.errors] == [("unsafe_settings", switch, 2)]
    assert settings(tmp_path, f'base_url = "{base_url}"').base_url == base_url


@pytest.mark.parametrize(
    ("text", "code", "key", "line"),
    [
        ('\nbase_url = "http://vote.example.org"', "base_url_clear", "base_url", 2),
        ('base_url = "https://vote.example.org/sub"', "base_url_form", "base_url", 1),
        ('base_url = "https://u:p@vote.example.org"', "base_url_form", "base_url", 1),
        ('base_url = "ftp://vote.example.org"', "base_url_form", "base_url", 1),
        ('base_url = "https://vote.example.org:port"', "base_url_form", "base_url", 1),
        ('base_url = "http://[::1"', "base_url_form", "base_url", 1),
        ("base_url = 1", "value_not_text", "base_url", 1),
        ('trusted_proxies = [\n"10.0.0.1",\n"proxy"]', "proxy_form", "trusted_proxies[1]", 3),
        ('plugins = "outbox"', "value_not_list", "plugins", 1),
        ("plugin = []", "key_unknown", "plugin", 1),
        ("demo = 1", "value_not_boolean", "demo", 1),
        ('database = "postgresql://isoloir:hunter2@db/isoloir"', "secret_in_clear", "database", 1),
        ("demo = ", "toml_syntax", "", 1),
    ],
)
def test_a_mistake_in_the_settings_has_its_place(tmp_path: Path, text: str, code: str, key: str, line: int) -> None:
    """Each mistake gives its code, key and line, and never what was written."""
    with pytest.raises(FileInvalid) as caught:
        settings(tmp_path, text)
    assert [(error.code, error.key, error.line) for error in caught.value.errors] == [(code, key, line)]
    assert "hunter2" not in str(caught.value)


def test_a_folder_without_settings_is_no_instance(tmp_path: Path) -> None:
    """A folder without its file is refused by name."""
    with pytest.raises(FileInvalid) as caught:
        read_settings(tmp_path)
    assert caught.value.errors[0].code == "file_missing"


def test_a_database_password_stays_out_of_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's URL may be a reference; neither repr nor a dump of the settings shows it."""
    url = "postgresql+asyncpg://isoloir:hunter2@db/isoloir"
    monkeypatch.setenv("ISOLOIR_DB", url)
    read = settings(tmp_path, 'database = { env = "ISOLOIR_DB" }')
    assert read.database == url
    for shown in (repr(read), str(read.model_dump()), read.model_dump_json()):
        assert "hunter2" not in shown
    monkeypatch.delenv("ISOLOIR_DB")
    with pytest.raises(IsoloirError) as caught:
        read_settings(tmp_path)
    assert caught.value.code == "secret_missing"


@pytest.mark.parametrize(
    ("url", "loopback"),
    [("http://127.9.9.9", True), ("http://[::1]:80", True), ("http://localhost", True), ("http://0.0.0.0", False),
     ("http://localhost.example.org", False), ("nothing", False), ("http://[", False)],
)  # fmt: skip
def test_loopback_is_this_machine_alone(url: str, loopback: bool) -> None:
    """Loopback addresses lead to this machine; what only looks like one does not."""
    assert is_loopback(url) is loopback
