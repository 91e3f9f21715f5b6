"""The form of tickets and of one incident's trace in the desk's API."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from callflow.domain.names import Consent, Presentation, Settled, Verified
from callflow.web.schemas import Ask, CallView, Number, SuggestionView, Ulid, View


class TicketSearchAsk(Ask):
    """What to look for; with neither a number nor an incident, the newest tickets."""

    number: Number | None = None
    incident_id: Ulid | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class TicketView(View):
    """One 工单 or 警单 with its tie to the other platform's. The number is masked. Moments are epoch seconds."""

    ticket_id: str
    incident_id: str
    call_id: str | None
    peer: str | None
    peer_ticket_id: str | None
    state: str
    phone_mark: str
    number: str | None
    presentation: Presentation
    verified: Verified
    note: str
    peer_note: str
    suggestion: SuggestionView | None
    first_receiver: str
    owner: str
    settled: Settled | None
    danger: bool
    consent: Consent
    opened_at: float
    changed_at: float


class TicketList(View):
    """Tickets, newest first."""

    tickets: list[TicketView]


class TraceEntry(View):
    """One audited step, with what the audit keeps of it (never a number)."""

    at: float
    what: str
    call_id: str
    detail: dict[str, Any]


class TraceView(View):
    """One incident as far as this platform knows it."""

    incident_id: str
    site: str
    calls: list[CallView]
    tickets: list[TicketView]
    entries: list[TraceEntry]
