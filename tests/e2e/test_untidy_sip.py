"""SIP that is lost, doubled, overtaken, late or forked costs the caller nothing and leaves no ghost behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from softphone_sim.bench import joined
from softphone_sim.run.acts import answer, hang_up, rings_at
from softphone_sim.run.stage import Actor
from tests.e2e.channels import live_channels
from tests.e2e.scene import LIMIT_S, Scene, eventually
from tests.e2e.untidy_line import (
    OTHER_FORK,
    Fate,
    UntidyLine,
    forked,
    is_answer,
    swallowing_cancel,
    twice,
    untidy,
    untidy_line,
)

TIMER_B_S = 32.0
"""64 * T1: a transaction is over after this time, whatever was lost (RFC 3261 §17.1.1.2)."""


@pytest.fixture
async def line(scene: Scene) -> AsyncIterator[UntidyLine]:
    """What stands between 12345's PBX and the phone of 119."""
    net = scene.plan.net
    async with untidy_line(f"{net}.20", f"{net}.28") as one:
        yield one


@pytest.fixture
async def fire(scene: Scene, line: UntidyLine) -> Actor:
    """Who answers at 119."""
    return await scene.stage.phone("fire", number="119", address=line.phone, port=5060)


async def asks(scene: Scene, what: str, body: dict[str, str]) -> int:
    """Our agent's desk asks for something about this call; the status."""
    assert scene.zhang.desk is not None
    call_id = await scene.call_id()
    return (await scene.zhang.desk.ask("POST", f"/calls/{call_id}/{what}", body)).status


async def invites(scene: Scene) -> None:
    """A three-party call to 119 begins."""
    assert await asks(scene, "handover", {"target": "119", "kind": "three_party", "consent": "agreed"}) == 202


async def channels_left(scene: Scene) -> int:
    """How many channels 12345's PBX still has."""
    return len(await asyncio.to_thread(live_channels, scene.plan, scene.plan.sites[0]))


async def all_are_gone(scene: Scene, fire: Actor) -> None:
    """When caller and agent have hung up nobody rings, nobody talks, no channel stays, as soon as SIP's timers let."""
    await scene.citizen_hangs_up()
    assert scene.zhang.call is not None
    await hang_up(scene.stage, scene.zhang, scene.zhang.call)
    assert await eventually(lambda: channels_left(scene), lambda found: found == 0, TIMER_B_S) == 0
    assert await scene.stage.bell.until(lambda: all(call.ended_ns for call in fire.handset.calls), TIMER_B_S)


@pytest.mark.covers("C-18")
@pytest.mark.parametrize("fate", [untidy(1, 0.2), untidy(2, 0.2), twice, forked], ids=["1", "2", "twice", "forked"])
async def test_three_talk_over_a_line_that_loses_doubles_overtakes_and_forks(
    fate: Fate, scene: Scene, line: UntidyLine, fire: Actor
) -> None:
    await scene.talk()
    line.fate = fate
    began_ns = time.time_ns()
    await invites(scene)
    ringing = await rings_at(scene.stage, fire, LIMIT_S)
    await answer(scene.stage, fire, ringing)
    await joined(scene.stage, scene.citizen, "fire", began_ns, around_ms=0)
    await joined(scene.stage, fire, "citizen", began_ns, around_ms=0)
    now_ns = time.time_ns()
    await joined(scene.stage, scene.citizen, "zhang", now_ns, around_ms=0)
    await all_are_gone(scene, fire)

    assert len(fire.handset.calls) == 1, "an INVITE that comes again is not another call"
    assert scene.silences(of=("zhang", "fire")) == []
    assert fate is not forked or any(OTHER_FORK in packet for way, packet in line.passed if way == "to pbx")


@pytest.mark.covers("C-18")
async def test_an_answer_that_crosses_our_cancel_is_ended_and_the_caller_hears_his_agent_only(
    scene: Scene, line: UntidyLine, fire: Actor
) -> None:
    await scene.talk()
    await invites(scene)
    ringing = await rings_at(scene.stage, fire, LIMIT_S)
    cancelled = asyncio.Event()
    line.fate = swallowing_cancel(cancelled)
    began_ns = time.time_ns()
    assert await asks(scene, "handover/cancel", {}) == 202
    await asyncio.wait_for(cancelled.wait(), LIMIT_S)
    await fire.handset.order("answer", call=ringing.name, code=200)
    ended = await scene.stage.bell.until(lambda: ringing.ended_ns, LIMIT_S)
    heard = scene.stage.heard_by(scene.citizen, began_ns)

    assert ended, "Asterisk took the late answer's call down (RFC 3261 §15)"
    assert not heard.voices["fire"].any()
    assert any(way == "to pbx" and is_answer(packet) for way, packet in line.passed)
    await all_are_gone(scene, fire)
    assert scene.silences(of=("zhang",)) == []


@pytest.mark.covers("C-18")
async def test_a_farewell_that_never_arrives_keeps_nobody(scene: Scene, line: UntidyLine, fire: Actor) -> None:
    await scene.talk()
    began_ns = time.time_ns()
    await invites(scene)
    ringing = await rings_at(scene.stage, fire, LIMIT_S)
    await answer(scene.stage, fire, ringing)
    await joined(scene.stage, scene.citizen, "fire", began_ns, around_ms=0)
    line.fate = lambda _way, _packet: []
    await hang_up(scene.stage, fire, ringing)
    now_ns = time.time_ns()
    await joined(scene.stage, scene.citizen, "zhang", now_ns, around_ms=0)
    await all_are_gone(scene, fire)

    assert scene.silences(of=("zhang", "fire")) == []
