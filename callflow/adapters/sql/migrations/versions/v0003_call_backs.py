"""Who is calling a lost caller back, and what came of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("call_backs") as table:
        table.add_column(sa.Column("danger", sa.Boolean, nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("claimed_by", sa.String(16)))
        table.add_column(sa.Column("claimed_at", sa.Float))
        table.add_column(sa.Column("outcome", sa.String(16)))
