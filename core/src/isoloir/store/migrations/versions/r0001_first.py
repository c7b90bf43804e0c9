"""The first version: roll, poll book, logins and messages; the box; the board's acts, which are only added to."""

from __future__ import annotations

from alembic import op

from isoloir.store.migrations.common import (
    BYTES,
    MOMENT,
    TEXT,
    WHOLE,
    YES_NO,
    become,
    has_schemas,
    make_index,
    make_table,
    roles,
)

revision = "0001"
down_revision = None

ADDED_TO = ("audit_log", "fact", "publication", "rehearsal")


def upgrade() -> None:
    """Make every table."""
    become(roles().roll_owner)
    _roll()
    become(roles().box_owner)
    _box()
    _acts()
    for table in ADDED_TO:
        _only_added_to(table)
    become(None)


def _roll() -> None:
    entry = {"election": TEXT, "id": TEXT, "identifier": TEXT, "civility": TEXT, "last_name": TEXT,
             "first_name": TEXT, "college": TEXT, "contests": TEXT, "fields": TEXT, "kinds": TEXT}  # fmt: skip
    make_table("roll", "roll_entry", entry, key=2)
    make_index("roll", "roll_entry", "roll_entry_identifier", "election", "identifier", unique=True)
    contact = {"election": TEXT, "entry": TEXT, "email": TEXT, "mobile": TEXT, "locale": TEXT}
    make_table("roll", "roll_contact", contact, key=2)
    make_table("roll", "roll_key", {"election": TEXT, "field": TEXT, "value": TEXT, "entry": TEXT}, key=4)
    make_table("roll", "roll_entitlement", {"election": TEXT, "contest": TEXT, "entry": TEXT}, key=3)
    make_table("roll", "poll_book", {"election": TEXT, "contest": TEXT, "entry": TEXT, "hour": MOMENT}, key=3)
    session = {"id": TEXT, "handle": TEXT, "locale": TEXT, "payload": BYTES, "version": WHOLE,
               "idle_until": MOMENT, "ends": MOMENT}  # fmt: skip
    make_table("roll", "login_session", session, key=1)
    make_index("roll", "login_session", "login_session_handle", "handle", unique=True)
    make_table("roll", "login_secret", {"scope": TEXT, "name": TEXT, "value": BYTES, "expires": MOMENT}, key=2)
    failure = {"election": TEXT, "name": TEXT, "subject": TEXT, "failures": WHOLE, "wait_until": MOMENT,
               "forgotten": MOMENT}  # fmt: skip
    make_table("roll", "login_failure", failure, key=3)
    make_table("roll", "login_hold", {"place": TEXT, "holder": TEXT, "until": MOMENT}, key=1)
    binding = {"election": TEXT, "entry": TEXT, "channel": TEXT, "digest": TEXT, "address": BYTES}
    make_table("roll", "login_binding", binding, key=3)
    make_index("roll", "login_binding", "login_binding_digest", "election", "channel", "digest")
    message = {"election": TEXT, "key": TEXT, "template": TEXT, "channel": TEXT, "entry": TEXT, "supersedes": TEXT,
               "state": TEXT, "tries": WHOLE, "due": MOMENT, "body": BYTES, "carrier_id": TEXT,
               "code": TEXT}  # fmt: skip
    make_table("roll", "message", message, key=2)
    make_index("roll", "message", "message_due", "election", "state", "due")


def _box() -> None:
    setup = {"election": TEXT, "contest": TEXT, "digest": TEXT, "election_json": BYTES, "trustees_json": BYTES,
             "public_credentials_json": BYTES}  # fmt: skip
    make_table("box", "box_setup", setup, key=2)
    credential = {"election": TEXT, "contest": TEXT, "number": WHOLE, "public": TEXT}
    make_table("box", "box_credential", credential, key=3)
    waiting = {"election": TEXT, "contest": TEXT, "credential": TEXT, "tracker": TEXT, "ballot": BYTES}
    make_table("box", "box_waiting", waiting, key=3)
    make_index("box", "box_waiting", "box_waiting_tracker", "election", "tracker")
    published = {"election": TEXT, "contest": TEXT, "tracker": TEXT, "credential": TEXT, "ballot": BYTES}
    make_table("box", "box_published", published, key=3)
    make_index("box", "box_published", "box_published_credential", "election", "contest", "credential", unique=True)


def _acts() -> None:
    make_table("acts", "lifecycle", {"election": TEXT, "state": TEXT}, key=1)
    make_table("acts", "fact", {"election": TEXT, "name": TEXT, "version": WHOLE, "value": TEXT}, key=3)
    rehearsal = {"election": TEXT, "number": WHOLE, "system_digest": TEXT, "passed": YES_NO, "hour": MOMENT,
                 "record": TEXT}  # fmt: skip
    make_table("acts", "rehearsal", rehearsal, key=2)
    publication = {"election": TEXT, "contest": TEXT, "number": WHOLE, "count": WHOLE, "hash": TEXT,
                   "previous_hash": TEXT, "published_at": MOMENT, "public_key": TEXT, "signature": TEXT}  # fmt: skip
    make_table("acts", "publication", publication, key=3)
    line = {"serial": WHOLE, "election": TEXT, "act": TEXT, "details": TEXT, "at": TEXT, "previous": TEXT,
            "hash": TEXT}  # fmt: skip
    make_table("acts", "audit_log", line, key=1)


def _only_added_to(table: str) -> None:
    if has_schemas():
        if table == ADDED_TO[0]:
            op.execute(
                "CREATE FUNCTION acts.refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'append-only' USING ERRCODE = 'restrict_violation'; END $$"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON acts.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION acts.refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        )
