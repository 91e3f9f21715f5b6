"""Reading tickets, what is known about a caller, and the trace of an incident. Writes are records of `facts`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import and_, select, true

from callflow.adapters.sql import nuisance, reasons
from callflow.adapters.sql.confidential import as_marked
from callflow.adapters.sql.frozen import life_of
from callflow.adapters.sql.tables import audit, calls, inbox, outbox, ticket_steps, tickets
from callflow.domain.names import (
    CallId,
    Consent,
    IncidentId,
    Presentation,
    Settled,
    SiteId,
    TicketId,
    Verified,
)
from callflow.domain.screenpop import Known
from callflow.service.ports import FactsAway
from callflow.service.take_in import NO_CALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.domain.calls import Call
    from callflow.domain.tickets import Life
    from callflow.service.message_parts import Nuisance

POP_LIMIT_S: Final = 0.5
POP_TICKETS: Final = 10

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as stored, number and all; whoever shows it masks the number."""

    ticket_id: TicketId
    incident_id: IncidentId
    call_id: CallId | None
    peer: SiteId | None
    peer_ticket_id: TicketId | None
    state: str
    phone_mark: str
    attempts: list[dict[str, Any]]
    """How each attempt of the incident went, ours and the peer's, oldest first."""
    caller_number: str
    presentation: Presentation
    verified: Verified
    note: str
    peer_note: str
    suggestion: dict[str, Any] | None
    region: str
    first_receiver: SiteId
    owner: SiteId
    settled: Settled | None
    danger: bool
    consent: Consent
    consent_by: str | None
    consent_at: float | None
    opened_at: float
    changed_at: float
    life: Life | None
    """None for a ticket of a time before there were lives, until its first step."""
    version: int
    channel: str
    level: int
    matter: str
    category_scheme: str
    category_version: str
    category: str
    department: str
    unit: str
    location: str
    summary: str
    next_chase_at: float | None
    peer_state: str
    peer_version: int
    number_gone_at: float | None
    """Since when the number is only its mask; `texts_gone_at` likewise of what was said."""
    texts_gone_at: float | None
    confidential: bool
    insiders: str
    """Who knows it while it is confidential, as `domain.confidence.insiders_text` writes them."""
    system_number: str
    """Its number in the platform's own ticket system, "" before that has said one."""
    language: str
    """The caller's, by BCP 47; "" when nobody has said."""
    handed_by: str
    """Who at `peer` began the newest handover to us, as he signs; "" when nobody did or has said."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the trace: what happened, to which call, when. `detail` holds no personal data."""

    at: float
    what: str
    call_id: CallId
    detail: dict[str, Any]


class TicketsRead:
    """Tickets of this platform, read only. Everything but `known_about` may raise FactsAway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ticket(self, ticket_id: TicketId) -> Ticket | None:
        """One ticket or None."""
        found = await self._tickets(tickets.c.ticket_id == ticket_id, 1)
        return found[0] if found else None

    async def reasons(self, ticket_id: TicketId) -> Sequence[dict[str, Any]]:
        """Why agents decided as they did, oldest first: `at`, `by`, `about`, `text`."""
        return await self._database.read(lambda connection: reasons.of_ticket(connection, ticket_id))

    async def ticket_of(self, incident_id: IncidentId) -> Ticket | None:
        """This platform's ticket of an incident or None."""
        found = await self._tickets(tickets.c.incident_id == incident_id, 1)
        return found[0] if found else None

    async def search(
        self, *, number: str | None = None, incident_id: IncidentId | None = None, limit: int = 50
    ) -> Sequence[Ticket]:
        """Tickets that meet all that is given, newest first, at most `limit`. An empty number meets none."""
        if number == "":
            return []
        found_by = None if number is None else self._database.numbers.of(number)
        asked = ((tickets.c.number_hash, found_by), (tickets.c.incident_id, incident_id))
        return await self._tickets(
            and_(true(), *(column == value for column, value in asked if value is not None)), limit
        )

    async def steps_of(self, ticket_id: TicketId) -> Sequence[Any]:
        """Every step of a ticket as it was taken: at, by, step, state, version, text; oldest first."""
        mine = select(ticket_steps).where(ticket_steps.c.ticket_id == ticket_id).order_by(ticket_steps.c.entry)
        return await self._rows(mine)

    async def trace(self, incident_id: IncidentId) -> Sequence[Moment]:
        """What was done at this platform, and every message between the platforms, oldest first."""
        steps = await self._rows(select(audit).where(audit.c.incident_id == incident_id).order_by(audit.c.entry))
        taken = await self._rows(select(inbox).where(inbox.c.incident_id == incident_id))
        there = (outbox.c.incident_id == incident_id) & outbox.c.receipted_at.is_not(None)
        sent = await self._rows(select(outbox).where(there))
        moments = [Moment(e.at, e.what, e.call_id, json.loads(e.detail)) for e in steps]
        moments += [
            Moment(t.received_at, "message", NO_CALL, _crossing(t.message_id, t.kind, t.issuer, t.seq)) for t in taken
        ]
        moments += [
            Moment(t.receipted_at, "receipt", NO_CALL, _crossing(t.message_id, t.kind, t.peer, t.seq)) for t in sent
        ]
        return sorted(moments, key=lambda moment: moment.at)

    async def known_about(self, call: Call) -> Known:
        """`ports.CaseFiles`: everything for the pop within half a second; what cannot be read is left out."""
        try:
            async with asyncio.timeout(POP_LIMIT_S):
                return await self._known(call)
        except (FactsAway, TimeoutError) as error:
            log.warning("pop without case files", call_id=call.call_id, cause=type(error).__name__)
            return Known(notes=(call.note,) if call.note else ())

    async def _known(self, call: Call) -> Known:
        of_incident = _newest(tickets.c.incident_id == call.incident_id, 1)
        number_hash = self._database.numbers.of(call.caller.number)
        of_number = _newest(tickets.c.number_hash == number_hash, POP_TICKETS)
        of_call = select(calls.c.suggestion).where(calls.c.call_id == call.call_id)

        async def work(connection: AsyncConnection) -> tuple[Ticket | None, list[Ticket], str | None, Nuisance | None]:
            own = (await connection.execute(of_incident)).one_or_none()
            others = (await connection.execute(of_number)).all() if call.caller.number else ()
            past = await nuisance.history(connection, number_hash)
            suggested = await connection.scalar(of_call)
            ours = None if own is None else ticket_of_row(own)
            return ours, list(map(ticket_of_row, others)), suggested, past

        ours, earlier, noted, past = await self._database.read(work)
        suggestion = ours.suggestion if ours else None
        if suggestion is None and noted:
            suggestion = json.loads(noted)
        shown = [ours] if ours else []
        others = [ticket for ticket in earlier if ticket.incident_id != call.incident_id]
        shown += [ticket for ticket in others if not ticket.confidential]  # a pop is read over a shoulder
        history = "" if past is None else nuisance.sentence(past)
        notes = (history, ours.peer_note if ours else "", call.note or (ours.note if ours else ""))
        language = ours.language if ours else ""
        by = ours.handed_by if ours and ours.peer == call.caller.from_site else ""
        return Known(suggestion, tuple(map(_in_pop, shown)), tuple(note for note in notes if note), language, by)

    async def _tickets(self, which: Any, limit: int) -> list[Ticket]:
        return [ticket_of_row(row) for row in await self._rows(_newest(which, limit))]

    async def _rows(self, statement: Any) -> list[Any]:
        async def work(connection: AsyncConnection) -> list[Any]:
            return list((await connection.execute(statement)).all())

        return await self._database.read(work)


def _newest(which: Any, limit: int) -> Any:
    newest = tickets.c.opened_at.desc(), tickets.c.ticket_id.desc()
    return select(tickets).where(which).order_by(*newest).limit(limit)


def _crossing(message_id: str, kind: str, peer: str, seq: int) -> dict[str, Any]:
    return {"message_id": message_id, "kind": kind, "peer": peer, "seq": seq}


def _in_pop(ticket: Ticket) -> dict[str, Any]:
    return {
        "ticket_id": ticket.ticket_id,
        "peer_ticket_id": ticket.peer_ticket_id,
        "incident_id": ticket.incident_id,
        "state": ticket.state,
        "owner": ticket.owner,
        "danger": ticket.danger,
        "confidential": ticket.confidential,
        "note": ticket.note or ticket.peer_note,
        "opened_at": ticket.opened_at,
    }


def ticket_of_row(row: Any) -> Ticket:
    """The ticket of one row of the table."""
    columns = row._asdict()
    del columns["number_hash"]
    return Ticket(
        **columns
        | {
            "presentation": Presentation(row.presentation),
            "verified": Verified(row.verified),
            "attempts": json.loads(row.attempts),
            "suggestion": json.loads(row.suggestion) if row.suggestion else None,
            "settled": Settled(row.settled) if row.settled else None,
            "consent": Consent(row.consent),
            "life": as_marked(row, replace(life_of(row.life), peer=row.peer)) if row.life else None,
        }
    )
