"""Runs revisions on the connection that `isoloir.store.version.upgrade` gives, in its transaction."""

from __future__ import annotations

from alembic import context

from isoloir.store.version import version_schema

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema=version_schema(connection))
context.run_migrations()
