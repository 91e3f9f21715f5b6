"""A decision while it is being made: one call, the records and orders so far.

Only `handover.decide` makes drafts and only the rules change them; what leaves is the frozen `Decision`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from callflow.domain.calls import Attempt, Call
from callflow.domain.commands import KeepReason, MarkTicket, Order, QueueCallBack, Record, TellAgent
from callflow.domain.names import AgentId, Phase
from callflow.domain.rules import SiteRules


@dataclass(frozen=True, slots=True)
class Decision:
    """The call as it is now, what to write with it, and what to do about it. `call` None: still unknown."""

    call: Call | None
    records: tuple[Record, ...] = ()
    orders: tuple[Order, ...] = ()


class Draft:
    """The working copy that a rule changes."""

    __slots__ = ("call", "orders", "records")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.records: list[Record] = []
        self.orders: list[Order] = []

    def change(self, **fields: Any) -> None:
        """Set fields of the call."""
        self.call = replace(self.call, **fields)

    def change_attempt(self, attempt: Attempt, **fields: Any) -> None:
        """Set fields of one attempt."""
        changed = replace(attempt, **fields)
        self.change(attempts=tuple(changed if a.attempt_id == changed.attempt_id else a for a in self.call.attempts))

    def add(self, *things: Record | Order) -> None:
        """Note records and orders, in the order in which they shall happen."""
        for thing in things:
            if isinstance(thing, Record):
                self.records.append(thing)
            else:
                self.orders.append(thing)

    def mark(self, mark: str) -> None:
        """Mark this platform's ticket of the incident (see `MarkTicket`)."""
        self.add(MarkTicket(self.call.call_id, self.call.incident_id, mark))

    def explain(self, about: str, agent_id: AgentId, text: str) -> None:
        """Keep an agent's reason with the ticket, if he gave one (see `KeepReason`)."""
        if text:
            self.add(KeepReason(self.call.call_id, self.call.incident_id, agent_id, about, text))

    def tell(self, agent_id: AgentId | None, code: str) -> None:
        """Tell an agent's desk a stable code; without an agent there is nobody to tell."""
        if agent_id is not None:
            self.add(TellAgent(self.call.call_id, agent_id, code))

    def call_back(self, reason: str) -> None:
        """Put the caller on the call-back list, once."""
        if not self.call.call_back:
            self.change(call_back=True)
            self.add(QueueCallBack(self.call.call_id, self.call.incident_id, reason))

    def move(self, phase: Phase, at: float) -> None:
        """Enter a phase; being in it already starts no clock anew."""
        if phase is not self.call.phase:
            self.change(phase=phase, phase_since=at)

    def decision(self) -> Decision:
        """What the rule made of it."""
        return Decision(self.call, tuple(self.records), tuple(self.orders))


Rule = Callable[[Draft, Any, SiteRules], None]
"""One named consequence of an event. The table guarantees the event's type."""
