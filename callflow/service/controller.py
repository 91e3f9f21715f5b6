"""The one door to a call: one event at a time per call, different calls side by side.

Load, decide, commit, carry out, tell. Nothing is decided here; the rules are in `callflow.domain`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

import structlog

from callflow.domain import screenpop, watching
from callflow.domain.calls import Attempt, Call
from callflow.domain.commands import SettleOwner, ToPeer
from callflow.domain.draft import Decision
from callflow.domain.events import CallerArrived, DeskEvent, Event, PeerDanger, PeerOwnerSettled
from callflow.domain.handover import decide
from callflow.domain.names import CallId, IncidentId, SiteId, TargetCode
from callflow.domain.refusals import RefusalCode, refusal
from callflow.domain.rules import SiteRules
from callflow.service.deadlines import Deadlines
from callflow.service.orders import Orders
from callflow.service.ports import FactsAway, Outbox, Overtaken, StoredOrder

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a desk's wish: the call as it is now (None: unknown), and the code if it was refused."""

    call: Call | None
    refused: RefusalCode | None = None


@dataclass(frozen=True, slots=True)
class Controller:
    """One platform's controller. `unreachable`: targets whose line is known to be down now."""

    rules: SiteRules
    orders: Orders
    outbox: Outbox
    deadlines: Deadlines
    unreachable: Callable[[], frozenset[TargetCode]] = frozenset
    outcome_known: Callable[[Attempt], None] = lambda _attempt: None
    """Told of every attempt that joined or failed, and of one that joined and was lost: for the figures."""
    _settled: list[SettleOwner] = field(default_factory=list)
    """Owners that were settled, and of whom the other calls of their incidents have not heard yet."""
    _turns: WeakValueDictionary[CallId, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def turn(self, call_id: CallId) -> asyncio.Lock:
        """The call's turn: who asks first is served first. It lives while somebody holds or awaits it."""
        return self._turns.setdefault(call_id, asyncio.Lock())

    async def happened(self, event: Event, key: str | None = None, read_to: Callable[[], int] | None = None) -> None:
        """Take one fact. The same `key` again changes nothing. `read_to`: the journal's offset to keep with it."""
        async with self.turn(event.call_id):
            await self._take_newest(event, key, read_to)
        await self._tell_siblings()

    async def submit(self, event: DeskEvent, *, key: str) -> Submitted:
        """Take one desk's wish, or say why not. The same `key` again changes nothing."""
        async with self.turn(event.call_id):
            while True:
                call = await self.orders.facts.call(event.call_id)
                refused = refusal(call, event, self.rules, self.unreachable()) if call else None
                if call is None or refused is not None:
                    return Submitted(call, refused)
                try:
                    await self._take(call, event, key, None)
                except Overtaken:
                    continue  # another program of this platform was quicker: what it did may be a reason to refuse
                after = await self.orders.facts.call(event.call_id)
                break
        await self._tell_siblings()
        return Submitted(after)

    async def ticket_moved(self, incident_id: IncidentId) -> None:
        """Tell the desks of this incident's calls that its ticket has gone on. While the database is away: nobody.

        In each call's turn, so that what is told of the call is not older than what a desk has.
        """
        with suppress(FactsAway):
            for call in await self.orders.facts.calls_of_incident(incident_id):
                async with self.turn(call.call_id):
                    now = await self.orders.facts.call(call.call_id)
                    news = screenpop.ticket_moved(now or call, self.orders.clock())
                    await self.orders.tell([news] if news else [])

    async def redo(self, order_id: int, judge: Callable[[StoredOrder, Call | None], str | None]) -> None:
        """Carry out an order that was left open, unless `judge` says why not or somebody else did it meanwhile."""
        facts = self.orders.facts
        for stored in [s for s in await facts.orders_open() if s.order_id == order_id]:
            async with self.turn(stored.order.call_id):
                call = await facts.call(stored.order.call_id)
                why_not = judge(stored, call)
                if call is None or why_not is not None:
                    failed = await self.orders.give_up(stored, why_not or "its call is unknown")
                else:
                    failed = await self.orders.mark(await self.orders.carry_out(stored, call))
                if failed is not None:
                    await self._take_newest(failed)

    async def _take_newest(
        self, event: Event, key: str | None = None, read_to: Callable[[], int] | None = None
    ) -> None:
        """Decide from the stored call, and again when another program of this platform has written it meanwhile."""
        while True:
            try:
                return await self._take(await self.orders.facts.call(event.call_id), event, key, read_to)
            except Overtaken:
                log.info("decided again", call_id=event.call_id, event_name=type(event).__name__)

    async def _take(
        self, before: Call | None, event: Event, key: str | None, read_to: Callable[[], int] | None
    ) -> None:
        facts, now = self.orders.facts, self.orders.clock()
        if before is None and isinstance(event, CallerArrived):
            event = await self._with_what_is_known(event)
        decision = decide(before, event, now, self.rules)
        if decision == Decision(before) and read_to is None:
            return
        stored = await facts.commit(
            None if decision.call == before else decision.call,
            decision.records,
            decision.orders,
            event_key=key,
            journal_offset=read_to() if read_to else None,
            at=now,
            seen=before,
        )
        if stored is None or decision.call is None:
            return
        await self._make_it_so(before, decision.call, decision, stored)
        self._settled.extend(record for record in decision.records if isinstance(record, SettleOwner))
        if isinstance(event, CallerArrived) and event.from_site:
            await self._hear_what_came_before(event, event.from_site)

    async def _hear_what_came_before(self, event: CallerArrived, peer: SiteId) -> None:
        """The platform's word on the incident came before the caller, and stands in the ticket.

        Asked after the caller's commit, so that one of the two sees the other.
        """
        facts, call_id = self.orders.facts, event.call_id
        if await facts.is_danger(event.incident_id):
            await self._take_newest(PeerDanger(call_id, event.at, peer))
        if (word := await facts.settlement(event.incident_id)) is not None:
            await self._take_newest(PeerOwnerSettled(call_id, event.at, peer, word.owner, word.settled))

    async def _tell_siblings(self) -> None:
        """An incident has one owner: what one call of it settled holds for the caller's other calls here.

        Each in its own turn, while nobody holds another: two calls of one incident may settle at the same moment.
        """
        while self._settled:
            word = self._settled.pop()
            for call in await self.orders.facts.calls_of_incident(word.incident_id):
                if call.ownership.settled is None and call.caller.from_site is not None:
                    peer = call.caller.from_site
                    event = PeerOwnerSettled(call.call_id, self.orders.clock(), peer, word.owner, word.settled)
                    await self.happened(event)

    async def _make_it_so(
        self, before: Call | None, after: Call, decision: Decision, stored: list[StoredOrder]
    ) -> None:
        if before is None or before.phase is not after.phase:
            log.info("phase", call_id=after.call_id, was=before.phase if before else None, now=after.phase)
        self.deadlines.watch(after)
        for attempt in after.attempts:
            known = before.attempt(attempt.attempt_id) if before else None
            if attempt.outcome is not None and (known is None or known.outcome is not attempt.outcome):
                self.outcome_known(attempt)
        for peer in {record.peer for record in decision.records if isinstance(record, ToPeer)}:
            self.outbox.wake(peer)
        begun = [await self.orders.carry_out(order, after) for order in stored]
        await self.orders.tell(screenpop.news(before, after, decision.records))
        await self.orders.tell(watching.news(before, after, decision.records))
        for failed in [await self.orders.mark(one) for one in begun]:
            if failed is not None:
                await self._take_newest(failed)

    async def _with_what_is_known(self, event: CallerArrived) -> CallerArrived:
        """A caller who comes back keeps the first receiver that his incident has here (R-007).

        Who handed him over may have been said before he came.
        """
        facts, peer = self.orders.facts, event.from_site
        earlier = await facts.calls_of_incident(event.incident_id)
        first = earlier[0].ownership.first_receiver if earlier else event.first_receiver
        by = await facts.handed_by(event.incident_id, peer) if peer else ""
        return replace(event, first_receiver=first, handed_by=by)
