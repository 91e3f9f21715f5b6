"""Personal data leaves the books when its time is over: what, after how long, swept every hour (PIPL art. 19, 47).

The audit stays whole: it never holds a number or a text, and each thing that goes is an entry of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import structlog

from callflow.service.ports import FactsAway
from callflow.sitefile import Site

log = structlog.get_logger(__name__)

SWEEP_EVERY_S: Final = 3600.0
BATCH: Final = 200
"""Rows of one transaction: a backlog of years must not hold the key's commit up."""

DAY_S: Final = 86_400.0


class Due(StrEnum):
    """What can have had its time; the order is that of a sweep."""

    NUMBERS = "numbers"
    """The caller's number of a matter that is over: masked, and no longer found by search."""
    TEXTS = "texts"
    """What people said and wrote about a matter that is over."""
    LONE_CALLS = "lone_calls"
    """Number and note of a call that never had a ticket."""
    MESSAGES = "messages"
    """Bodies of messages that both platforms have; their places in the chain stay."""
    CALL_BACKS = "call_backs"
    """Entries of the call-back list that are done."""
    RECORDINGS = "recordings"
    """Entries of recordings whose sound was deleted."""
    MATTERS = "matters"
    """Whole matters that are over: ticket, steps, calls."""


class Sweeping(Protocol):
    """The books that are swept. May raise `ports.FactsAway`."""

    async def sweep(self, due: Due, before: float, at: float, limit: int) -> int:
        """Let go of at most `limit` that had their last change before this moment; how many went.

        Each is in the audit from the same transaction on. Repeatable: what is gone is not found again.
        """


def keep_days_of(site: Site) -> dict[Due, int]:
    """For how long this platform keeps each, in days, as its site file says."""
    kept = site.retention
    days = {
        Due.NUMBERS: kept.numbers_days,
        Due.TEXTS: kept.texts_days,
        Due.LONE_CALLS: min(kept.numbers_days, kept.texts_days),
        Due.MESSAGES: kept.messages_days,
        Due.CALL_BACKS: kept.call_backs_days,
        Due.RECORDINGS: kept.recordings_days,
    }
    return days | ({Due.MATTERS: kept.matters_days} if kept.matters_days else {})


@dataclass(slots=True)
class Retention:
    """One platform's. `keep_days`: for how long each is kept; what is not named is kept for ever."""

    books: Sweeping
    keep_days: Mapping[Due, int]
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    batch: int = BATCH

    async def run(self) -> None:
        """For ever. An outage of the database is met again at the next turn."""
        while True:
            try:
                await self.sweep()
            except FactsAway as error:
                log.warning("retention put off", why=str(error))
            await self.sleep(SWEEP_EVERY_S)

    async def sweep(self) -> dict[Due, int]:
        """Everything whose time is over now; how many of each went. Raises FactsAway."""
        now, gone = self.clock(), dict.fromkeys(Due, 0)
        for due in (due for due in Due if due in self.keep_days):
            more = True
            while more:
                count = await self.books.sweep(due, now - self.keep_days[due] * DAY_S, now, self.batch)
                gone[due] += count
                more = count == self.batch
                await asyncio.sleep(0)  # calls go first
        if any(gone.values()):
            log.info("retention", **{due.value: count for due, count in gone.items() if count})
        return gone
