"""Two sides that cannot read each other, and casting as the one function between them.

The box learns from the roll two counts by contest, as views. A voter's messages are found by the voter, so that a
login does not wait behind a mailing. On PostgreSQL come the gate, the leases, what rests
during a publication, the casting function and everybody's rights.
"""

from __future__ import annotations

from alembic import op

from isoloir.store.migrations.common import become, has_schemas, make_index, roles

revision = "0002"
down_revision = "0001"

VIEWS = {"entitled_count": "roll_entitlement", "voted_count": "poll_book"}
STANDING = """
CREATE FUNCTION casting.standing(p_election text, p_contest text, p_entry text, p_tracker text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present text;
BEGIN
    IF EXISTS (SELECT FROM roll.poll_book AS b
               WHERE b.election = p_election AND b.contest = p_contest AND b.entry = p_entry) THEN
        IF EXISTS (SELECT FROM box.box_waiting AS w
                   WHERE w.election = p_election AND w.contest = p_contest AND w.tracker = p_tracker)
        OR EXISTS (SELECT FROM box.box_published AS w
                   WHERE w.election = p_election AND w.contest = p_contest AND w.tracker = p_tracker) THEN
            RETURN 'held';
        END IF;
        RETURN 'already_voted';
    END IF;
    SELECT l.state INTO present FROM acts.lifecycle AS l WHERE l.election = p_election;
    IF present IS NULL OR present IN ('draft', 'configured', 'keyed', 'sealed', 'rehearsed') THEN
        RETURN 'not_open';
    END IF;
    IF present <> 'open' THEN
        RETURN 'frozen';
    END IF;
    IF NOT EXISTS (SELECT FROM roll.roll_entitlement AS e
                   WHERE e.election = p_election AND e.contest = p_contest AND e.entry = p_entry) THEN
        RETURN 'not_entitled';
    END IF;
    RETURN NULL;
END $$"""

CAST = """
CREATE FUNCTION casting.cast(p_election text, p_contest text, p_entry text, p_hour timestamptz,
                             p_credential text, p_tracker text, p_ballot bytea) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hindrance text;
    written integer;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'casting reads what is committed, statement by statement';
    END IF;
    -- The gate: shared with other casts, never with a publication or the freeze.
    LOCK TABLE acts.gate IN ROW SHARE MODE;
    -- Casts of one voter follow one another; an advisory lock leaves no mark on any row.
    PERFORM pg_advisory_xact_lock(hashtextextended(p_election || '/' || p_contest || '/' || p_entry, 0));
    hindrance := casting.standing(p_election, p_contest, p_entry, p_tracker);
    IF hindrance IS NOT NULL THEN
        RETURN hindrance;
    END IF;
    IF EXISTS (SELECT FROM box.box_published AS w
               WHERE w.election = p_election AND w.contest = p_contest AND w.credential = p_credential) THEN
        RETURN 'credential_taken';
    END IF;
    INSERT INTO box.box_waiting (election, contest, credential, tracker, ballot)
    VALUES (p_election, p_contest, p_credential, p_tracker, p_ballot) ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> 1 THEN
        RETURN 'credential_taken';
    END IF;
    INSERT INTO roll.poll_book (election, contest, entry, hour)
    VALUES (p_election, p_contest, p_entry, p_hour) ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> 1 THEN
        RAISE EXCEPTION 'a ballot without its poll-book entry';  -- undoes the ballot too
    END IF;
    RETURN 'cast';
END $$"""

_STANDING = "casting.standing(text, text, text, text)"
_CAST = "casting.cast(text, text, text, timestamptz, text, text, bytea)"


def upgrade() -> None:
    """Make the views; on PostgreSQL all the rest."""
    become(roles().roll_owner)
    for view, table in VIEWS.items():
        where, options = ("roll.", " WITH (security_barrier)") if has_schemas() else ("", "")
        op.execute(
            f"CREATE VIEW {where}{view}{options} AS "  # noqa: S608 - names of our own
            f"SELECT election, contest, count(*) AS entries FROM {where}{table} GROUP BY 1, 2"
        )
    make_index("roll", "message", "message_entry", "entry", "supersedes")
    become(None)
    if has_schemas():
        _own_tables()
        _functions()
        _rights()
    else:
        op.execute("DROP TABLE IF EXISTS schema_version")  # the first version's own; Alembic keeps it now


def _own_tables() -> None:
    become(roles().box_owner)
    op.execute("CREATE TABLE acts.gate ()")
    op.execute(
        "CREATE UNLOGGED TABLE box.box_lease (election text NOT NULL, contest text NOT NULL, "
        "number integer NOT NULL, until timestamptz NOT NULL, PRIMARY KEY (election, contest, number))"
    )
    op.execute("CREATE TABLE box.box_resting (LIKE box.box_waiting)")
    become(None)


def _functions() -> None:
    for statement in (STANDING, CAST):
        op.execute(statement)
    for function in (_STANDING, _CAST):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f'ALTER FUNCTION {function} OWNER TO "{roles().casting}"')


def _rights() -> None:
    names = roles()
    op.execute(f'ALTER TABLE acts.alembic_version OWNER TO "{names.box_owner}"')
    everybody = f'"{names.roll}", "{names.box}"'
    rights = (
        f'USAGE ON SCHEMA roll TO "{names.roll}", "{names.box}", "{names.casting}"',
        f'USAGE ON SCHEMA box TO "{names.box}", "{names.casting}"',
        f'USAGE ON SCHEMA acts TO {everybody}, "{names.casting}"',
        f'USAGE ON SCHEMA casting TO "{names.cast}", "{names.casting}"',
        # The roll's side: everything of its own, but the poll book only to read.
        f'SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA roll TO "{names.roll}"',
        f'SELECT ON ALL TABLES IN SCHEMA acts TO {everybody}',
        # The box's side: its own, the board's acts, and from the roll two counts.
        f'SELECT, INSERT, UPDATE, DELETE ON box.box_setup, box.box_credential, box.box_lease TO "{names.box}"',
        f'SELECT, INSERT, TRUNCATE ON box.box_waiting, box.box_resting TO "{names.box}"',
        f'TRUNCATE ON box.box_lease TO "{names.box}"',
        f'SELECT, INSERT ON box.box_published TO "{names.box}"',
        f'SELECT ON roll.entitled_count, roll.voted_count TO "{names.box}"',
        f'INSERT, UPDATE ON acts.lifecycle TO "{names.box}"',
        f'INSERT ON acts.fact, acts.rehearsal, acts.publication, acts.audit_log TO "{names.box}"',
        f'UPDATE ON acts.gate TO "{names.box}", "{names.casting}"',
        # Casting: what its function needs, and never a ballot to read.
        f'SELECT ON acts.lifecycle TO "{names.casting}"',
        f'SELECT ON roll.roll_entitlement TO "{names.casting}"',
        f'SELECT, INSERT ON roll.poll_book TO "{names.casting}"',
        f'INSERT, SELECT (election, contest, credential, tracker) ON box.box_waiting TO "{names.casting}"',
        f'SELECT (election, contest, credential, tracker) ON box.box_published TO "{names.casting}"',
        f'EXECUTE ON FUNCTION {_STANDING} TO "{names.cast}"',
        f'EXECUTE ON FUNCTION {_CAST} TO "{names.cast}"',
    )  # fmt: skip
    for right in rights:
        op.execute(f"GRANT {right}")
    views = "roll.entitled_count, roll.voted_count"
    op.execute(f'REVOKE INSERT, UPDATE, DELETE ON roll.poll_book, {views} FROM "{names.roll}"')
    # Tables of later revisions, where every login of a side has the same rights.
    op.execute(
        f'ALTER DEFAULT PRIVILEGES FOR ROLE "{names.roll_owner}" IN SCHEMA roll '
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{names.roll}"'
    )
    op.execute(
        f'ALTER DEFAULT PRIVILEGES FOR ROLE "{names.box_owner}" IN SCHEMA acts GRANT SELECT ON TABLES TO {everybody}'
    )
