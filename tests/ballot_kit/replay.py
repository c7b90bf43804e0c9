"""Randomness that a test can make again."""

from __future__ import annotations

import hashlib


class Replay:
    """A replayable rng."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.count = 0

    def __call__(self, n: int) -> int:
        self.count += 1
        digest = hashlib.sha512(f"{self.label}|{self.count}".encode()).digest()
        return int.from_bytes(digest, "big") % n
