"""Unnamed temporary files, which go with whoever holds them, even killed."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from weakref import finalize


def scratch(owner: object, in_memory: int) -> SpooledTemporaryFile[bytes]:
    """Return a file that is closed when `owner` is gone; up to `in_memory` bytes never reach a disk."""
    file = SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115 - closed with its owner
    finalize(owner, file.close)
    return file
