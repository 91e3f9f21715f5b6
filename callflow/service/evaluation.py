"""Mystery calls as a port: an evaluator says that a matter was his own (R-095)."""

from __future__ import annotations

from typing import Protocol

from callflow.domain.names import AgentId, TicketId


class Mysteries(Protocol):
    """May raise `ports.FactsAway`."""

    async def mark(self, ticket_id: TicketId, *, by: AgentId, at: float) -> bool:
        """Write it into the audit, once; False when there is no such ticket.

        It stands under no incident: whoever works on the matter does not see it in its trace.
        """
