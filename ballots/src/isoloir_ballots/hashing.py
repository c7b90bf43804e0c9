"""Digests of the format: record names, fingerprints and trackers, challenges."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable


def hex_digest(data: bytes) -> str:
    """SHA-256 in hexadecimal: the name of a record in an archive."""
    return hashlib.sha256(data).hexdigest()


def compact_digest(data: bytes) -> str:
    """SHA-256 in standard base 64 without padding (43 characters): φ of the specification."""
    return base64.b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def tracker(ballot: bytes) -> str:
    """The 43 characters by which a voter finds this ballot (its exact bytes) in the ballot box."""
    return compact_digest(ballot)


def challenge(prefix: str, elements: Iterable[str], q: int) -> int:
    """H of the specification: SHA-256 of `prefix` and the elements joined by commas, modulo `q`."""
    return int.from_bytes(hashlib.sha256((prefix + ",".join(elements)).encode()).digest(), "big") % q
