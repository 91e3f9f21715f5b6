"""Calling lost callers back: the list, who has taken whom from it, and the call itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from ulid import ULID

from callflow.domain.names import AgentId, CallId, IncidentId, Verified
from callflow.service.ports import AsteriskRefused, LinkDown

log = structlog.get_logger(__name__)

CLAIM_LIMIT_S = 300.0
"""Who took a caller from the list and said nothing for so long has lost him to the next."""


@dataclass(frozen=True, slots=True)
class CallBack:
    """A caller who was lost and is not called back yet. `call_id` is the lost call's."""

    call_id: CallId
    incident_id: IncidentId
    caller_number: str
    reason: str
    queued_at: float
    danger: bool = False
    claimed_by: AgentId | None = None
    claimed_at: float | None = None
    is_withheld: bool = False
    """He hid his number; it stays hidden at our desks and marked when he is handed on (R-002)."""
    verified: Verified = Verified.NETWORK


@dataclass(frozen=True, slots=True)
class CallBackCall:
    """One call to be made: a new call of the lost call's incident, to the number it came from, as hidden as it was."""

    call_id: CallId
    incident_id: IncidentId
    number: str
    agent_id: AgentId
    danger: bool
    is_withheld: bool
    verified: Verified


class CallBackBooks(Protocol):
    """The list. Each may raise `ports.FactsAway`."""

    async def waiting(self) -> Sequence[CallBack]:
        """Who waits, danger first, then the oldest."""

    async def claim(self, call_id: CallId, agent_id: AgentId, *, at: float, free_before: float) -> CallBack | None:
        """Take one for an agent, unless another took him at or after `free_before`; None then, or when he is done."""

    async def unclaim(self, call_id: CallId) -> None:
        """Give one back to the list."""

    async def done(self, call_id: CallId, agent_id: AgentId, outcome: str, at: float) -> bool:
        """Take him off the list for good; False when he was not on it."""

    async def is_listed(self, call_id: CallId) -> bool:
        """Whether he was ever on the list."""


class CallBackPbx(Protocol):
    """Asterisk's part."""

    async def call_back(self, wanted: CallBackCall) -> None:
        """Ring the agent, then the citizen. Raises AsteriskRefused, LinkDown."""


@dataclass(frozen=True, slots=True)
class CallBacks:
    """One platform's call-backs. `clock`: epoch seconds."""

    books: CallBackBooks
    pbx: CallBackPbx
    clock: Callable[[], float]

    async def call(self, call_id: CallId, agent_id: AgentId) -> CallId | str:
        """Call one back from this agent's phone: the new call's id, or the code of the refusal.

        Two agents who press at once do not both call. Raises FactsAway.
        """
        now = self.clock()
        found = await self.books.claim(call_id, agent_id, at=now, free_before=now - CLAIM_LIMIT_S)
        if found is None:
            return "callback-claimed" if await self.books.is_listed(call_id) else "callback-not-found"
        if not found.caller_number:
            await self.books.unclaim(call_id)
            return "callback-without-number"
        wanted = CallBackCall(
            CallId(str(ULID())),
            found.incident_id,
            found.caller_number,
            agent_id,
            found.danger,
            found.is_withheld,
            found.verified,
        )
        try:
            await self.pbx.call_back(wanted)
        except (AsteriskRefused, LinkDown) as error:
            await self.books.unclaim(call_id)
            log.warning("call-back not begun", call_id=call_id, why=type(error).__name__)
            return "asterisk-away"
        log.info("calling back", lost_call=call_id, call_id=wanted.call_id, danger=wanted.danger)
        return wanted.call_id
