"""Names for people to read: what a provider wrote, without what would break or turn a line."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

LONGEST_NAME: Final = 80


def shown(value: object) -> str:
    """Return a text on one line, without control or direction marks; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    spaced = "".join(" " if sign.isspace() else sign for sign in unicodedata.normalize("NFC", value))
    return " ".join("".join(sign for sign in spaced if unicodedata.category(sign)[0] != "C").split())


def text(holder: Mapping[str, Any], name: str) -> str:
    """Return the text under `name`, ready to be shown; empty where there is none."""
    return shown(holder.get(name))
