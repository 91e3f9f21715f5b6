"""`./run bench desk`: from an event to the screen, in a real Chromium, with fifty event streams connected to the site.

An agent writes a note at one desk; another desk of his, a real page, shows it. The time runs from the moment the POST
leaves to the frame after the text stands in the page: request, commit, event, stream, drawing. A lab of its own, with
seats enough for the streams.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console

from callflow.lab import lab as lab_up_down
from callflow.lab.plan import Plan, plan_lab
from softphone_sim.browser import Browser, Page, chromium
from softphone_sim.desk import Desk
from softphone_sim.lab import Lab, read_lab
from softphone_sim.run.acts import answer, dial, rings_at
from softphone_sim.run.stage import Stage

STREAMS: Final = 50
STREAMS_A_SEAT: Final = 5
EVENTS: Final = 100
SCREEN_LIMIT_MS: Final = 100.0  # at the 95th percentile
PAINT_LIMIT_MS: Final = 1000.0
NUMBER: Final = "13800138060"
SIGN_IN: Final = """
    document.querySelector("[name=user]").value = user;
    document.querySelector("[name=password]").value = password;
    document.querySelector("form").requestSubmit();
"""
WATCH: Final = """
    window.shownAt = {};
    const look = () => {
        const text = document.getElementById("note").value;
        window.shownAt[text] ??= performance.timeOrigin + performance.now();
        requestAnimationFrame(look);
    };
    look();
"""


def run_bench(plan: Plan, out: Path | None) -> int:
    """Measure, print, and judge; 1 when a promise is broken. Brings a lab of its own up and down."""
    with tempfile.TemporaryDirectory(prefix="callflow-bench-") as home:
        own = _with_more_seats(plan, Path(home))
        lab_up_down.up(own, lambda _line: None)
        try:
            figures = asyncio.run(_measure(read_lab(own.status_file), Path(home)))
        finally:
            lab_up_down.down(own)
    if out is not None:
        out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return _show(figures)


def _with_more_seats(plan: Plan, home: Path) -> Plan:
    sites = home / "sites"
    shutil.copytree(plan.home / "asterisk-config" / "sites", sites)
    more = "".join(
        f'\n[[agent]]\nid = "82{nth:02}"\nname_zh = "坐席82{nth:02}"\n' for nth in range(STREAMS // STREAMS_A_SEAT)
    )
    with (sites / "12345.toml").open("a", encoding="utf-8") as site_file:
        site_file.write(more)
    return plan_lab(plan.base, state=home / "state", site_files=sites)


async def _measure(lab: Lab, home: Path) -> dict[str, object]:
    site = lab.site("12345")
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage(lab))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        browser = await stack.enter_async_context(chromium(home))
        page = await _page(browser, lab)
        painted_ms = await page.until("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
        seats = [a for a in site.agents if a.id.startswith("82")]
        desks = [Desk(site.http, lambda _event: None) for _ in range(STREAMS)]
        for nth, desk in enumerate(desks):
            stack.push_async_callback(desk.close)
            seat = seats[nth // STREAMS_A_SEAT]
            await desk.log_in(seat.desk_user, seat.desk_password, group)
        zhang = await stage.agent("zhang", platform="12345", seat=1)
        citizen = await stage.caller("citizen", number=NUMBER)
        await dial(stage, citizen, "12345", asserted=NUMBER)
        await answer(stage, zhang, await rings_at(stage, zhang, 5.0))
        await page.until("document.querySelector('[data-phase=talking]')")
        await page.run(WATCH)
        assert zhang.desk is not None
        path = f"/calls/{zhang.latest_in_events('call_id')}/note"
        times_ms = [await _one(zhang.desk, page, path, f"第{nth}次 {time.time_ns()}") for nth in range(EVENTS)]
    return {"streams": STREAMS, "first_paint_ms": painted_ms, "event_to_screen_ms": times_ms}


async def _page(browser: Browser, lab: Lab) -> Page:
    account = lab.seat("12345", 1)
    page = await browser.page(with_csp=True)
    await page.open(f"{lab.site('12345').http}/")
    await page.picture()  # a headless page is painted when somebody looks
    await page.until("document.querySelector('form')")
    await page.run(SIGN_IN, user=account.desk_user, password=account.desk_password)
    await page.until("document.querySelector('.lamp.live')")
    return page


async def _one(desk: Desk, page: Page, path: str, text: str) -> float:
    sent_ms = time.time_ns() / 1e6
    await desk.ask("POST", path, {"text": text})
    return float(await page.until("window.shownAt[text]", text=text)) - sent_ms


def _show(figures: dict[str, object]) -> int:
    times = sorted(figures["event_to_screen_ms"])  # type: ignore[call-overload] # made above
    p95, painted = times[-(-len(times) * 95 // 100) - 1], float(str(figures["first_paint_ms"]))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    out = Console(highlight=False)
    out.print(f"desk 坐席工作台  ({os.cpu_count()} processors, load {load}, {STREAMS} event streams connected)")
    out.print(
        f"event to screen: median {median(times):.0f} ms, 95th {p95:.0f} ms, most {times[-1]:.0f} ms, n={len(times)}"
    )
    out.print(f"first paint: {painted:.0f} ms")
    kept = p95 <= SCREEN_LIMIT_MS and painted <= PAINT_LIMIT_MS
    out.print(f"{'✓' if kept else '✗'} promised: {SCREEN_LIMIT_MS:.0f} ms (95th) and {PAINT_LIMIT_MS:.0f} ms")
    return 0 if kept else 1
