"""Alembic's entry: runs the steps on the connection that `migrate` hands over, in its transaction."""

from alembic import context

_options = context.config.attributes
context.configure(
    connection=_options["connection"],
    version_table=_options["version_table"],
    version_table_schema=_options["schema"],
    transactional_ddl=True,
)
context.run_migrations()
