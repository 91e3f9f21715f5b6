"""A phone that hangs up in the very moment of its answer, again and again: the PBX, the call and the books stand."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

from callflow.lab.plan import SitePlan
from softphone_sim.bench import joined
from tests.e2e.entries import invite, journal_after, journal_size, step_after
from tests.e2e.far_end import GoneAtOnce, carrier
from tests.e2e.scene import Scene, eventually, pid_of

TIMES = 200
"""Dial's own G() ended the PBX within 1 to 200 of these."""

JOINED_ANEW, AS_A_HUMAN_S = 40, 0.35
"""Whose caller and agent are taken out of their bridge for it; nobody presses again sooner."""

WRITTEN_WITHIN_S = 40.0
"""The books come after: each attempt is several commits."""


@pytest.mark.covers("R-005")
async def test_targets_that_hang_up_as_they_answer_cost_nobody_anything(scene: Scene, site: SitePlan) -> None:
    pbx = pid_of(scene.plan, site.id, "asterisk")

    outcomes = await press(scene, site, TIMES, pause_s=0.0)

    assert pid_of(scene.plan, site.id, "asterisk") == pbx
    os.kill(pbx, 0)
    assert outcomes["lost_after_answer"] == TIMES, outcomes


@pytest.mark.covers("R-005")
@pytest.mark.usefixtures("stale")
async def test_so_do_those_that_hang_up_while_caller_and_agent_are_brought_to_them(
    scene: Scene, site: SitePlan
) -> None:
    outcomes = await press(scene, site, JOINED_ANEW, pause_s=AS_A_HUMAN_S)

    assert outcomes["lost_after_answer"] == JOINED_ANEW, outcomes


async def press(scene: Scene, site: SitePlan, times: int, pause_s: float) -> Counter[str]:
    """The key to 119 so many times, each gone as it answers; caller and agent must hear each other all the time."""
    offset = journal_size(site)
    await scene.talk()
    caller = await step_after(site, offset, "arrived")
    async with carrier(f"{scene.plan.net}.20", GoneAtOnce()):
        gone = 0
        while gone < times:
            before = journal_size(site)
            await invite(scene.plan, site, "119", caller)
            gone += await the_end_of_it(site, before) == "left"
            now_ns = time.time_ns()
            await joined(scene.stage, scene.citizen, "zhang", now_ns + int(pause_s * 1e9), around_ms=0)
    heard = scene.silences()
    await scene.citizen_hangs_up()
    incident = await scene.incident()
    trace = await eventually(
        lambda: scene.trace(scene.zhang, incident), lambda found: found["calls"][0]["ended_at"], WRITTEN_WITHIN_S
    )
    assert heard == []
    return Counter(one["outcome"] for one in trace["calls"][0]["attempts"])


async def the_end_of_it(site: SitePlan, before: int) -> str:
    """How the one attempt ended: `left`, or `refused` when the last leg was still on its way out."""

    async def ends() -> list[str]:
        return [line.step for line in journal_after(site, before) if line.step in ("left", "refused")]

    return (await eventually(ends, len))[0]
