"""Accounts of board members and organisers, which the roll's login alone sees; and what watching last found."""

from __future__ import annotations

from alembic import op

from isoloir.store.migrations.common import (
    BYTES,
    MOMENT,
    TEXT,
    WHOLE,
    become,
    has_schemas,
    make_index,
    make_table,
    roles,
)

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables; those of the roll's schema have their rights already."""
    become(roles().roll_owner)
    account = {"election": TEXT, "id": TEXT, "name": TEXT, "display": TEXT, "email": TEXT, "locale": TEXT,
               "role": TEXT, "board": TEXT, "member": TEXT, "state": TEXT, "password": TEXT, "totp": BYTES,
               "last_step": WHOLE, "generation": WHOLE, "failures": WHOLE, "activation": TEXT,
               "activation_code": TEXT, "activation_until": MOMENT}  # fmt: skip
    make_table("roll", "account", account, key=2)
    make_index("roll", "account", "account_name", "election", "name", unique=True)
    make_table("roll", "account_recovery", {"account": TEXT, "digest": TEXT}, key=2)
    become(roles().box_owner)
    make_table("acts", "watch", {"election": TEXT, "name": TEXT, "value": TEXT}, key=2)
    if has_schemas():
        op.execute(f'GRANT INSERT, UPDATE ON acts.watch TO "{roles().box}"')
    become(None)
