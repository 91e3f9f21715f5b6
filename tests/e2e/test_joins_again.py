"""A third who leaves and joins again hears everybody and is heard, also when the two who stayed have to be freshened.

Asterisk may leave one of two who go on talking so that he would hear nobody of three; the dialplan looks for it and
takes both out of their bridge once (docs/decisions.md, "A third who joins again"). It comes about once in hundreds of
joins, so here the dialplan is told to find it each time.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest

from agi.journal import JournalLine
from callflow.lab.plan import Plan, SitePlan
from softphone_sim.bench import joined, left
from softphone_sim.run.acts import set_policy
from softphone_sim.run.stage import Stage
from softphone_sim.script.model import Policy
from tests.e2e.entries import invite, journal_after, journal_size, run_entry, step_after
from tests.e2e.far_end import Machine, carrier
from tests.e2e.round_trip import RoundTrip
from tests.e2e.scene import Scene, eventually

JOINS = 3
TOGETHER = 12
"""Once in 160 such pairs came apart before the legs took turns."""
CAME_WITHIN_S = 2.0


def steps(plan: Plan, since_ns: int, *words: str) -> list[str]:
    """The lines of 12345's journal from that moment on that have all these words."""
    lines = plan.sites[0].place.journal.joinpath("steps.csv").read_text("ascii").splitlines()
    late = [line for line in lines if float(line.split(",")[0]) * 1e9 >= since_ns]
    return [line for line in late if all(word in line for word in words)]


@pytest.mark.covers("R-004")
@pytest.mark.usefixtures("stale")
async def test_who_is_dropped_and_joins_again_is_heard_by_both_and_hears_them(scene: Scene) -> None:
    await scene.talk()
    await set_policy(scene.li, Policy(answer="auto", after=0.1))
    began_ns = time.time_ns()
    assert scene.zhang.desk is not None
    call = f"/calls/{await scene.call_id()}"
    for _ in range(JOINS):
        now_ns = time.time_ns()
        await scene.key_at_the_desk("three_party")
        for hears, whom in ((scene.citizen, "li"), (scene.zhang, "li"), (scene.li, "citizen"), (scene.li, "zhang")):
            await joined(scene.stage, hears, whom, now_ns, around_ms=0)
        now_ns = time.time_ns()
        await joined(scene.stage, scene.citizen, "zhang", now_ns, around_ms=0)
        assert (await scene.zhang.desk.ask("POST", f"{call}/drop", {"target": "110"})).status == 202
        await left(scene.stage, scene.citizen, "li", now_ns)
        now_ns = time.time_ns()
        await joined(scene.stage, scene.citizen, "zhang", now_ns, around_ms=0)
        await joined(scene.stage, scene.zhang, "citizen", now_ns, around_ms=0)
    attempts = (await scene.zhang.desk.ask("GET", call)).body["attempts"]
    await scene.citizen_hangs_up()

    assert [attempt["outcome"] for attempt in attempts] == ["joined"] * JOINS
    assert len(steps(scene.plan, began_ns, ",joined,", "how=fetch")) == JOINS
    assert scene.silences() == []


@pytest.mark.covers("R-001", "R-018")
@pytest.mark.usefixtures("stale")
@pytest.mark.parametrize("home", ["12345", "110"])
async def test_who_is_handed_back_is_heard_by_both_and_hears_them(home: str, running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, home, "13800138107")
    assert (await trip.hand_back("three_party")).status == 202
    now_ns = time.time_ns()
    await trip.ours_answers(await trip.rings_again())
    for hears, whom in ((trip.citizen, "li"), (trip.ours, "li"), (trip.theirs, "citizen"), (trip.theirs, "zhang")):
        await joined(stage, hears, whom, now_ns, around_ms=0)
    three = await trip.channels((3, 2))
    await trip.leaves(trip.theirs)
    await left(stage, trip.citizen, "li", time.time_ns())
    await joined(stage, trip.citizen, "zhang", time.time_ns(), around_ms=0)
    two = await trip.channels((2, 0))
    await trip.end()

    assert (three, two) == ((3, 2), (2, 0))
    assert trip.silences() == []
    assert await trip.channels((0, 0)) == (0, 0)


@pytest.mark.covers("R-004")
async def test_two_who_answer_in_the_same_moment_come_into_one_talk(scene: Scene, site: SitePlan) -> None:
    offset = journal_size(site)
    await scene.talk()
    caller = await step_after(site, offset, "arrived")
    apart = []
    async with carrier(f"{scene.plan.net}.20", Machine()):
        for _ in range(TOGETHER):
            before = journal_size(site)
            await asyncio.gather(*(invite(scene.plan, site, code, caller) for code in ("119", "120")))
            came = await eventually(
                partial(steps_of, site, before, "joined"), lambda seen: len(seen) > 1, CAME_WITHIN_S
            )
            apart += [came] if len(came) < 2 else []
            for code in ("119", "120"):
                await run_entry(scene.plan, site, f"Local/{code}@cancel/n", caller)
            await eventually(partial(steps_of, site, before, "left"), lambda seen: len(seen) > 1)
    heard = scene.silences()
    await scene.citizen_hangs_up()

    assert apart == []
    assert heard == []


async def steps_of(site: SitePlan, before: int, step: str) -> list[JournalLine]:
    return [line for line in journal_after(site, before) if line.step == step]
