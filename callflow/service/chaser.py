"""Reminders (催办) and supervision (督办): said once each, at their share of a limit and at the breach (R-042).

What is due follows from the stored deadlines and from what was said, so a breach while the program was down is said
once when it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from callflow.domain.names import AgentId
from callflow.domain.tickets import Chased
from callflow.service.ports import Desks, FactsAway
from callflow.service.ticket_ports import DueTicket, Lives

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 30.0
"""A ticket that was opened meanwhile is found by then; the shortest share of a limit is an hour."""

BATCH: Final = 100
CLOCK: Final = "clock"


@dataclass(frozen=True, slots=True)
class Chaser:
    """One platform's. `supervisors` are told of every chase, beside the audit and the other platform.

    `sees_all`: those of them who are told of confidential tickets, too (R-056); without any, who knows the ticket is.
    """

    lives: Lives
    desks: Desks
    supervisors: tuple[AgentId, ...]
    clock: Callable[[], float]
    sees_all: tuple[AgentId, ...] = ()
    told: dict[str, int] = field(default_factory=lambda: {"reminded": 0, "supervised": 0})
    """How many were said since the start, for the figures."""

    async def run(self) -> None:
        """Say what is due, for ever."""
        while True:
            try:
                await self.chase()
            except FactsAway:
                log.warning("chasing put off: the database is away")
            await asyncio.sleep(LOOK_EVERY_S)

    async def chase(self) -> int:
        """Say everything that is due now, each once; how many chases that were. Raises FactsAway."""
        count, more = 0, True
        while more:
            due = await self.lives.due(self.clock(), BATCH)
            for ticket in due:
                count += await self._say(ticket)
            more = len(due) == BATCH
        return count

    async def _say(self, ticket: DueTicket) -> int:
        """All that is due of one ticket, in one step; another program may have been faster.

        Nothing may be due of it after all, when the plan was changed: then it is put where it belongs now.
        """
        now, life = self.clock(), ticket.life
        chased = [Chased(now, CLOCK, key=one.key) for one in ticket.chases]
        key = "chase:" + ",".join(one.key for one in chased)
        lived = await self.lives.live_on(life.ticket_id, *chased, key=key, at=now)
        if lived is None or not lived.told:
            return 0
        for one in ticket.chases:
            sort = "supervised" if one.chase.supervises else "reminded"
            self.told[sort] += 1
            log.info("ticket chased", ticket_id=life.ticket_id, chase=one.key, supervises=one.chase.supervises)
        told = self.supervisors if not life.confidential else self.sees_all or tuple(map(AgentId, life.insiders))
        await self.desks.publish(told, "ticket", chase_body(ticket))
        return len(chased)


def chase_body(ticket: DueTicket) -> dict[str, Any]:
    """What a desk is told: a whole state, so that one that comes twice changes nothing."""
    life = ticket.life
    return {
        "call_id": "",
        "incident_id": life.incident_id,
        "ticket_id": life.ticket_id,
        "state": life.state.value,
        "unit": life.unit,
        "chases": [_chase(one.key, one.at, supervises=one.chase.supervises) for one in ticket.chases],
    }


def _chase(key: str, at: float, *, supervises: bool) -> dict[str, Any]:
    return {"key": key, "fell_due_at": at, "supervises": supervises}


def supervisors_of(accounts: Sequence[tuple[str, str]], *, or_everybody: bool = True) -> tuple[AgentId, ...]:
    """Whom to tell: those whose role is to supervise; at a platform without any, everybody."""
    found = tuple(AgentId(agent_id) for agent_id, role in accounts if role == "supervisor")
    return found if found or not or_everybody else tuple(AgentId(agent_id) for agent_id, _ in accounts)
