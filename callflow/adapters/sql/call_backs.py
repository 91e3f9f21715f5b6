"""The call-back list: who waits, who has taken whom, who is done. Every change is audited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from callflow.adapters.sql import audit
from callflow.adapters.sql.frozen import call_of
from callflow.adapters.sql.tables import call_backs, calls
from callflow.domain.names import AgentId, CallId, IncidentId, Presentation
from callflow.service.call_backs import CallBack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database


_LISTED = select(call_backs, calls.c.whole).join(calls, calls.c.call_id == call_backs.c.call_id)
"""The list with the lost calls: they know how hidden and how sure each number is."""


class SqlCallBacks:
    """`call_backs.CallBackBooks` on SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self) -> Sequence[CallBack]:
        """See the port."""
        order = call_backs.c.danger.desc(), call_backs.c.queued_at
        wanted = _LISTED.where(call_backs.c.done_at.is_(None)).order_by(*order)

        async def work(connection: AsyncConnection) -> list[CallBack]:
            return [_call_back(row) for row in (await connection.execute(wanted)).all()]

        return await self._database.read(work)

    async def claim(self, call_id: CallId, agent_id: AgentId, *, at: float, free_before: float) -> CallBack | None:
        """See the port. The row itself decides between two who come at once."""
        mine = call_backs.c.call_id == call_id
        free = call_backs.c.claimed_at.is_(None) | (call_backs.c.claimed_at < free_before)
        own = call_backs.c.claimed_by == agent_id

        async def work(connection: AsyncConnection) -> CallBack | None:
            taking = update(call_backs).where(mine & call_backs.c.done_at.is_(None) & (free | own))
            taken = await connection.execute(taking.values(claimed_by=agent_id, claimed_at=at))
            if taken.rowcount == 0:
                return None
            found = _call_back((await connection.execute(_LISTED.where(mine))).one())
            claimed = _said(found, "callback_claimed", {"by": agent_id})
            await audit.append(connection, claimed, None, at, self._database.homes)
            return found

        return await self._database.write(work)

    async def unclaim(self, call_id: CallId) -> None:
        """See the port."""
        mine = update(call_backs).where(call_backs.c.call_id == call_id)
        await self._database.write(lambda connection: connection.execute(mine.values(claimed_by=None, claimed_at=None)))

    async def done(self, call_id: CallId, agent_id: AgentId, outcome: str, at: float) -> bool:
        """See the port."""
        mine = call_backs.c.call_id == call_id

        async def work(connection: AsyncConnection) -> bool:
            ending = update(call_backs).where(mine & call_backs.c.done_at.is_(None))
            if (await connection.execute(ending.values(done_at=at, outcome=outcome))).rowcount == 0:
                return False
            found = _call_back((await connection.execute(_LISTED.where(mine))).one())
            done = _said(found, "callback_done", {"by": agent_id, "outcome": outcome})
            await audit.append(connection, done, None, at, self._database.homes)
            return True

        return await self._database.write(work)

    async def is_listed(self, call_id: CallId) -> bool:
        """See the port."""
        mine = select(call_backs.c.call_id).where(call_backs.c.call_id == call_id)
        return await self._database.read(lambda connection: connection.scalar(mine)) is not None


def _said(one: CallBack, what: str, detail: dict[str, Any]) -> list[audit.Entry]:
    return [audit.Entry(one.call_id, one.incident_id, what, detail)]


def _call_back(row: Any) -> CallBack:
    caller = call_of(row.whole).caller
    return CallBack(
        CallId(row.call_id),
        IncidentId(row.incident_id),
        row.caller_number,
        row.reason,
        row.queued_at,
        row.danger,
        None if row.claimed_by is None else AgentId(row.claimed_by),
        row.claimed_at,
        is_withheld=caller.presentation is not Presentation.ALLOWED,
        verified=caller.verified,
    )
