"""Listening in: only a supervisor, only with a reason, audited before his own phone rings."""

from __future__ import annotations

import pytest

from callflow.domain import events
from callflow.domain.names import AgentId, ChannelName
from tests.contract.web.house import House

EAR = ChannelName("PJSIP/8002-00000077")


@pytest.mark.covers("R-065")
async def test_a_supervisor_listens_for_a_reason_and_the_audit_comes_first(house: House) -> None:
    call_id = await house.caller_talks_with(house.agent)
    watch = await house.desk(house.supervisor)
    same = {"Idempotency-Key": "once"}

    status, body = await watch.post(f"/api/v1/calls/{call_id}/listen", {"reason": "quality"}, **same)
    again = await watch.post(f"/api/v1/calls/{call_id}/listen", {"reason": "quality"}, **same)

    assert status == 202
    assert again[1] == body
    assert house.listens == [
        ("asked", call_id, house.supervisor, "supervisor", "quality"),
        ("rung", call_id, house.supervisor, body["listen_id"]),
    ]


@pytest.mark.covers("R-065", "T-20")
async def test_nobody_else_listens_and_nobody_without_a_reason(house: House) -> None:
    call_id = await house.caller_talks_with(house.agent)
    path = f"/api/v1/calls/{call_id}/listen"
    for who in (house.agent, house.colleague, house.auditor, house.administrator):
        assert (await (await house.desk(who)).post(path, {"reason": "quality"}))[1]["code"] == "role-not-allowed"
    watch = await house.desk(house.supervisor)

    assert (await watch.post(path, {}))[1]["code"] == "invalid-request"
    assert (await watch.post(path, {"reason": "quality", "agent_id": house.colleague}))[1]["code"] == "invalid-request"
    assert house.listens == []


async def test_without_a_talk_or_a_pbx_it_is_refused_by_name(house: House) -> None:
    ringing = await house.phone_rings(house.agent)
    watch = await house.desk(house.supervisor)
    assert (await watch.post(f"/api/v1/calls/{ringing}/listen", {"reason": "safety"}))[1]["code"] == "nothing-to-hear"
    talking = await house.caller_talks_with(house.colleague)
    house.pbx_is_away = True
    assert (await watch.post(f"/api/v1/calls/{talking}/listen", {"reason": "safety"}))[1]["code"] == "asterisk-away"
    await house.caller_hangs_up(talking)
    assert (await watch.post(f"/api/v1/calls/{talking}/listen", {"reason": "safety"}))[1]["code"] == "call-ended"


@pytest.mark.parametrize("shown", [True, False])
async def test_the_agents_desk_says_so_unless_the_site_says_otherwise(house: House, *, shown: bool) -> None:
    call_id = await house.caller_talks_with(house.agent)
    desk = await house.desk(house.agent)

    await house.controller.happened(events.ListenerCame(call_id, house.now, AgentId("8002"), EAR, shown=shown))
    during = (await desk.get(f"/api/v1/calls/{call_id}"))[1]["listened"]
    await house.controller.happened(events.ListenerLeft(call_id, house.now, AgentId("8002"), EAR))
    after = (await desk.get(f"/api/v1/calls/{call_id}"))[1]["listened"]

    assert (during, after) == (shown, False)
