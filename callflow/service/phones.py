"""Tells an agent, and who supervises, that his account is used from a new address: audit and desks, once (T-12)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from callflow.domain.commands import PhoneMoved
from callflow.domain.names import AgentId, IncidentId
from callflow.domain.phones import Move
from callflow.service.ports import Desks, Facts, FactsAway
from callflow.service.take_in import NO_CALL

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class PhoneWatch:
    """One platform's. `moves`: what the guard has seen, oldest first; `supervisors` are told beside the agent."""

    moves: Callable[[], Sequence[Move]]
    facts: Facts
    desks: Desks
    supervisors: tuple[AgentId, ...]
    clock: Callable[[], float]

    async def run(self) -> None:
        """Tell what is new, for ever."""
        told: set[Move] = set()
        while True:
            seen = await asyncio.to_thread(self.moves)
            for move in seen:
                if move not in told:
                    try:
                        await self.tell(move)
                    except FactsAway:
                        break  # in order, and again at the next look
                    told.add(move)
            told &= set(seen)
            await asyncio.sleep(LOOK_EVERY_S)

    async def tell(self, move: Move) -> bool:
        """Write it down and tell the desks; False when it was told before, by whichever program. Raises FactsAway."""
        agent_id, address = AgentId(move.account), str(move.address)
        record = PhoneMoved(NO_CALL, IncidentId(""), agent_id, address)
        key = f"phone:{agent_id}:{address}:{move.at}"
        written = await self.facts.commit(None, [record], (), event_key=key, journal_offset=None, at=self.clock())
        if written is None:
            return False
        whom = tuple(dict.fromkeys((agent_id, *self.supervisors)))
        await self.desks.publish(whom, "phone", phone_body(move))
        return True


def phone_body(move: Move) -> dict[str, str | float]:
    """What a desk is told; of no call and no incident."""
    return {
        "call_id": "",
        "incident_id": "",
        "agent_id": move.account,
        "address": str(move.address),
        "at": move.at,
        "code": "phone-new-address",
        "zh": "此话机账号在新的地址登录；若不是本人操作，请立即报告。",
        "en": "This phone account signed in from a new address. If it was not you, report it now.",
    }
