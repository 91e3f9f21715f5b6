"""An administrator sets up his second factor on his page, and signs in with it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from callflow.domain.second_factor import code_of
from softphone_sim.browser import Browser
from tests.contract.web.house import House
from tests.web.desk_page import SIGN_IN, DeskPage
from tests.web.test_desk_is_safe_and_fair import look_at
from tests.web.test_pages_to_look_at import opened, pictures

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["pictures"]

TYPE = "const it = document.querySelector('[name=code]'); it.value = code; it.form.requestSubmit()"


@pytest.mark.covers("R-065")
async def test_set_up_on_the_page_and_asked_for_at_the_next_sign_in(browser: Browser, pictures: Path) -> None:
    house = House()
    needed = house.site.security.model_copy(update={"second_factor": "required"})
    house.site = house.site.model_copy(update={"security": needed})
    await house.open()
    admin = await opened(browser, house, "/admin", house.administrator)
    await admin.sees("[data-factor=off]", "须先开通")
    admin.page.complaints.clear()  # the browser logs what is refused to an account without one
    await admin.page.click("[data-factor=off] button.primary")
    shown = (await admin.sees("[data-secret]")).replace(" ", "")
    await look_at(admin, "24-second-factor", pictures)
    await admin.page.run(TYPE, code=code_of(base64.b32decode(shown), int(house.now) // 30))
    await admin.sees("[data-factor=on]", "已开通", limit_s=15)
    assert shown not in (await admin.page.run("return document.documentElement.outerHTML")).replace(" ", "")

    house.now += 30
    page = await browser.page(with_csp=True)
    await page.open(f"{house.url}/admin")
    await page.until("document.querySelector('form')")
    await page.run(SIGN_IN, user=house.administrator, password=f"secret-of-{house.administrator}")
    await page.until("document.querySelector('[name=code]')")
    again = DeskPage(page, house.url)
    await look_at(again, "25-sign-in-with-a-code", pictures)
    await page.run(TYPE, code=code_of(base64.b32decode(shown), int(house.now) // 30))
    await again.sees("[data-factor=on]", limit_s=15)
    await house.close()
