"""Who comes first when one agent becomes free; and danger for a caller who has no agent, or is gone."""

from __future__ import annotations

import asyncio
import time

import pytest

from agi.journal import JournalLine
from softphone_sim.bench import joined
from softphone_sim.desk import Desk
from softphone_sim.lab import Lab
from softphone_sim.run.acts import answer, dial, hang_up, press, rings_at, set_policy
from softphone_sim.script.model import Policy
from tests.e2e.entries import journal_after, journal_size, step_after
from tests.e2e.scene import LIMIT_S, NUMBER, Row, Scene, eventually
from tests.e2e.test_call_back import waiting as to_be_called_back
from tests.e2e.test_causes import DANGER_WITHIN_S, asks, three_way

LATE = "13800138161"
SUPERVISOR = "8100"


async def is_left_alone(scene: Scene) -> None:
    """His agent goes while 119 rings, 119 is busy, and so is his agent from now on: he is back in the queue."""
    site = scene.plan.sites[0]
    fire = await scene.stage.phone("fire", number="119", carrier=1)
    assert (await asks(scene, "handover", {"target": "119", "kind": "one_key", "consent": "agreed"})).status == 202
    ringing = await rings_at(scene.stage, fire, LIMIT_S)
    offset = journal_size(site)
    await set_policy(scene.zhang, Policy(answer="busy"))
    assert scene.zhang.call is not None
    await hang_up(scene.stage, scene.zhang, scene.zhang.call)
    await step_after(site, offset, "waiting")
    await fire.handset.order("answer", call=ringing.name, code=486)
    recalling = await step_after(site, offset, "recalling")

    async def offers() -> list[JournalLine]:
        lines = journal_after(site, offset)
        return [one for one in lines if one.step == "offered" and one.call_id == recalling.call_id]

    assert len(await eventually(offers, lambda seen: len(seen) > 1)) > 1, "by his own agent's phone, then by the queue"


@pytest.mark.covers("S-16")
async def test_who_was_left_alone_goes_before_who_has_waited_longer(scene: Scene) -> None:
    late = await scene.stage.caller("late", number=LATE)
    await scene.talk()
    offset = journal_size(scene.plan.sites[0])
    waits = await dial(scene.stage, late, "12345", asserted=LATE)
    await step_after(scene.plan.sites[0], offset, "queued")
    await is_left_alone(scene)

    free_ns = time.time_ns()
    await set_policy(scene.zhang, Policy())
    ringing = await rings_at(scene.stage, scene.zhang, LIMIT_S, since_ns=free_ns)
    await answer(scene.stage, scene.zhang, ringing)
    await joined(scene.stage, scene.citizen, "zhang", free_ns)
    still_waits = waits.is_live and waits.answered_ns is None
    await scene.citizen_hangs_up()
    after = await rings_at(scene.stage, scene.zhang, LIMIT_S, since_ns=time.time_ns())
    await hang_up(scene.stage, late, waits)

    assert ringing.invite is not None
    assert ringing.invite.shown_number == NUMBER
    assert still_waits
    assert after.invite is not None
    assert after.invite.shown_number == LATE, "then the other one's turn has come"


@pytest.mark.covers("S-16")
async def test_his_own_agent_is_not_rung_while_he_talks_with_somebody_else(scene: Scene) -> None:
    late = await scene.stage.caller("late", number=LATE)
    fire = await scene.stage.phone("fire", number="119", carrier=1)
    await scene.talk()
    assert (await asks(scene, "handover", {"target": "119", "kind": "one_key", "consent": "agreed"})).status == 202
    ringing = await rings_at(scene.stage, fire, LIMIT_S)
    assert scene.zhang.call is not None
    await hang_up(scene.stage, scene.zhang, scene.zhang.call)
    waits = await dial(scene.stage, late, "12345", asserted=LATE)
    for_late = await rings_at(scene.stage, scene.zhang, LIMIT_S, since_ns=waits.began_ns)
    await answer(scene.stage, scene.zhang, for_late)
    offset, failed_ns = journal_size(scene.plan.sites[0]), time.time_ns()
    await fire.handset.order("answer", call=ringing.name, code=486)
    await step_after(scene.plan.sites[0], offset, "recalling")
    await joined(scene.stage, scene.citizen, "music", failed_ns)
    rung = len(scene.zhang.handset.calls)
    await hang_up(scene.stage, late, waits)
    back = await rings_at(scene.stage, scene.zhang, LIMIT_S, since_ns=time.time_ns())
    await answer(scene.stage, scene.zhang, back)
    await joined(scene.stage, scene.citizen, "zhang", failed_ns)
    await scene.citizen_hangs_up()

    assert rung == 2, "for the citizen at first, and for the other caller"


# ---- danger


async def rings_in_time(scene: Scene, began_ns: int) -> None:
    """110 rings within the second; its agent answers, and the citizen hears him."""
    ringing = await rings_at(scene.stage, scene.li, LIMIT_S, since_ns=began_ns)
    assert (ringing.began_ns - began_ns) / 1e9 < DANGER_WITHIN_S
    await answer(scene.stage, scene.li, ringing)
    await joined(scene.stage, scene.citizen, "li", began_ns)
    await joined(scene.stage, scene.li, "citizen", began_ns)


async def both_tickets(scene: Scene) -> list[bool]:
    """Whether each platform's ticket of this incident says danger."""
    incident = await scene.incident()

    async def look() -> list[Row]:
        return await scene.tickets(incident)

    return [one["danger"] for one in await eventually(look, lambda seen: [one["danger"] for one in seen] == [True] * 2)]


@pytest.mark.covers("R-008")
async def test_danger_while_no_agent_has_answered_yet(scene: Scene) -> None:
    scene.call = await dial(scene.stage, scene.citizen, "12345", asserted=NUMBER)
    await rings_at(scene.stage, scene.zhang, LIMIT_S)

    began_ns = time.time_ns()
    said = await asks(scene, "danger", {})
    await rings_in_time(scene, began_ns)
    danger = await both_tickets(scene)
    await scene.citizen_hangs_up()

    assert said.status == 202
    assert danger == [True, True]


@pytest.mark.covers("R-008")
async def test_danger_raised_by_a_supervisor_for_a_caller_whom_nobody_has_answered(scene: Scene, lab: Lab) -> None:
    """Nobody's desk has him yet; the supervisor sees him in the list of calls."""
    account = lab.seat("12345", lab.seat_of("12345", SUPERVISOR))
    await set_policy(scene.zhang, Policy(answer="busy"))
    offset = journal_size(scene.plan.sites[0])
    scene.call = await dial(scene.stage, scene.citizen, "12345", asserted=NUMBER)
    arrived = await step_after(scene.plan.sites[0], offset, "arrived")
    async with asyncio.TaskGroup() as group:
        desk = Desk(lab.site("12345").http, lambda _event: None)
        await desk.log_in(account.desk_user, account.desk_password, group)
        seen = [call["call_id"] for call in (await desk.ask("GET", "/calls")).body["calls"]]
        began_ns = time.time_ns()
        said = await desk.ask("POST", f"/calls/{arrived.call_id}/danger", {})
        await desk.close()
    await rings_in_time(scene, began_ns)
    danger = await both_tickets(scene)
    await scene.citizen_hangs_up()

    assert arrived.call_id in seen
    assert said.status == 202
    assert danger == [True, True]


@pytest.mark.covers("R-008")
async def test_danger_for_a_caller_who_waits_for_an_agent_again(scene: Scene) -> None:
    await scene.talk()
    await is_left_alone(scene)

    began_ns = time.time_ns()
    said = await asks(scene, "danger", {})
    await rings_in_time(scene, began_ns)
    danger = await both_tickets(scene)
    await scene.citizen_hangs_up()

    assert said.status == 202
    assert danger == [True, True]


async def danger_by(scene: Scene, way: str) -> None:
    """Our agent raises it."""
    if way == "by the desk":
        assert (await asks(scene, "danger", {})).status == 202
    else:
        assert scene.zhang.call is not None
        await press(scene.stage, scene.zhang, "*9", scene.zhang.call)


@pytest.mark.covers("R-008")
@pytest.mark.parametrize("raised", ["by the desk", "by the phone", "before he goes"])
async def test_danger_when_the_caller_is_gone_and_two_agents_talk_on(scene: Scene, raised: str) -> None:
    """110 rings within the second and is put to the two agents; the caller is called back."""
    fire = await scene.stage.phone("fire", number="119", carrier=1)
    await scene.talk()
    await three_way(scene, fire)
    await joined(scene.stage, scene.citizen, "fire", scene.call.began_ns if scene.call else 0, around_ms=0)
    incident = await scene.incident()
    if raised == "before he goes":
        began_ns = time.time_ns()
        assert (await asks(scene, "danger", {})).status == 202
    await scene.citizen_hangs_up()
    if raised != "before he goes":
        began_ns = time.time_ns()
        await danger_by(scene, raised)
    ringing = await rings_at(scene.stage, scene.li, LIMIT_S, since_ns=began_ns)
    rang_in_s = (ringing.began_ns - began_ns) / 1e9
    answered_ns = await answer(scene.stage, scene.li, ringing)
    await joined(scene.stage, scene.zhang, "li", answered_ns, around_ms=0)
    await joined(scene.stage, scene.li, "fire", answered_ns, around_ms=0)
    danger = await both_tickets(scene)
    assert scene.zhang.call is not None
    await hang_up(scene.stage, scene.zhang, scene.zhang.call)
    listed = await eventually(lambda: to_be_called_back(scene.zhang, incident), len)

    assert rang_in_s < DANGER_WITHIN_S
    assert danger == [True, True]
    assert [one["reason"] for one in listed] == ["danger"]
