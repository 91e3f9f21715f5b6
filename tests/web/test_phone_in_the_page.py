"""The phone in the desk's page, on the real PBX: sound both ways, keys, a second tab, a browser that dies."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softphone_sim.browser import Browser, chromium
from softphone_sim.ears.listen import MUSIC, PARTY_TONES_HZ
from softphone_sim.lab import Lab
from softphone_sim.run.acts import answer, dial, rings_at, set_policy
from softphone_sim.run.hearing import hear
from softphone_sim.run.stage import Stage
from softphone_sim.script.model import Hear, Policy
from tests.web.conftest import SEAT_IN_THE_PAGE, write_tone
from tests.web.desk_page import DeskPage

NUMBER = "13800138054"
TONE_HZ = PARTY_TONES_HZ[-1]
SOMEBODY_LIMIT_S = 3.0
LOUDEST_HZ = """
    const context = new AudioContext(), analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    context.createMediaStreamSource(document.querySelector("audio").srcObject).connect(analyser);
    await new Promise(next => setTimeout(next, 900));
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    return bins.indexOf(Math.max(...bins)) * context.sampleRate / analyser.fftSize;
"""


@pytest.fixture
async def speaking(tmp_path: Path, stage: Stage) -> AsyncIterator[Browser]:
    """A browser whose microphone hears the tone of `wang`."""
    place = tmp_path / "speaking"
    place.mkdir()
    write_tone(place / "wang.wav", TONE_HZ)
    stage.tones_hz["wang"] = TONE_HZ
    async with chromium(place, place / "wang.wav") as browser:
        yield browser


async def hears(stage: Stage, who: str, *voices: str, within_s: float = 6.0) -> None:
    """This phone hears exactly these soon."""
    heard = await hear(stage, stage.actors[who], voices, Hear(who=who, exactly=voices, within=within_s))
    assert heard is None, heard


@pytest.mark.covers("R-001", "R-003")
async def test_answer_hold_and_one_key_by_keyboard_only_and_a_key_right_after_the_answer_is_not_lost(
    lab: Lab, stage: Stage, speaking: Browser
) -> None:
    wang = await DeskPage.open(speaking, lab, "12345", SEAT_IN_THE_PAGE)
    await wang.sees(".phone.ready")
    citizen = await stage.caller("citizen", number=NUMBER)

    await dial(stage, citizen, "12345", asserted=NUMBER)
    await wang.sees(".phone.ringing")
    await wang.sees("[data-number]", "138****8054")
    assert await wang.page.run("return document.activeElement.dataset.act") == "answer"
    await wang.page.press("a", "t")  # the talk needs a fifth of a second to stand; the T comes before
    await wang.phase("talking")
    await wang.sees(".sheet")
    await wang.page.press("Escape")
    await hears(stage, "citizen", "wang")
    assert await wang.page.run("return window.onbeforeunload !== null"), "a reload asks first"
    citizens_hz = stage.tones_hz["citizen"]
    assert abs(await wang.page.run(LOUDEST_HZ) - citizens_hz) < 10

    await wang.page.press("h")
    await wang.sees(".phone.held")
    await hears(stage, "citizen", MUSIC)
    await wang.page.press("h")
    await hears(stage, "citizen", "wang")

    li = await stage.agent("li", platform="110", seat=1, desk=False)
    await wang.page.press("t", "1", "y")
    await answer(stage, li, await rings_at(stage, li, 5))
    await wang.phase("handed_over")
    await hears(stage, "citizen", "li")
    await wang.sees(".phone.ready")  # released by the platform: the page's phone is free again
    wang.is_clean()


async def test_one_tab_is_the_phone_and_the_next_takes_over_when_it_closes(
    lab: Lab, stage: Stage, speaking: Browser
) -> None:
    wang = await DeskPage.open(speaking, lab, "12345", SEAT_IN_THE_PAGE)
    await wang.sees(".phone.ready")
    second = await speaking.page(with_csp=True, beside=wang.page)
    await second.open(f"{wang.origin}/")
    other = DeskPage(second, wang.origin)

    await other.sees(".phone.elsewhere")
    await speaking.order("Page.close", wang.page.session)
    await other.sees(".phone.ready")
    citizen = await stage.caller("citizen", number=NUMBER)
    await dial(stage, citizen, "12345", asserted=NUMBER)
    await other.sees(".phone.ringing")
    await second.press("x")  # refuses: the queue goes on without him
    await other.sees(".phone.ready")


async def test_a_killed_browser_leaves_the_caller_with_somebody_within_three_seconds(
    lab: Lab, stage: Stage, speaking: Browser
) -> None:
    wang = await DeskPage.open(speaking, lab, "12345", SEAT_IN_THE_PAGE)
    await wang.sees(".phone.ready")
    citizen = await stage.caller("citizen", number=NUMBER)
    await dial(stage, citizen, "12345", asserted=NUMBER)
    await wang.sees(".phone.ringing")
    await wang.page.press("a")
    await hears(stage, "citizen", "wang")
    zhang = await stage.agent("zhang", platform="12345", seat=1, desk=False)
    await set_policy(zhang, Policy(answer="auto"))

    speaking.kill()
    killed_ns = time.time_ns()
    await hears(stage, "citizen", "zhang", within_s=SOMEBODY_LIMIT_S)

    taken_ns = next(call.answered_ns for call in zhang.handset.calls if call.answered_ns)
    assert (taken_ns - killed_ns) / 1e9 < SOMEBODY_LIMIT_S
