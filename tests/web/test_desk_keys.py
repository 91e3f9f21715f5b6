"""Whole stories by keyboard only, judged by ears and by what stands on the page."""

from __future__ import annotations

import time

import pytest

from softphone_sim.browser import Browser
from softphone_sim.lab import Lab
from softphone_sim.run.acts import answer, dial, hang_up, rings_at, set_policy
from softphone_sim.run.hearing import hear
from softphone_sim.run.stage import Stage
from softphone_sim.script.model import Hear, Policy
from tests.web.desk_page import DeskPage

CHOOSE = """
    const field = document.querySelector(selector);
    field.value = value;
    field.dispatchEvent(new Event("change", {bubbles: true}));
"""
NUMBER, MASKED = "13800138052", "138****8052"


async def only(stage: Stage, who: str, *voices: str) -> None:
    """This phone hears exactly these."""
    heard = await hear(stage, stage.actors[who], voices, Hear(who=who, exactly=voices, within=6.0))
    assert heard is None, heard


@pytest.mark.covers("R-001", "R-003", "R-006", "R-029", "R-086", "R-092")
async def test_one_key_by_keyboard_only_from_the_pop_to_the_end_of_the_wrap_up(
    lab: Lab, stage: Stage, browser: Browser
) -> None:
    zhangs, lis = await DeskPage.open(browser, lab, "12345", 1), await DeskPage.open(browser, lab, "110", 1)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    li = await stage.agent("li", platform="110", seat=1, desk=False)
    citizen = await stage.caller("citizen", number=NUMBER)

    call = await dial(stage, citizen, "12345", asserted=NUMBER)
    await zhangs.phase("queued")
    await zhangs.sees("[data-number]", MASKED)
    shown_ns = time.time_ns()
    connected_ns = await answer(stage, zhang, await rings_at(stage, zhang, 5))
    assert shown_ns < connected_ns, "the pop was there before the phone was answered"
    await zhangs.phase("talking")
    await zhangs.note("有人拿刀在追人,在人民路12号")
    await zhangs.sees("[data-suggestion] mark")
    await zhangs.page.run(CHOOSE, selector="[data-language]", value="bo")
    await zhangs.sees("[data-spoken=bo]", "藏语")

    await zhangs.page.press("t", "1")
    await zhangs.sees(".sheet", "是否同意")
    assert not any(path.endswith("/handover") for path in await zhangs.posts()), "without consent nothing is sent"
    await zhangs.page.press("y")
    ringing = await rings_at(stage, li, 5)
    await lis.sees("[data-number]", MASKED)
    await lis.sees("[data-from]", f"由 12345 的 {zhang.number} 转来")
    await lis.sees("[data-peer-note]", "人民路12号")
    await lis.sees("[data-spoken=bo]", "藏语")
    await answer(stage, li, ringing)
    await zhangs.sees(".chip", "110")
    await zhangs.phase("handed_over")

    await only(stage, "citizen", "li")
    await lis.page.press("o")
    await lis.sees("[data-owner='110']", "110")
    await zhangs.sees("[data-owner='110']", "110")
    await zhangs.sees("[data-linked]")
    await hang_up(stage, citizen, call)
    await zhangs.phase("ended")
    await zhangs.page.press("q")
    await zhangs.page.until("document.querySelector('[data-became=answered]')")
    assert not await zhangs.page.run(f"return document.body.innerText.includes('{NUMBER}')")
    await zhangs.page.run(CHOOSE, selector=".reveal", value="write-up")
    await zhangs.sees("[data-revealed]", NUMBER)
    await zhangs.put_away()
    zhangs.is_clean()
    lis.is_clean()


@pytest.mark.covers("R-004", "R-008")
async def test_three_party_stay_and_leave_by_keyboard_only_then_a_reload_in_mid_call(
    lab: Lab, stage: Stage, browser: Browser
) -> None:
    zhangs, lis = await DeskPage.open(browser, lab, "12345", 1), await DeskPage.open(browser, lab, "110", 1)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    li = await stage.agent("li", platform="110", seat=1, desk=False)
    citizen = await stage.caller("citizen", number=NUMBER)
    call = await dial(stage, citizen, "12345", asserted=NUMBER)
    ringing = await rings_at(stage, zhang, 5)
    await zhangs.phase("queued")

    await zhangs.page.press("c", "1", "y")  # before anybody has answered: kept, and carried out with the answer
    await zhangs.sees(".live", "接通后立即转接")
    await answer(stage, zhang, ringing)
    await answer(stage, li, await rings_at(stage, li, 5))
    await zhangs.phase("three_way")
    await only(stage, "citizen", "zhang", "li")
    assert {"leave", "danger", "three_party"} <= await zhangs.can()
    assert "stay" not in await zhangs.can()

    await lis.page.press("d")
    await lis.sees("[role=alertdialog]")
    assert not await lis.has("[data-danger]")
    await lis.page.press("d")
    await lis.sees("[data-danger]")
    await zhangs.sees("[data-danger]", limit_s=8)

    before = await zhangs.page.run("return document.querySelector('.bar').getBoundingClientRect().height")
    await zhangs.page.open(f"{zhangs.origin}/")
    await zhangs.is_live()
    assert await zhangs.phase("three_way", limit_s=1) == "three_way"
    await zhangs.sees("[data-danger]")
    assert await zhangs.page.run("return document.querySelector('.bar').getBoundingClientRect().height") == before

    await zhangs.page.press("l")
    await zhangs.phase("handed_over")
    await only(stage, "citizen", "li")
    await hang_up(stage, citizen, call)
    zhangs.is_clean()
    lis.is_clean()


@pytest.mark.covers("R-005")
async def test_a_busy_target_is_told_with_its_cause_the_caller_stays_and_the_next_step_is_one_click(
    lab: Lab, stage: Stage, browser: Browser
) -> None:
    zhangs = await DeskPage.open(browser, lab, "12345", 1)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    li = await stage.agent("li", platform="110", seat=1, desk=False)
    await set_policy(li, Policy(answer="busy"))
    citizen = await stage.caller("citizen", number=NUMBER)
    call = await dial(stage, citizen, "12345", asserted=NUMBER)
    await answer(stage, zhang, await rings_at(stage, zhang, 5))
    await zhangs.phase("talking")

    await zhangs.page.press("y", "t", "1")  # consent first: then the key goes at once

    told = await zhangs.sees(".attempt.failed")
    assert "来电人仍在线" in told
    assert "改用三方通话" in told
    await zhangs.sees(".trouble", "对方忙")
    await only(stage, "citizen", "zhang")
    await set_policy(li, Policy(answer="auto"))
    await zhangs.page.click(".attempt.failed button")
    await zhangs.phase("three_way")
    await only(stage, "citizen", "zhang", "li")
    await hang_up(stage, citizen, call)
    zhangs.is_clean()


async def test_no_key_acts_while_somebody_types_composes_chinese_holds_a_modifier_or_has_switched_them_off(
    lab: Lab, stage: Stage, browser: Browser
) -> None:
    zhangs = await DeskPage.open(browser, lab, "12345", 1)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    citizen = await stage.caller("citizen", number=NUMBER)
    call = await dial(stage, citizen, "12345", asserted=NUMBER)
    await answer(stage, zhang, await rings_at(stage, zhang, 5))
    await zhangs.phase("talking")
    page, order = zhangs.page, zhangs.page.browser.order
    pressed = "document.dispatchEvent(new KeyboardEvent('keydown', {key: 't', bubbles: true, ...how}))"

    for how in ({"isComposing": True}, {"keyCode": 229}, {"key": "Process"}, {"repeat": True}, {"shiftKey": True},
                {"ctrlKey": True}, {"altKey": True}, {"metaKey": True}):  # fmt: skip
        await page.run(pressed, how=how)
        assert not await zhangs.has(".sheet"), how

    await page.press("n")
    await order("Input.imeSetComposition", page.session, text="da", selectionStart=2, selectionEnd=2)
    for key in ("d", "d", "t", "1"):  # what an input method leaves to the page: keys marked 229
        told = {"key": key, "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229}
        await order("Input.dispatchKeyEvent", page.session, type="rawKeyDown", **told)
    await order("Input.insertText", page.session, text="打人")
    await page.press("t", "d", "x")
    assert await page.run("return document.getElementById('note').value") == "打人tdx"
    await page.press("Escape")

    await page.click(".switch input")
    await page.press("t", "d")
    assert not await zhangs.has(".sheet")
    await zhangs.sees(".live", "单键操作已关闭")
    await page.click(".switch input")
    await page.press("t")
    await zhangs.sees(".sheet")
    await page.press("Escape")

    assert {path.rsplit("/", 1)[1] for path in await zhangs.posts()} <= {"note"}
    assert not await zhangs.has("[data-danger]")
    await hang_up(stage, citizen, call)
