"""Secrets: references in files, values in memory, private files, keys by purpose."""

from __future__ import annotations

import copy
import hashlib
import hmac
import os
import pickle
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from isoloir.config.secrets import FOLDER, MASTER_KEY, Keys, read_private, references, resolve
from isoloir.errors import IsoloirError
from isoloir.hooks import PluginConfig

VALUE = "Zx81-never-shown"


class MailConfig(PluginConfig):
    host: str
    password: SecretStr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an instance's folder with one secret file, mode 0600."""
    (tmp_path / FOLDER).mkdir(mode=0o700)
    file = tmp_path / FOLDER / "smtp"
    file.write_text(VALUE + "\n")
    file.chmod(0o600)
    return tmp_path


def test_references_become_secrets_in_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`{ env }` and `{ file }` are resolved at any depth, a final line break left out; the rest is untouched."""
    monkeypatch.setenv("PSC_SECRET", VALUE)
    raw = {"host": "x", "password": {"file": "smtp"}, "deep": [{"token": {"env": "PSC_SECRET"}}], "port": 5}
    resolved = resolve(raw, folder)
    assert resolved["password"].get_secret_value() == VALUE
    assert resolved["deep"][0]["token"].get_secret_value() == VALUE
    assert (resolved["host"], resolved["port"]) == ("x", 5)
    assert raw["password"] == {"file": "smtp"}


def test_a_configuration_never_shows_its_secrets(folder: Path) -> None:
    """repr, str, and every dump of a resolved configuration hide the secret; only asking for it by name shows it."""
    config = MailConfig.model_validate(resolve({"host": "x", "password": {"file": "smtp"}}, folder))
    shown = [repr(config), str(config), str(config.model_dump()), config.model_dump_json(), f"{config.password}"]
    assert not [text for text in shown if VALUE in text]
    assert config.password.get_secret_value() == VALUE


def test_digests_cover_references_and_not_values(folder: Path) -> None:
    """References name where each secret lies; rotating the value changes none of them, moving it does."""
    raw = {"password": {"file": "smtp"}, "more": [{"a": {"env": "B"}}], "host": "x"}
    before = references(raw)
    assert before == {"password": "file:smtp", "more[0].a": "env:B"}
    (folder / FOLDER / "smtp").write_text("another-" + VALUE)
    assert references(raw) == before
    assert references({**raw, "password": {"file": "smtp2"}}) != before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644])
def test_a_secret_that_others_may_read_or_write_is_refused(folder: Path, mode: int) -> None:
    """Any right of the group or of everybody refuses the file, without showing what is in it."""
    (folder / FOLDER / "smtp").chmod(mode)
    with pytest.raises(IsoloirError) as caught:
        resolve({"password": {"file": "smtp"}}, folder)
    assert caught.value.code == "secret_file_readable"
    assert VALUE not in str(caught.value)


def test_a_link_or_a_folder_in_the_place_of_a_secret_is_refused(folder: Path) -> None:
    """A symbolic link is not followed, and a folder or a pipe is no secret."""
    (folder / FOLDER / "link").symlink_to(folder / FOLDER / "smtp")
    (folder / FOLDER / "inner").mkdir()
    os.mkfifo(folder / FOLDER / "pipe", 0o600)
    for name in ("link", "inner", "pipe"):
        with pytest.raises(IsoloirError) as caught:
            resolve({"password": {"file": name}}, folder)
        assert caught.value.code == "secret_file_unreadable"


@pytest.mark.parametrize("name", ["../smtp", "/etc/passwd", "a/b", "", ".", "..", ".smtp", "a\0b"])
def test_a_reference_leads_nowhere_but_to_the_secrets_folder(folder: Path, name: str) -> None:
    """A file reference is a plain name: no path, no way out."""
    with pytest.raises(IsoloirError) as caught:
        resolve({"password": {"file": name}}, folder)
    assert caught.value.code == "secret_name"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "secret_empty"), (b" \n", "secret_empty"), (b"changeme\n", "secret_default"),
     (b"Change-Me", "secret_default"), (b"password", "secret_default"), (b"\xff\xfe\x00", "secret_encoding")],
)  # fmt: skip
def test_an_unusable_secret_is_refused(folder: Path, content: bytes, code: str) -> None:
    """An empty, an example's and an unreadable secret are refused, and none is shown."""
    (folder / FOLDER / "smtp").write_bytes(content)
    with pytest.raises(IsoloirError) as caught:
        resolve({"password": {"file": "smtp"}}, folder)
    assert caught.value.code == code
    assert caught.value.where == {"reference": "file:smtp"}
    assert caught.value.__cause__ is None


def test_a_secret_that_is_nowhere_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing variable and a missing file are refused by the name of the reference."""
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    for reference, named in (({"env": "NO_SUCH_SECRET"}, "env:NO_SUCH_SECRET"), ({"file": "none"}, "file:none")):
        with pytest.raises(IsoloirError) as caught:
            resolve({"password": reference}, folder)
        assert (caught.value.code, caught.value.where["reference"]) == ("secret_missing", named)


def test_the_master_key_is_made_once_and_private(tmp_path: Path) -> None:
    """The first use makes 32 random bytes, mode 0600 in a folder 0700; the second use finds the same key."""
    first, second = Keys.open(tmp_path), Keys.open(tmp_path)
    file = tmp_path / FOLDER / MASTER_KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(file.read_bytes()) == 32
    assert sorted(path.name for path in file.parent.iterdir()) == [MASTER_KEY]
    assert first.derive("x") == second.derive("x")
    assert Keys.open(tmp_path / "other").derive("x") != first.derive("x")


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 32, b"k" * 33])
def test_a_bad_master_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """A key of another length, or of one repeated byte, is refused and never replaced."""
    (tmp_path / FOLDER).mkdir()
    file = tmp_path / FOLDER / MASTER_KEY
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(IsoloirError) as caught:
        Keys.open(tmp_path)
    assert caught.value.code == "master_key_invalid"
    assert file.read_bytes() == content


def test_a_readable_master_key_stops_the_start(tmp_path: Path) -> None:
    """A master key that others may read is refused, and accepted again once it is private."""
    key = Keys.open(tmp_path).derive("x")
    file = tmp_path / FOLDER / MASTER_KEY
    file.chmod(0o644)
    with pytest.raises(IsoloirError) as caught:
        Keys.open(tmp_path)
    assert caught.value.code == "secret_file_readable"
    file.chmod(0o600)
    assert Keys.open(tmp_path).derive("x") == key


def test_what_is_encrypted_comes_back_under_its_purpose_alone(tmp_path: Path) -> None:
    """Encryption is undone by the same purpose and key; another purpose, key or a changed byte is refused."""
    keys = Keys.open(tmp_path)
    sealed = keys.encrypt("queue", VALUE.encode())
    assert keys.decrypt("queue", sealed) == VALUE.encode()
    assert VALUE.encode() not in sealed
    assert keys.encrypt("queue", VALUE.encode()) != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    attempts = [("state", sealed, keys), ("queue", changed, keys), ("queue", b"", keys), ("queue", sealed[:20], keys),
                ("queue", sealed, Keys.open(tmp_path / "other"))]  # fmt: skip
    for purpose, given, others in attempts:
        with pytest.raises(IsoloirError) as caught:
            others.decrypt(purpose, given)
        assert caught.value.code == "decryption_failed"


def test_no_two_uses_share_a_key(tmp_path: Path) -> None:
    """Derivation, encryption and macs of one purpose, and of different purposes, are all different."""
    keys = Keys.open(tmp_path)
    assert keys.derive("a") != keys.derive("b")
    assert keys.mac("a", "x") != keys.mac("b", "x")
    assert keys.mac("a", "x") != keys.mac("a", "y")
    assert keys.mac("a", "x") == keys.mac("a", "x")
    assert hmac.new(keys.derive("a"), b"x", hashlib.sha256).hexdigest() != keys.mac("a", "x")


def test_keys_are_never_written_out(tmp_path: Path) -> None:
    """Keys show nothing and refuse to be pickled or copied."""
    keys = Keys.open(tmp_path)
    raw = (tmp_path / FOLDER / MASTER_KEY).read_bytes()
    assert repr(raw)[2:-1] not in repr(keys)
    assert raw.hex() not in repr(keys)
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            write(keys)


def test_a_private_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A missing file is told apart from one that may not be read."""
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "none")
