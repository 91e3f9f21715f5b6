"""What has come to the books since the last migration without changing what was there: new columns, new tables.

A program of the version before opens books that have them: it names its columns in every statement, the database
fills in the others, and the migration it knows is still the last. So a site is rolled back by starting the old program
(docs/deploy.md). A migration is for what an old program could not live with; it then refuses the books by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Table, inspect
from sqlalchemy.schema import CreateTable

from callflow.adapters.sql.tables import second_factors, shifts, tickets

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

ADDED: Final[tuple[Column[Any], ...]] = (
    tickets.c.system_number,
    tickets.c.confidential,
    tickets.c.insiders,
    tickets.c.language,
    tickets.c.handed_by,
)
"""Each may be null or has a server default, and is never dropped by a migration before the next but one version."""

ADDED_TABLES: Final[tuple[Table, ...]] = (second_factors, shifts)
"""A program of the version before does not know of them and leaves them alone."""


def add(connection: Connection) -> None:
    """Add what is missing. Repeatable."""
    for table in ADDED_TABLES:
        connection.execute(CreateTable(table, if_not_exists=True))
    tables, look = {one.table.name for one in ADDED}, inspect(connection)
    have = {table: {one["name"] for one in look.get_columns(table)} for table in tables}
    change = Operations(MigrationContext.configure(connection))
    several = connection.dialect.name == "postgresql" or None  # programs may start at once; SQLite has one writer
    for column in ADDED:
        if column.name not in have[column.table.name]:
            added = Column(column.name, column.type, nullable=column.nullable, server_default=column.server_default)
            change.add_column(column.table.name, added, if_not_exists=several)
