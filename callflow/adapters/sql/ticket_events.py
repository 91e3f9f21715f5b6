"""What our own ticket system, and receivers of notices, are told of a transaction: put down with it, in the outbox."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, select, update

from callflow.adapters.sql import audit, crossing, lives, notices, outbox
from callflow.adapters.sql.tables import tickets
from callflow.domain.names import CallId, IncidentId, SiteId, TicketId, Verified
from callflow.domain.screenpop import masked
from callflow.service.messages import NOTE_LIMIT
from callflow.service.ticket_system import KIND, TicketEvent, TicketObject

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.adapters.sql.step import Step

OF_THE_ROW = ("call_id", "channel", "level", "category", "department", "location", "state", "version", "unit")
SEALED = {"note": "", "location": "", "summary": "", "suggestion": None}
"""What of a confidential ticket stays in our books, beside its number (R-056)."""
OF_THE_PAIR = ("owner", "settled", "peer", "peer_ticket_id", "peer_state", "system_number", "opened_at", "changed_at")


async def put_told(step: Step) -> None:
    """Put a message down for every ticket of this transaction, in the order in which they were touched."""
    await notices.put_notices(step)
    system = step.site.ticket_system
    if system is None:
        return
    for incident_id, steps in step.told.items():
        row = await step.ticket_of(incident_id)
        if row is not None:
            said = [one.model_copy(update={"text": ""}) for one in steps] if row.confidential else steps
            body = TicketEvent(steps=tuple(said), ticket=_object(step, row, system.numbers))
            await outbox.put(step, outbox.Written(incident_id, SiteId(system.id), KIND, body))


def _object(step: Step, row: Any, numbers: str) -> TicketObject:
    life = lives.life_in(step, row)
    numbers = "none" if row.confidential else numbers
    number = {"whole": row.caller_number, "masked": masked(row.caller_number), "none": ""}[numbers]
    shown = {"number": number, "verified": row.verified if number else Verified.NONE}
    named = {name: getattr(row, name) for name in (*OF_THE_ROW, *OF_THE_PAIR)}
    lived = {"matter": life.matter, "assisting": life.assisting, "summary": row.summary[:NOTE_LIMIT]}
    lived |= {"deadlines": [asdict(one) for one in life.deadlines]}
    whole = crossing.matter_body(step, row, SiteId(step.site.platform.id)) | shown | named | lived
    return TicketObject.model_validate(whole | (SEALED if row.confidential else {}))


class SystemNumbers:
    """What our own ticket system calls our tickets. The last word counts; the audit keeps each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_incident(self, incident_id: IncidentId, number: str, at: float) -> bool:
        """Keep the number of this incident's ticket. False: there is none. Repeatable. Raises FactsAway."""
        return await self._keep(tickets.c.incident_id == incident_id, number, at)

    async def of_ticket(self, ticket_id: TicketId, number: str, at: float) -> bool:
        """Keep the number of this ticket. False: there is none. Repeatable. Raises FactsAway."""
        return await self._keep(tickets.c.ticket_id == ticket_id, number, at)

    async def _keep(self, which: ColumnElement[bool], number: str, at: float) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            row = (await connection.execute(select(tickets).where(which).with_for_update())).one_or_none()
            if row is None or row.system_number == number:
                return row is not None
            await connection.execute(update(tickets).where(which).values(system_number=number))
            said = {"ticket_id": row.ticket_id, "system_number": number, "was": row.system_number}
            entry = audit.Entry(CallId(row.call_id or ""), IncidentId(row.incident_id), "ticket.numbered", said)
            await audit.append(connection, [entry], None, at)
            return True

        return await self._database.write(work)
