"""How Alembic reaches our tables: on the connection that `Database.open` hands it, inside its transaction."""

from __future__ import annotations

from alembic import context

from callflow.adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
context.run_migrations()
