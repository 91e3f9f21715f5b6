"""Who has had a masked number shown, and why: an audit entry, without the number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.adapters.sql import audit

if TYPE_CHECKING:
    from callflow.adapters.sql.database import Database
    from callflow.domain.calls import Call
    from callflow.domain.names import AgentId


class SqlReveals:
    """Keeps `web.deps.NumberShown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, call: Call, *, by: AgentId, role: str, reason: str, at: float) -> None:
        """Write it into the audit. Raises FactsAway: then nothing is shown."""
        entry = audit.Entry(call.call_id, call.incident_id, "number_shown", {"by": by, "role": role, "reason": reason})
        await self._database.write(lambda connection: audit.append(connection, [entry], None, at))
