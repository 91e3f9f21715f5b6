"""Finding tickets: by what they are searched by, page after page, and all of them one after the other (R-044).

A page ends with a cursor, the place of its last row in the order (newest first); the next page begins after it. Pages
stay right while tickets are opened, and an export that was cut goes on where it was cut.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, select, true, tuple_

from callflow.adapters.sql import audit
from callflow.adapters.sql.confidential import visible_to
from callflow.adapters.sql.tables import tickets
from callflow.adapters.sql.tickets import Ticket, ticket_of_row
from callflow.domain.limits import Level
from callflow.domain.names import CallId, IncidentId
from callflow.domain.queue import DAY_S
from callflow.domain.tickets import State
from callflow.service.ticket_search import Cursor, Page, Wanted

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database

EXPORT_PAGE: Final = 500
"""Rows in memory at a time, however many are exported."""

WAITING: Final = (State.DISPATCHED.value, State.RETURNED.value, State.SIGNED.value, State.DISPUTED.value)
"""What somebody is to begin with."""

COLUMNS: Final = {
    "ticket_id": tickets.c.ticket_id,
    "incident_id": tickets.c.incident_id,
    "region": tickets.c.region,
    "category": tickets.c.category,
    "level": tickets.c.level,
    "state": tickets.c.state,
    "owner": tickets.c.owner,
    "unit": tickets.c.unit,
    "channel": tickets.c.channel,
}


class SqlTicketSearch:
    """`ticket_search.Search` on SQL. May raise FactsAway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: Wanted, limit: int, after: Cursor | None = None) -> Page:
        """See the port."""
        newest = tickets.c.opened_at.desc(), tickets.c.ticket_id.desc()
        statement = select(tickets).where(self._which(wanted, after)).order_by(*newest).limit(limit + 1)

        async def work(connection: AsyncConnection) -> list[Any]:
            return list((await connection.execute(statement)).all())

        rows = await self._database.read(work)
        found: Sequence[Ticket] = [ticket_of_row(row) for row in rows[:limit]]
        goes_on = Cursor(found[-1].opened_at, found[-1].ticket_id) if len(rows) > limit else None
        return Page(found, goes_on)

    async def queue(self, wanted: Wanted, limit: int, now: float) -> Sequence[Ticket]:
        """See the port. The order is `domain.queue.rank`'s."""
        urgent = tickets.c.danger | (tickets.c.level == Level.ONE.value) | (tickets.c.opened_at <= now - DAY_S)
        rank = case((urgent, 0), else_=tickets.c.level - 1)
        waiting = tickets.c.state.in_(WAITING) & self._which(wanted, None)
        statement = select(tickets).where(waiting).order_by(rank, tickets.c.opened_at, tickets.c.ticket_id).limit(limit)

        async def work(connection: AsyncConnection) -> list[Any]:
            return list((await connection.execute(statement)).all())

        return [ticket_of_row(row) for row in await self._database.read(work)]

    async def every(self, wanted: Wanted, after: Cursor | None = None) -> AsyncIterator[Ticket]:
        """See the port."""
        while True:
            page = await self.page(wanted, EXPORT_PAGE, after)
            for ticket in page.tickets:
                yield ticket
            if page.after is None:
                return
            after = page.after

    async def exported(self, by: str, wanted: Wanted, rows: int, checksum: str, at: float) -> None:
        """See the port."""
        found_by = {name: value for name, value in asdict(replace(wanted, viewer=None)).items() if value is not None}
        found_by |= {"number": "given"} if wanted.number is not None else {}
        detail = {"by": by, "rows": rows, "sha256": checksum, "wanted": found_by}
        entry = audit.Entry(CallId(""), IncidentId(""), "tickets.exported", detail)
        homes = self._database.homes
        await self._database.write(lambda connection: audit.append(connection, [entry], None, at, homes))

    def _which(self, wanted: Wanted, after: Cursor | None) -> Any:
        asked = [visible_to(wanted.viewer)]
        asked += [
            column == getattr(wanted, name) for name, column in COLUMNS.items() if getattr(wanted, name) is not None
        ]
        if wanted.number is not None:
            asked.append(tickets.c.number_hash == (self._database.numbers.of(wanted.number) or None))
        if wanted.opened_from is not None:
            asked.append(tickets.c.opened_at >= wanted.opened_from)
        if wanted.opened_to is not None:
            asked.append(tickets.c.opened_at < wanted.opened_to)
        if after is not None:
            asked.append(tuple_(tickets.c.opened_at, tickets.c.ticket_id) < (after.opened_at, after.ticket_id))
        return and_(true(), *asked)
