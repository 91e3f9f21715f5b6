"""The phone's own consult with the first platform's program dead: the dialplan transfers, the books follow later."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from softphone_sim.bench import joined
from softphone_sim.ears.listen import MUSIC
from softphone_sim.phone.handset import CallSeen
from softphone_sim.run.acts import answer, dial, hang_up, refuse, set_policy
from softphone_sim.script.model import Policy
from tests.e2e.channels import sees_the_other
from tests.e2e.records import doubled, is_whole
from tests.e2e.scene import LIMIT_S, NUMBER, Scene, eventually, heal, pid_of, strike


def hears_music(scene: Scene) -> bool:
    """The caller, at any time so far."""
    return bool(scene.stage.heard_by(scene.citizen).voices[MUSIC].any())


async def consults(scene: Scene) -> tuple[CallSeen, CallSeen, CallSeen]:
    """The caller is on hold, our agent talks with 110 on his second line; first line, second line, 110's call."""
    assert scene.zhang.call is not None
    first = scene.zhang.call
    await scene.zhang.handset.order("hold", call=first.name, on=True)
    assert await scene.stage.bell.until(lambda: hears_music(scene), LIMIT_S)
    second = await dial(scene.stage, scene.zhang, "110")
    ringing = await scene.rings()
    await answer(scene.stage, scene.li, ringing)
    await scene.stage.bell.until(lambda: second.answered_ns, LIMIT_S)
    return first, second, ringing


@pytest.mark.covers("R-001", "C-01")
async def test_an_attended_transfer_without_the_program_is_recorded_afterwards(scene: Scene) -> None:
    await scene.talk()
    strike(scene.plan, "12345", "python", signal.SIGKILL)

    first, second, ringing = await consults(scene)
    shown = ringing.invite.shown_number if ringing.invite else None
    await scene.zhang.handset.order("refer", call=first.name, replaces=second.name)
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


@pytest.mark.covers("S-8", "C-18")
async def test_who_is_transferred_to_somebody_who_hangs_up_in_that_moment_has_his_agent_again(scene: Scene) -> None:
    """Both arrive together: the PBX stands still while the target hangs up and our agent transfers."""
    await scene.talk()
    first, second, ringing = await consults(scene)
    await set_policy(scene.zhang, Policy(answer="auto", after=0.1))
    pbx = pid_of(scene.plan, "12345", "asterisk")
    os.kill(pbx, signal.SIGSTOP)
    try:
        await hang_up(scene.stage, scene.li, ringing)
        await scene.zhang.handset.order("refer", call=first.name, replaces=second.name)
    finally:
        os.kill(pbx, signal.SIGCONT)
    moved_ns = time.time_ns()
    await joined(scene.stage, scene.citizen, "zhang", moved_ns, around_ms=0)
    await joined(scene.stage, scene.zhang, "citizen", moved_ns, around_ms=0)
    again = scene.zhang.call
    await scene.citizen_hangs_up()

    assert again is not None
    assert again.began_ns > moved_ns, "his agent was rung for him"


@pytest.mark.covers("S-8", "C-18")
async def test_who_is_transferred_into_a_call_of_the_agents_own_whose_other_end_hangs_up_has_his_agent_again(
    scene: Scene,
) -> None:
    """He was not on hold when the agent dialled, so that call is no consult, and its leg is nobody's target."""
    await scene.talk()
    assert scene.zhang.call is not None
    first = scene.zhang.call
    second = await dial(scene.stage, scene.zhang, "110")
    ringing = await scene.rings()
    await answer(scene.stage, scene.li, ringing)
    assert await scene.stage.bell.until(lambda: second.answered_ns, LIMIT_S)
    await set_policy(scene.zhang, Policy(answer="auto", after=0.1))
    moved_ns = time.time_ns()
    await scene.zhang.handset.order("refer", call=first.name, replaces=second.name)
    await joined(scene.stage, scene.citizen, "li", moved_ns, around_ms=0)
    await hang_up(scene.stage, scene.li, ringing)
    await joined(scene.stage, scene.citizen, "zhang", moved_ns + 10**8, around_ms=0)
    again = scene.zhang.call
    await scene.citizen_hangs_up()

    assert again is not None
    assert again.began_ns > moved_ns, "his agent was rung for him"


async def transfers_while_it_rings(scene: Scene, *, is_held: bool) -> tuple[CallSeen, int]:
    """Our agent puts the caller into a call that still rings; it at 110, and when."""
    assert scene.zhang.call is not None
    first = scene.zhang.call
    if is_held:
        await scene.zhang.handset.order("hold", call=first.name, on=True)
        assert await scene.stage.bell.until(lambda: hears_music(scene), LIMIT_S)
    second = await dial(scene.stage, scene.zhang, "110")
    ringing = await scene.rings()
    await set_policy(scene.zhang, Policy(answer="auto", after=0.1))
    moved_ns = time.time_ns()
    await scene.zhang.handset.order("refer", call=first.name, replaces=second.name)
    await scene.stage.bell.until(lambda: first.ended_ns and second.ended_ns, LIMIT_S)
    return ringing, moved_ns


@pytest.mark.covers("S-8", "C-04", "C-18")
@pytest.mark.parametrize("is_held", [True, False], ids=["a consult", "a call of the agent's own"])
async def test_who_was_transferred_while_it_rang_and_loses_the_far_pbx_has_his_agent_again(
    scene: Scene, *, is_held: bool
) -> None:
    """The caller is the one who dials now: Dial must not end his call together with the leg that it has lost."""
    await scene.talk()
    ringing, moved_ns = await transfers_while_it_rings(scene, is_held=is_held)
    await scene.li_answers(ringing)
    await joined(scene.stage, scene.citizen, "li", moved_ns, around_ms=0)
    far = pid_of(scene.plan, "110", "asterisk")
    os.kill(far, signal.SIGSTOP)
    gone_ns = time.time_ns()
    try:
        await joined(scene.stage, scene.citizen, "zhang", gone_ns, 3 * LIMIT_S, around_ms=0)
    finally:
        os.kill(far, signal.SIGCONT)
    await scene.citizen_hangs_up()
    await eventually(lambda: asyncio.to_thread(sees_the_other, scene.plan), bool)


@pytest.mark.covers("S-8", "C-18")
async def test_who_was_transferred_into_a_call_of_the_agents_own_that_is_refused_has_his_agent_again(
    scene: Scene,
) -> None:
    await scene.talk()
    ringing, moved_ns = await transfers_while_it_rings(scene, is_held=False)
    await refuse(scene.stage, scene.li, ringing, 486)
    await joined(scene.stage, scene.citizen, "zhang", moved_ns, 3 * LIMIT_S, around_ms=0)
    await scene.citizen_hangs_up()


@pytest.mark.covers("S-8", "C-18")
async def test_who_is_transferred_to_the_tone_of_a_wrong_number_has_his_agent_again(scene: Scene) -> None:
    await scene.talk()
    assert scene.zhang.call is not None
    first = scene.zhang.call
    wrong = await dial(scene.stage, scene.zhang, "555")
    assert await scene.stage.bell.until(lambda: wrong.answered_ns, LIMIT_S)
    await set_policy(scene.zhang, Policy(answer="auto", after=0.1))
    moved_ns = time.time_ns()
    await scene.zhang.handset.order("refer", call=first.name, replaces=wrong.name)
    await scene.stage.bell.until(lambda: first.ended_ns and wrong.ended_ns, LIMIT_S)
    await joined(scene.stage, scene.citizen, "zhang", moved_ns, 2 * LIMIT_S, around_ms=0)
    await scene.citizen_hangs_up()
