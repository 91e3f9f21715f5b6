"""Hostile texts stay text, everybody can use the page, it is small, and it asks nobody else."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path

import pytest

from callflow.web.page_files import page_files
from softphone_sim.browser import Browser
from softphone_sim.lab import Lab
from softphone_sim.run.acts import answer, dial, hang_up, rings_at
from softphone_sim.run.stage import Stage
from tests.web.conftest import SEAT_IN_THE_PAGE
from tests.web.desk_page import DeskPage

NUMBER, NEW_CALLER = "13800138053", "13800138055"
SIZE_LIMIT_BYTES, FIRST_PAINT_LIMIT_MS = 150_000, 1000
NOTE = "有人在人民路12号打架,一个男的拿着刀,快来"
HOSTILE = (
    "<script>window.pwned=1</script>", "<img src=x onerror=window.pwned=1>", '"><svg onload=window.pwned=1>',
    "</textarea><iframe src=javascript:window.pwned=1>", "javascript:window.pwned=1", "'; DROP TABLE tickets; --",
    "{{constructor.constructor('pwned=1')()}}", "${window.pwned=1}", "<a href='data:text/html,<script>1'>x</a>",
    "&lt;script&gt;", "<style>*{display:none}</style>", "<base href=http://evil.example/>", "<!--", "]]>",
    '=HYPERLINK("http://evil")',
)  # fmt: skip


@pytest.mark.covers("T-19")
async def test_hostile_notes_stay_text_on_both_desks(lab: Lab, stage: Stage, browser: Browser) -> None:
    zhangs, lis = await DeskPage.open(browser, lab, "12345", 1), await DeskPage.open(browser, lab, "110", 1)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    li = await stage.agent("li", platform="110", seat=1, desk=False)
    citizen = await stage.caller("citizen", number=NUMBER)
    call = await dial(stage, citizen, "12345", asserted=NUMBER)
    await answer(stage, zhang, await rings_at(stage, zhang, 5))
    await zhangs.phase("talking")
    corpus = "\n".join(HOSTILE)

    await zhangs.note(corpus)
    await zhangs.page.press("y", "c", "1")
    ringing = await rings_at(stage, li, 5)
    await lis.sees("[data-peer-note]", HOSTILE[-1])
    shown = await lis.page.run("return document.querySelector('[data-peer-note]').textContent")
    await answer(stage, li, ringing)
    await lis.phase("talking")

    assert shown == corpus
    grown = ", ".join(f"#page {tag}" for tag in ("script", "img", "iframe", "svg", "base", "style"))
    for desk in (zhangs, lis):
        assert not await desk.has(grown)
        assert await desk.page.run("return window.pwned === undefined")
        desk.is_clean()
    await hang_up(stage, citizen, call)


async def test_axe_finds_nothing_and_every_view_is_drawn_in_both_languages_and_themes(
    lab: Lab, stage: Stage, browser: Browser, tmp_path: Path
) -> None:
    place = Path(os.environ.get("CALLFLOW_PICTURES") or tmp_path)
    outside = await browser.page(with_csp=True)
    await outside.open(f"{lab.site('12345').http}/")
    await outside.until("document.querySelector('form')")
    await look_at(DeskPage(outside, lab.site("12345").http), "1-sign-in", place)
    zhangs, lis = await DeskPage.open(browser, lab, "12345", 1), await DeskPage.open(browser, lab, "110", 1)
    await zhangs.put_away()
    await lis.put_away()
    await look_at(zhangs, "2-idle", place)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    li = await stage.agent("li", platform="110", seat=1, desk=False)
    citizen = await stage.caller("citizen", number=NEW_CALLER)
    call = await dial(stage, citizen, "12345", asserted=NEW_CALLER)
    ringing = await rings_at(stage, zhang, 5)
    await zhangs.phase("queued")
    assert await zhangs.flaws() == [], "ringing"  # drawn before he has to be answered
    await asyncio.to_thread((place / "3-ringing-zh-light.webp").write_bytes, await zhangs.page.picture())
    await answer(stage, zhang, ringing)
    await zhangs.phase("talking")
    await zhangs.note(NOTE)
    await zhangs.sees("[data-suggestion] mark")
    await look_at(zhangs, "4-note-and-suggestion", place)
    await zhangs.page.press("t")
    await zhangs.sees(".sheet")
    await look_at(zhangs, "5-targets", place)
    await zhangs.page.press("1")
    await zhangs.sees(".sheet", "是否同意")
    await look_at(zhangs, "6-consent", place)
    await zhangs.page.press("y")
    ringing = await rings_at(stage, li, 5)
    await lis.sees("[data-peer-note]")
    await asyncio.to_thread((place / "7-pop-at-110-zh-light.webp").write_bytes, await lis.page.picture())
    await zhangs.page.press("s")
    await answer(stage, li, ringing)
    await zhangs.phase("three_way")
    await zhangs.page.press("d", "d")
    await zhangs.sees("[data-danger]")
    await look_at(zhangs, "8-three-party-in-danger", place)
    await hang_up(stage, citizen, call)
    await zhangs.phase("ended", "agents_only")


async def look_at(desk: DeskPage, name: str, place: Path) -> None:
    """Draw this view in Chinese and English, light and dark, and judge both themes; leaves it as it was."""
    for language in ("zh", "en"):
        for theme in ("light", "dark"):
            if (language, theme) in (("zh", "light"), ("en", "dark")):
                assert await desk.flaws() == [], f"{name}, {language}, {theme}"
            await asyncio.to_thread((place / f"{name}-{language}-{theme}.webp").write_bytes, await desk.page.picture())
            await desk.page.click("[data-switch=theme]")
        await desk.page.click("[data-switch=language]")


async def test_the_page_is_small_paints_soon_and_asks_nobody_else(lab: Lab, browser: Browser) -> None:
    desk = await DeskPage.open(browser, lab, "12345", SEAT_IN_THE_PAGE)  # the phone's part counts too
    await desk.page.open(f"{desk.origin}/")
    await desk.is_live()
    await desk.sees(".phone.ready")

    sent = {
        name: len(file.packed)
        for name, file in page_files().items()
        if f"{desk.origin}/pages/{name}" in desk.page.asked
    }
    await desk.page.picture()  # a headless page is painted when somebody looks
    painted_ms = await desk.page.until("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")

    assert sum(sent.values()) + len(page_files()["desk/index.html"].packed) < SIZE_LIMIT_BYTES, sent
    assert painted_ms < FIRST_PAINT_LIMIT_MS
    assert all(gzip.decompress(file.packed) == file.plain for file in page_files().values())
    desk.is_clean()
