"""Carries out stored orders: to Asterisk or to a desk, once, with a limit, and marks what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from callflow.domain import screenpop
from callflow.domain.calls import Call
from callflow.domain.causes import order_refused
from callflow.domain.commands import Order, PopScreen, TellAgent
from callflow.domain.events import AttemptFailed
from callflow.service.ports import AsteriskRefused, CaseFiles, Desks, Facts, LinkDown, Pbx, StoredOrder

log = structlog.get_logger(__name__)

ORDER_LIMIT_S = 5.0
"""Asterisk takes an Originate in milliseconds; a PBX that needs longer than this is as good as gone."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of one order. `outcome` is None while it stays open."""

    order_id: int
    outcome: str | None
    failed: AttemptFailed | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """One platform's way to make it so. `clock`: epoch seconds."""

    facts: Facts
    pbx: Pbx
    desks: Desks
    files: CaseFiles
    clock: Callable[[], float]

    async def carry_out(self, stored: StoredOrder, call: Call) -> Begun:
        """Carry out one order. While the link is down it stays open, for reconcile."""
        log_order = log.bind(call_id=call.call_id, order=type(stored.order).__name__)
        try:
            async with asyncio.timeout(ORDER_LIMIT_S):
                await self._start(stored.order, call)
        except (LinkDown, TimeoutError) as error:
            log_order.warning("order left open", why=repr(error))
            return Begun(stored.order_id, None)
        except AsteriskRefused as error:
            log_order.warning("order refused", why=str(error))
            return Begun(stored.order_id, f"refused: {error}", order_refused(stored.order, self.clock()))
        return Begun(stored.order_id, "done")

    async def mark(self, begun: Begun) -> AttemptFailed | None:
        """Mark what became of an order. Apart from `carry_out`, so that nobody who is to be told waits for the disk.

        Returns what has happened when Asterisk refused: the attempt that never began has failed.
        """
        if begun.outcome is not None:
            await self.facts.order_done(begun.order_id, begun.outcome)
        return begun.failed

    async def give_up(self, stored: StoredOrder, why: str) -> AttemptFailed | None:
        """Mark an order of a former life as not carried out, with what that means for its attempt."""
        log.warning("order given up", call_id=stored.order.call_id, order=type(stored.order).__name__, why=why)
        await self.facts.order_done(stored.order_id, f"given up: {why}")
        return order_refused(stored.order, self.clock())

    async def tell(self, news: Iterable[screenpop.DeskNews]) -> None:
        """Put news on the desks' streams."""
        for item in news:
            await self.desks.publish(item.agent_ids, item.name, item.body)

    async def _start(self, order: Order, call: Call) -> None:
        if isinstance(order, PopScreen):
            body = screenpop.pop(call, await self.files.known_about(call))
            await self.desks.publish([order.agent_id], "pop", body)
        elif isinstance(order, TellAgent):
            await self.tell([screenpop.notice(call, order)])
        else:
            await self.pbx.carry_out(order, call)
