"""Ticket writes that came while the database was away: on the disk first, then applied once, in their order.

While one waits, every other waits behind it: a step that overtook the one before would be refused for no fault of its
own. What is refused when its turn has come is told to whoever asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from callflow.domain.names import AgentId
from callflow.service.ports import Desks, FactsAway

log = structlog.get_logger(__name__)

RETRY_EVERY_S: Final = 1.0
MOST: Final = 10_000
"""So many wait at most; more are refused as before, so that a disk is not filled."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One checked request. `key`: what it is applied once by; `ask`: its body as JSON, texts and all."""

    what: str
    ticket_id: str
    ask: str
    by: str
    key: str
    at: float


class Shelf(Protocol):
    """Where they wait; durable. Each may raise OSError."""

    def put(self, wish: Wish) -> None:
        """Keep one behind the others; it is on the disk when this returns."""

    def all(self) -> list[Wish]:
        """What waits, oldest first."""

    def clear(self) -> None:
        """Everything was applied."""


Apply = Callable[[Wish], Awaitable[str]]
"""Carries one out, once for its key; "" or the code of its refusal. Raises FactsAway."""


@dataclass(slots=True)
class PutOff:
    """One platform's."""

    shelf: Shelf
    desks: Desks
    waiting: int = field(init=False)
    _done: int = field(default=0, init=False)
    """How many of them were applied, or refused, since the shelf was last empty."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _came: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        """What a former life of the program has left waits first."""
        self.waiting = len(self.shelf.all())
        if self.waiting:
            self._came.set()

    async def keep(self, wish: Wish) -> None:
        """Keep one for later. Raises FactsAway when it cannot be kept either."""
        async with self._turn:
            if self.waiting >= MOST:
                raise FactsAway(f"{self.waiting} ticket writes wait already")
            try:
                await asyncio.to_thread(self.shelf.put, wish)
            except OSError as error:
                raise FactsAway(f"neither the database nor the disk takes it: {error.strerror}") from error
            self.waiting += 1
        self._came.set()
        log.warning("ticket write put off: the database is away", what=wish.what, ticket_id=wish.ticket_id)

    async def run(self, apply: Apply) -> None:
        """Apply what waits as soon as the database is back, for ever."""
        while True:
            await self._came.wait()
            try:
                await self.apply_all(apply)
            except (FactsAway, OSError):
                await asyncio.sleep(RETRY_EVERY_S)

    async def apply_all(self, apply: Apply) -> None:
        """Everything that waits, oldest first; a crash half-way does the first ones again, which changes nothing.

        Raises:
            FactsAway: the database went away again.
        """
        while True:
            for wish in (await asyncio.to_thread(self.shelf.all))[self._done :]:
                refused = await apply(wish)
                self._done += 1
                log.info("ticket write applied", what=wish.what, ticket_id=wish.ticket_id, refused=refused)
                await self.desks.publish([AgentId(wish.by)], "put_off", _news(wish, refused))
            async with self._turn:  # nothing comes in between the last look and the clearing
                if self.waiting == self._done:
                    await asyncio.to_thread(self.shelf.clear)
                    self.waiting = self._done = 0
                    self._came.clear()
                    return


def _news(wish: Wish, refused: str) -> dict[str, Any]:
    """What the asker's desk is told; whole, so that it may come twice."""
    return {
        "call_id": "",
        "what": wish.what,
        "ticket_id": wish.ticket_id,
        "asked_at": wish.at,
        "key": wish.key,
        "refused": refused or None,
    }
