"""Parts of the real lab die in the middle of a handover: nobody is cut, and the record is whole afterwards."""

from __future__ import annotations

import signal
import time

import pytest

from tests.e2e.records import assert_handed_over_once, assert_recorded_from_the_journal
from tests.e2e.scene import Scene, eventually, heal, strike

MOMENTS = ("before the key", "right after the 202", "while it rings", "right after the join", "after the handover")

FROZEN_LIMIT_S = 3.0
"""A route falls to its default after 1 s; the rest is what a call takes anyway on a busy machine."""


@pytest.mark.covers("C-01")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("platform", ["12345", "110"])
async def test_a_killed_program_cuts_nobody_and_loses_nothing(platform: str, moment: str, scene: Scene) -> None:
    def now(point: str) -> None:
        if point == moment:
            strike(scene.plan, platform, "python", signal.SIGKILL)

    await scene.talk()
    now("before the key")
    desk_lives = not (platform == "12345" and moment == "before the key")
    await (scene.key_at_the_desk() if desk_lives else scene.key_on_the_phone())
    now("right after the 202")
    ringing = await scene.rings()
    now("while it rings")
    await scene.li_answers(ringing)
    now("right after the join")
    await scene.zhang_leaves(by_himself=platform == "12345" and moment != "after the handover")
    now("after the handover")
    await heal(scene.plan)
    await scene.citizen_hangs_up()

    assert ringing.invite is not None
    assert ringing.invite.shown_number == scene.citizen.number
    assert scene.silences() == []
    await assert_handed_over_once(scene)


@pytest.mark.covers("C-01")
async def test_a_program_that_comes_back_in_its_agents_last_seconds_still_releases_him(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    await scene.li_answers(await scene.rings())
    strike(scene.plan, "12345", "python", signal.SIGKILL)
    await heal(scene.plan)
    await scene.zhang_leaves(by_himself=False)
    await scene.citizen_hangs_up()

    assert scene.silences() == []
    await assert_handed_over_once(scene)


@pytest.mark.covers("C-01")
async def test_both_programs_killed_while_it_rings_and_started_again_lose_nothing(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    ringing = await scene.rings()
    for platform in ("12345", "110"):
        strike(scene.plan, platform, "python", signal.SIGKILL)
    await scene.li_answers(ringing)
    await scene.zhang_leaves(by_himself=True)
    await heal(scene.plan)
    await scene.citizen_hangs_up()

    assert scene.silences() == []
    await assert_handed_over_once(scene)


@pytest.mark.covers("C-01")
@pytest.mark.parametrize("platform", ["12345", "110"])
async def test_an_acceptance_given_before_the_kill_still_counts_after_it(platform: str, scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk(kind="three_party")
    await scene.li_answers(await scene.rings())
    await scene.decides(scene.li, "accept")
    strike(scene.plan, platform, "python", signal.SIGKILL)
    await heal(scene.plan)
    owners = await eventually(scene.owners, lambda found: found == ["110", "110"])
    await scene.citizen_hangs_up()

    assert owners == ["110", "110"]
    assert scene.silences() == []


@pytest.mark.covers("R-027")
async def test_with_the_program_dead_from_before_the_call_the_phone_key_hands_over_and_the_record_comes_later(
    scene: Scene,
) -> None:
    strike(scene.plan, "12345", "python", signal.SIGKILL)
    await scene.talk()
    await scene.key_on_the_phone()
    ringing = await scene.rings()
    await scene.li_answers(ringing)
    await scene.zhang_leaves(by_himself=True)
    await scene.citizen_hangs_up()
    await heal(scene.plan)

    assert ringing.invite is not None
    assert ringing.invite.shown_number == scene.citizen.number
    assert scene.silences() == []
    await assert_recorded_from_the_journal(scene)


@pytest.mark.covers("R-027")
async def test_a_frozen_program_delays_a_call_by_about_a_second_and_catches_up_when_it_thaws(scene: Scene) -> None:
    strike(scene.plan, "12345", "python", signal.SIGSTOP)
    strike(scene.plan, "110", "python", signal.SIGSTOP)
    began_s = time.monotonic()
    await scene.talk()
    to_talk_s = time.monotonic() - began_s
    began_s = time.monotonic()
    await scene.key_on_the_phone()
    ringing = await scene.rings()
    to_ring_s = time.monotonic() - began_s
    await scene.li_answers(ringing)
    for platform in ("12345", "110"):
        strike(scene.plan, platform, "python", signal.SIGCONT)
    await scene.zhang_leaves(by_himself=False)
    await scene.citizen_hangs_up()

    assert to_talk_s < FROZEN_LIMIT_S
    assert to_ring_s < 2 * FROZEN_LIMIT_S  # the target route at 12345, then the intake route at 110
    assert scene.silences() == []
    await assert_recorded_from_the_journal(scene)
