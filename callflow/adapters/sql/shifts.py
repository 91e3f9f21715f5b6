"""`shifts.ShiftBooks` on SQL. The audit has every row that came or went, whole, and by whom."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from callflow.adapters.sql import audit
from callflow.adapters.sql.tables import shifts
from callflow.domain.names import AgentId, CallId, IncidentId
from callflow.domain.shifts import Shift, Sort

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database


class SqlShifts:
    """One platform's plan of duties."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shifts(self, since: date) -> Sequence[Shift]:
        """See the port."""
        wanted = select(shifts).where(shifts.c.last_day.is_(None) | (shifts.c.last_day >= since.isoformat()))
        wanted = wanted.order_by(shifts.c.agent_id, shifts.c.first_day, shifts.c.shift_id)

        async def work(connection: AsyncConnection) -> list[Shift]:
            return [_shift(row) for row in (await connection.execute(wanted)).all()]

        return await self._database.read(work)

    async def add(self, shift: Shift, *, by: AgentId, at: float) -> None:
        """See the port."""
        row = _row(shift)

        async def work(connection: AsyncConnection) -> None:
            known = select(shifts.c.shift_id).where(shifts.c.shift_id == shift.shift_id)
            if await connection.scalar(known) is None:
                await connection.execute(insert(shifts).values(row))
                await self._said(connection, "shift.added", row, by, at)

        await self._database.write(work)

    async def remove(self, shift_id: str, *, by: AgentId, at: float) -> bool:
        """See the port."""
        mine = shifts.c.shift_id == shift_id

        async def work(connection: AsyncConnection) -> bool:
            found = (await connection.execute(select(shifts).where(mine))).one_or_none()
            if found is None:
                return False
            await connection.execute(delete(shifts).where(mine))
            await self._said(connection, "shift.removed", _row(_shift(found)), by, at)
            return True

        return await self._database.write(work)

    async def _said(self, connection: AsyncConnection, what: str, row: dict[str, Any], by: AgentId, at: float) -> None:
        entry = audit.Entry(CallId(""), IncidentId(""), what, {**row, "by": by})
        await audit.append(connection, [entry], None, at, self._database.homes)


def _row(shift: Shift) -> dict[str, Any]:
    return asdict(shift) | {
        "sort": shift.sort.value,
        "weekdays": "".join(str(day) for day in sorted(shift.weekdays)),
        "first_day": shift.first_day.isoformat(),
        "last_day": None if shift.last_day is None else shift.last_day.isoformat(),
    }


def _shift(row: Any) -> Shift:
    return Shift(
        row.shift_id,
        AgentId(row.agent_id),
        Sort(row.sort),
        row.serves,
        frozenset(map(int, row.weekdays)),
        date.fromisoformat(row.first_day),
        None if row.last_day is None else date.fromisoformat(row.last_day),
        row.begins_min,
        row.ends_min,
    )
