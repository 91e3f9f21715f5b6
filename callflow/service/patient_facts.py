"""Facts that bear the database's absence: calls go on from memory, and what was decided is written in order later.

Wraps the real `Facts` and keeps its promises, except that `FactsAway` is never raised for a call that this process
has seen. A crash while the database is away loses only what desks and peers said meanwhile; the dialplan's own
steps are read from its journal again, because its offset was not written either.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from callflow.domain.calls import Call
from callflow.domain.commands import Order, Record
from callflow.domain.names import CallId, IncidentId, SiteId
from callflow.service.ports import Facts, FactsAway, Settlement, StoredOrder

log = structlog.get_logger(__name__)

RETRY_EVERY_S = 1.0


@dataclass(slots=True)
class _Unwritten:
    """One commit that waits for the database. `numbers`: how its orders are called here until then."""

    call: Call | None
    records: tuple[Record, ...]
    orders: tuple[Order, ...]
    rest: dict[str, Any]
    numbers: tuple[int, ...]
    outcomes: dict[int, str] = field(default_factory=dict)


class PatientFacts:
    """One platform's facts, whether or not the database is there."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._calls: dict[CallId, Call] = {}
        """Every live call that was seen, and every other call that is not written yet."""
        self._unwritten: deque[_Unwritten] = deque()
        self._last_number = 0
        """Orders that are not stored yet are called by negative numbers."""
        self._came = asyncio.Event()

    @property
    def unwritten(self) -> int:
        """How many commits wait for the database. For `/health/ready` and the metrics."""
        return len(self._unwritten)

    async def call(self, call_id: CallId) -> Call | None:
        """See the port; from memory while something is unwritten or the database is away."""
        if self._unwritten and call_id in self._calls:
            return self._calls[call_id]
        try:
            call = await self._facts.call(call_id)
        except FactsAway:
            return self._calls.get(call_id)
        self._remember(call)
        return call

    async def live_calls(self) -> Sequence[Call]:
        """See the port."""
        return [call for call in await self._newest(self._facts.live_calls()) if not call.is_over]

    async def unsettled_calls(self) -> Sequence[Call]:
        """See the port."""
        ended = [call for call in await self._newest(self._facts.unsettled_calls()) if call.is_over]
        return [call for call in ended if call.ownership.settled is None]

    async def calls_of_incident(self, incident_id: IncidentId) -> Sequence[Call]:
        """See the port."""
        calls = await self._newest(self._facts.calls_of_incident(incident_id))
        return sorted((c for c in calls if c.incident_id == incident_id), key=lambda call: call.arrived_at)

    async def is_danger(self, incident_id: IncidentId) -> bool:
        """See the port; while the database is away nobody knows, and the peer's message comes again."""
        try:
            return await self._facts.is_danger(incident_id)
        except FactsAway:
            return False

    async def handed_by(self, incident_id: IncidentId, peer: SiteId) -> str:
        """See the port; while the database is away nobody knows, and the peer's message comes again."""
        try:
            return await self._facts.handed_by(incident_id, peer)
        except FactsAway:
            return ""

    async def settlement(self, incident_id: IncidentId) -> Settlement | None:
        """See the port; while the database is away nobody knows."""
        try:
            return await self._facts.settlement(incident_id)
        except FactsAway:
            return None

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
        """See the port; never raises FactsAway. Order is kept: nothing is written before what waits.

        What waited is written whatever another program wrote meanwhile: nobody is there any more to decide again.
        """
        rest: dict[str, Any] = {"event_key": event_key, "journal_offset": journal_offset, "at": at}
        if not self._unwritten:
            try:
                stored = await self._facts.commit(call, records, orders, **rest, seen=seen)
            except FactsAway:
                log.warning("database away: facts are kept in memory")
            else:
                if stored is not None:
                    self._remember(call)
                return stored
        if event_key is not None and any(w.rest["event_key"] == event_key for w in self._unwritten):
            return None
        numbers = tuple(self._last_number - n for n in range(1, len(orders) + 1))
        self._last_number -= len(orders)
        self._unwritten.append(_Unwritten(call, tuple(records), tuple(orders), rest, numbers))
        if call is not None:
            self._calls[call.call_id] = call
        self._came.set()
        return [StoredOrder(number, order, at) for number, order in zip(numbers, orders, strict=True)]

    async def order_done(self, order_id: int, outcome: str) -> None:
        """See the port. Not written while the database is away: a restart then judges the order by its age."""
        for waiting in self._unwritten:
            if order_id in waiting.numbers:
                waiting.outcomes[order_id] = outcome
                return
        try:
            await self._facts.order_done(order_id, outcome)
        except FactsAway:
            log.warning("order's outcome not written", order_id=order_id, outcome=outcome)

    async def orders_open(self) -> Sequence[StoredOrder]:
        """See the port."""
        try:
            return await self._facts.orders_open()
        except FactsAway:
            return ()

    async def journal_offset(self) -> int:
        """See the port. Raises FactsAway: without it nothing can begin."""
        return await self._facts.journal_offset()

    async def write_waiting(self) -> None:
        """Write what waits, oldest first. Raises FactsAway when the database goes away again."""
        while self._unwritten:
            oldest = self._unwritten[0]
            stored = await self._facts.commit(oldest.call, oldest.records, oldest.orders, **oldest.rest)
            self._unwritten.popleft()
            for number, order in zip(oldest.numbers, stored or (), strict=False):
                if number in oldest.outcomes:
                    await self.order_done(order.order_id, oldest.outcomes[number])
        log.info("database back: everything is written")

    async def run(self) -> None:
        """Try to write what waits, again and again, for ever."""
        while True:
            await self._came.wait()
            try:
                await self.write_waiting()
                self._came.clear()
                self._calls = {i: call for i, call in self._calls.items() if not call.is_over}
            except FactsAway:
                await asyncio.sleep(RETRY_EVERY_S)

    async def _newest(self, reading: Awaitable[Sequence[Call]]) -> Sequence[Call]:
        """What the database has, if it is there, with what memory knows better."""
        try:
            stored = await reading
        except FactsAway:
            stored = ()
        return tuple({call.call_id: call for call in (*stored, *self._calls.values())}.values())

    def _remember(self, call: Call | None) -> None:
        if call is None:
            return
        if call.is_over:
            self._calls.pop(call.call_id, None)
        else:
            self._calls[call.call_id] = call
