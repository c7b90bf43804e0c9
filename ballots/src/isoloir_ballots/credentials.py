"""Voting credentials: private codes, and the public keys that the ballot box lists."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from . import canonical
from .errors import FormatError
from .groups import Group
from .randomness import BASE58, Rng, system_rng

_CREDENTIAL = re.compile(rf"[{BASE58}]{{5}}-[{BASE58}]{{6}}-[{BASE58}]{{5}}-[{BASE58}]{{6}}\Z")


def _grouped(code: str) -> str:
    return f"{code[:5]}-{code[5:11]}-{code[11:16]}-{code[16:]}"


def generate(rng: Rng = system_rng) -> str:
    """Draw a private credential: 22 characters of base 58 (128 bits), as XXXXX-XXXXXX-XXXXX-XXXXXX."""
    return _grouped("".join(BASE58[rng(58)] for _ in range(22)))


def from_seed(seed: bytes, index: int) -> str:
    """The credential number `index` of a pool: the registrar keeps only `seed` (at least 16 secret bytes).

    Bytes are drawn from the blocks HMAC-SHA256(seed, "isoloir-credential|index|block"), block = 0, 1, …; those
    of 232 and above are dropped and the others taken modulo 58, so that characters are uniform.
    """
    if len(seed) < 16:
        raise FormatError("credential.seed", "A seed must have at least 16 bytes.")
    code = ""
    block = 0
    while len(code) < 22:
        stream = hmac.digest(seed, f"isoloir-credential|{index}|{block}".encode(), "sha256")
        code += "".join(BASE58[byte % 58] for byte in stream if byte < 232)
        block += 1
    return _grouped(code[:22])


def secret(group: Group, uuid: str, credential: str) -> int:
    """The private exponent of a credential in one election (derivation of Belenios 2.4 and later).

    Raises FormatError `credential.spelling` if it is not 22 characters of base 58 in four groups.
    """
    if not _CREDENTIAL.match(credential):
        raise FormatError("credential.spelling", "A credential reads XXXXX-XXXXXX-XXXXX-XXXXXX in base 58.")
    digest = b"".join(
        hashlib.sha256(f"derive_credential|{uuid}|{half}|{credential}".encode()).digest() for half in (0, 1)
    )
    return int.from_bytes(digest, "big") % group.q


def public(group: Group, uuid: str, credential: str) -> str:
    """The public half of a credential, as listed and as written in ballots."""
    return group.serialise(group.generator_power(secret(group, uuid, credential)))


def public_credentials_file(public_credentials: Iterable[str | tuple[str, int]]) -> bytes:
    """The list that an archive publishes: sorted, each `"element"`, or `"element,weight"` for a pair."""
    entries = sorted(
        entry if isinstance(entry, str) else entry[0] if entry[1] == 1 else f"{entry[0]},{entry[1]}"
        for entry in public_credentials
    )
    return canonical.dump(entries)
