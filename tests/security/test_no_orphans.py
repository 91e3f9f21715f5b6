"""However parties hang up, nothing is left behind: no channel, no slot, no dialog (S-1)."""

from __future__ import annotations

import asyncio
import random

import pytest

from callflow.lab.pbx import console
from callflow.lab.plan import Plan
from tests.e2e.entries import invite, waiting_caller
from tests.e2e.far_end import carrier
from tests.e2e.raw_caller import Forgery, ring_and_give_up, ringing
from tests.e2e.scene import eventually

SEED, CALLERS, AT_ONCE = 20261122, 96, 6
FINAL = ("486 Busy Here", "480 Temporarily Unavailable", "603 Decline", "404 Not Found", "500 Oops")


@pytest.mark.covers("S-1")
async def test_after_callers_who_gave_up_at_random_moments_no_channel_is_left(running: Plan) -> None:
    site, chance = running.sites[0], random.Random(SEED)
    waits = [chance.uniform(0, 0.3) for _ in range(CALLERS)]

    codes: list[int] = []
    async with carrier(f"{running.net}.20") as end:

        async def gives_up(number: int) -> None:
            forgery = Forgery("x", user=f"1380013{number:04}")
            async with ringing(f"{running.net}.30", site.host, "12345", forgery) as code:
                codes.append(code)
                await asyncio.sleep(waits[number])  # the moment of the hang-up is what is tried here

        async def is_handed_over_meanwhile() -> None:
            for status in FINAL:
                end.status = status
                async with waiting_caller(site, f"{running.net}.31", Forgery("y")) as caller:
                    await invite(running, site, "119", caller)  # and he hangs up at once

        for first in range(0, CALLERS, AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for number in range(first, first + AT_ONCE):
                    group.create_task(gives_up(number))
        await is_handed_over_meanwhile()

    assert codes.count(180) > CALLERS * 0.9, "they were in the queue"

    async def left() -> str:
        return await asyncio.to_thread(console, running, site, "core show channels")

    said = await eventually(left, lambda said: "\n0 active channels" in said)
    assert "\n0 active channels" in said, said
    assert "No objects found" in await asyncio.to_thread(console, running, site, "pjsip show channels")
    assert await ring_and_give_up(f"{running.net}.30", site.host, "12345", Forgery("z")) == 180, "and it goes on"
