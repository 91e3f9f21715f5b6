"""How tickets and the exchange stand, for Prometheus: counted every half minute, without any person in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import Gauge

from callflow.service.ports import FactsAway

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import CollectorRegistry

    from callflow.service.figures import Addressee, FigureBooks

EVERY_S: Final = 30.0
LAG_PERIOD_S: Final = 3600.0

log = structlog.get_logger(__name__)


class TicketMetrics:
    """The gauges of one site. `chased`: how many chases were said since the start, by sort."""

    def __init__(
        self,
        registry: CollectorRegistry,
        books: FigureBooks,
        chased: Callable[[], Mapping[str, int]],
        clock: Callable[[], float],
    ) -> None:
        self._books, self._chased, self._clock = books, chased, clock
        self._tickets = Gauge("callflow_tickets", "Tickets by state and level.", ("state", "level"), registry=registry)
        self._late = Gauge("callflow_tickets_late", "Tickets with a chase that is due.", registry=registry)
        self._chases = Gauge("callflow_chases", "Chases said since the start.", ("sort",), registry=registry)
        self._lag = Gauge(
            "callflow_exchange_lag_seconds",
            "Commit to receipt, messages of the last hour.",
            ("quantile",),
            registry=registry,
        )
        self._waiting = Gauge("callflow_exchange_waiting", "Messages without a receipt.", registry=registry)
        self._oldest = Gauge("callflow_exchange_oldest_seconds", "Age of the oldest of them.", registry=registry)
        self._untold: dict[Addressee, tuple[Gauge, Gauge]] = {
            "ticket_system": (
                Gauge("callflow_ticket_system_waiting", "Steps without its receipt.", registry=registry),
                Gauge("callflow_ticket_system_oldest_seconds", "Age of the oldest of them.", registry=registry),
            ),
            "notices": (
                Gauge("callflow_notices_waiting", "Notices without a receipt.", registry=registry),
                Gauge("callflow_notices_oldest_seconds", "Age of the oldest of them.", registry=registry),
            ),
        }

    async def run(self) -> None:
        """Count for ever."""
        while True:
            try:
                await self.count()
            except FactsAway:
                log.warning("tickets not counted: the database is away")
            await asyncio.sleep(EVERY_S)

    async def count(self) -> None:
        """Count once. Raises FactsAway."""
        now = self._clock()
        standing, lag = await self._books.standing(now), await self._books.lag(now - LAG_PERIOD_S, now + 1)
        self._tickets.clear()
        for (state, level), count in standing.tickets.items():
            self._tickets.labels(state, str(level)).set(count)
        self._late.set(standing.late)
        for sort, count in self._chased().items():
            self._chases.labels(sort).set(count)
        for quantile, seconds in (("0.5", lag.p50_s), ("0.95", lag.p95_s), ("1", lag.most_s)):
            self._lag.labels(quantile).set(seconds or 0.0)
        self._waiting.set(lag.waiting)
        self._oldest.set(_age(lag.oldest_stored_at, now))
        for to, (untold, oldest) in self._untold.items():
            lag = await self._books.lag(now - LAG_PERIOD_S, now + 1, to)
            untold.set(lag.waiting)
            oldest.set(_age(lag.oldest_stored_at, now))


def _age(oldest_at: float | None, now: float) -> float:
    return 0.0 if oldest_at is None else max(0.0, now - oldest_at)
