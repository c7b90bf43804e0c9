"""Ballots opened instead of cast (cast or check): what such a ballot holds, from the file that the booth reveals.

Source: Benaloh, "Simple verifiable elections", 2006. The file's format is in docs/check-file.md.
"""

from __future__ import annotations

from .checking import FORMAT, Finding, Held, check
from .reference import Reference

__all__ = ["FORMAT", "Finding", "Held", "Reference", "check"]
