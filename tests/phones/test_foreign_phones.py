"""Agents with phones that we did not write: ring, talk, the one key, the transfer key, refusal, hang-up.

What a phone's command line cannot do, and so is not shown here:

* Neither prints the headers of an INVITE, so P-Asserted-Identity is judged on the 110 agent's phone (the simulator's);
  here the number is the one that a person would see on the phone.
* Neither can say how long it heard nobody; silences are judged at the citizen's ear only.
* Neither refuses with a code of our choosing: linphonec sends 603, baresip 486.
* baresip 1.0 has no attended transfer in its menu. linphonec has one (`transfer A --to-call B`), but a phone's second
  call as that caller's private consult belongs to the handover engine's own work, and its test will come with it.
"""

from __future__ import annotations

import pytest

from softphone_sim.run.acts import answer, dial, hang_up, rings_at
from softphone_sim.run.hearing import hear
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script.model import Hear
from tests.phones.foreign import ForeignPhone, loudest_tone_hz

NUMBER = "13800138031"
UNKNOWN_CODE = "99999"  # in no directory


async def citizen_talks(stage: Stage, phone: ForeignPhone) -> Actor:
    """A citizen has called 12345, and the agent at the foreign phone has answered; both are heard."""
    citizen = await stage.caller("citizen", number=NUMBER)
    await dial(stage, citizen, "12345", asserted=NUMBER)
    assert await phone.rings() == NUMBER
    await phone.answer()
    await hears(stage, citizen, "phone")
    return citizen


async def hears(stage: Stage, actor: Actor, *voices: str) -> None:
    """Wait until the actor hears exactly these, and goes on to."""
    assert await hear(stage, actor, voices, Hear(who=actor.name, exactly=voices, within=8.0)) is None


async def has_ended(stage: Stage, actor: Actor) -> None:
    """Wait until the actor's call has ended."""
    assert await stage.bell.until(lambda: actor.call.ended_ns if actor.call else None, 8.0), f"{actor.name} is still on"


@pytest.mark.covers("R-001")
async def test_it_shows_the_citizens_number_both_are_heard_and_its_hang_up_ends_the_call(
    stage: Stage, phone: ForeignPhone
) -> None:
    citizen = await citizen_talks(stage, phone)

    await phone.hang_up()

    await phone.idle()
    await has_ended(stage, citizen)
    recording = phone.recording()
    assert recording is not None
    assert loudest_tone_hz(recording) == pytest.approx(stage.tones_hz["citizen"], abs=5)


@pytest.mark.covers("R-001")
async def test_its_key_hands_the_citizen_over_with_his_own_number(stage: Stage, phone: ForeignPhone) -> None:
    citizen = await citizen_talks(stage, phone)
    li = await stage.agent("li", platform="110", seat=1)

    await phone.press("*5")
    call = await rings_at(stage, li, 5)
    await hears(stage, citizen, "phone")
    await answer(stage, li, call)

    assert call.invite is not None
    assert call.invite.shown_number == NUMBER
    await phone.idle()  # released, when 110 has been in for a while
    await hears(stage, citizen, "li")
    await hears(stage, li, "citizen")


@pytest.mark.covers("R-001")
async def test_its_transfer_key_reaches_110_with_the_citizens_own_number(stage: Stage, phone: ForeignPhone) -> None:
    citizen = await citizen_talks(stage, phone)
    li = await stage.agent("li", platform="110", seat=1)

    await phone.transfer("110")
    call = await rings_at(stage, li, 5)
    await hears(stage, citizen, "music")
    await answer(stage, li, call)

    assert call.invite is not None
    assert call.invite.shown_number == NUMBER
    await hears(stage, citizen, "li")
    await hears(stage, li, "citizen")
    await phone.idle()


@pytest.mark.covers("R-005")
async def test_its_transfer_to_a_wrong_number_brings_the_citizen_back_to_his_own_agent(
    stage: Stage, phone: ForeignPhone
) -> None:
    # baresip 1.0 hangs up when a REFER is told 404, and the caller is lost: so none is ever told. linphonec is busy
    # until the leg that it transferred is gone: so it is not rung before, or he would go to the next free agent.
    citizen = await citizen_talks(stage, phone)
    zhang = await stage.agent("zhang", platform="12345", seat=2)

    await phone.transfer(UNKNOWN_CODE)

    assert await phone.rings(times=2) == NUMBER
    await phone.answer()
    await hears(stage, citizen, "phone")
    assert zhang.handset.calls == []
    await hang_up(stage, citizen, citizen.handset.calls[0])
    await phone.idle()


async def test_its_refusal_while_it_rings_takes_the_citizen_to_the_next_agent(
    stage: Stage, phone: ForeignPhone
) -> None:
    citizen = await stage.caller("citizen", number=NUMBER)
    await dial(stage, citizen, "12345", asserted=NUMBER)
    await phone.rings()
    zhang = await stage.agent("zhang", platform="12345", seat=2)

    await phone.hang_up()

    call = await rings_at(stage, zhang, 8)
    await answer(stage, zhang, call)
    await hears(stage, citizen, "zhang")
    await phone.idle()
