"""What a handler of records works with: one open transaction, one platform, one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from callflow.adapters.sql.frozen import call_of
from callflow.adapters.sql.tables import calls, tickets

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.audit import Entry
    from callflow.adapters.sql.number_index import NumberIndex
    from callflow.domain.calls import Call
    from callflow.domain.names import CallId, IncidentId, SiteId
    from callflow.domain.ticket_rules import TicketRules
    from callflow.service.messages import TicketStep
    from callflow.sitefile import Site

Detail = dict[str, Any]

SHOWN: Final = frozenset(
    {"owner", "settled", "peer", "peer_ticket_id", "peer_state", "peer_note", "note", "danger", "consent"}
    | {"caller_number", "call_id", "language"}
)
"""Columns whose change is told to our own ticket system even if no step of the ticket comes with it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What every handler is given: the open transaction, this platform, the call as just written, the moment."""

    connection: AsyncConnection
    site: Site
    call: Call | None
    at: float
    rules: TicketRules
    numbers: NumberIndex
    written_to: set[SiteId] = field(default_factory=set)
    """The peers for whom something was put into the outbox."""
    entries: list[Entry] = field(default_factory=list)
    """What the audit shall keep beside the records themselves, in order."""
    told: dict[IncidentId, list[TicketStep]] = field(default_factory=dict)
    """The tickets that our own ticket system shall hear of, with their steps in order (`ticket_events`)."""

    async def call_of(self, call_id: CallId) -> Call:
        """The call, as written. Raises LookupError for one that was never committed."""
        if self.call is not None and self.call.call_id == call_id:
            return self.call
        text = await self.connection.scalar(select(calls.c.whole).where(calls.c.call_id == call_id))
        if text is None:
            raise LookupError(f"a record speaks of call {call_id}, which was never committed")
        return call_of(text)

    async def change_ticket(self, incident_id: IncidentId, **columns: object) -> bool:
        """Set columns of this incident's ticket; False when there is none."""
        done = await self.connection.execute(
            update(tickets).where(tickets.c.incident_id == incident_id).values(**columns, changed_at=self.at)
        )
        if not SHOWN.isdisjoint(columns):
            self.told.setdefault(incident_id, [])
        return done.rowcount > 0

    async def ticket_of(self, incident_id: IncidentId) -> Any:
        """This incident's row, or None. Who has read it is the only one to write it until the transaction ends."""
        mine = select(tickets).where(tickets.c.incident_id == incident_id).with_for_update()
        return (await self.connection.execute(mine)).one_or_none()
