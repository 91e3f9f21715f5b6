"""The first tables, and the audit's refusal to be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")

SQLITE_APPEND_ONLY = """
CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
"""
POSTGRESQL_APPEND_ONLY = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
"""
POSTGRESQL_TRIGGER = """
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
"""


def upgrade() -> None:
    """Make every table."""
    _call_tables()
    _ticket_tables()
    _exchange_tables()
    _audit()


def _call_tables() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(26), primary_key=True),
        sa.Column("incident_id", sa.String(26), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("arrived_at", sa.Float, nullable=False),
        sa.Column("is_over", sa.Boolean, nullable=False),
        sa.Column("is_settled", sa.Boolean, nullable=False),
        sa.Column("suggestion", sa.Text),
        sa.Column("whole", sa.Text, nullable=False),
    )
    op.create_index("ix_calls_incident_id", "calls", ["incident_id"])
    op.create_index("ix_calls_open", "calls", ["is_over", "is_settled"])
    op.create_table(
        "orders",
        sa.Column("order_id", SERIAL, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("whole", sa.Text, nullable=False),
        sa.Column("stored_at", sa.Float, nullable=False),
        sa.Column("outcome", sa.Text),
    )
    op.create_index("ix_orders_outcome", "orders", ["outcome"])
    op.create_table(
        "seen_events",
        sa.Column("event_key", sa.String(120), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_table(
        "progress",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("offset", sa.BigInteger, nullable=False),
    )


def _ticket_tables() -> None:
    op.create_table(
        "tickets",
        sa.Column("ticket_id", sa.String(40), primary_key=True),
        sa.Column("incident_id", sa.String(26), nullable=False, unique=True),
        sa.Column("call_id", sa.String(26)),
        sa.Column("peer", sa.String(16)),
        sa.Column("peer_ticket_id", sa.String(40)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("phone_mark", sa.String(16), nullable=False),
        sa.Column("caller_number", sa.String(40), nullable=False),
        sa.Column("presentation", sa.String(16), nullable=False),
        sa.Column("verified", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("peer_note", sa.Text, nullable=False),
        sa.Column("suggestion", sa.Text),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("first_receiver", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(16), nullable=False),
        sa.Column("settled", sa.String(16)),
        sa.Column("danger", sa.Boolean, nullable=False),
        sa.Column("consent", sa.String(24), nullable=False),
        sa.Column("consent_by", sa.String(16)),
        sa.Column("consent_at", sa.Float),
        sa.Column("opened_at", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_index("ix_tickets_caller_number", "tickets", ["caller_number"])
    op.create_index("ix_tickets_opened_at", "tickets", ["opened_at"])
    op.create_table(
        "call_backs",
        sa.Column("call_id", sa.String(26), primary_key=True),
        sa.Column("incident_id", sa.String(26), nullable=False),
        sa.Column("caller_number", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("queued_at", sa.Float, nullable=False),
        sa.Column("done_at", sa.Float),
    )
    op.create_index("ix_call_backs_queued_at", "call_backs", ["queued_at"])


def _exchange_tables() -> None:
    op.create_table(
        "outbox",
        sa.Column("entry", SERIAL, primary_key=True),
        sa.Column("message_id", sa.String(26), nullable=False, unique=True),
        sa.Column("once", sa.String(160), unique=True),
        sa.Column("peer", sa.String(16), nullable=False),
        sa.Column("incident_id", sa.String(26), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("stored_at", sa.Float, nullable=False),
        sa.Column("receipted_at", sa.Float),
        sa.UniqueConstraint("peer", "incident_id", "seq"),
    )
    op.create_index("ix_outbox_unsent", "outbox", ["peer", "receipted_at"])
    op.create_table(
        "inbox",
        sa.Column("issuer", sa.String(16), primary_key=True),
        sa.Column("incident_id", sa.String(26), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("message_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
    op.create_table(
        "nonces",
        sa.Column("issuer", sa.String(16), primary_key=True),
        sa.Column("nonce", sa.String(64), primary_key=True),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.create_index("ix_nonces_seen_at", "nonces", ["seen_at"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("entry", SERIAL, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("event_key", sa.String(120)),
        sa.Column("call_id", sa.String(26), nullable=False),
        sa.Column("incident_id", sa.String(26), nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )
    op.create_index("ix_audit_incident_id", "audit", ["incident_id"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_APPEND_ONLY.format(verb=verb))
    else:
        op.execute(POSTGRESQL_APPEND_ONLY)
        op.execute(POSTGRESQL_TRIGGER)
