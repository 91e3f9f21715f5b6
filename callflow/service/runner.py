"""Runs one platform's controller: every source of events has a task here, and every task an owner.

Sources: the dialplan's journal, the AMI link (ringing, and that it is up again), the clocks. Desks and peers come
through the controller's door by themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

import structlog

from callflow.domain.calls import Call
from callflow.domain.events import DeadlinePassed, TargetRinging
from callflow.service.controller import Controller
from callflow.service.patient_facts import PatientFacts
from callflow.service.ports import AsteriskRefused, JournalEntry, JournalSource, LinkDown, Pbx
from callflow.service.reconcile import differences, why_not

log = structlog.get_logger(__name__)

IN_FLIGHT_LIMIT = 256
"""How many events may be on their way at once; a long backlog is read at the database's pace."""

SWEEP_EVERY_S = 15.0
"""A line that Asterisk could not write (a channel taken over while it ended) is missed for so long at most."""

LOOK_AGAIN_S = 0.25
"""Longer than a channel needs to be moved."""


class Runner:
    """The tasks of one platform. Also listens to the AMI link (`target_rings`, `link_up`, `link_lost`)."""

    def __init__(
        self,
        controller: Controller,
        facts: PatientFacts,
        pbx: Pbx,
        journal: JournalSource,
        *,
        sweep_every_s: float = SWEEP_EVERY_S,
    ) -> None:
        """`sweep_every_s`: how often calls are compared with channels although nothing was cut."""
        self._sweep_every_s = sweep_every_s
        self._controller = controller
        self._facts = facts
        self._pbx = pbx
        self._journal = journal
        self._group = asyncio.TaskGroup()
        self._in_flight: dict[asyncio.Task[None], int] = {}
        """Journal entries that are not decided yet, with the offset at which each one's line begins, or before."""
        self._room = asyncio.Semaphore(IN_FLIGHT_LIMIT)
        self._has_link = False
        self._is_cut = asyncio.Event()
        """Set when the link is there again: what was missed is to be looked for."""
        self.ready = asyncio.Event()
        """Set when the journal's backlog is decided; from then on the clocks run."""

    async def run(self) -> None:
        """Run until cancelled. Raises FactsAway when the database is away at the start."""
        start = await self._facts.journal_offset()
        async with self._group as group:
            group.create_task(self._facts.run())
            group.create_task(self._read_journal(start))
            await self._everything_written_is_decided()
            for call in (*await self._facts.live_calls(), *await self._facts.unsettled_calls()):
                self._controller.deadlines.watch(call)
            self.ready.set()
            group.create_task(self._controller.deadlines.run(self._deadline_passed))
            await self._reconcile_after_every_cut_and_now_and_then()

    # ---- the dialplan's journal

    async def _read_journal(self, start: int) -> None:
        line_begins, line_ends = start, start
        async for entry in self._journal.entries(start):
            if entry.end != line_ends:
                line_begins, line_ends = line_ends, entry.end
            await self._room.acquire()
            task = self._group.create_task(self._survive(self._journalled(entry)))
            self._in_flight[task] = line_begins
            task.add_done_callback(self._landed)

    async def _journalled(self, entry: JournalEntry) -> None:
        await self._controller.happened(entry.event, entry.key, self._decided_up_to)

    def _decided_up_to(self) -> int:
        """Where a restart begins to read: the oldest line on its way, whose key says if it was decided after all."""
        return min(self._in_flight.values())

    def _landed(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        self._room.release()

    async def _everything_written_is_decided(self) -> None:
        await self._journal.caught_up()
        if self._in_flight:  # those of now: what comes meanwhile is not waited for, or a busy hour would never be ready
            await asyncio.wait(set(self._in_flight))

    # ---- the clocks

    async def _deadline_passed(self, event: DeadlinePassed) -> None:
        self._group.create_task(self._survive(self._controller.happened(event)))

    # ---- the AMI link

    async def target_rings(self, event: TargetRinging) -> None:
        """A target's phone rings."""
        await self._survive(self._controller.happened(event))

    async def link_up(self) -> None:
        """Connected, or again: what was missed is looked for."""
        self._has_link = True
        self._is_cut.set()

    async def link_lost(self, why: str) -> None:
        """Not connected: orders stay open until `link_up`."""
        self._has_link = False
        log.warning("link to Asterisk lost", why=why)

    async def _reconcile_after_every_cut_and_now_and_then(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._sweep_every_s):
                    await self._is_cut.wait()
            self._is_cut.clear()
            if self._has_link:
                await self._survive(self.reconcile())

    async def reconcile(self) -> None:
        """Compare the calls with the live channels and feed the differences; judge the orders left open."""
        listed_at = self._controller.orders.clock()
        try:
            channels = await self._pbx.live_channels()
            calls = await self._believed()
            if any(differences(calls, channels, listed_at)):
                # a channel that is being moved (Asterisk's masquerade) stands in no list: gone is who is missing twice
                await asyncio.sleep(LOOK_AGAIN_S)
                channels = [*channels, *await self._pbx.live_channels()]
                calls = await self._believed()
        except (LinkDown, AsteriskRefused) as error:
            log.warning("reconcile waits for the next link", why=repr(error))
            return
        found = [*differences(calls, channels, listed_at), *self._journal.remember(calls, channels)]
        for event in found:
            log.warning("found without a line in the journal", call_id=event.call_id, event_name=type(event).__name__)
            await self._controller.happened(event)
        left_open = await self._facts.orders_open()
        for stored in left_open:
            await self._controller.redo(stored.order_id, lambda s, call: why_not(s, call, listed_at))
        log.info("reconciled", channels=len(channels), differences=len(found), orders_left_open=len(left_open))

    async def _believed(self) -> Sequence[Call]:
        """The live calls by all that has been written down so far."""
        await self._everything_written_is_decided()
        return await self._facts.live_calls()

    async def _survive(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:  # one call's defect must not take the other calls down; it is loud and has its trace
            log.exception("an event was not decided")
