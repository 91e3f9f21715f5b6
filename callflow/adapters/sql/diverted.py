"""What came of the matters that this platform gave to another (回流研判, R-097)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from callflow.adapters.sql.confidential import visible_to
from callflow.adapters.sql.frozen import life_of
from callflow.adapters.sql.tables import ticket_steps, tickets
from callflow.service.ticket_ports import Diverted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.domain.confidence import Viewer
    from callflow.domain.names import SiteId

RESULTS: Final = ("fed_back", "peer_fed_back")
"""The steps that carry the other platform's result, whichever way our ticket heard of it."""


class SqlDiverted:
    """`ticket_ports.DivertedBooks` on SQL. May raise FactsAway."""

    def __init__(self, database: Database, site: SiteId) -> None:
        self._database, self._site = database, site

    async def diverted(
        self, opened_from: float, opened_to: float, limit: int, viewer: Viewer | None = None
    ) -> Sequence[Diverted]:
        """See the port."""
        newest = (
            select(ticket_steps.c.ticket_id, func.max(ticket_steps.c.entry).label("entry"))
            .where(ticket_steps.c.step.in_(RESULTS))
            .group_by(ticket_steps.c.ticket_id)
            .subquery()
        )
        result = select(ticket_steps).join(newest, newest.c.entry == ticket_steps.c.entry).subquery()
        gone = (tickets.c.first_receiver == self._site) & (tickets.c.owner != self._site)
        wanted = (
            select(tickets, result.c.text.label("result"), result.c.at.label("result_at"))
            .select_from(tickets.outerjoin(result, result.c.ticket_id == tickets.c.ticket_id))
            .where(gone, tickets.c.opened_at >= opened_from, tickets.c.opened_at < opened_to, visible_to(viewer))
            .order_by(tickets.c.opened_at.desc(), tickets.c.ticket_id.desc())
            .limit(limit)
        )

        async def work(connection: AsyncConnection) -> list[Diverted]:
            return [_diverted(row) for row in (await connection.execute(wanted)).all()]

        return await self._database.read(work)


def _diverted(row: Any) -> Diverted:
    life = life_of(row.life) if row.life else None
    return Diverted(
        ticket_id=row.ticket_id,
        incident_id=row.incident_id,
        to=row.owner,
        peer_ticket_id=row.peer_ticket_id,
        category=row.category,
        region=row.region,
        opened_at=row.opened_at,
        peer_state=row.peer_state,
        result=None if row.confidential else row.result,  # a list is read without an audit entry
        result_at=row.result_at,
        satisfied=None if life is None else life.satisfied,
    )
