"""What only a real browser shows: cookies, origin rules, EventSource, the policy that the server sends.

The API as any script of the site's own origin uses it, run in the page `/` where nobody has signed in by hand. The
desk itself is in the other files of this folder.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from callflow.lab import lab as lab_up_down
from callflow.lab.plan import LabError, Plan
from callflow.lab.processes import refuse_taken_ports
from softphone_sim.browser import Browser, ScriptFailed
from softphone_sim.lab import Lab
from softphone_sim.run.acts import answer, dial, rings_at
from softphone_sim.run.hearing import hear
from softphone_sim.run.stage import Stage
from softphone_sim.script.model import Hear
from tests.e2e.conftest import quiet
from tests.web.conftest import BrowserDesk, desk_of

NUMBER = "13800138051"
AGREE_LIMIT_S = 5.0
ONE_KEY = {"target": "110", "kind": "one_key", "consent": "agreed"}


def is_clean(desk: BrowserDesk, origin: str) -> None:
    """Nothing red in the console, and no request left the origin."""
    assert desk.page.complaints == []
    assert {url for url in desk.page.asked if not url.startswith(f"{origin}/")} == set()
    assert not any(NUMBER in url for url in desk.page.asked)


def is_gone(running: Plan) -> bool:
    """The program of 12345 has ended and let go of its ports; its threads may do so after it counts as dead."""
    told = lab_up_down.status(running)
    try:
        refuse_taken_ports(lab_up_down.ports_of(running.sites[0])["python"])
    except LabError:
        return False
    return told is not None and not told["sites"][0]["pids"]["python"]


@pytest.mark.covers("R-001", "R-003")
async def test_the_pop_is_there_before_each_phone_is_answered_and_one_key_hands_over(
    lab: Lab, stage: Stage, browser: Browser
) -> None:
    zhangs, lis = await desk_of(browser, lab, "12345", 1), await desk_of(browser, lab, "110", 1)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    li = await stage.agent("li", platform="110", seat=1, desk=False)
    citizen = await stage.caller("citizen", number=NUMBER)

    await dial(stage, citizen, "12345", asserted=NUMBER)
    pop = await zhangs.told("pop", number=NUMBER)
    offered = await rings_at(stage, zhang, 5)
    connected_ns = await answer(stage, zhang, offered)
    assert pop["at"] * 1e6 < connected_ns
    call_id = (await zhangs.told("call", phase="talking"))["body"]["call_id"]
    without_consent = await zhangs.ask("POST", f"/calls/{call_id}/handover", {"target": "110"})
    complaint = next(line for line in zhangs.page.complaints if "409" in line)  # Chromium writes down every 4xx
    zhangs.page.complaints.remove(complaint)
    pressed = await zhangs.ask("POST", f"/calls/{call_id}/handover", ONE_KEY)
    pop = await lis.told("pop", number=NUMBER)
    connected_ns = await answer(stage, li, await rings_at(stage, li, 5))

    assert (without_consent["status"], without_consent["body"]["code"]) == (409, "consent-missing")
    assert pressed["status"] == 202
    assert pop["at"] * 1e6 < connected_ns
    await zhangs.told("call", phase="handed_over", call_id=call_id)
    assert await hear(stage, citizen, ("li",), Hear(who="citizen", exactly=("li",), within=5.0)) is None
    is_clean(zhangs, lab.site("12345").http)
    is_clean(lis, lab.site("110").http)


async def test_two_desks_of_one_agent_agree(lab: Lab, stage: Stage, browser: Browser) -> None:
    left, right = await desk_of(browser, lab, "12345", 1), await desk_of(browser, lab, "12345", 1)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    await stage.agent("li", platform="110", seat=1, desk=False)
    citizen = await stage.caller("citizen", number=NUMBER)
    await dial(stage, citizen, "12345", asserted=NUMBER)
    await answer(stage, zhang, await rings_at(stage, zhang, 5))
    call_id = (await left.told("call", phase="talking"))["body"]["call_id"]
    assert (await right.told("pop", number=NUMBER))["body"]["call_id"] == call_id

    first = await left.ask("POST", f"/calls/{call_id}/handover", ONE_KEY)
    attempt = (await right.told("attempt", target="110"))["body"]
    second = await right.ask("POST", f"/calls/{call_id}/handover", ONE_KEY)

    assert first["status"] == 202
    assert attempt["attempt_id"] == first["body"]["attempt_id"]
    assert (second["status"], second["body"]["code"]) == (409, "handover-in-progress")
    async with asyncio.timeout(AGREE_LIMIT_S):  # between two answers the target's phone may begin to ring
        views: list[Any] = []
        while not views or views[0] != views[1]:
            views = [(await desk.ask("GET", f"/calls/{call_id}"))["body"] for desk in (left, right)]
    assert views[0]["phase"] == "inviting"


async def test_a_killed_program_is_found_again_by_the_browser_itself_and_nobody_signs_in_anew(
    lab: Lab, stage: Stage, browser: Browser, running: Plan
) -> None:
    desk = await desk_of(browser, lab, "12345", 1)
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    citizen = await stage.caller("citizen", number=NUMBER)
    await dial(stage, citizen, "12345", asserted=NUMBER)
    await answer(stage, zhang, await rings_at(stage, zhang, 5))
    call_id = (await desk.told("call", phase="talking"))["body"]["call_id"]
    await desk.page.run("window.events.length = 0;")

    os.kill(lab.site("12345").pids.python[0], signal.SIGKILL)
    assert await stage.bell.until(lambda: is_gone(running) or None, 5, 0.05)
    lab_up_down.up(running, quiet)
    snapshot = await desk.told("snapshot", limit_s=15)
    pressed = await desk.ask("POST", f"/calls/{call_id}/handover", ONE_KEY)

    assert [call["call_id"] for call in snapshot["body"]["calls"]] == [call_id]
    assert pressed["status"] in {202, 409}, pressed  # 409: 110 has nobody signed in; both say that the session holds
    assert pressed["body"].get("code") != "not-signed-in"


async def test_a_foreign_page_can_use_nobodys_session(lab: Lab, browser: Browser) -> None:
    desk = await desk_of(browser, lab, "12345", 1)
    origin = lab.site("12345").http
    assert await desk.page.run("return document.cookie") == ""  # HttpOnly

    await desk.page.open(f"{lab.site('110').http}/")  # the same profile and cookies, another origin

    ask = "return (await fetch(url, {method, credentials: 'include', headers})).status"
    with pytest.raises(ScriptFailed, match="Failed to fetch"):
        await desk.page.run(ask, url=f"{origin}/api/v1/session", method="GET", headers={})
    with pytest.raises(ScriptFailed, match="Failed to fetch"):
        await desk.page.run(ask, url=f"{origin}/api/v1/session", method="DELETE", headers={"X-CSRF-Token": "guess"})
    await desk.page.open(f"{origin}/")
    assert (await desk.ask("GET", "/session"))["status"] == 200


@pytest.mark.covers("T-19")
async def test_the_servers_policy_lets_nothing_inline_run_and_nothing_leave_the_origin(
    lab: Lab, browser: Browser
) -> None:
    page = await browser.page(with_csp=True)
    await page.open(f"{lab.site('12345').http}/")

    with pytest.raises(ScriptFailed, match=r"Content Security Policy|Failed to fetch"):
        await page.run("await fetch(url)", url=f"{lab.site('110').http}/health/live")
    with pytest.raises(ScriptFailed, match="TrustedScript"):
        await page.run("document.createElement('script').textContent = 'window.ran = true'")
    with pytest.raises(ScriptFailed, match="TrustedHTML"):
        await page.run("document.body.innerHTML = '<img src=x>'")
    with pytest.raises(ScriptFailed, match="TrustedScript"):
        await page.run("document.body.setAttribute('onclick', 'window.ran = true')")

    assert await page.run("return window.ran === undefined")
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
