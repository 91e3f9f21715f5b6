"""Who has had a masked number shown, or a call to listen to, and why: an audit entry, without the number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.adapters.sql import audit

if TYPE_CHECKING:
    from callflow.adapters.sql.database import Database
    from callflow.domain.calls import Call
    from callflow.domain.names import AgentId


class SqlReveals:
    """Keeps `web.deps.Audited`. `what`: how the audit calls it."""

    def __init__(self, database: Database, what: str = "number_shown") -> None:
        self._database, self._what = database, what

    async def __call__(self, call: Call, *, by: AgentId, role: str, reason: str, at: float) -> None:
        """Write it into the audit. Raises FactsAway: then nothing is shown."""
        entry = audit.Entry(call.call_id, call.incident_id, self._what, {"by": by, "role": role, "reason": reason})
        homes = self._database.homes
        await self._database.write(lambda connection: audit.append(connection, [entry], None, at, homes))
