"""Tickets and audited steps in memory, in the shape that the SQL adapter gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from callflow.service.ticket_search import Cursor, Page, Wanted

NUMBER = "19991234567"


@dataclass(frozen=True)
class Ticket:
    ticket_id: str
    incident_id: str
    caller_number: str = NUMBER
    call_id: str | None = None
    peer: str | None = "110"
    peer_ticket_id: str | None = "JD-20261122-000001"
    state: str = "open"
    phone_mark: str = ""
    attempts: list[dict[str, Any]] = field(default_factory=list)
    presentation: str = "allowed"
    verified: str = "network"
    note: str = ""
    peer_note: str = ""
    suggestion: dict[str, Any] | None = None
    first_receiver: str = "12345"
    owner: str = "12345"
    settled: str | None = None
    danger: bool = False
    consent: str = "agreed"
    opened_at: float = 1000.0
    changed_at: float = 1000.0
    version: int = 1
    channel: str = "phone"
    region: str = "510100"
    level: int = 3
    matter: str = "help"
    category: str = ""
    category_version: str = ""
    department: str = ""
    unit: str = ""
    location: str = ""
    summary: str = ""
    peer_state: str = ""
    system_number: str = ""
    confidential: bool = False
    insiders: str = ""
    language: str = ""
    life: None = None


@dataclass(frozen=True)
class Step:
    at: float
    what: str
    call_id: str
    detail: dict[str, Any]


@dataclass
class MemoryTickets:
    tickets: list[Ticket] = field(default_factory=list)
    steps: dict[str, list[Step]] = field(default_factory=dict)
    why: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def search(self, *, number: str | None, incident_id: str | None, limit: int) -> list[Ticket]:
        found = [
            ticket
            for ticket in self.tickets
            if number in (None, ticket.caller_number) and incident_id in (None, ticket.incident_id)
        ]
        return sorted(found, key=lambda ticket: -ticket.opened_at)[:limit]

    async def page(self, wanted: Wanted, limit: int, after: Cursor | None = None) -> Page:
        assert after is None
        found = await self.search(number=wanted.number, incident_id=wanted.incident_id, limit=limit)
        return Page(found, None)

    async def ticket(self, ticket_id: str) -> Ticket | None:
        return next((ticket for ticket in self.tickets if ticket.ticket_id == ticket_id), None)

    async def reasons(self, ticket_id: str) -> list[dict[str, Any]]:
        return self.why.get(ticket_id, [])

    async def trace(self, incident_id: str) -> list[Step]:
        return self.steps.get(incident_id, [])

    async def steps_of(self, _ticket_id: str) -> list[Any]:
        return []
