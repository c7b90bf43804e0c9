"""The `.bel` archive: an append-only tar of data named by their digests and of chained events."""

from __future__ import annotations

from .reader import Contents, Step, opened, read
from .writer import Archive

__all__ = ["Archive", "Contents", "Step", "opened", "read"]
