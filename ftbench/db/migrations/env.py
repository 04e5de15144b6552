"""Run by Alembic: migrates the connection that it is given, inside that connection's transaction."""

from alembic import context

from ftbench.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
