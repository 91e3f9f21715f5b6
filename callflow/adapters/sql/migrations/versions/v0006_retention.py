"""Since when a ticket's and a call's number and texts are gone, so that a sweep does its work once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = ("tickets", "calls")
COLUMNS = ("number_gone_at", "texts_gone_at")


def upgrade() -> None:
    """Add the columns. Nothing is gone yet."""
    for table in TABLES:
        for name in COLUMNS:
            op.add_column(table, sa.Column(name, sa.Float))
