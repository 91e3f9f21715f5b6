"""The evaluator's own page (R-095): a period, its figures, how its matters went, no person; and his mystery calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.mysteries import SqlMysteries
from callflow.domain.names import AgentId
from softphone_sim.browser import Browser
from tests.web.desk_page import SIGN_IN, DeskPage
from tests.web.full_house import NUMBER, FullHouse
from tests.web.test_desk_is_safe_and_fair import HOSTILE, look_at
from tests.web.test_pages_to_look_at import is_inert, pictures

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["pictures"]

ASSESSOR = AgentId("8700")
WORDS = f"她住在锦江区 {HOSTILE[0]}"
WRITE = "const it = document.querySelector(selector); it.value = text; it.form.requestSubmit()"


@pytest.fixture
async def assessed(tmp_path: Path) -> AsyncIterator[FullHouse]:
    """A site after a day's work, and an account for somebody who assesses it."""
    books = await Database.open(f"sqlite:///{tmp_path / 'facts.db'}")
    made = FullHouse(books, tmp_path, time.time())
    assessor = made.site.agent[0].model_copy(update={"id": ASSESSOR, "role": "evaluator", "name_zh": "评估机构"})
    made.site = made.site.model_copy(update={"agent": (*made.site.agent, assessor)})
    made.keep_books(books)
    made.mysteries = SqlMysteries(books)
    await made.open()
    yield made
    await made.close()
    await books.close()


async def went_well(house: FullHouse, *, satisfied: bool) -> str:
    """A matter that was worked on to its end, and the citizen asked; its number."""
    desk = await house.desk(house.agent)
    matter = {"summary": WORDS, "level": 2, "region": "510104", "contact": NUMBER, "category": "公共设施类"}
    _, made = await desk.post("/api/v1/tickets", matter)
    ticket = str(made["ticket_id"])
    for step, body in (
        ("dispatch", {"unit": "510104000000"}), ("sign", {}), ("respond", {"text": WORDS}),
        ("feed-back", {"text": WORDS}), ("call-back", {"satisfied": satisfied}),
    ):  # fmt: skip
        house.now += 700
        desk = await house.desk(house.agent)
        status, said = await desk.post(f"/api/v1/tickets/{ticket}/{step}", body)
        assert status == 200, (step, said)
    return ticket


async def at_his_page(browser: Browser, house: FullHouse) -> DeskPage:
    """He signs in at the site's address, as everybody does, and comes to his own page."""
    page = await browser.page(with_csp=True)
    await page.open(f"{house.url}/")
    await page.until("document.querySelector('form')")
    before = browser.count("Page.loadEventFired", page.session)
    await page.run(SIGN_IN, user=ASSESSOR, password=f"secret-of-{ASSESSOR}")
    assert await browser.bell.until(lambda: browser.count("Page.loadEventFired", page.session) > before or None, 15)
    await page.until("location.pathname === '/evaluation' && document.querySelector('.period')")
    return DeskPage(page, house.url)


@pytest.mark.covers("R-095", "R-065", "T-19")
async def test_he_sees_the_figures_of_a_period_and_how_matters_went_and_nobody_in_them(
    browser: Browser, assessed: FullHouse, pictures: Path
) -> None:
    began = assessed.now
    assessed.now = began - 3 * 3600
    good, bad = [await went_well(assessed, satisfied=satisfied) for satisfied in (True, False)]
    await assessed.tickets_in_every_trouble(WORDS)
    assessed.now = began
    await assessed.a_day_of_handovers()

    page = await at_his_page(browser, assessed)
    await page.sees("[data-tile=opened] strong", "5")
    assert "50.0%" in await page.sees("[data-tile=satisfied]")
    await page.sees(f"[data-matter={good}]", "满意")
    await page.sees(f"[data-matter={bad}]", "不满意")
    await page.sees("[data-stage=opened_to_signed]", "开立至签收")
    await page.sees("[data-line='12345']")
    await page.sees("[data-handovers=begun]", "36")
    await page.page.run(WRITE, selector="[name=by]", text="region")
    await page.sees("[data-group='510104']", "5")
    await look_at(page, "27-evaluation", pictures)

    text = await page.page.run("return document.documentElement.outerHTML")
    for secret in (NUMBER[3:7], NUMBER[-4:], "锦江", f"{assessed.agent}<"):
        assert secret not in text
    asked = {url.removeprefix(f"{assessed.url}/api/v1") for url in page.page.asked if "/api/" in url}
    assert asked == {"/session", "/figures", "/figures/lines", "/evaluation"}
    await page.page.click("[data-switch=language]")
    await page.sees(f"[data-matter={bad}]", "Not satisfied")
    await page.page.click("[data-switch=language]")
    await is_inert(page)


@pytest.mark.covers("R-095")
async def test_a_period_that_cannot_be_is_told_beside_it_and_one_without_matters_says_so(
    browser: Browser, assessed: FullHouse
) -> None:
    page = await at_his_page(browser, assessed)
    await page.sees("[data-none]", "没有数据")
    asked = len(page.page.asked)
    await page.page.run(WRITE, selector="[name=from]", text="2099-01-01")
    await page.sees("[data-wrong=order]", "先后颠倒")
    await page.page.run(WRITE, selector="[name=from]", text="2020-01-01")
    await page.sees("[data-wrong=long]", "最多 92 天")
    assert await page.flaws() == []
    assert len(page.page.asked) == asked, "nothing is asked for a period that cannot be"
    await page.page.click("[data-last='7']")
    await page.page.until("!document.querySelector('[data-wrong]')")
    await is_inert(page)


@pytest.mark.covers("R-095")
async def test_he_marks_his_own_call_by_its_number_after_one_question(browser: Browser, assessed: FullHouse) -> None:
    began = assessed.now
    assessed.now = began - 2 * 3600
    ticket = await went_well(assessed, satisfied=True)
    assessed.now = began
    page = await at_his_page(browser, assessed)
    await page.sees(f"[data-matter={ticket}]")

    await page.page.run(WRITE, selector="[name=ticket]", text=HOSTILE[0][:30])
    await page.sees("#mystery-wrong", "格式不正确")
    await page.page.run(WRITE, selector="[name=ticket]", text=ticket.lower())
    await page.page.click(f"[data-sure={ticket}]")
    await page.sees("[role=status]", f"已标记 {ticket}")
    await page.sees(f"[data-matter={ticket}] [data-mystery]", "暗访")
    assert await page.flaws() == []
    await is_inert(page)

    await page.page.run(WRITE, selector="[name=ticket]", text="GD19990101000001")
    await page.page.click("[data-sure]")
    await page.sees("#mystery-wrong", "工单")
