"""How a database comes from the first version of its tables to the present one, in revisions of Alembic."""
