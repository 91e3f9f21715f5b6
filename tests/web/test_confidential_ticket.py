"""A confidential ticket (保密, R-056) on the pages: its mark, the key that seals it, and a supervisor who unseals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callflow.domain.names import CallId, TicketId
from softphone_sim.browser import Browser
from tests.web.desk_page import DeskPage
from tests.web.test_desk_is_safe_and_fair import HOSTILE, look_at
from tests.web.test_pages_to_look_at import house, is_inert, opened, pictures
from tests.web.test_ticket_form import CHOOSE, VALUES, at_the_desk, fill

if TYPE_CHECKING:
    from pathlib import Path

    from callflow.domain.names import AgentId
    from tests.web.full_house import FullHouse

__all__ = ["house", "pictures"]

WHERE, WORDS = "红星路一段", "举报某科长受贿,请求保密"
TWO_LINES_PX = 40
PRESS = "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'm', bubbles: true, ...how}))"
REASON = """
    const field = document.querySelector("[data-unseal] input");
    field.value = why;
    field.form.requestSubmit();
"""


async def keeps_a_ticket(browser: Browser, house: FullHouse, who: AgentId) -> tuple[DeskPage, TicketId]:
    """He talks with a caller and has kept the ticket."""
    await house.caller_talks_with(who)
    desk = await at_the_desk(browser, house, who)
    await desk.page.press("m")
    await desk.sees(".live", "尚无工单")  # nothing to seal yet, and it says what to do first
    await write(desk)
    await fill(desk, "region", "510104")
    await desk.page.click(".ticket-form button")
    ticket_id = TicketId(await desk.sees("[data-ticket]", "GD"))
    await desk.page.press("Escape")
    return desk, ticket_id


async def write(desk: DeskPage) -> None:
    """What a form cannot do without."""
    await desk.page.press("g")
    await desk.page.run(CHOOSE, choice="公共设施类")
    await fill(desk, "location", WHERE)
    await fill(desk, "summary", WORDS)


async def is_sealed(house: FullHouse, ticket_id: TicketId) -> bool:
    """By the books."""
    return bool((await house.tickets.ticket(ticket_id)).confidential)


@pytest.mark.covers("R-056", "T-19")
async def test_one_key_asks_and_once_more_seals_and_the_words_stay_in_the_form(
    browser: Browser, house: FullHouse, pictures: Path
) -> None:
    desk, ticket_id = await keeps_a_ticket(browser, house, house.agent)
    for how in ({"isComposing": True}, {"keyCode": 229}, {"repeat": True}, {"ctrlKey": True}, {"shiftKey": True}):
        await desk.page.run(PRESS, how=how)
        assert not await desk.has(".sheet"), how
    await desk.page.press("n")
    await desk.page.write("mm 要求保密")
    await desk.page.press("Escape")
    await desk.page.click(".switch input")  # the keys are off: neither does it act nor is it offered
    await desk.page.press("m")
    assert not await desk.has(".sheet")
    await desk.page.click(".switch input")

    await desk.page.press("m")
    await desk.sees("[role=alertdialog]", ticket_id)
    await desk.page.press("Escape")
    assert not await desk.has("[role=alertdialog]")
    assert not await is_sealed(house, ticket_id)
    await desk.page.press("m", "m")
    await desk.sees(".bar [data-confidential]", "保密")
    await desk.sees("#ticket-title [data-confidential]")
    await desk.sees(".tickets [data-confidential]")
    assert await is_sealed(house, ticket_id)
    await look_at(desk, "10-confidential", pictures)
    await desk.page.press("m")
    await desk.sees(".live", "解除须由班长")
    assert not await desk.has(".sheet")

    # his words are still in the form after a reload, so that keeping it anew wipes nothing out
    await desk.page.open(f"{house.url}/")
    await desk.sees("#ticket-title [data-confidential]", limit_s=15)
    values = await desk.page.run(VALUES)
    assert (values["location"], values["summary"]) == (WHERE, WORDS)
    await fill(desk, "summary", HOSTILE[0])
    await desk.page.click(".ticket-form button")
    await desk.sees(".live", "工单已保存")
    ticket = await house.tickets.ticket(ticket_id)
    assert (ticket.location, ticket.summary) == (WHERE, HOSTILE[0])
    await is_inert(desk)


@pytest.mark.covers("R-056")
async def test_a_supervisor_unseals_with_a_reason_at_his_desk_and_in_the_trace(
    browser: Browser, house: FullHouse, pictures: Path
) -> None:
    desk, ticket_id = await keeps_a_ticket(browser, house, house.supervisor)
    await desk.page.press("m", "Enter")
    await desk.sees(".bar [data-confidential]")
    await desk.page.press("m")
    await desk.sees(".sheet", ticket_id)
    assert await desk.page.run("return document.activeElement.name") == "text"
    assert await desk.flaws() == []
    await desk.page.run(REASON, why="  ")
    assert await is_sealed(house, ticket_id), "not without a reason"
    await desk.page.write("当事人同意公开")
    await desk.page.press("Enter")
    await desk.page.until("!document.querySelector('[data-confidential]')")
    assert not await is_sealed(house, ticket_id)
    await desk.page.press("m", "m")
    await desk.sees(".bar [data-confidential]")
    await is_inert(desk)

    trace = await opened(browser, house, f"/trace#{ticket_id}", house.supervisor)
    await trace.sees(f"[data-ticket={ticket_id}] [data-confidential]", "保密")
    await trace.sees("[data-event=ticket]", "标记保密")
    await look_at(trace, "26-confidential-in-the-trace", pictures)
    await trace.page.run(REASON, why="当事人再次同意公开")
    await trace.page.until("!document.querySelector('[data-confidential]')")
    assert not await is_sealed(house, ticket_id)

    agent = await house.desk(house.supervisor)
    assert (await agent.post(f"/api/v1/tickets/{ticket_id}/seal", {}))[0] == 200
    auditor = await opened(browser, house, f"/trace#{ticket_id}", house.auditor)
    await auditor.sees("[data-confidential]")
    assert not await auditor.has("[data-unseal]"), "who audits does not disclose"


async def ticks_the_box(browser: Browser, house: FullHouse) -> tuple[CallId, DeskPage]:
    """An agent talks with a caller and wants the ticket, which is not there yet, to be confidential."""
    call_id = await house.caller_talks_with(house.agent)
    desk = await at_the_desk(browser, house)
    await desk.page.click("#form-confidential")
    return call_id, desk


@pytest.mark.covers("R-056")
async def test_a_ticket_is_confidential_from_its_first_moment_when_the_box_is_ticked(
    browser: Browser, house: FullHouse
) -> None:
    call_id, desk = await ticks_the_box(browser, house)
    await write(desk)
    await desk.page.open(f"{house.url}/")
    await desk.phase("talking", limit_s=15)
    assert await desk.page.until("document.querySelector('#form-confidential')?.checked"), "it outlives a reload"
    assert await desk.page.run("return document.querySelector('.ticket-form .switch').offsetHeight") < TWO_LINES_PX
    assert await desk.flaws() == []
    await desk.page.click(".ticket-form button")
    ticket_id = TicketId(await desk.sees("[data-ticket]", "GD"))
    await desk.sees(".bar [data-confidential]")
    await desk.page.until("!document.querySelector('#form-confidential')")  # from here on it is the key M

    assert await is_sealed(house, ticket_id)
    steps = [one.step for one in await house.tickets.steps_of(ticket_id)]
    assert steps == ["sealed"], "nobody could read it before"
    assert (await desk.page.run(VALUES))["summary"] == WORDS
    assert (await house.tickets.ticket(ticket_id)).call_id == call_id
    await is_inert(desk)


@pytest.mark.covers("R-056", "R-008")
async def test_a_box_that_was_ticked_holds_for_the_ticket_that_danger_makes_meanwhile(
    browser: Browser, house: FullHouse
) -> None:
    call_id, desk = await ticks_the_box(browser, house)
    await (await house.desk(house.agent)).post(f"/api/v1/calls/{call_id}/danger", {})
    ticket_id = TicketId(await desk.sees("[data-ticket]", "GD"))
    assert not await is_sealed(house, ticket_id)

    await write(desk)
    await desk.page.click(".ticket-form button")
    await desk.sees(".live", "工单已保存")
    await desk.sees(".bar [data-confidential]")

    ticket = await house.tickets.ticket(ticket_id)
    assert (ticket.confidential, ticket.summary) == (True, WORDS)
    await is_inert(desk)
