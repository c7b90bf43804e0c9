"""Secrets: references in files, values in memory only, and the instance's own keys.

A configuration never holds a secret, only where it lies: ``{ env = "PSC_SECRET" }`` or ``{ file = "smtp" }``
(a file in the instance's ``secrets/``, readable by its owner alone). Digests cover the references, so that a
rotation breaks no seal.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets as random
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from isoloir.errors import IsoloirError

FOLDER = "secrets"
MASTER_KEY = "master.key"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_MOST_BYTES = 64 * 1024
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_EXAMPLES = frozenset(
    {
        "admin", "changeit", "changeme", "default", "dummy", "example", "exemple", "motdepasse", "password", "passwd",
        "placeholder", "replaceme", "secret", "todo", "xxx", "xxxx", "yoursecret", "clientsecret", "mysecret",
        "azerty", "qwerty", "123456", "12345678", "123456789",
    }
)  # fmt: skip


def is_reference(value: object) -> bool:
    """Say whether a value of a configuration stands for a secret: one key, ``env`` or ``file``, and a name."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    ((kind, name),) = value.items()
    return kind in ("env", "file") and isinstance(name, str)


def references(config: Mapping[str, Any]) -> dict[str, str]:
    """Return every reference of a raw configuration: key path → ``env:NAME`` or ``file:NAME``.

    This, and never a value, is what a digest covers.
    """
    found: dict[str, str] = {}

    def walk(value: object, path: str) -> None:
        if is_reference(value):
            assert isinstance(value, Mapping)
            ((kind, name),) = value.items()
            found[path] = f"{kind}:{name}"
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}" if path else str(key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(inner, f"{path}[{index}]")

    walk(config, "")
    return found


def resolve(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the configuration with a `SecretStr` in the place of every reference.

    `folder` is the instance's. Raises IsoloirError: ``secret_missing``, ``secret_empty``, ``secret_default``,
    ``secret_file_readable``, ``secret_name``, ``secret_encoding``; all of them name the reference, none the value.
    """
    return {key: _resolved(value, folder) for key, value in config.items()}


def _resolved(value: Any, folder: Path) -> Any:
    if is_reference(value):
        ((kind, name),) = value.items()
        return SecretStr(_from_environment(name) if kind == "env" else _from_file(name, folder))
    if isinstance(value, Mapping):
        return {key: _resolved(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, folder) for inner in value]
    return value


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise IsoloirError("secret_missing", reference=f"env:{name}")
    return _usable(value, f"env:{name}")


def _from_file(name: str, folder: Path) -> str:
    reference = f"file:{name}"
    if not _FILE_NAME.fullmatch(name):
        raise IsoloirError("secret_name", reference=reference)
    path = folder / FOLDER / name
    try:
        content = read_private(path)
    except FileNotFoundError:
        raise IsoloirError("secret_missing", reference=reference) from None
    try:
        value = content.decode("utf-8")
    except UnicodeDecodeError:
        # `from None`: the decoding error carries the bytes themselves.
        raise IsoloirError("secret_encoding", reference=reference) from None
    return _usable(value.removesuffix("\n").removesuffix("\r"), reference)


def _usable(value: str, reference: str) -> str:
    if not value.strip():
        raise IsoloirError("secret_empty", reference=reference)
    if re.sub(r"[^a-z0-9]", "", value.lower()) in _EXAMPLES:
        raise IsoloirError("secret_default", reference=reference)
    return value


def read_private(path: Path) -> bytes:
    """Read a file that its owner alone may read and write; raises ``secret_file_readable`` or FileNotFoundError.

    Mode and content are of one and the same open file, and a symbolic link is not followed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        raise IsoloirError("secret_file_unreadable", file=path.name) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise IsoloirError("secret_file_unreadable", file=path.name)
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise IsoloirError("secret_file_readable", file=path.name)
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            return opened.read(_MOST_BYTES)
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that its owner alone may read, mode 0600 from its first byte; FileExistsError if it exists."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        os.fchmod(descriptor, 0o600)
        opened.write(content)
        opened.flush()
        os.fsync(descriptor)


class Keys:
    """The instance's keys, all derived from one master key; no two purposes share one."""

    __slots__ = ("_master",)

    def __init__(self, master: bytes) -> None:
        if len(master) != _KEY_BYTES or len(set(master)) < 8:
            raise IsoloirError("master_key_invalid", file=MASTER_KEY)
        self._master = master

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return "Keys(…)"

    def __reduce__(self) -> str:
        """Refuse to be pickled or copied into a file."""
        raise TypeError("keys are never serialised")

    @classmethod
    def open(cls, folder: Path) -> Keys:
        """Open the instance's keys, making the master key (32 bytes, mode 0600) at the first use.

        Raises IsoloirError: ``secret_file_readable`` when others may read it, ``master_key_invalid``.
        """
        path = folder / FOLDER / MASTER_KEY
        try:
            return cls(read_private(path))
        except FileNotFoundError:
            pass
        # Written aside, then linked: another process that starts at the same time sees all of it or nothing.
        made = path.with_name(f".{MASTER_KEY}.{random.token_hex(8)}")
        write_private(made, random.token_bytes(_KEY_BYTES))
        try:
            os.link(made, path)
        except FileExistsError:
            pass  # the other process was first: its key holds
        finally:
            made.unlink()
        return cls(read_private(path))

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key of that purpose (HKDF-SHA256, RFC 5869)."""
        return self._key("derive", purpose)

    def encrypt(self, purpose: str, plain: bytes) -> bytes:
        """Encrypt and authenticate (AES-256-GCM): a random nonce of 12 bytes, then ciphertext and tag."""
        nonce = random.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._key("encrypt", purpose)).encrypt(nonce, plain, purpose.encode())

    def decrypt(self, purpose: str, sealed: bytes) -> bytes:
        """Undo `encrypt`; raises IsoloirError ``decryption_failed`` for another key or purpose, or a changed byte."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._key("encrypt", purpose)).decrypt(nonce, rest, purpose.encode())
        except (InvalidTag, ValueError):
            raise IsoloirError("decryption_failed", purpose=purpose) from None

    def mac(self, purpose: str, message: str) -> str:
        """Return the HMAC-SHA256 of a text under that purpose's key, in hexadecimal."""
        return hmac.new(self._key("mac", purpose), message.encode(), hashlib.sha256).hexdigest()

    def _key(self, use: str, purpose: str) -> bytes:
        info = f"isoloir/{use}/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(self._master)
