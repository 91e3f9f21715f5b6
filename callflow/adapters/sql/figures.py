"""Figures from the audit, and how tickets and messages stand now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select
from ulid import ULID

from callflow.adapters.sql.frozen import call_of
from callflow.adapters.sql.tables import audit, calls, outbox, tickets
from callflow.domain.figures import Entry, Fold
from callflow.domain.handover_figures import Tried
from callflow.domain.lines import Lines, Offered
from callflow.domain.names import Outcome
from callflow.service.figures import Addressee, Lag, Standing
from callflow.service.notices import KIND as NOTICE
from callflow.service.ticket_system import KIND as TICKET_EVENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database

PAGE: Final = 2000
ABOUT_TICKETS: Final = "ticket."
LAGS: Final = 10_000
HOOKS: Final = {"ticket_system": TICKET_EVENT, "notices": NOTICE}
"""Kinds of messages that go to no platform."""
CALLS_AT_ONCE: Final = 200
"""Some 2 ms of reading between two turns of the event loop: figures must not hold up a call."""
WITH_ATTEMPT: Final = '"attempt_id"'


class SqlFigures:
    """`figures.FigureBooks` on SQL. May raise FactsAway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counted(self, opened_from: float, opened_to: float, supervises: frozenset[str]) -> Fold:
        """See the port."""
        fold, number = Fold(opened_from, opened_to, supervises), 0
        while True:
            page = (
                select(audit.c.entry, audit.c.at, audit.c.what, audit.c.detail)
                .where(audit.c.entry > number, audit.c.at >= opened_from, audit.c.what.startswith(ABOUT_TICKETS))
                .order_by(audit.c.entry)
                .limit(PAGE)
            )
            rows = await self._all(page)
            fold.take(Entry(row.at, row.what.removeprefix(ABOUT_TICKETS), json.loads(row.detail)) for row in rows)
            if len(rows) < PAGE:
                return fold
            number = rows[-1].entry

    async def lines(self, arrived_from: float, arrived_to: float) -> Lines:
        """See the port. Who answered first, and when, is the audit's: a call keeps only its last agent."""
        lines, after = Lines(), ""
        talking = (audit.c.what == "phase") & audit.c.detail.contains('"to": "talking"')
        period = (calls.c.arrived_at >= arrived_from) & (calls.c.arrived_at < arrived_to)
        while True:
            page = select(calls.c.call_id, calls.c.incident_id, calls.c.whole).where(calls.c.call_id > after, period)
            rows = await self._all(page.order_by(calls.c.call_id).limit(PAGE))
            of_page = talking & audit.c.incident_id.in_({row.incident_id for row in rows})
            answered = select(audit.c.call_id, func.min(audit.c.at)).where(of_page).group_by(audit.c.call_id)
            first = {row[0]: row[1] for row in await self._all(answered)}
            lines.take(Offered(call_of(row.whole), first.get(row.call_id)) for row in rows)
            if len(rows) < PAGE:
                return lines
            after = rows[-1].call_id

    async def lag(self, sent_from: float, sent_to: float, to: Addressee = "platforms") -> Lag:
        """See the port."""
        took = outbox.c.receipted_at - outbox.c.stored_at
        told = HOOKS.get(to)
        which = outbox.c.kind.not_in(HOOKS.values()) if told is None else outbox.c.kind == told
        period = which & (outbox.c.stored_at >= sent_from) & (outbox.c.stored_at < sent_to)
        newest = select(took).where(period, outbox.c.receipted_at.is_not(None)).order_by(outbox.c.entry.desc())
        waiting = select(func.count(), func.min(outbox.c.stored_at)).where(which, outbox.c.receipted_at.is_(None))

        async def work(connection: AsyncConnection) -> Lag:
            lags = sorted((await connection.scalars(newest.limit(LAGS))).all())
            count, oldest = (await connection.execute(waiting)).one()
            return Lag.of(lags, count, oldest)

        return await self._database.read(work)

    async def tried(self, arrived_from: float, arrived_to: float, most: int) -> Sequence[Tried]:
        """See the port. A call's id is a ULID of its arrival, so a period is a range of the primary key."""
        found: list[Tried] = []
        low, high = (str(ULID.from_timestamp(at))[:10] for at in (arrived_from, arrived_to))
        while len(found) < most:
            page = (
                select(calls.c.call_id, calls.c.whole)
                .where(calls.c.call_id >= low, calls.c.call_id < high, calls.c.whole.contains(WITH_ATTEMPT))
                .order_by(calls.c.call_id.desc())
                .limit(CALLS_AT_ONCE)
            )
            rows = await self._all(page)
            found += [_tried(one) for row in rows for one in json.loads(row.whole)["attempts"]]
            if len(rows) < CALLS_AT_ONCE:
                break
            high = rows[-1].call_id
        return found[:most]

    async def standing(self, now: float) -> Standing:
        """See the port."""
        by_state = select(tickets.c.state, tickets.c.level, func.count()).group_by(tickets.c.state, tickets.c.level)
        late = select(func.count()).where(tickets.c.next_chase_at < now)

        async def work(connection: AsyncConnection) -> Standing:
            rows = (await connection.execute(by_state)).all()
            return Standing({(row[0], row[1]): row[2] for row in rows}, await connection.scalar(late) or 0)

        return await self._database.read(work)

    async def _all(self, statement: Any) -> Sequence[Any]:
        async def work(connection: AsyncConnection) -> Sequence[Any]:
            return (await connection.execute(statement)).all()

        return await self._database.read(work)


def _tried(attempt: dict[str, Any]) -> Tried:
    outcome = attempt["outcome"]
    return Tried(
        target=attempt["target"],
        started_at=attempt["started_at"],
        ringing_at=attempt["ringing_at"],
        joined_at=attempt["joined_at"],
        outcome=None if outcome is None else Outcome(outcome),
    )
