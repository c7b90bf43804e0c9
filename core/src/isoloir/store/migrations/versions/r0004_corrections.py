"""Corrections of a sealed roll, which wait for their second person."""

from __future__ import annotations

from isoloir.store.migrations.common import BYTES, TEXT, WHOLE, become, make_table, roles

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; those of the roll's schema have their rights already."""
    become(roles().roll_owner)
    columns = {"election": TEXT, "number": WHOLE, "state": TEXT, "told": TEXT, "data": BYTES}
    make_table("roll", "roll_correction", columns, key=1)
    become(None)
