"""One timer for all calls."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from callflow.domain.events import DeadlinePassed
from callflow.service.deadlines import Deadlines
from tests.unit.domain.made_up import CALL, GOV_RULES, PEER_CALL
from tests.unit.domain.scenes import JOINED, ONE_KEY, TALK
from tests.unit.domain.story import Story

LEAVING = Story(*TALK, ONE_KEY, JOINED).call
TALKING = Story(*TALK).call


def test_the_earliest_comes_first_and_each_only_once() -> None:
    deadlines = Deadlines(GOV_RULES, lambda: 0.0)
    deadlines.watch(LEAVING)
    later = tuple(replace(a, joined_at=17.0) for a in LEAVING.attempts)
    deadlines.watch(replace(LEAVING, call_id=PEER_CALL, attempts=later))

    assert deadlines.next_at() == 19.0
    assert deadlines.take_due(18.9) == []
    assert deadlines.take_due(25.0) == [DeadlinePassed(CALL, 25.0, "grace"), DeadlinePassed(PEER_CALL, 25.0, "grace")]
    assert deadlines.take_due(25.0) == []


def test_a_call_that_waits_for_nothing_is_forgotten() -> None:
    deadlines = Deadlines(GOV_RULES, lambda: 0.0)
    deadlines.watch(LEAVING)
    deadlines.watch(TALKING)

    assert deadlines.next_at() is None


async def test_an_earlier_deadline_wakes_the_timer_that_waits_for_a_later_one() -> None:
    now = 0.0
    deadlines = Deadlines(GOV_RULES, lambda: now)
    passed: asyncio.Queue[DeadlinePassed] = asyncio.Queue()
    timer = asyncio.get_running_loop().create_task(deadlines.run(passed.put))
    await asyncio.sleep(0)  # the timer waits; nothing is due

    now = 19.0
    deadlines.watch(LEAVING)

    async with asyncio.timeout(5):
        assert await passed.get() == DeadlinePassed(CALL, 19.0, "grace")
    timer.cancel()
    await asyncio.wait([timer])
