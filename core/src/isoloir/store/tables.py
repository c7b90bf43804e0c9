"""Brings every table of the store onto the metadata: each module of this package named ``<part>_tables``."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path


def register() -> None:
    """Import every module of tables, so that the metadata is complete."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.endswith("_tables"):
            import_module(f"{__package__}.{module.name}")
