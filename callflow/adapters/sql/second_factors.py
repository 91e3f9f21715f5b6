"""`second_factor.FactorBooks` on SQL. The audit says whose factor changed, how and by whom; never a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update

from callflow.adapters.sql import audit
from callflow.adapters.sql.tables import second_factors
from callflow.domain.names import CallId, IncidentId
from callflow.service.second_factor import Factor

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.domain.names import AgentId

UNSAID: Final = "used"
"""A code at sign-in: the log has sign-ins, the audit has what changes an account."""


class SqlSecondFactors:
    """One platform's factors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def factor(self, agent_id: AgentId) -> Factor | None:
        """See the port."""
        mine = select(second_factors).where(second_factors.c.agent_id == agent_id)
        row = await self._database.look(lambda connection: _row(connection, mine))
        if row is None:
            return None
        return Factor(
            agent_id, bytes.fromhex(row.sealed), row.enrolled_at, row.last_step, tuple(json.loads(row.recovery))
        )

    async def keep(self, factor: Factor, *, before: Factor | None, what: str, by: str, at: float) -> bool:
        """See the port."""
        columns: dict[str, Any] = {
            "sealed": factor.sealed.hex(),
            "enrolled_at": factor.enrolled_at,
            "last_step": factor.last_step,
            "recovery": json.dumps(factor.recovery),
        }

        async def work(connection: AsyncConnection) -> bool:
            if before is None:
                await connection.execute(insert(second_factors).values(agent_id=factor.agent_id, **columns))
            else:
                as_read = (
                    (second_factors.c.agent_id == factor.agent_id)
                    & (second_factors.c.sealed == before.sealed.hex())
                    & (second_factors.c.last_step == before.last_step)
                    & (second_factors.c.recovery == json.dumps(before.recovery))
                )
                done = await connection.execute(update(second_factors).where(as_read).values(columns))
                if done.rowcount != 1:
                    return False
            if what != UNSAID:
                detail = {"agent_id": factor.agent_id, "by": by, "recovery_left": len(factor.recovery)}
                await audit.append(connection, [_entry(what, detail)], None, at, self._database.homes)
            return True

        return await self._database.write(work)

    async def remove(self, agent_id: AgentId, *, by: str, at: float) -> bool:
        """See the port."""

        async def work(connection: AsyncConnection) -> bool:
            done = await connection.execute(delete(second_factors).where(second_factors.c.agent_id == agent_id))
            if done.rowcount:
                await audit.append(
                    connection, [_entry("reset", {"agent_id": agent_id, "by": by})], None, at, self._database.homes
                )
            return done.rowcount > 0

        return await self._database.write(work)


def _entry(what: str, detail: dict[str, Any]) -> audit.Entry:
    return audit.Entry(CallId(""), IncidentId(""), f"second_factor.{what}", detail)


async def _row(connection: AsyncConnection, mine: Any) -> Any:
    return (await connection.execute(mine)).one_or_none()
