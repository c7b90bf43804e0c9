"""The file of a share: private, locked by its holder's code, read back before anybody relies on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isoloir import code_lock
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare

CODE = "une phrase à moi"
SHARE = KeyShare("trial", "uuid", "national", "d1", "Ed25519", "2" * 22, 3, 1234567890123456789)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A share's file, written once."""
    path = tmp_path_factory.mktemp("share") / "d1.json"
    SHARE.write(path, CODE)
    return path


def copy(written: Path, folder: Path, **changes: Any) -> Path:
    path = folder / "copy.json"
    path.write_text(json.dumps({**json.loads(written.read_text()), **changes}))
    path.chmod(0o600)
    return path


def code_of(path: Path, code: str = CODE) -> str:
    with pytest.raises(IsoloirError) as caught:
        KeyShare.read(path, code)
    return caught.value.code


def test_a_share_is_read_back_as_written_and_its_file_is_private(written: Path) -> None:
    """With the code the share comes back, whole; mode 0600; and it is never overwritten."""
    assert KeyShare.read(written, CODE) == SHARE
    assert written.stat().st_mode & 0o777 == 0o600
    with pytest.raises(IsoloirError, match="file_exists"):
        SHARE.write(written, CODE)


def test_the_file_says_whose_it_is_and_nothing_secret(written: Path) -> None:
    """Election, board and member are readable; seed and private key are not, in no spelling."""
    text = written.read_text()
    assert json.loads(text)["member"] == "d1"
    assert SHARE.seed not in text
    assert str(SHARE.exponent) not in text
    assert SHARE.seed not in repr(SHARE)
    assert str(SHARE.exponent) not in repr(SHARE)


def test_another_code_opens_nothing(written: Path) -> None:
    """A wrong code is refused as such, and so is one that differs by a capital."""
    assert code_of(written, "une autre phrase") == "share_locked"
    assert code_of(written, CODE.upper()) == "share_locked"


@pytest.mark.parametrize("name", ["election", "ceremony", "board", "member", "group", "nonce", "locked"])
def test_a_changed_file_is_refused(written: Path, tmp_path: Path, name: str) -> None:
    """Whatever is changed in the file, secret or not, it is not taken for the share."""
    value = json.loads(written.read_text())[name]
    changed = value[:-4] + ("AAA=" if value.endswith("=") else "AAAA")
    assert code_of(copy(written, tmp_path, **{name: changed})) == "share_locked"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": "isoloir-key-share/1"}, "share_unreadable"),
        ({"kdf": {"name": "PBKDF2-SHA256", "iterations": 1000, "salt": "AAAA"}}, "share_unreadable"),
        ({"kdf": {"name": "PBKDF2-SHA256", "iterations": 10**12, "salt": "AAAA"}}, "share_unreadable"),
        ({"kdf": {"name": "none", "iterations": 600_000, "salt": "AAAA"}}, "share_unreadable"),
        ({"nonce": 12}, "share_unreadable"),
        ({"locked": "no base 64!"}, "share_unreadable"),
    ],
)
def test_what_is_no_share_is_refused(written: Path, tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    """Another format, a hash that is too cheap or never ends, and damage are refused without being tried."""
    assert code_of(copy(written, tmp_path, **changes)) == code


def test_files_that_are_missing_or_open_to_others(written: Path, tmp_path: Path) -> None:
    """A missing file and one that others may read have codes of their own."""
    assert code_of(tmp_path / "nobody.json") == "share_missing"
    opened = copy(written, tmp_path)
    opened.chmod(0o644)
    assert code_of(opened) == "secret_file_readable"


def test_a_short_code_locks_nothing(tmp_path: Path) -> None:
    """A code below eight characters is refused, and no file is left."""
    with pytest.raises(IsoloirError, match="share_code_short"):
        SHARE.write(tmp_path / "d1.json", "court")
    assert list(tmp_path.iterdir()) == []


def test_a_share_takes_the_place_of_its_former_file_only_once_it_reads(
    tmp_path: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rewriting keeps the former file whenever the new one cannot be proved readable."""
    path = copy(written, tmp_path)
    before = path.read_bytes()
    changed = KeyShare("trial", "uuid", "national", "d1", "Ed25519", "3" * 22)
    with monkeypatch.context() as patched:
        patched.setattr(KeyShare, "read", classmethod(lambda *_: SHARE))
        with pytest.raises(IsoloirError, match="share_unreadable"):
            changed.rewrite(path, CODE)
    assert path.read_bytes() == before
    changed.rewrite(path, CODE)
    assert KeyShare.read(path, CODE) == changed


def test_the_hash_is_slow_enough() -> None:
    """The file's hash asks what OWASP asks of PBKDF2-HMAC-SHA256, at least."""
    assert code_lock.ITERATIONS >= 600_000
