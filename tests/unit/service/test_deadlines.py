"""One timer for all calls."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from callflow.domain.events import DeadlinePassed
from callflow.service.deadlines import Deadlines
from tests.unit.domain.made_up import CALL, GOV_RULES, PEER_CALL
from tests.unit.domain.scenes import JOINED, ONE_KEY, TALK
from tests.unit.domain.story import Story

LEAVING = Story(*TALK, ONE_KEY, JOINED).call
TALKING = Story(*TALK).call


def test_the_earliest_comes_first_and_each_only_once() -> None:
    deadlines = Deadlines(GOV_RULES, lambda: 0.0, lambda: 0.0)
    deadlines.watch(LEAVING)
    later = tuple(replace(a, joined_at=17.0) for a in LEAVING.attempts)
    deadlines.watch(replace(LEAVING, call_id=PEER_CALL, attempts=later))

    assert deadlines.next_at() == 19.0
    assert deadlines.take_due(18.9) == []
    assert deadlines.take_due(25.0) == [DeadlinePassed(CALL, 25.0, "grace"), DeadlinePassed(PEER_CALL, 25.0, "grace")]
    assert deadlines.take_due(25.0) == []


def test_a_call_that_waits_for_nothing_is_forgotten() -> None:
    deadlines = Deadlines(GOV_RULES, lambda: 0.0, lambda: 0.0)
    deadlines.watch(LEAVING)
    deadlines.watch(TALKING)

    assert deadlines.next_at() is None


async def test_an_earlier_deadline_wakes_the_timer_that_waits_for_a_later_one() -> None:
    now = 0.0
    deadlines = Deadlines(GOV_RULES, lambda: now, lambda: now)
    passed: asyncio.Queue[DeadlinePassed] = asyncio.Queue()
    timer = asyncio.get_running_loop().create_task(deadlines.run(passed.put))
    await asyncio.sleep(0)  # the timer waits; nothing is due

    now = 19.0
    deadlines.watch(LEAVING)

    async with asyncio.timeout(5):
        assert await passed.get() == DeadlinePassed(CALL, 19.0, "grace")
    timer.cancel()
    await asyncio.wait([timer])


@pytest.mark.covers("C-08")
@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 1.0, -1.0], ids=["forward", "back", "leap", "leap back"])
def test_a_clock_that_jumps_while_the_agents_last_seconds_run_changes_nothing(jump_s: float) -> None:
    wall, steady = 16.0, 500.0
    deadlines = Deadlines(GOV_RULES, lambda: wall, lambda: steady)
    deadlines.watch(LEAVING)  # due at 19, in three seconds

    wall, steady = 17.0 + jump_s, 501.0
    deadlines.watch(LEAVING)  # somebody has looked at the call again

    assert deadlines.take_due(502.9) == []
    assert deadlines.take_due(503.0) == [DeadlinePassed(CALL, 19.0, "grace")]


@pytest.mark.covers("C-08")
def test_what_begins_after_the_jump_runs_by_the_clock_of_then() -> None:
    wall, steady = 16.0, 500.0
    deadlines = Deadlines(GOV_RULES, lambda: wall, lambda: steady)
    wall, steady = 3617.0, 501.0

    deadlines.watch(replace(LEAVING, attempts=tuple(replace(a, joined_at=3616.0) for a in LEAVING.attempts)))

    assert deadlines.take_due(502.9) == []
    assert deadlines.take_due(503.5) == [DeadlinePassed(CALL, 3619.5, "grace")]


def test_a_deadline_that_passed_while_the_program_was_down_is_late_by_as_much() -> None:
    deadlines = Deadlines(GOV_RULES, lambda: 60.0, lambda: 5.0)

    deadlines.watch(LEAVING)

    assert deadlines.take_due(5.0) == [DeadlinePassed(CALL, 60.0, "grace")]
