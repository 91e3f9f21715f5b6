"""The ports in memory: small real classes for tests, verified by the same contract suites as the real adapters."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from callflow.domain.calls import Call
from callflow.domain.commands import MarkTicket, Order, Record, SettleOwner
from callflow.domain.events import Event
from callflow.domain.names import AgentId, CallId, IncidentId, SiteId
from callflow.domain.screenpop import Known
from callflow.domain.shifts import Shift
from callflow.service.messages import Handover
from callflow.service.ports import (
    FactsAway,
    JournalEntry,
    LinkDown,
    LiveChannel,
    Overtaken,
    Settlement,
    StoredOrder,
)
from callflow.service.second_factor import Factor
from callflow.service.take_in import OpenLinkedTicket


class FakeFacts:
    """`ports.Facts` in memory. `is_away` plays the database's absence."""

    def __init__(self) -> None:
        self.is_away = False
        self.calls: dict[CallId, Call] = {}
        self.records: list[Record] = []
        self.orders: dict[int, StoredOrder] = {}
        self.outcomes: dict[int, str] = {}
        self.keys: set[str] = set()
        self.offset = 0

    async def call(self, call_id: CallId) -> Call | None:
        """See the port."""
        await asyncio.sleep(0)  # as with a database, others may run between reading and writing
        self._here()
        return self.calls.get(call_id)

    async def live_calls(self) -> Sequence[Call]:
        """See the port."""
        self._here()
        return [call for call in self.calls.values() if not call.is_over]

    async def unsettled_calls(self) -> Sequence[Call]:
        """See the port."""
        self._here()
        return [call for call in self.calls.values() if call.is_over and call.ownership.settled is None]

    async def calls_of_incident(self, incident_id: IncidentId) -> Sequence[Call]:
        """See the port."""
        self._here()
        found = [call for call in self.calls.values() if call.incident_id == incident_id]
        return sorted(found, key=lambda call: call.arrived_at)

    async def is_danger(self, incident_id: IncidentId) -> bool:
        """See the port."""
        return any(one.mark == "danger" for one in self._recorded(incident_id, MarkTicket))

    async def handed_by(self, incident_id: IncidentId, peer: SiteId) -> str:
        """See the port."""
        told = [one.matter for one in self._recorded(incident_id, OpenLinkedTicket) if one.peer == peer]
        return next((matter.by for matter in reversed(told) if isinstance(matter, Handover)), "")

    async def settlement(self, incident_id: IncidentId) -> Settlement | None:
        """See the port."""
        settled = self._recorded(incident_id, SettleOwner)
        return Settlement(settled[-1].owner, settled[-1].settled) if settled else None

    def _recorded(self, incident_id: IncidentId, kind: type[Record]) -> list[Any]:
        self._here()
        return [one for one in self.records if isinstance(one, kind) and getattr(one, "incident_id", "") == incident_id]

    async def commit(
        self,
        call: Call | None,
        records: Sequence[Record],
        orders: Sequence[Order],
        *,
        event_key: str | None,
        journal_offset: int | None,
        at: float,
        seen: Call | None = None,
    ) -> list[StoredOrder] | None:
        """See the port."""
        self._here()
        if event_key in self.keys:
            return None
        if seen is not None and self.calls.get(seen.call_id) != seen:
            raise Overtaken(f"call {seen.call_id}")
        if event_key is not None:
            self.keys.add(event_key)
        if call is not None:
            self.calls[call.call_id] = call
        self.records.extend(records)
        self.offset = max(self.offset, journal_offset or 0)
        stored = [StoredOrder(len(self.orders) + n, order, at) for n, order in enumerate(orders, start=1)]
        self.orders.update((order.order_id, order) for order in stored)
        return stored

    async def order_done(self, order_id: int, outcome: str) -> None:
        """See the port."""
        self._here()
        self.outcomes[order_id] = outcome

    async def orders_open(self) -> Sequence[StoredOrder]:
        """See the port."""
        self._here()
        return [order for order_id, order in sorted(self.orders.items()) if order_id not in self.outcomes]

    async def journal_offset(self) -> int:
        """See the port."""
        self._here()
        return self.offset

    def _here(self) -> None:
        if self.is_away:
            raise FactsAway("the database is away, for this test")


class FakePbx:
    """`ports.Pbx` that notes orders. `refuses`: kinds of order it says no to. `is_down`: the link is cut."""

    def __init__(self) -> None:
        self.is_down = False
        self.refuses: dict[type[Order], Exception] = {}
        self.carried_out: list[Order] = []
        self.channels: list[LiveChannel] = []

    async def carry_out(self, order: Order, call: Call) -> None:  # noqa: ARG002 - the port's shape
        """See the port."""
        if self.is_down:
            raise LinkDown("the link is down, for this test")
        if type(order) in self.refuses:
            raise self.refuses[type(order)]
        self.carried_out.append(order)

    async def live_channels(self) -> Sequence[LiveChannel]:
        """See the port."""
        if self.is_down:
            raise LinkDown("the link is down, for this test")
        return tuple(self.channels)


class FakeDesks:
    """`ports.Desks` in memory: every agent's stream is kept whole."""

    def __init__(self) -> None:
        self.streams: defaultdict[AgentId, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        self._came = asyncio.Event()

    async def publish(self, agent_ids: Sequence[AgentId], name: str, body: dict[str, Any]) -> None:
        """See the port."""
        for agent_id in agent_ids:
            self.streams[agent_id].append((name, body))
        self._came.set()
        self._came = asyncio.Event()

    async def listen(
        self, agent_id: AgentId, last_event_id: str | None
    ) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        """See the port."""
        stream = self.streams[agent_id]
        position = int(last_event_id) if last_event_id is not None else len(stream)
        while True:
            came = self._came
            while position < len(stream):
                position += 1
                yield str(position), *stream[position - 1]
            await came.wait()

    def names(self, agent_id: AgentId) -> list[str]:
        """The names of what this agent's desk was told, in order."""
        return [name for name, _ in self.streams[agent_id]]


class FakeOutbox:
    """`ports.Outbox` that notes who was woken."""

    def __init__(self) -> None:
        self.woken: list[SiteId] = []

    def wake(self, peer: SiteId) -> None:
        """See the port."""
        self.woken.append(peer)


class FakeCaseFiles:
    """`ports.CaseFiles` with what the test put in."""

    def __init__(self, known: Known | None = None) -> None:
        self.known = known or Known()

    async def known_about(self, call: Call) -> Known:  # noqa: ARG002 - the port's shape
        """See the port."""
        return self.known


class FakeJournal:
    """`ports.JournalSource` fed by the test with `write`; every entry is one line of ten bytes."""

    LINE_BYTES = 10

    def __init__(self) -> None:
        self._lines: list[JournalEntry] = []
        self._yielded = 0
        self._moved = asyncio.Condition()

    async def write(self, event: Any) -> None:
        """Append one step."""
        begins = len(self._lines) * self.LINE_BYTES
        async with self._moved:
            self._lines.append(JournalEntry(event, f"journal:{begins}", begins + self.LINE_BYTES))
            self._moved.notify_all()

    async def entries(self, start: int) -> AsyncIterator[JournalEntry]:
        """See the port."""
        position = start // self.LINE_BYTES
        while True:
            async with self._moved:
                self._yielded = position
                self._moved.notify_all()
                while position >= len(self._lines):
                    await self._moved.wait()
            yield self._lines[position]
            position += 1

    def remember(self, calls: Sequence[Call], channels: Sequence[LiveChannel]) -> Sequence[Event]:  # noqa: ARG002 - the port's shape
        """See the port."""
        return ()

    async def caught_up(self) -> None:
        """See the port."""
        goal = len(self._lines)
        async with self._moved:
            while self._yielded < goal:
                await self._moved.wait()


class FakeFactors:
    """`second_factor.FactorBooks` in memory; `audit` has what changed: (what, whose, by)."""

    def __init__(self) -> None:
        self.kept: dict[AgentId, Factor] = {}
        self.audit: list[tuple[str, AgentId, str]] = []

    async def factor(self, agent_id: AgentId) -> Factor | None:
        """See the port."""
        return self.kept.get(agent_id)

    async def keep(self, factor: Factor, *, before: Factor | None, what: str, by: str, at: float) -> bool:  # noqa: ARG002 - the port's shape
        """See the port."""
        if self.kept.get(factor.agent_id) != before:
            return False
        self.kept[factor.agent_id] = factor
        if what != "used":
            self.audit.append((f"second_factor.{what}", factor.agent_id, by))
        return True

    async def remove(self, agent_id: AgentId, *, by: str, at: float) -> bool:  # noqa: ARG002 - the port's shape
        """See the port."""
        if self.kept.pop(agent_id, None) is None:
            return False
        self.audit.append(("second_factor.reset", agent_id, by))
        return True


class FakeShifts:
    """`shifts.ShiftBooks` in memory; `audit` has what changed: (what, which, by)."""

    def __init__(self) -> None:
        self.kept: dict[str, Shift] = {}
        self.audit: list[tuple[str, str, str]] = []

    async def shifts(self, since: date) -> Sequence[Shift]:
        """See the port."""
        found = [one for one in self.kept.values() if one.last_day is None or one.last_day >= since]
        return sorted(found, key=lambda one: (one.agent_id, one.first_day, one.shift_id))

    async def add(self, shift: Shift, *, by: AgentId, at: float) -> None:  # noqa: ARG002 - the port's shape
        """See the port."""
        if shift.shift_id not in self.kept:
            self.kept[shift.shift_id] = shift
            self.audit.append(("shift.added", shift.shift_id, by))

    async def remove(self, shift_id: str, *, by: AgentId, at: float) -> bool:  # noqa: ARG002 - the port's shape
        """See the port."""
        if self.kept.pop(shift_id, None) is None:
            return False
        self.audit.append(("shift.removed", shift_id, by))
        return True
