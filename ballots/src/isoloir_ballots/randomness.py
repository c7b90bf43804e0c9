"""Where randomness comes from: a function, so that tests can replay it."""

from __future__ import annotations

import secrets
from collections.abc import Callable

Rng = Callable[[int], int]
"""`rng(n)` returns a uniform integer in [0, n)."""

system_rng: Rng = secrets.randbelow
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
