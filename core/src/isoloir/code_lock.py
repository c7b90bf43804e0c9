"""What a person keeps in a file, locked by a code that they alone know; some of it readable, all of it bound.

PBKDF2-HMAC-SHA256, then AES-256-GCM, whose associated data is everything readable: what browsers have too. A thief of
the file can try codes at leisure, hence the slow hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from isoloir.errors import IsoloirError

SHORTEST_CODE = 8
ITERATIONS = 600_000
"""OWASP, Password Storage Cheat Sheet, of PBKDF2-HMAC-SHA256."""
_KDF = "PBKDF2-SHA256"


def lock(readable: Mapping[str, Any], hidden: Mapping[str, Any], phrase: str, release: bytes = b"") -> bytes:
    """Return the file's bytes; with a `release` key, phrase and key are needed together.

    Raises IsoloirError ``share_code_short``.
    """
    if len(phrase) < SHORTEST_CODE:
        raise IsoloirError("share_code_short", least=SHORTEST_CODE)
    salt, nonce = os.urandom(16), os.urandom(12)
    kdf = {"name": _KDF, "iterations": ITERATIONS, "salt": encode(salt)}
    opened = {**readable, "kdf": kdf, "nonce": encode(nonce)}
    cipher = AESGCM(_key(phrase, salt, ITERATIONS, release))
    locked = cipher.encrypt(nonce, _canonical(hidden), _canonical(opened))
    return json.dumps({**opened, "locked": encode(locked)}, indent=1).encode()


def unlock(value: Any, readable: Sequence[str], phrase: str, release: bytes = b"") -> Any:
    """Return what is hidden in a file whose readable part has these fields.

    Raises InvalidTag for a wrong code or key and for a changed byte, which cannot be told apart, and ValueError,
    KeyError or TypeError for what is no such file.
    """
    opened = {name: value[name] for name in (*readable, "kdf", "nonce")}
    kdf, iterations = opened["kdf"], int(opened["kdf"]["iterations"])
    # A file with a cheaper hash, or one that never ends, is not of our making.
    if kdf["name"] != _KDF or not ITERATIONS <= iterations <= 100 * ITERATIONS:
        raise ValueError(_KDF)
    cipher = AESGCM(_key(phrase, decode(kdf["salt"]), iterations, release))
    return json.loads(cipher.decrypt(decode(opened["nonce"]), decode(value["locked"]), _canonical(opened)))


def encode(data: bytes) -> str:
    """Write bytes in base 64."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes:
    """Read them; raises ValueError or TypeError."""
    return base64.b64decode(text, validate=True)


def _key(phrase: str, salt: bytes, iterations: int, release: bytes) -> bytes:
    slow = hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, iterations, 32)
    return hmac.digest(release, slow, "sha256") if release else slow


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
