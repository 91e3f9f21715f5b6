"""The desk as a person sees it: a page object that signs in by the form, presses keys, and reads what stands there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from softphone_sim.browser import Browser, Page
from softphone_sim.lab import Lab

AXE: Final = Path(__file__).parent / "vendor" / "axe.min.js"
PUT_AWAY_MOST: Final = 30
SIGN_IN = """
    document.querySelector("[name=user]").value = user;
    document.querySelector("[name=password]").value = password;
    document.querySelector("form").requestSubmit();
"""


@dataclass(frozen=True, slots=True)
class DeskPage:
    """One agent's desk in a tab of its own. The page's own policy holds: nothing goes past it."""

    page: Page
    origin: str

    @classmethod
    async def open(cls, browser: Browser, lab: Lab, platform: str, seat: int) -> DeskPage:
        """Sign in by the form; returns when the event stream stands."""
        account, origin = lab.seat(platform, seat), lab.site(platform).http
        page = await browser.page(with_csp=True)
        await page.open(f"{origin}/")
        await page.until("document.querySelector('form')")
        await page.run(SIGN_IN, user=account.desk_user, password=account.desk_password)
        desk = cls(page, origin)
        await desk.is_live()
        return desk

    async def is_live(self) -> None:
        """The event stream is there, and so is the directory."""
        await self.page.until("document.querySelector('.lamp.live') && document.querySelector('.target')")

    async def phase(self, *phases: str, limit_s: float = 8.0) -> str:
        """Wait until the bar shows one of these phases; which one."""
        look = "phases.find(one => document.querySelector(`[data-phase=${one}]`))"
        return str(await self.page.until(look, limit_s, phases=phases))

    async def sees(self, selector: str, text: str = "", limit_s: float = 8.0) -> str:
        """Wait for an element that fits and holds this text; its whole text."""
        look = "[...document.querySelectorAll(selector)].map(e => e.innerText).find(t => t.includes(text))"
        return str(await self.page.until(f"({look}) ?? null", limit_s, selector=selector, text=text))

    async def put_away(self) -> None:
        """Write up every call that an earlier story has left on this seat: the desk is idle then."""
        for _ in range(PUT_AWAY_MOST):
            if await self.phase("idle", "ended", "abandoned", "call_back", "handed_over") == "idle":
                return
            await self.page.press("Enter")
        raise AssertionError("the desk does not become idle")

    async def has(self, selector: str) -> bool:
        """Whether something of the kind is there now."""
        return bool(await self.page.run("return document.querySelector(selector) !== null", selector=selector))

    async def can(self) -> set[str]:
        """The actions that can be taken now, by the buttons of the bar and of the note."""
        look = "return [...document.querySelectorAll('[data-act]:not(:disabled)')].map(e => e.dataset.act)"
        return set(await self.page.run(look))

    async def note(self, text: str) -> None:
        """N, write, Escape; returns when it is kept."""
        await self.page.press("n")
        await self.page.write(text)
        await self.page.press("Escape")
        await self.page.until("document.querySelector('[data-note-state=kept]')")

    async def posts(self) -> list[str]:
        """What the page has asked for beyond looking: addresses of calls' actions."""
        return [url.removeprefix(self.origin) for url in self.page.asked if "/calls/" in url]

    async def flaws(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA and its own best practices: the rule and where."""
        source = await asyncio.to_thread(AXE.read_text, "utf-8")
        await self.page.browser.order("Runtime.evaluate", self.page.session, expression=source)
        found: dict[str, Any] = await self.page.run("return await axe.run(document, {resultTypes: ['violations']})")
        return [f"{one['id']}: {[node['target'] for node in one['nodes']][:4]}" for one in found["violations"]]

    def is_clean(self) -> None:
        """Nothing red in the console, and no request has left the origin."""
        assert self.page.complaints == [], self.page.complaints
        abroad = {url for url in self.page.asked if not url.startswith(f"{self.origin}/")}
        assert abroad == set(), abroad
