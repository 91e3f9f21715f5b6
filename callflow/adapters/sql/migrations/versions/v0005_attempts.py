"""A ticket says how every attempt of its incident went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. Tickets of before have none told; the audit has them."""
    op.add_column("tickets", sa.Column("attempts", sa.Text, nullable=False, server_default="[]"))
