"""The phone's own consult with the first platform's program dead: the dialplan transfers, the books follow later."""

from __future__ import annotations

import signal

import pytest

from softphone_sim.run.acts import answer, dial
from tests.e2e.records import doubled, is_whole
from tests.e2e.scene import LIMIT_S, NUMBER, Scene, heal, strike


@pytest.mark.covers("R-001", "C-01")
async def test_an_attended_transfer_without_the_program_is_recorded_afterwards(scene: Scene) -> None:
    await scene.talk()
    assert scene.zhang.call is not None
    phone, first = scene.zhang.handset, scene.zhang.call
    strike(scene.plan, "12345", "python", signal.SIGKILL)

    await phone.order("hold", call=first.name, on=True)
    second = await dial(scene.stage, scene.zhang, "110")
    ringing = await scene.rings()
    shown = ringing.invite.shown_number if ringing.invite else None
    await answer(scene.stage, scene.li, ringing)
    await scene.stage.bell.until(lambda: second.answered_ns, LIMIT_S)
    await phone.order("refer", call=first.name, replaces=second.name)
    await scene.stage.bell.until(lambda: first.ended_ns or second.ended_ns, LIMIT_S)
    await heal(scene.plan)
    await scene.citizen_hangs_up()

    assert shown == NUMBER
    origin, target = await scene.records(await scene.incident(), is_whole)
    assert is_whole(origin, target), (origin.get("tickets"), target.get("tickets"))
    (attempt,) = origin["calls"][0]["attempts"]
    assert (attempt["outcome"], attempt["way"], attempt["private"]) == ("joined", "refer", True)
    phases = [entry["detail"]["to"] for entry in origin["entries"] if entry["what"] == "phase"]
    assert phases[1:4] == ["talking", "inviting", "consulting"]
    assert phases[-2:] == ["handed_over", "ended"]
    assert (doubled(origin), doubled(target)) == ([], [])
