"""Where the recordings of each call stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "recordings",
        sa.Column("recording_id", sa.String(26), primary_key=True),
        sa.Column("call_id", sa.String(26), nullable=False),
        sa.Column("incident_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("begun_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("deleted_at", sa.Float),
    )
    for column in ("call_id", "incident_id", "begun_at"):
        op.create_index(f"ix_recordings_{column}", "recordings", [column])
