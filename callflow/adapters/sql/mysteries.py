"""`evaluation.Mysteries` on SQL: an audit entry and nothing else, so that it is in the figures' own source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from callflow.adapters.sql import audit
from callflow.adapters.sql.tables import audit as entries
from callflow.adapters.sql.tables import tickets
from callflow.domain.names import AgentId, CallId, IncidentId, TicketId

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database

MARKED: Final = "ticket.mystery"


class SqlMysteries:
    """Which matters of one platform were an evaluator's own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark(self, ticket_id: TicketId, *, by: AgentId, at: float) -> bool:
        """See the port."""
        there = select(tickets.c.ticket_id).where(tickets.c.ticket_id == ticket_id)
        marked = select(entries.c.detail).where(entries.c.incident_id == "", entries.c.what == MARKED)

        async def work(connection: AsyncConnection) -> bool:
            if await connection.scalar(there) is None:
                return False
            known = {json.loads(detail)["ticket_id"] for detail in (await connection.scalars(marked)).all()}
            if ticket_id not in known:
                entry = audit.Entry(CallId(""), IncidentId(""), MARKED, {"ticket_id": ticket_id, "by": by})
                await audit.append(connection, [entry], None, at, self._database.homes)
            return True

        return await self._database.write(work)
