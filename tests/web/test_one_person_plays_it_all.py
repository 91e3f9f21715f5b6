"""A citizen's page and two desks whose phones are in their pages: whole calls without any other telephone.

Three real browsers, each with a microphone of its own that hears one tone; who hears whom is measured in the pages, on
what came over the line.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from callflow.lab import lab as lab_up_down
from callflow.lab.citizen.lines import LINES
from callflow.lab.plan import Plan
from softphone_sim.browser import Browser, Page, chromium
from softphone_sim.lab import Lab
from tests.e2e.scene import quiet
from tests.web.citizen_page import CitizenPage, all_hear
from tests.web.conftest import SEAT_IN_THE_PAGE, write_tone
from tests.web.desk_page import DeskPage
from tests.web.test_desk_is_safe_and_fair import NOTE, look_at

TONES_HZ = {"citizen": 600, "wang": 1800, "li": 2800}
WITHHELD = next(line.number for line in LINES if line.withheld)


@dataclass(frozen=True, slots=True)
class Three:
    """The citizen, and an agent of each platform: 12345's first."""

    citizen: CitizenPage
    wang: DeskPage
    li: DeskPage


@pytest.fixture
async def three(lab: Lab, running: Plan, tmp_path: Path) -> AsyncIterator[Three]:
    url = (await asyncio.to_thread(lab_up_down.up, running, quiet, citizen=True))["citizen"]["http"]
    async with AsyncExitStack() as stack:
        browsers: dict[str, Browser] = {}
        for who, hz in TONES_HZ.items():
            place = tmp_path / who
            place.mkdir()
            await asyncio.to_thread(write_tone, place / "voice.wav", hz)
            browsers[who] = await stack.enter_async_context(chromium(place, place / "voice.wav"))
        wang = await DeskPage.open(browsers["wang"], lab, "12345", SEAT_IN_THE_PAGE)
        li = await DeskPage.open(browsers["li"], lab, "110", SEAT_IN_THE_PAGE)
        for desk in (wang, li):
            await desk.sees(".phone.ready")
            await desk.put_away()
        yield Three(await CitizenPage.open(browsers["citizen"], url), wang, li)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return Path(os.environ.get("CALLFLOW_PICTURES") or tmp_path)


async def show(page: Page, place: Path, name: str) -> None:
    """A picture for the tour, in both languages."""
    for language in ("zh", "en"):
        drawn = await page.picture()
        await asyncio.to_thread((place / f"{name}-{language}-light.webp").write_bytes, drawn)
        await page.click("[data-switch=language]")


@pytest.mark.covers("R-001", "R-003", "R-004", "R-006")
async def test_one_key_by_keyboard_only_from_the_citizens_call_until_he_talks_with_110_alone(
    three: Three, pictures: Path
) -> None:
    citizen, wang, li = three.citizen, three.wang, three.li

    await citizen.page.press("Enter")  # the key for 12345 has the focus
    await wang.sees(".phone.ringing")
    await wang.sees("[data-number]", "138****8021")
    await citizen.stands("ringing")
    await show(citizen.page, pictures, "31-tour-citizen-calls")
    await show(wang.page, pictures, "32-tour-12345-rings")
    await wang.page.press("a", "t")  # the T comes before the talk stands
    await wang.sees(".sheet")
    await wang.phase("talking")
    await citizen.stands("talking")
    await all_hear(TONES_HZ, citizen=citizen, wang=wang)
    await citizen.hears_word("tone")

    await wang.page.press("Escape")
    await wang.note(NOTE)
    await wang.page.press("t", "1", "y")
    await li.sees(".phone.ringing")
    await li.sees("[data-number]", "138****8021")
    await li.sees(".from", "12345")
    await li.sees("[data-peer-note]", NOTE)
    await show(li.page, pictures, "33-tour-110-pops")
    await wang.page.press("s")  # he wants to introduce the caller first
    await li.page.press("a")
    await wang.phase("three_way")
    await all_hear(TONES_HZ, citizen=citizen, wang=wang, li=li)
    await show(wang.page, pictures, "34-tour-three-talk")

    await wang.page.press("l")
    await wang.phase("handed_over")
    await all_hear(TONES_HZ, citizen=citizen, li=li)
    await wang.sees(".phone.ready")
    await look_at(DeskPage(citizen.page, citizen.origin), "35-citizen", pictures)

    await citizen.page.press("Enter")  # and now the one for hanging up
    await citizen.stands("over")
    await li.sees(".phone.ready")
    await wang.phase("ended")
    for page in (wang, li, DeskPage(citizen.page, citizen.origin)):
        page.is_clean()


@pytest.mark.covers("R-004", "R-006")
async def test_a_withheld_number_calls_110_which_brings_12345_in_and_leaves_by_keyboard_only(three: Three) -> None:
    citizen, wang, li = three.citizen, three.wang, three.li
    await citizen.choose(WITHHELD)

    await citizen.page.press("Tab", "Enter")
    await li.sees(".phone.ringing")
    await li.sees(".caller", "号码隐藏")
    await li.page.press("a", "c", "1", "y")  # all at once: kept, and carried out with the answer
    await wang.sees(".phone.ringing")
    await wang.sees(".caller", "号码隐藏")
    await wang.page.press("a")
    await li.phase("three_way")
    await all_hear(TONES_HZ, citizen=citizen, wang=wang, li=li)

    await li.page.press("l")
    await li.phase("handed_over")
    await all_hear(TONES_HZ, citizen=citizen, wang=wang)

    await citizen.page.open("about:blank")  # a page that is closed hangs up
    await wang.sees(".phone.ready")
    await wang.phase("ended")
