"""Supervisor's page, trace, administrator's page in a real Chromium: right, inert, usable, only for their roles."""

from __future__ import annotations

import os
import time
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callflow.adapters.sql.database import Database
from callflow.domain.bans import Ban, Reason
from softphone_sim.browser import Browser
from tests.contract.web.house import House
from tests.web.desk_page import SIGN_IN, DeskPage
from tests.web.full_house import NUMBER, FullHouse
from tests.web.test_desk_is_safe_and_fair import HOSTILE, look_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from callflow.domain.names import AgentId

EVIL = "\n".join(HOSTILE)
GROWN = ", ".join(f"#page {tag}" for tag in ("script", "img", "iframe", "svg", "base", "style"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[FullHouse]:
    """A site in the middle of its day."""
    books = await Database.open(f"sqlite:///{tmp_path / 'facts.db'}")
    made = FullHouse(books, tmp_path, time.time())
    await made.open()
    yield made
    await made.close()
    await books.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go."""
    return Path(os.environ.get("CALLFLOW_PICTURES") or tmp_path)


async def opened(browser: Browser, house: House, path: str, who: AgentId) -> DeskPage:
    """Sign in at this page by its form."""
    page = await browser.page(with_csp=True)
    await page.open(f"{house.url}{path}")
    await page.until("document.querySelector('form')")
    await page.run(SIGN_IN, user=who, password=f"secret-of-{who}")
    await page.until("document.querySelector('#page-title')", 15)
    return DeskPage(page, house.url)


async def tabbed(page: DeskPage, times: int) -> set[str]:
    """Where the Tab key comes by: the address of a link, else the element's name."""
    look = "return document.activeElement.getAttribute('href') ?? document.activeElement.tagName"
    reached = set()
    for _ in range(times):
        await page.page.press("Tab")
        reached.add(await page.page.run(look))
    return reached


async def is_inert(page: DeskPage) -> None:
    """Nothing that was written has become a part of the page."""
    assert not await page.has(GROWN)
    assert await page.page.run("return window.pwned === undefined")
    page.is_clean()


@pytest.mark.covers("R-093", "T-19")
async def test_the_supervisor_sees_the_day_at_a_glance(browser: Browser, house: FullHouse, pictures: Path) -> None:
    await house.a_day_of_handovers()
    await house.tickets_in_every_trouble(HOSTILE[0])
    house.somebody_was_lost(HOSTILE[1])
    house.missing["trunk-110"] = HOSTILE[2]
    danger = await house.a_handover(house.agent, EVIL)
    queued = await house.phone_rings(house.colleague)
    house.now += 25  # he has waited long enough for an alert
    await house.on_duty_for_an_hour(house.agent, house.supervisor)

    watch = await opened(browser, house, "/supervisor", house.supervisor)
    await watch.sees(f"[data-call='{danger}'].alarm", "138****8053")
    await watch.sees(f"[data-call='{queued}']", "振铃")
    await watch.sees("[data-tile=late] strong", "1")
    await watch.sees("[data-tile=health] strong", "1")
    await watch.sees(".alerts li", HOSTILE[2])
    await watch.sees("[data-agent='8001']", "通话中")
    await watch.sees("[data-times='110']", "秒")
    await watch.sees("[data-agent='8001'] [data-standing=present]", "在岗")
    await watch.sees("[data-agent='8009'] [data-standing=unplanned]", "未排班")
    await watch.sees(".alerts li", "8002 应在岗")
    await watch.page.until("document.querySelectorAll('.plot canvas').length === 2")

    assert NUMBER[3:7] not in await watch.page.run("return document.body.innerText")
    await look_at(watch, "21-supervisor", pictures)
    await is_inert(watch)

    reached = await tabbed(watch, 40)
    call = await house.sql.call(danger)
    assert call is not None
    assert {f"/trace#{call.incident_id}", "/trace", "SUMMARY", "BUTTON"} <= reached

    await watch.sees(".lamp.live", "已连接")
    await house.caller_hangs_up(queued)  # the page is told
    await watch.page.until("!document.querySelector(`[data-call='${queued}']`)", queued=queued)
    asked = [url.removeprefix(f"{house.url}/api/v1") for url in watch.page.asked]
    assert "/calls" not in asked
    assert asked.count("/watch") == 1


@pytest.mark.covers("R-043", "T-19")
async def test_an_incident_is_a_ladder_from_the_first_ring_to_the_last_step(
    browser: Browser, house: FullHouse, pictures: Path
) -> None:
    call_id = await house.a_handover(house.agent, EVIL)
    call = await house.sql.call(call_id)
    assert call is not None
    await house.caller_hangs_up(call_id)

    trace = await opened(browser, house, f"/trace#{call.incident_id}", house.auditor)
    await trace.sees("[data-incident]", call.incident_id)
    shown = await trace.sees(".ladder")
    order = [shown.find(word) for word in ("来电", "SIP 486 · Q.850 原因 17", "对方接入", "来电人已挂机")]
    written = await trace.page.run("return document.querySelector('[data-note]').textContent")
    both = await trace.page.run("return [...document.querySelectorAll('.lane-name')].map(one => one.innerText)")

    assert order == sorted(order), shown
    assert min(order) >= 0, shown
    assert both[:3] == ["来电人", "12345", "110报警服务台"]
    assert written == EVIL
    assert NUMBER[3:7] not in await trace.page.run("return document.body.innerText")
    await look_at(trace, "22-trace", pictures)
    await is_inert(trace)

    await trace.page.click(".switch input")  # the voice is left out
    await trace.page.until(
        "!document.querySelector('[data-event=voice]') && document.querySelector('[data-event=ticket]')"
    )
    await trace.page.click(".find a")
    await trace.sees("table a", call.incident_id)  # back in the list, by the newest ticket


@pytest.mark.covers("R-065", "T-19")
async def test_the_administrator_reads_the_house_and_no_caller(browser: Browser, pictures: Path) -> None:
    house = House()
    house.missing["redis"] = HOSTILE[2]
    house.bans = [Ban(ip_address("192.0.2.7"), Reason.PASSWORD, house.now, house.now + 600, 1)]
    await house.open()

    admin = await opened(browser, house, "/admin", house.administrator)
    await admin.sees("[data-part=redis]", HOSTILE[2])
    await admin.sees("[data-target='110']", "62110")
    await admin.sees("[data-peer='110']", "b2b2 b2b2")
    await admin.sees("th", "192.0.2.7")
    await admin.sees(".alerts", "carrier stranger")
    asked = {url.removeprefix(f"{house.url}/api/v1") for url in admin.page.asked if "/api/" in url}

    assert asked == {"/session", "/health/ready", "/roster", "/site", "/second-factor", "/bans", "/shifts", "/duty"}
    for serves in ("综合受理", HOSTILE[0]):
        await admin.page.run("document.querySelector('[name=serves]').value = serves", serves=serves)
        await admin.page.click("[data-add-shift] button")
        await admin.sees("[data-week='8001']", f"08:00–16:00 {serves}")
        if serves != HOSTILE[0]:
            await look_at(admin, "23-administrator", pictures)
    await admin.page.click("summary")
    for left in (1, 0):
        await admin.page.click("[data-shift] button")
        await admin.page.until("document.querySelectorAll('[data-shift]').length === left", left=left)
    assert house.shifts.kept == {}
    assert not await admin.has(GROWN)
    await house.close()


@pytest.mark.covers("R-065")
async def test_a_page_that_is_not_for_a_role_says_so_and_asks_for_nothing(browser: Browser) -> None:
    house = House()
    await house.open()
    for who, path in ((house.agent, "/supervisor"), (house.administrator, "/trace")):
        page = await opened(browser, house, path, who)
        await page.sees(".card", "无权查看")
        asked = {url.removeprefix(f"{house.url}/api/v1") for url in page.page.asked if "/api/" in url}
        assert asked == {"/session"}
        assert await page.flaws() == []
        page.is_clean()
    await house.close()
