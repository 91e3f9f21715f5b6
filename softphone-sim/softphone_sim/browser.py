"""A real Chromium, driven by its own debugging protocol (CDP) over aiohttp: nothing to install beside the browser."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from softphone_sim.phone.handset import Bell

PROGRAMS = ("chromium", "google-chrome")
START_LIMIT_S, ANSWER_LIMIT_S, END_LIMIT_S = 30.0, 20.0, 5.0
FLAGS = (
    "--headless=new", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
    # what is not an address does not exist: the machine's network is never asked
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.*",
)  # fmt: skip
WITH_MICROPHONE = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
NUMBERS_OF_KEYS = {"Escape": 27, "Enter": 13, "Tab": 9, "F9": 120}


class ScriptFailed(Exception):  # noqa: N818 - named by blame: the page's script threw
    """A script of the test threw in the page; the text is the page's own."""


@dataclass(slots=True)
class Page:
    """One tab in a profile of its own, so with cookies of its own."""

    browser: Browser
    session: str
    profile: str
    complaints: list[str] = field(default_factory=list)
    """Whatever would be red in the console: errors, warnings, what a script threw, what did not load."""
    asked: list[str] = field(default_factory=list)
    """The address of every request that left the page."""

    async def open(self, url: str) -> None:
        """Go there, and wait until it has loaded."""
        before = self.browser.count("Page.loadEventFired", self.session)
        gone = await self.browser.order("Page.navigate", self.session, url=url)
        assert "errorText" not in gone, f"{url}: {gone['errorText']}"
        loaded = await self.browser.bell.until(
            lambda: True if self.browser.count("Page.loadEventFired", self.session) > before else None, ANSWER_LIMIT_S
        )
        assert loaded, f"{url} did not load in {ANSWER_LIMIT_S:g} s"

    async def run(self, script: str, **values: object) -> Any:
        """The answer of an async function body in the page; `values` are its constants.

        Raises:
            ScriptFailed: it threw.
        """
        constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
        told = await self.browser.order(
            "Runtime.evaluate", self.session,
            expression=f"(async () => {{ {constants}{script} }})()", awaitPromise=True, returnByValue=True,
        )  # fmt: skip
        if "exceptionDetails" in told:
            raise ScriptFailed(told["exceptionDetails"].get("exception", {}).get("description", str(told)))
        return told["result"].get("value")

    async def until(self, script: str, limit_s: float = 8.0, **values: object) -> Any:
        """What the expression gives as soon as that is something true; else an error that quotes the page."""
        looks = f"const look = () => ({script});"
        wait = """
            let found;
            for (const until = Date.now() + limit_ms; Date.now() < until;) {
                if ((found = look())) return found;
                await new Promise(next => setTimeout(next, 20));
            }
            throw new Error(`not so in time: ${look}; the page says: ${document.body.innerText.slice(0, 1500)}`);
        """
        return await self.run(f"{looks}{wait}", limit_ms=limit_s * 1000, **values)

    async def press(self, *keys: str) -> None:
        """Press keys one after another, as a keyboard does: single characters, or names such as "Escape"."""
        for key in keys:
            code = f"Key{key.upper()}" if key.isalpha() and len(key) == 1 else f"Digit{key}" if key.isdigit() else key
            number = ord(key.upper()) if len(key) == 1 else NUMBERS_OF_KEYS[key]
            told = {"key": key, "code": code, "windowsVirtualKeyCode": number}
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            await self.browser.order("Input.dispatchKeyEvent", self.session, type="keyDown", **told, **text)
            await self.browser.order("Input.dispatchKeyEvent", self.session, type="keyUp", **told)

    async def write(self, text: str) -> None:
        """Put text in where the cursor stands, as an input method does at its end."""
        await self.browser.order("Input.insertText", self.session, text=text)

    async def click(self, selector: str) -> None:
        """Click on the first element that fits, as soon as one is there: a page may still be waiting for an answer."""
        await self.until("document.querySelector(selector) !== null", selector=selector)
        await self.run("document.querySelector(selector).click()", selector=selector)

    async def picture(self, width: int = 1440, height: int = 900) -> bytes:
        """A screenshot (WebP) of the page at this size of window, in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.browser.order("Emulation.setDeviceMetricsOverride", self.session, **size)
        drawn = await self.browser.order("Page.captureScreenshot", self.session, format="webp", quality=80)
        return base64.b64decode(drawn["data"])


@dataclass(slots=True)
class Browser:
    """A running browser. Every wait has a limit."""

    socket: aiohttp.ClientWebSocketResponse
    process: asyncio.subprocess.Process
    bell: Bell = field(default_factory=Bell)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _events: list[tuple[str, str]] = field(default_factory=list)
    _pages: dict[str, Page] = field(default_factory=dict)

    async def order(self, method: str, session: str | None = None, **params: object) -> dict[str, Any]:
        """One CDP command and its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        told = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        await self.socket.send_json(told)
        async with asyncio.timeout(ANSWER_LIMIT_S):
            result = await answer
        assert "error" not in result, f"{method}: {result['error']}"
        return dict(result["result"])

    async def page(self, *, with_csp: bool = False, beside: Page | None = None) -> Page:
        """A fresh tab in a fresh profile, or in that of the page that it stands beside.

        The test's own scripts may go past the page's policy, unless `with_csp`.
        """
        profile = beside.profile if beside else await self._profile()
        target = await self.order("Target.createTarget", url="about:blank", browserContextId=profile)
        session = (await self.order("Target.attachToTarget", targetId=target["targetId"], flatten=True))["sessionId"]
        page = self._pages[session] = Page(self, session, profile)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.order(f"{domain}.enable", session)
        await self.order("Page.setBypassCSP", session, enabled=not with_csp)
        return page

    async def _profile(self) -> str:
        made = await self.order("Target.createBrowserContext", disposeOnDetach=True)
        return str(made["browserContextId"])

    def kill(self) -> None:
        """The browser dies as a crash lets it: no goodbye to anybody."""
        self.process.kill()

    def count(self, method: str, session: str) -> int:
        """How often this event came."""
        return self._events.count((method, session))

    async def listen(self) -> None:
        """Read until the browser goes."""
        async for message in self.socket:
            told = json.loads(message.data)
            if "id" in told:
                answer = self._answers.pop(told["id"])
                if not answer.done():
                    answer.set_result(told)
            else:
                self._take(told["method"], told.get("sessionId", ""), told["params"])
            self.bell.ring()

    def _take(self, method: str, session: str, params: dict[str, Any]) -> None:
        self._events.append((method, session))
        page = self._pages.get(session)
        if page is None:
            return
        match method:
            case "Network.requestWillBeSent":
                page.asked.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                page.complaints.append(str(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in {"error", "warning", "assert"}:
                page.complaints.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in {"error", "warning"}:
                page.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


@asynccontextmanager
async def chromium(place: Path, voice: Path | None = None) -> AsyncIterator[Browser]:
    """A browser with its profile under `place`; gone with the block. `voice`: a WAV that its microphone hears."""
    program = next(found for name in PROGRAMS if (found := shutil.which(name)))
    # its sandbox refuses to work for root, which is what a container's tests often are
    heard = () if voice is None else (*WITH_MICROPHONE, f"--use-file-for-fake-audio-capture={voice}")
    flags = (*FLAGS, *heard, f"--user-data-dir={place}", *(("--no-sandbox",) if os.geteuid() == 0 else ()))
    with (
        tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as scrap,  # its socket stays behind
        (place / "chromium.log").open("wb") as log,
    ):
        process = await asyncio.create_subprocess_exec(
            program, *flags, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, "HOME": str(place), "TMPDIR": scrap},
        )  # fmt: skip
        try:
            url = await _debugging_url(place, process)
            async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as socket:
                browser = Browser(socket, process)
                async with asyncio.TaskGroup() as group:
                    listening = group.create_task(browser.listen())
                    yield browser
                    listening.cancel()
        finally:
            await _end(process)


async def _debugging_url(place: Path, process: asyncio.subprocess.Process) -> str:
    told = place / "DevToolsActivePort"
    bell = Bell()
    found = await bell.until(
        lambda: told.read_text().split() if told.exists() and told.read_text().count("\n") else None,
        START_LIMIT_S,
        0.05,
    )
    assert found, f"chromium ({process.returncode}) did not start: {(place / 'chromium.log').read_text()[-2000:]}"
    return f"ws://127.0.0.1:{found[0]}{found[1]}"


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(END_LIMIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
