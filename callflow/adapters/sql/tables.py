"""Every table of one platform. The migrations make them; a test compares the two.

Moments are epoch seconds. A call, a ticket's life, an order and a message are kept whole as JSON beside the columns
that are searched by. `audit` takes no UPDATE and no DELETE (triggers in the first migration).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata: Final = MetaData()
Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only an INTEGER PRIMARY KEY by itself

TICKET_FILTERS: Final = ("state", "level", "category", "region", "owner", "unit")
"""What tickets are filtered by, each with an index in the order in which pages are read."""

calls: Final = Table(
    "calls",
    metadata,
    Column("call_id", String(26), primary_key=True),
    Column("incident_id", String(26), nullable=False, index=True),
    Column("phase", String(16), nullable=False),
    Column("arrived_at", Float, nullable=False),
    Column("is_over", Boolean, nullable=False),
    Column("is_settled", Boolean, nullable=False),
    Column("suggestion", Text),
    Column("whole", Text, nullable=False),
    Column("number_gone_at", Float),
    Column("texts_gone_at", Float),
    Index("ix_calls_open", "is_over", "is_settled"),
)

tickets: Final = Table(
    "tickets",
    metadata,
    Column("ticket_id", String(40), primary_key=True),
    Column("incident_id", String(26), nullable=False, unique=True),
    Column("call_id", String(26)),
    Column("peer", String(16)),
    Column("peer_ticket_id", String(40)),
    Column("state", String(16), nullable=False),
    Column("phone_mark", String(16), nullable=False, default=""),
    Column("attempts", Text, nullable=False, default="[]"),
    Column("caller_number", String(40), nullable=False, default=""),
    Column("number_hash", String(64), nullable=False, default="", index=True),
    Column("presentation", String(16), nullable=False),
    Column("verified", String(16), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("peer_note", Text, nullable=False, default=""),
    Column("suggestion", Text),
    Column("region", String(6), nullable=False),
    Column("first_receiver", String(16), nullable=False),
    Column("owner", String(16), nullable=False),
    Column("settled", String(16)),
    Column("danger", Boolean, nullable=False, default=False),
    Column("consent", String(24), nullable=False),
    Column("consent_by", String(16)),
    Column("consent_at", Float),
    Column("opened_at", Float, nullable=False, index=True),
    Column("changed_at", Float, nullable=False),
    Column("life", Text),
    Column("version", Integer, nullable=False, default=0),
    Column("channel", String(16), nullable=False, default="phone"),
    Column("level", Integer, nullable=False, default=3),
    Column("matter", String(16), nullable=False, default=""),
    Column("category_scheme", String(32), nullable=False, default=""),
    Column("category_version", String(16), nullable=False, default=""),
    Column("category", String(64), nullable=False, default=""),
    Column("department", String(64), nullable=False, default=""),
    Column("unit", String(32), nullable=False, default=""),
    Column("location", String(200), nullable=False, default=""),
    Column("summary", Text, nullable=False, default=""),
    Column("next_chase_at", Float, index=True),
    Column("peer_state", String(16), nullable=False, default=""),
    Column("peer_version", Integer, nullable=False, default=0),
    Column("number_gone_at", Float),
    Column("texts_gone_at", Float),
    Column("system_number", String(64), nullable=False, default="", server_default=""),
    Column("confidential", Boolean, nullable=False, default=False, server_default=false()),
    Column("insiders", Text, nullable=False, default="", server_default=""),
    Column("language", String(16), nullable=False, default="", server_default=""),
    Column("handed_by", String(40), nullable=False, default="", server_default=""),
    *(Index(f"ix_tickets_{column}", column, "opened_at", "ticket_id") for column in TICKET_FILTERS),
)

ticket_steps: Final = Table(
    "ticket_steps",
    metadata,
    Column("entry", Serial, primary_key=True),
    Column("ticket_id", String(40), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("by", String(40), nullable=False),
    Column("step", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("text", Text, nullable=False, default=""),
)

precedents: Final = Table(
    "precedents",
    metadata,
    Column("category", String(64), primary_key=True),
    Column("region", String(6), primary_key=True),
    Column("unit", String(32), nullable=False),
    Column("ticket_id", String(40), nullable=False),
    Column("decided_at", Float, nullable=False),
    Column("decided_by", String(40), nullable=False),
)

call_backs: Final = Table(
    "call_backs",
    metadata,
    Column("call_id", String(26), primary_key=True),
    Column("incident_id", String(26), nullable=False),
    Column("caller_number", String(40), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("queued_at", Float, nullable=False, index=True),
    Column("done_at", Float),
    Column("danger", Boolean, nullable=False, default=False, server_default=false()),
    Column("claimed_by", String(16)),
    Column("claimed_at", Float),
    Column("outcome", String(16)),
)

recordings: Final = Table(
    "recordings",
    metadata,
    Column("recording_id", String(26), primary_key=True),
    Column("call_id", String(26), nullable=False, index=True),
    Column("incident_id", String(26), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("begun_at", Float, nullable=False, index=True),
    Column("ended_at", Float),
    Column("deleted_at", Float),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("entry", Serial, primary_key=True),
    Column("at", Float, nullable=False),
    Column("event_key", String(120)),
    Column("call_id", String(26), nullable=False),
    Column("incident_id", String(26), nullable=False, index=True),
    Column("what", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Index("ix_audit_one_chain", "prev_hash", unique=True),  # two programs on one database must not fork it
)

orders: Final = Table(
    "orders",
    metadata,
    Column("order_id", Serial, primary_key=True),
    Column("name", String(40), nullable=False),
    Column("whole", Text, nullable=False),
    Column("stored_at", Float, nullable=False),
    Column("outcome", Text, index=True),
)

outbox: Final = Table(
    "outbox",
    metadata,
    Column("entry", Serial, primary_key=True),
    Column("message_id", String(26), nullable=False, unique=True),
    Column("once", String(160), unique=True),
    Column("peer", String(16), nullable=False),
    Column("incident_id", String(26), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("stored_at", Float, nullable=False),
    Column("receipted_at", Float),
    UniqueConstraint("peer", "incident_id", "seq"),
    Index("ix_outbox_unsent", "peer", "receipted_at"),
)

inbox: Final = Table(
    "inbox",
    metadata,
    Column("issuer", String(16), primary_key=True),
    Column("incident_id", String(26), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("message_id", String(26), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("token", Text, nullable=False),
    Column("received_at", Float, nullable=False),
)

nonces: Final = Table(
    "nonces",
    metadata,
    Column("issuer", String(16), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("seen_at", Float, nullable=False, index=True),
)

seen_events: Final = Table(
    "seen_events",
    metadata,
    Column("event_key", String(120), primary_key=True),
    Column("at", Float, nullable=False),
    Column("outcome", String(40)),
)

progress: Final = Table(
    "progress",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("offset", BigInteger, nullable=False),
)

second_factors: Final = Table(
    "second_factors",
    metadata,
    Column("agent_id", String(16), primary_key=True),
    Column("sealed", String(200), nullable=False),
    Column("enrolled_at", BigInteger),
    Column("last_step", BigInteger, nullable=False),
    Column("recovery", Text, nullable=False),
)

shifts: Final = Table(
    "shifts",
    metadata,
    Column("shift_id", String(26), primary_key=True),
    Column("agent_id", String(16), nullable=False),
    Column("sort", String(8), nullable=False),
    Column("serves", String(32), nullable=False),
    Column("weekdays", String(7), nullable=False),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10)),
    Column("begins_min", Integer, nullable=False),
    Column("ends_min", Integer, nullable=False),
)
