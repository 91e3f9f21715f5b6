"""What the figures are made from, as a port, and what stands now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from callflow.domain.figures import Fold
from callflow.domain.handover_figures import Tried
from callflow.domain.lines import Lines


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds from a message's commit to its receipt, and what still waits. None of nothing."""

    messages: int
    p50_s: float | None
    p95_s: float | None
    most_s: float | None
    waiting: int
    oldest_stored_at: float | None

    @classmethod
    def of(cls, lags: Sequence[float], waiting: int, oldest_stored_at: float | None) -> Lag:
        """`lags` in rising order; percentiles by nearest rank."""
        if not lags:
            return cls(0, None, None, None, waiting, oldest_stored_at)
        p50, p95 = (round(lags[-(-len(lags) * share // 100) - 1], 4) for share in (50, 95))
        return cls(len(lags), p50, p95, round(lags[-1], 4), waiting, oldest_stored_at)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many tickets are in each state at each level now, and how many have a chase that is due."""

    tickets: Mapping[tuple[str, int], int]
    late: int


Addressee = Literal["platforms", "ticket_system", "notices"]
"""To whom messages go: the other platforms, our own ticket system, or receivers of notices."""


class FigureBooks(Protocol):
    """The books that figures are made from. May raise ports.FactsAway."""

    async def counted(self, opened_from: float, opened_to: float, supervises: frozenset[str]) -> Fold:
        """The audit of the tickets opened in this period, folded."""

    async def lines(self, arrived_from: float, arrived_to: float) -> Lines:
        """The calls that arrived in this period."""

    async def lag(self, sent_from: float, sent_to: float, to: Addressee = "platforms") -> Lag:
        """How long messages of this period took, to these addressees."""

    async def standing(self, now: float) -> Standing:
        """How the tickets stand."""

    async def tried(self, arrived_from: float, arrived_to: float, most: int) -> Sequence[Tried]:
        """Attempts of the calls that arrived in this period, at most `most`, those of the newest calls first."""
