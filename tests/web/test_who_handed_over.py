"""Bar and trace say which agent of the other platform handed the caller over, in both languages (R-019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callflow.domain import events
from callflow.domain.names import SiteId, TicketId
from softphone_sim.browser import Browser
from tests.web.test_pages_to_look_at import house, is_inert, opened
from tests.web.test_ticket_form import at_the_desk

if TYPE_CHECKING:
    from tests.web.full_house import FullHouse

__all__ = ["house"]

GUEST = {"zh": "由 110 的 9119（12345 派驻）转来", "en": "Handed over by 9119 (sent by 12345) of 110"}


@pytest.mark.covers("R-019", "T-19")
async def test_the_bar_says_it_when_it_is_said_and_after_a_reload_and_so_does_the_trace(
    browser: Browser, house: FullHouse
) -> None:
    call_id = await house.caller_talks_with(house.agent, from_site=SiteId("110"))
    call = await house.sql.call(call_id)
    assert call is not None
    desk = await at_the_desk(browser, house)
    await desk.sees(".bar [data-from]", "由 110 转接")  # his voice was here before the word of it

    for by, says in (("9002", "由 110 的 9002 转来"), ("9119.12345", GUEST["zh"])):
        said = events.PeerTicketOpened(call_id, house.now, SiteId("110"), TicketId("JD20261122000001"), by)
        await house.controller.happened(said)
        await desk.sees(".bar [data-from]", says)
    await desk.page.click("[data-switch=language]")
    await desk.sees(".bar [data-from]", GUEST["en"])
    assert await desk.flaws() == []
    await desk.page.open(f"{house.url}/")
    await desk.sees(".bar [data-from]", GUEST["en"], limit_s=15)
    await is_inert(desk)

    trace = await opened(browser, house, f"/trace#{call.incident_id}", house.agent)
    await trace.sees(f"[data-call='{call_id}'] [data-from]", GUEST["zh"])
    await is_inert(trace)
