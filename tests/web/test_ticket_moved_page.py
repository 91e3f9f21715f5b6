"""A step of the other platform's ticket is on the agent's screen as soon as it is in the books here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callflow.domain.names import IncidentId
from softphone_sim.browser import Browser
from tests.web.test_pages_to_look_at import house, is_inert
from tests.web.test_ticket_form import at_the_desk

if TYPE_CHECKING:
    from tests.web.full_house import FullHouse

__all__ = ["house"]

SOON_S = 2.0  # the page asks of itself every 30 s


@pytest.mark.covers("R-043", "R-056")
async def test_signed_in_hand_and_sealed_over_there_stand_in_the_form_at_once(
    browser: Browser, house: FullHouse
) -> None:
    call_id = await house.caller_talks_with(house.agent)
    agent = await house.desk(house.agent)
    _, life = await agent.post("/api/v1/tickets", {"summary": "楼上打架", "call_id": call_id})
    desk = await at_the_desk(browser, house)
    await desk.sees("[data-ticket]", life["ticket_id"])

    steps = (("signed", "signed", "已签收"), ("responded", "in_hand", "办理中"))
    for version, (step, state, word) in enumerate(steps, start=1):
        await house.the_peer_says(IncidentId(life["incident_id"]), step, state, version)
        await desk.sees(f"[data-peer-state={state}]", word, SOON_S)
        await desk.sees(".live", f"110 工单:{word}", SOON_S)
    await house.the_peer_says(IncidentId(life["incident_id"]), "sealed", "in_hand", 3)
    await desk.sees("#ticket-title [data-confidential]", limit_s=SOON_S)
    assert await desk.flaws() == []
    await is_inert(desk)
