"""The citizen's page as a person uses it, and what a page's ear hears."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from softphone_sim.browser import Browser, Page
from tests.web.desk_page import DeskPage

HEAR_LIMIT_S: Final = 8.0
EAR: Final = """
    window.ears ??= new AudioContext();
    await window.ears.resume();
    for (const began = window.ears.currentTime; window.ears.currentTime === began;)
        await new Promise(next => setTimeout(next, 20));
"""
"""Returns when this page's ear runs: it stands on a thread of the browser's that may come late."""
HEARD: Final = """
    const line = document.querySelector("audio").srcObject;
    if (!line) return {};  // nobody talks yet
    const analyser = window.ears.createAnalyser();
    [analyser.fftSize, analyser.smoothingTimeConstant] = [8192, 0];
    const source = window.ears.createMediaStreamSource(line);
    source.connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount), most = new Float32Array(bins.length).fill(-200);
    for (let look = 0; look < 5; look += 1) {
        await new Promise(next => setTimeout(next, 120));
        analyser.getFloatFrequencyData(bins);
        bins.forEach((loud, bin) => { most[bin] = Math.max(most[bin], loud); });
    }
    source.disconnect();
    const at = hz => Math.round(hz * analyser.fftSize / window.ears.sampleRate);
    const around = (bin, reach) => Math.max(...most.slice(bin - reach, bin + reach + 1));
    return Object.fromEntries(Object.entries(tones).map(([who, hz]) =>
        [who, [around(at(hz), 1), around(at(hz) - 25, 8), around(at(hz) + 25, 8)]]));
"""
"""For each voice: how loud its tone is, and what stands a little below and above it, in decibels."""
LINE_NOW: Final = """
    const tracks = document.querySelector("audio").srcObject?.getTracks() ?? [];
    return [...tracks.map(track => [track.readyState, track.muted]), window.ears.state, window.ears.currentTime];
"""
FLOOR_DB: Final = -75.0
ABOVE_DB: Final = 10.0


@dataclass(frozen=True, slots=True)
class CitizenPage:
    """The telephone of a citizen, in a tab."""

    page: Page
    origin: str

    @classmethod
    async def open(cls, browser: Browser, url: str) -> CitizenPage:
        """Open the page; returns when it can call."""
        page = await browser.page(with_csp=True)
        await page.open(f"{url}/")
        await page.until("document.activeElement.dataset.dial")
        return cls(page, url)

    async def choose(self, number: str) -> None:
        """Call from this line."""
        await self.page.run(
            "const field = document.querySelector('[name=number]'); field.value = number;"
            "field.dispatchEvent(new Event('change', {bubbles: true}))",
            number=number,
        )

    async def stands(self, state: str, limit_s: float = 8.0) -> None:
        """Wait until the call stands so."""
        await self.page.until("document.querySelector(`[data-call=${state}]`)", limit_s, state=state)

    async def hears_word(self, word: str) -> None:
        """Wait until the page says so of what is heard."""
        await self.page.until("document.querySelector(`[data-hears=${word}]`)", word=word)


async def hears(page: Page, tones_hz: dict[str, int], *voices: str) -> None:
    """Wait until this page's line carries exactly these voices' tones.

    Raises:
        AssertionError: it does not; the message holds what was measured.
    """
    seen: dict[str, list[float]] = {}
    await page.run(EAR)
    try:
        async with asyncio.timeout(HEAR_LIMIT_S):
            while _voices(seen) != set(voices):
                seen = await page.run(HEARD, tones=tones_hz)
    except TimeoutError:
        line = await page.run(LINE_NOW)
        raise AssertionError(f"wanted {voices}, heard {_voices(seen)}: {seen}; {line}") from None


def _voices(seen: dict[str, list[float]]) -> set[str]:
    return {
        who for who, (loud, below, above) in seen.items() if loud > FLOOR_DB and loud > max(below, above) + ABOVE_DB
    }


async def all_hear(tones_hz: dict[str, int], **pages: CitizenPage | DeskPage) -> None:
    """Each of these hears exactly the others."""
    await asyncio.gather(*(
        hears(one.page, tones_hz, *(other for other in pages if other != who)) for who, one in pages.items()
    ))  # fmt: skip
