"""The one timer: wakes the machine when a phase's own limit runs out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from callflow.domain.calls import Call
from callflow.domain.clocks import next_deadline
from callflow.domain.events import DeadlinePassed
from callflow.domain.names import CallId
from callflow.domain.rules import SiteRules


class Deadlines:
    """Each watched call's next deadline. Nothing here is stored: it follows from the calls."""

    def __init__(self, rules: SiteRules, clock: Callable[[], float]) -> None:
        self._rules = rules
        self._clock = clock
        self._due: dict[CallId, tuple[float, str]] = {}
        self._changed = asyncio.Event()

    def watch(self, call: Call) -> None:
        """Note the call's next deadline, or that it has none now."""
        deadline = next_deadline(call, self._rules)
        if deadline is None:
            self._due.pop(call.call_id, None)
        else:
            self._due[call.call_id] = deadline
        self._changed.set()

    def take_due(self, now: float) -> list[DeadlinePassed]:
        """Hand out what is due, earliest first, once; the call is watched anew when it has been decided."""
        due = sorted((at, call_id, name) for call_id, (at, name) in self._due.items() if at <= now)
        for _, call_id, _ in due:
            del self._due[call_id]
        return [DeadlinePassed(call_id, now, name) for _, call_id, name in due]

    def next_at(self) -> float | None:
        """When the earliest deadline is, or None."""
        return min((at for at, _ in self._due.values()), default=None)

    async def run(self, passed: Callable[[DeadlinePassed], Awaitable[None]]) -> None:
        """Call `passed` for every deadline at its time, for ever. `passed` must be quick."""
        while True:
            self._changed.clear()
            for event in self.take_due(self._clock()):
                await passed(event)
            next_at = self.next_at()
            try:
                async with asyncio.timeout(None if next_at is None else max(0.0, next_at - self._clock())):
                    await self._changed.wait()
            except TimeoutError:
                continue
