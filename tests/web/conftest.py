"""The lab, a browser, and desks opened in it."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softphone_sim.browser import Browser, Page, chromium
from softphone_sim.lab import Lab
from tests.e2e.conftest import lab, plan, running, stage

__all__ = ["lab", "plan", "running", "stage"]

SEAT_IN_THE_PAGE = 5  # the first whose phone is the desk's page
RATE_HZ = 48000

SIGN_IN = """
    const answer = await fetch("/api/v1/session", {method: "POST",
        headers: {"Content-Type": "application/json"}, body: JSON.stringify({user, password})});
    window.csrf = (await answer.json()).csrf;
    return answer.status;
"""
LISTEN = """
    window.events = [];
    window.stream = new EventSource("/api/v1/events");
    const opened = new Promise((resolve, reject) => {
        window.stream.addEventListener("snapshot", resolve, {once: true});
        setTimeout(() => reject(new Error("no snapshot came")), 5000);
    });
    for (const type of ["snapshot", "call", "attempt", "pop", "ticket", "danger"])
        window.stream.addEventListener(type, event => window.events.push({type, id: event.lastEventId,
            at: performance.timeOrigin + performance.now(), body: JSON.parse(event.data)}));
    await opened;
"""
WAIT_FOR = """
    const fits = event => event.type === type
        && Object.entries(where).every(([key, value]) => event.body[key] === value);
    for (const until = Date.now() + limit_ms; Date.now() < until; await new Promise(next => setTimeout(next, 20))) {
        const found = window.events.find(fits);
        if (found) return found;
    }
    throw new Error(`no ${type} with ${JSON.stringify(where)}; there were ${JSON.stringify(window.events)}`);
"""
ASK = """
    const answer = await fetch("/api/v1" + path, {method, headers: {"Content-Type": "application/json",
        "X-CSRF-Token": window.csrf}, body: body === null ? undefined : JSON.stringify(body)});
    return {status: answer.status, body: await answer.json()};
"""


def write_tone(path: Path, hz: float) -> None:
    """Ten seconds of this tone, as a browser's microphone takes it."""
    beats = np.arange(RATE_HZ * 10)
    with wave.open(str(path), "wb") as tape:
        tape.setnchannels(1)
        tape.setsampwidth(2)
        tape.setframerate(RATE_HZ)
        tape.writeframes((9000 * np.sin(2 * np.pi * hz * beats / RATE_HZ)).astype("<i2").tobytes())


@dataclass(frozen=True, slots=True)
class BrowserDesk:
    """An agent signed in, in a real page of the site's own origin, with the event stream open."""

    page: Page

    async def told(self, type_: str, limit_s: float = 8.0, **where: object) -> dict[str, Any]:
        """The first event of this type whose body says so: type, id, at (epoch milliseconds), body."""
        return dict(await self.page.run(WAIT_FOR, type=type_, where=where, limit_ms=limit_s * 1000))

    async def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One API call by fetch: status, body."""
        return dict(await self.page.run(ASK, method=method, path=path, body=body))


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser of this test's own."""
    place = tmp_path / "browser"
    place.mkdir()
    async with chromium(place) as one:
        yield one


async def desk_of(browser: Browser, lab: Lab, platform: str, seat: int) -> BrowserDesk:
    """Sign this seat in, in a profile of its own."""
    account = lab.seat(platform, seat)
    page = await browser.page()
    await page.open(f"{lab.site(platform).http}/")
    assert await page.run(SIGN_IN, user=account.desk_user, password=account.desk_password) == 200
    await page.run(LISTEN)
    return BrowserDesk(page)
