-- What the first version of Isoloir made by itself, before there were revisions; its dump, never changed.
CREATE TABLE audit_log (
	serial INTEGER NOT NULL,
	election VARCHAR NOT NULL,
	act VARCHAR NOT NULL,
	details VARCHAR NOT NULL,
	at VARCHAR NOT NULL,
	previous VARCHAR NOT NULL,
	hash VARCHAR NOT NULL,
	PRIMARY KEY (serial)
)
 WITHOUT ROWID;
CREATE TABLE box_credential (
	election VARCHAR NOT NULL,
	contest VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	public VARCHAR NOT NULL,
	PRIMARY KEY (election, contest, number)
)
 WITHOUT ROWID;
CREATE TABLE box_published (
	election VARCHAR NOT NULL,
	contest VARCHAR NOT NULL,
	tracker VARCHAR NOT NULL,
	credential VARCHAR NOT NULL,
	ballot BLOB NOT NULL,
	PRIMARY KEY (election, contest, tracker)
)
 WITHOUT ROWID;
CREATE TABLE box_setup (
	election VARCHAR NOT NULL,
	contest VARCHAR NOT NULL,
	digest VARCHAR NOT NULL,
	election_json BLOB NOT NULL,
	trustees_json BLOB NOT NULL,
	public_credentials_json BLOB NOT NULL,
	PRIMARY KEY (election, contest)
)
 WITHOUT ROWID;
CREATE TABLE box_waiting (
	election VARCHAR NOT NULL,
	contest VARCHAR NOT NULL,
	credential VARCHAR NOT NULL,
	tracker VARCHAR NOT NULL,
	ballot BLOB NOT NULL,
	PRIMARY KEY (election, contest, credential)
)
 WITHOUT ROWID;
CREATE TABLE fact (
	election VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	value VARCHAR NOT NULL,
	PRIMARY KEY (election, name, version)
)
 WITHOUT ROWID;
CREATE TABLE lifecycle (
	election VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	PRIMARY KEY (election)
)
 WITHOUT ROWID;
CREATE TABLE login_binding (
	election VARCHAR NOT NULL,
	entry VARCHAR NOT NULL,
	channel VARCHAR NOT NULL,
	digest VARCHAR NOT NULL,
	address BLOB NOT NULL,
	PRIMARY KEY (election, entry, channel)
)
 WITHOUT ROWID;
CREATE TABLE login_failure (
	election VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	failures INTEGER NOT NULL,
	wait_until DATETIME NOT NULL,
	forgotten DATETIME NOT NULL,
	PRIMARY KEY (election, name, subject)
)
 WITHOUT ROWID;
CREATE TABLE login_hold (
	place VARCHAR NOT NULL,
	holder VARCHAR NOT NULL,
	until DATETIME NOT NULL,
	PRIMARY KEY (place)
)
 WITHOUT ROWID;
CREATE TABLE login_secret (
	scope VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	value BLOB NOT NULL,
	expires DATETIME NOT NULL,
	PRIMARY KEY (scope, name)
)
 WITHOUT ROWID;
CREATE TABLE login_session (
	id VARCHAR NOT NULL,
	handle VARCHAR NOT NULL,
	locale VARCHAR NOT NULL,
	payload BLOB NOT NULL,
	version INTEGER NOT NULL,
	idle_until DATETIME NOT NULL,
	ends DATETIME NOT NULL,
	PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE message (
	election VARCHAR NOT NULL,
	"key" VARCHAR NOT NULL,
	template VARCHAR NOT NULL,
	channel VARCHAR NOT NULL,
	entry VARCHAR NOT NULL,
	supersedes VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	tries INTEGER NOT NULL,
	due DATETIME NOT NULL,
	body BLOB NOT NULL,
	carrier_id VARCHAR NOT NULL,
	code VARCHAR NOT NULL,
	PRIMARY KEY (election, "key")
)
 WITHOUT ROWID;
CREATE TABLE poll_book (
	election VARCHAR NOT NULL,
	contest VARCHAR NOT NULL,
	entry VARCHAR NOT NULL,
	hour DATETIME NOT NULL,
	PRIMARY KEY (election, contest, entry)
)
 WITHOUT ROWID;
CREATE TABLE publication (
	election VARCHAR NOT NULL,
	contest VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	count INTEGER NOT NULL,
	hash VARCHAR NOT NULL,
	previous_hash VARCHAR NOT NULL,
	published_at DATETIME NOT NULL,
	public_key VARCHAR NOT NULL,
	signature VARCHAR NOT NULL,
	PRIMARY KEY (election, contest, number)
)
 WITHOUT ROWID;
CREATE TABLE rehearsal (
	election VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	system_digest VARCHAR NOT NULL,
	passed BOOLEAN NOT NULL,
	hour DATETIME NOT NULL,
	record VARCHAR NOT NULL,
	PRIMARY KEY (election, number)
)
 WITHOUT ROWID;
CREATE TABLE roll_contact (
	election VARCHAR NOT NULL,
	entry VARCHAR NOT NULL,
	email VARCHAR NOT NULL,
	mobile VARCHAR NOT NULL,
	locale VARCHAR NOT NULL,
	PRIMARY KEY (election, entry)
)
 WITHOUT ROWID;
CREATE TABLE roll_entitlement (
	election VARCHAR NOT NULL,
	contest VARCHAR NOT NULL,
	entry VARCHAR NOT NULL,
	PRIMARY KEY (election, contest, entry)
)
 WITHOUT ROWID;
CREATE TABLE roll_entry (
	election VARCHAR NOT NULL,
	id VARCHAR NOT NULL,
	identifier VARCHAR NOT NULL,
	civility VARCHAR NOT NULL,
	last_name VARCHAR NOT NULL,
	first_name VARCHAR NOT NULL,
	college VARCHAR NOT NULL,
	contests VARCHAR NOT NULL,
	fields VARCHAR NOT NULL,
	kinds VARCHAR NOT NULL,
	PRIMARY KEY (election, id)
)
 WITHOUT ROWID;
CREATE TABLE roll_key (
	election VARCHAR NOT NULL,
	field VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	entry VARCHAR NOT NULL,
	PRIMARY KEY (election, field, value, entry)
)
 WITHOUT ROWID;
CREATE TABLE schema_version (
	version INTEGER NOT NULL,
	PRIMARY KEY (version)
)
 WITHOUT ROWID;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE UNIQUE INDEX box_published_credential ON box_published (election, contest, credential);
CREATE INDEX box_waiting_tracker ON box_waiting (election, tracker);
CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE INDEX login_binding_digest ON login_binding (election, channel, digest);
CREATE UNIQUE INDEX login_session_handle ON login_session (handle);
CREATE INDEX message_due ON message (election, state, due);
CREATE TRIGGER publication_no_delete BEFORE DELETE ON publication BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER publication_no_update BEFORE UPDATE ON publication BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER rehearsal_no_delete BEFORE DELETE ON rehearsal BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER rehearsal_no_update BEFORE UPDATE ON rehearsal BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE UNIQUE INDEX roll_entry_identifier ON roll_entry (election, identifier);
INSERT INTO schema_version VALUES (1);
