"""A new election's file, to begin from."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from importlib.resources import files

from isoloir.errors import IsoloirError


def starter(election_id: str, opens: date) -> str:
    """Return a complete, commented file of a small election that opens on that day, for a week.

    Raises IsoloirError ``id_form`` for an id that a file may not bear.
    """
    if not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", election_id) or len(election_id) > 64:
        raise IsoloirError("id_form", key="id")
    text = (files("isoloir.config") / "starter.toml").read_text(encoding="utf-8")
    text = text.replace('"@id@"', json.dumps(election_id))
    return text.replace("2000-01-01", opens.isoformat()).replace("2000-01-08", (opens + timedelta(7)).isoformat())
