"""The ticket form on the desk: filled in from what is known, kept over a reload, wrong beside the field, and inert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from softphone_sim.browser import Browser
from tests.contract.web.advice_given import SUGGESTION
from tests.web.desk_page import SIGN_IN, DeskPage
from tests.web.full_house import FullHouse
from tests.web.test_desk_is_safe_and_fair import HOSTILE, look_at
from tests.web.test_pages_to_look_at import house, is_inert, pictures

if TYPE_CHECKING:
    from pathlib import Path

    from callflow.domain.names import AgentId

__all__ = ["house", "pictures"]

ERRORS = "return [...document.querySelectorAll('[data-error]')].map(one => `${one.dataset.error}: ${one.innerText}`)"
CHOOSE = """
    document.activeElement.value = choice;
    document.activeElement.dispatchEvent(new Event("change", {bubbles: true}));
"""
VALUES = "return Object.fromEntries(new FormData(document.querySelector('.ticket-form')))"


async def at_the_desk(browser: Browser, house: FullHouse, who: AgentId | None = None) -> DeskPage:
    """The desk of this account, else of the agent, in a talk; its ticket form is there."""
    who = who or house.agent
    page = await browser.page(with_csp=True)
    await page.open(f"{house.url}/")
    await page.until("document.querySelector('form')")
    await page.run(SIGN_IN, user=who, password=f"secret-of-{who}")
    desk = DeskPage(page, house.url)
    await desk.phase("talking", limit_s=15)
    await page.until("document.querySelector('.ticket-form')")
    return desk


async def fill(desk: DeskPage, field: str, text: str) -> None:
    """Write this into a field in place of what stands there."""
    await desk.page.run("const it = document.getElementById(id); it.focus(); it.select()", id=f"form-{field}")
    await desk.page.write(text)


@pytest.mark.covers("R-045", "T-19")
async def test_the_form_is_filled_in_says_what_is_wrong_outlives_a_reload_and_is_kept(
    browser: Browser, house: FullHouse, pictures: Path
) -> None:
    house.suggestion = SUGGESTION | {"category": "突发事件类"}
    call_id = await house.caller_talks_with(house.agent)
    desk = await at_the_desk(browser, house)
    await desk.note(f"红星路路灯不亮 {HOSTILE[1]}")
    await desk.sees("[data-from=suggestion]")
    await desk.sees("[data-from=note]")

    await desk.page.press("g")
    assert await desk.page.run("return document.activeElement.id") == "form-category"
    await desk.page.run(CHOOSE, choice="公共设施类")
    await fill(desk, "region", "12")
    await fill(desk, "summary", " ")
    await desk.page.click(".ticket-form button")
    await desk.page.until("document.querySelectorAll('[data-error]').length === 3")
    assert await desk.page.run(ERRORS) == ["region: 格式不正确。", "location: 此项必填。", "summary: 此项必填。"]
    assert await desk.page.run("return document.activeElement.id") == "form-region"
    await look_at(desk, "9-ticket-form", pictures)
    await desk.page.click("[data-switch=language]")
    await desk.sees("[data-error=location]", "This is needed.")
    await desk.page.click("[data-switch=language]")

    await fill(desk, "location", HOSTILE[0])
    await fill(desk, "summary", "\n".join(HOSTILE))
    await fill(desk, "region", "999999")
    await desk.page.open(f"{house.url}/")
    await desk.phase("talking", limit_s=15)
    await desk.sees("[data-form-state=draft]", "未保存")
    assert (await desk.page.run(VALUES))["location"] == HOSTILE[0]
    await desk.page.click(".ticket-form button")
    await desk.sees("[data-error=region]", "没有此行政区划代码")
    assert len(desk.page.complaints) == 1, "the browser logs the refusal that was meant"
    desk.page.complaints.clear()
    await fill(desk, "region", "510104")
    await desk.page.click(".ticket-form button")
    ticket_id = await desk.sees("[data-ticket]", "GD")

    call = await house.sql.call(call_id)
    ticket = await house.tickets.ticket(ticket_id)
    assert call is not None
    assert (ticket.incident_id, ticket.location, ticket.region) == (call.incident_id, HOSTILE[0], "510104")
    assert ticket.summary == "\n".join(HOSTILE)
    assert await desk.page.run("return Object.keys(sessionStorage).filter(name => name.includes('form'))") == []
    await is_inert(desk)
