"""A masked number is shown to those who may see the call, and the audit says to whom and why."""

from __future__ import annotations

import pytest

from tests.contract.web.house import House
from tests.contract.web.ticket_store import NUMBER


@pytest.mark.covers("R-002")
async def test_a_supervisor_sees_it_masked_until_he_asks_with_a_reason_which_is_audited(house: House) -> None:
    call_id = await house.caller_talks_with(house.agent)
    supervisor = await house.desk(house.supervisor)
    _, masked = await supervisor.get(f"/api/v1/calls/{call_id}")

    shown = await supervisor.post(f"/api/v1/calls/{call_id}/reveal", {"reason": "complaint"})

    assert masked["caller"]["number"] == f"{NUMBER[:3]}****{NUMBER[-4:]}"
    assert shown == (200, {"number": NUMBER})
    assert house.numbers_shown == [(call_id, house.supervisor, "supervisor", "complaint")]


@pytest.mark.covers("R-002", "R-065")
async def test_without_a_reason_or_for_a_colleagues_call_nothing_is_shown_or_audited(house: House) -> None:
    call_id = await house.caller_talks_with(house.agent)
    agent, colleague, auditor = [await house.desk(who) for who in (house.agent, house.colleague, house.auditor)]
    path, reason = f"/api/v1/calls/{call_id}/reveal", {"reason": "write-up"}

    for desk, body, status in (
        (agent, {}, 422),
        (agent, {"reason": "curious"}, 422),
        (colleague, reason, 403),
        (auditor, reason, 403),
    ):
        assert (await desk.post(path, body))[0] == status

    assert house.numbers_shown == []
