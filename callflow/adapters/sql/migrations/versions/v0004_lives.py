"""The life of a ticket, its steps, precedents; numbers found by a keyed digest; the audit cannot fork."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")

WORDS = {
    "number_hash": (64, ""),
    "channel": (16, "phone"),
    "matter": (16, ""),
    "category_scheme": (32, ""),
    "category_version": (16, ""),
    "category": (64, ""),
    "department": (64, ""),
    "unit": (32, ""),
    "location": (200, ""),
    "peer_state": (16, ""),
}
COUNTS = {"version": 0, "level": 3, "peer_version": 0}
FILTERS = ("state", "level", "category", "region", "owner", "unit")


def upgrade() -> None:
    """Add the columns and make the tables. Tickets that are there get their life with their first step."""
    for name, (length, default) in WORDS.items():
        op.add_column("tickets", sa.Column(name, sa.String(length), nullable=False, server_default=default))
    for name, count in COUNTS.items():
        op.add_column("tickets", sa.Column(name, sa.Integer, nullable=False, server_default=str(count)))
    op.add_column("tickets", sa.Column("summary", sa.Text, nullable=False, server_default=""))
    op.add_column("tickets", sa.Column("life", sa.Text))
    op.add_column("tickets", sa.Column("next_chase_at", sa.Float))
    op.execute("UPDATE tickets SET state = 'dispatched' WHERE state = 'open'")
    op.drop_index("ix_tickets_caller_number", "tickets")
    for name in ("number_hash", "next_chase_at"):
        op.create_index(f"ix_tickets_{name}", "tickets", [name])
    for name in FILTERS:
        op.create_index(f"ix_tickets_{name}", "tickets", [name, "opened_at", "ticket_id"])
    op.create_index("ix_audit_one_chain", "audit", ["prev_hash"], unique=True)
    op.add_column("seen_events", sa.Column("outcome", sa.String(40)))
    _tables()


def _tables() -> None:
    op.create_table(
        "ticket_steps",
        sa.Column("entry", SERIAL, primary_key=True),
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_ticket_steps_ticket_id", "ticket_steps", ["ticket_id"])
    op.create_table(
        "precedents",
        sa.Column("category", sa.String(64), primary_key=True),
        sa.Column("region", sa.String(6), primary_key=True),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("ticket_id", sa.String(40), nullable=False),
        sa.Column("decided_at", sa.Float, nullable=False),
        sa.Column("decided_by", sa.String(40), nullable=False),
    )
