"""The journal is rotated in the middle of a handover, with the program alive and with the program dead."""

from __future__ import annotations

import asyncio
import signal

import pytest

from agi.rotation import rotate
from tests.e2e.records import doubled, is_whole
from tests.e2e.scene import Scene, heal, strike


@pytest.mark.covers("C-01")
async def test_a_journal_that_is_rotated_while_the_program_is_dead_loses_no_step_of_a_call(scene: Scene) -> None:
    journal = scene.plan.sites[0].place.journal / "steps.csv"
    await scene.talk()
    incident = await scene.incident()
    await asyncio.to_thread(rotate, journal, 0)
    await scene.key_at_the_desk()
    ringing = await scene.rings()
    strike(scene.plan, "12345", "python", signal.SIGKILL)
    await asyncio.to_thread(rotate, journal, 0)
    await scene.li_answers(ringing)
    await asyncio.to_thread(rotate, journal, 0)
    await scene.zhang_leaves(by_himself=True)
    await heal(scene.plan)
    await scene.citizen_hangs_up()
    origin, target = await scene.records(incident, is_whole)

    assert is_whole(origin, target), (origin["calls"], target["calls"])
    phases = [entry["detail"]["to"] for entry in origin["entries"] if entry["what"] == "phase"]
    assert phases == ["queued", "talking", "inviting", "three_way", "handed_over", "ended"]
    assert (doubled(origin), doubled(target)) == ([], [])
    assert scene.silences() == []
