"""A target that is a machine, a target that hangs up again, and legs that vanish: the caller always has somebody."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from agi.silence import AFTER_ASTERISK_S, LOOK_EVERY_S
from callflow.lab import pbx
from callflow.lab.plan import SitePlan
from softphone_sim.bench import joined, key_at_desk
from softphone_sim.run.acts import answer, hang_up, rings_at, set_policy
from softphone_sim.run.stage import Actor
from softphone_sim.script.model import Policy
from tests.e2e.channels import live_channels, sees_the_other
from tests.e2e.entries import with_site
from tests.e2e.scene import LIMIT_S, Scene, eventually, pid_of

SPOKEN_PACKETS = 50
"""A second of an announcement."""

GRACE_IS_OVER_S = 4.5
"""handover_grace_s is 3."""

TRUNK_RTP_TIMEOUT_S, AGENT_RTP_TIMEOUT_S = 5.0, 30.0
OURS_S = AGENT_RTP_TIMEOUT_S + AFTER_ASTERISK_S + 2 * LOOK_EVERY_S
QUALIFY_S = 3.0 + 3.0
"""How often a phone is asked whether it is there, and how long an answer may take."""

DEAF_S = 300
MARGIN_S = 1.0
"""The promise is one second (architecture.md §7); then the agent's phone rings and he answers, on a busy machine."""


async def machine(scene: Scene) -> Actor:
    """What answers at 119's number behind the carrier, whoever rings."""
    return await scene.stage.phone("machine", number="119", address=f"{scene.plan.net}.20", port=5060)


async def key_to_119(scene: Scene) -> None:
    """The one key to a line that is no platform: its row does not say that a human answers."""
    await scene.call_id()
    await key_at_desk(scene.zhang, target="119", kind="one_key", consent="agreed")


async def packets_from(scene: Scene, leg: str) -> int:
    """How many audio packets 12345's PBX has had from a leg of this name, even if it only announces."""
    told = await asyncio.to_thread(pbx.console, scene.plan, scene.plan.sites[0], "pjsip show channelstats")
    rows = [line.split() for line in told.splitlines() if f" {leg}" in line and "alaw" in line]
    return max((int(row[row.index("alaw") + 1]) for row in rows), default=0)


@pytest.mark.covers("R-005")
async def test_a_machine_that_answers_at_once_never_costs_the_caller_his_agent(scene: Scene) -> None:
    voicemail = await machine(scene)
    await set_policy(voicemail, Policy(answer="auto", after=0.0, ring=False))
    await scene.talk()
    began_ns = time.time_ns()
    await key_to_119(scene)
    await joined(scene.stage, scene.citizen, "machine", began_ns, around_ms=0)
    await asyncio.sleep(GRACE_IS_OVER_S)  # that nobody is released in it is the point
    still_ns = time.time_ns()
    await joined(scene.stage, scene.citizen, "zhang", still_ns, around_ms=0)
    assert scene.zhang.call is not None
    assert scene.zhang.call.is_live
    assert scene.zhang.desk is not None
    call_id = await scene.call_id()
    left = await scene.zhang.desk.ask("POST", f"/calls/{call_id}/leave", {})
    await scene.stage.bell.until(lambda: scene.zhang.call and scene.zhang.call.ended_ns, LIMIT_S)
    await scene.citizen_hangs_up()

    assert left.status == 202, left
    assert scene.silences(of=("zhang", "machine")) == []


@pytest.mark.covers("R-005")
async def test_an_announcement_before_the_answer_reaches_nobody_and_its_end_costs_nothing(scene: Scene) -> None:
    announcer = await machine(scene)
    await scene.talk()
    began_ns = time.time_ns()
    await key_to_119(scene)
    ringing = await rings_at(scene.stage, announcer, LIMIT_S, since_ns=began_ns)
    await announcer.handset.order("answer", call=ringing.name, code=183)
    assert await eventually(lambda: packets_from(scene, "carrier-"), lambda came: came >= SPOKEN_PACKETS), "it speaks"
    await announcer.handset.order("answer", call=ringing.name, code=486)
    await scene.stage.bell.until(lambda: ringing.ended_ns, LIMIT_S)
    heard = scene.stage.heard_by(scene.citizen, began_ns)
    assert not heard.voices["machine"].any()
    await scene.citizen_hangs_up()

    assert scene.silences(of=("zhang",)) == []


@pytest.mark.covers("R-005")
async def test_a_human_who_answers_and_hangs_up_again_leaves_the_caller_with_his_agent(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    ringing = await scene.rings()
    await scene.li_answers(ringing)
    await hang_up(scene.stage, scene.li, ringing)
    await asyncio.sleep(GRACE_IS_OVER_S)
    assert scene.zhang.call is not None
    assert scene.zhang.call.is_live
    incident = await scene.incident()
    await scene.citizen_hangs_up()
    trace = await eventually(lambda: scene.trace(scene.zhang, incident), lambda found: found["calls"][0]["ended_at"])

    assert [one["outcome"] for one in trace["calls"][0]["attempts"]] == ["lost_after_answer"]
    assert scene.silences(of=("zhang", "li")) == []


@pytest.mark.covers("S-2", "C-04")
async def test_when_the_trunk_is_a_black_hole_the_caller_is_back_with_an_agent_in_time(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    await scene.li_answers(await scene.rings())
    await scene.zhang_leaves(by_himself=False)
    await set_policy(scene.zhang, Policy(answer="auto", after=0.1))
    far = pid_of(scene.plan, "110", "asterisk")
    os.kill(far, signal.SIGSTOP)  # nothing is refused, nothing is answered
    gone_ns = time.time_ns()
    try:
        back = await joined(scene.stage, scene.citizen, "zhang", gone_ns, 3 * LIMIT_S, around_ms=0)
    finally:
        os.kill(far, signal.SIGCONT)
    await scene.citizen_hangs_up()
    await eventually(lambda: asyncio.to_thread(sees_the_other, scene.plan), bool)

    assert (back.at_ns - gone_ns) / 1e9 <= TRUNK_RTP_TIMEOUT_S + MARGIN_S


@pytest.mark.covers("S-2", "C-04")
async def test_a_dead_phone_that_asterisk_does_not_notice_brings_his_caller_another_agent_too(
    scene: Scene, site: SitePlan
) -> None:
    # the PBX alone waits longer; the program goes by the site file
    deaf = site.site.timing.model_copy(update={"agent_silence_s": DEAF_S})
    async with with_site(scene.plan, site, site.site.model_copy(update={"timing": deaf})):
        await scene.talk()
        alone_s = await alone_until_another_agent(scene)

    ring_s = scene.plan.sites[0].site.timing.agent_ring_s
    assert AGENT_RTP_TIMEOUT_S < alone_s <= OURS_S + ring_s + MARGIN_S


@pytest.mark.covers("S-2", "C-04")
async def test_a_dead_phone_that_holds_its_caller_brings_him_another_agent_and_a_living_one_may_hold(
    scene: Scene,
) -> None:
    await scene.talk()
    assert scene.zhang.call is not None
    await scene.zhang.handset.order("hold", call=scene.zhang.call.name, on=True)
    ended = await scene.stage.bell.until(lambda: scene.zhang.call and scene.zhang.call.ended_ns, OURS_S + LOOK_EVERY_S)
    assert not ended, "a phone that answers may hold for as long as it likes"
    alone_s = await alone_until_another_agent(scene)

    ring_s = scene.plan.sites[0].site.timing.agent_ring_s
    assert AGENT_RTP_TIMEOUT_S < alone_s <= OURS_S + QUALIFY_S + ring_s + MARGIN_S


async def alone_until_another_agent(scene: Scene) -> float:
    """His agent's phone dies; seconds until the caller hears another agent. The call is over then."""
    wang = await scene.stage.agent("wang", platform="12345", seat=2)
    await set_policy(wang, Policy(answer="auto", after=0.1))
    scene.zhang.handset.kill()
    died_ns = time.time_ns()
    back = await joined(scene.stage, scene.citizen, "wang", died_ns, 2 * AGENT_RTP_TIMEOUT_S, around_ms=0)
    await scene.citizen_hangs_up()
    return (back.at_ns - died_ns) / 1e9


@pytest.mark.covers("S-2")
async def test_an_agents_phone_that_dies_in_a_three_party_call_is_not_missed(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk(kind="three_party")
    await scene.li_answers(await scene.rings())
    scene.zhang.handset.kill()
    died_ns = time.time_ns()
    await joined(scene.stage, scene.citizen, "li", died_ns + 2 * 10**9, around_ms=0)  # nothing is to be heard of it
    await scene.citizen_hangs_up()

    assert scene.silences(of=("li", "zhang")) == []


@pytest.mark.covers("S-2")
async def test_an_agents_phone_that_dies_alone_with_the_caller_brings_him_another_agent_in_time(scene: Scene) -> None:
    await scene.talk()
    alone_s = await alone_until_another_agent(scene)

    # his own phone is rung first, for as long as a phone rings
    ring_s = scene.plan.sites[0].site.timing.agent_ring_s
    assert alone_s <= AGENT_RTP_TIMEOUT_S + ring_s + MARGIN_S


@pytest.mark.covers("R-005")
async def test_a_target_whose_phone_dies_while_it_rings_costs_the_caller_nothing(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    await scene.rings()
    scene.li.handset.kill()
    await joined(scene.stage, scene.citizen, "zhang", time.time_ns() + 10**9, around_ms=0)
    assert scene.zhang.desk is not None
    call_id = await scene.call_id()
    cancelled = await scene.zhang.desk.ask("POST", f"/calls/{call_id}/handover/cancel", {})
    await scene.citizen_hangs_up()

    assert cancelled.status == 202
    assert scene.silences(of=("zhang",)) == []


@pytest.mark.covers("S-2")
async def test_a_caller_whose_phone_dies_is_not_kept_for_ever_by_two_agents_who_leave(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk(kind="three_party")
    ringing = await scene.rings()
    await answer(scene.stage, scene.li, ringing)
    assert ringing.answered_ns is not None
    await joined(scene.stage, scene.zhang, "li", ringing.answered_ns, around_ms=0)
    scene.citizen.handset.kill()
    beyond_grace_ns = ringing.answered_ns + round(GRACE_IS_OVER_S * 1e9)  # a target gone sooner has said no goodbye
    await joined(scene.stage, scene.zhang, "li", beyond_grace_ns, around_ms=0)
    assert scene.zhang.call is not None
    await hang_up(scene.stage, scene.li, ringing)
    await hang_up(scene.stage, scene.zhang, scene.zhang.call)

    near = scene.plan.sites[0]

    async def channels_left() -> int:
        return len(await asyncio.to_thread(live_channels, scene.plan, near))

    assert await eventually(channels_left, lambda found: found == 0, 2 * LIMIT_S) == 0
