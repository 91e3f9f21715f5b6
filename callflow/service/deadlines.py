"""The one timer: wakes the machine when a phase's own limit runs out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from callflow.domain.calls import Call
from callflow.domain.clocks import next_deadline
from callflow.domain.events import DeadlinePassed
from callflow.domain.names import CallId
from callflow.domain.rules import SiteRules


@dataclass(frozen=True, slots=True)
class _Due:
    """A deadline: its moment by the clock that tells the moments of calls, its name, and when that is by `steady`."""

    at: float
    name: str
    steady_at: float


class Deadlines:
    """Each watched call's next deadline. Nothing here is stored: it follows from the calls.

    `clock` tells moments and may be set while we run, forward or back; what is due meanwhile is measured by `steady`,
    which may not. So an hour that a clock jumps neither releases an agent nor keeps him.
    """

    def __init__(
        self, rules: SiteRules, clock: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._rules, self._clock, self._steady = rules, clock, steady
        self._due: dict[CallId, _Due] = {}
        self._changed = asyncio.Event()

    def watch(self, call: Call) -> None:
        """Note the call's next deadline, or that it has none now. The same one runs on as it did."""
        deadline = next_deadline(call, self._rules)
        known = self._due.get(call.call_id)
        if deadline is None:
            self._due.pop(call.call_id, None)
        elif known is None or (known.at, known.name) != deadline:
            at, name = deadline
            self._due[call.call_id] = _Due(at, name, self._steady() + at - self._clock())
        self._changed.set()

    def take_due(self, steady_now: float) -> list[DeadlinePassed]:
        """Hand out what is due, earliest first, once; the call is watched anew when it has been decided."""
        due = sorted((one.steady_at, call_id) for call_id, one in self._due.items() if one.steady_at <= steady_now)
        taken = [(call_id, self._due.pop(call_id)) for _, call_id in due]
        return [DeadlinePassed(call_id, one.at + steady_now - one.steady_at, one.name) for call_id, one in taken]

    def next_at(self) -> float | None:
        """When the earliest deadline is, by `steady`, or None."""
        return min((one.steady_at for one in self._due.values()), default=None)

    async def run(self, passed: Callable[[DeadlinePassed], Awaitable[None]]) -> None:
        """Call `passed` for every deadline at its time, for ever. `passed` must be quick."""
        while True:
            self._changed.clear()
            for event in self.take_due(self._steady()):
                await passed(event)
            next_at = self.next_at()
            try:
                async with asyncio.timeout(None if next_at is None else max(0.0, next_at - self._steady())):
                    await self._changed.wait()
            except TimeoutError:
                continue
