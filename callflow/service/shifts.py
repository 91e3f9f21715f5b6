"""The plan of duties as a port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from callflow.domain.names import AgentId
from callflow.domain.shifts import Shift


class ShiftBooks(Protocol):
    """One platform's plan. Each may raise `ports.FactsAway`."""

    async def shifts(self, since: date) -> Sequence[Shift]:
        """The rows that still say something of `since` or a later day, by agent."""

    async def add(self, shift: Shift, *, by: AgentId, at: float) -> None:
        """Put one in, with the audit. The same `shift_id` again changes nothing."""

    async def remove(self, shift_id: str, *, by: AgentId, at: float) -> bool:
        """Take one out, with the audit; False when it is not there."""
