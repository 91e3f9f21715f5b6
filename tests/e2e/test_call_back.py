"""A caller is cut by a killed PBX: he is on the call-back list, and one click brings him back to an agent."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sqlite3
import time

import pytest

from softphone_sim.bench import joined
from softphone_sim.phone.handset import CallSeen
from softphone_sim.run.acts import answer, hang_up, press, rings_at
from softphone_sim.run.stage import Actor
from tests.e2e.scene import LIMIT_S, Row, Scene, eventually, heal, strike

LISTED_WITHIN_S = 5.0
"""After the PBX is back (architecture.md §7)."""

STILL_RINGS_S = 2.0
"""As long as a CANCEL may take; what rings longer for a caller who is gone rings for nobody."""


async def waiting(who: Actor, incident: str) -> list[Row]:
    """Who of this incident waits to be called back, as this agent's desk has it."""
    assert who.desk is not None
    said = await who.desk.ask("GET", "/callbacks")
    return [one for one in said.body["callbacks"] if one["incident_id"] == incident]


def keeps_registrations(scene: Scene, *agents: str) -> bool:
    """Asterisk writes a phone's registration to its file about a second late; what was not there dies with a kill."""
    file = scene.plan.sites[0].place.var / "astdb.sqlite3"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as kept:
        keys = [key for (key,) in kept.execute("SELECT key FROM astdb WHERE key LIKE '/registrar/contact/%'")]
    return all(any(f"/{agent};" in key for key in keys) for agent in agents)


def is_in_upper_half(call: CallSeen | None, scene: Scene) -> bool:
    """Whether the port that the PBX of 12345 named in its INVITE for audio is one of the upper half."""
    assert call is not None
    assert call.invite is not None
    at = scene.plan.sites[0].site.addresses
    named = re.search(r"^m=audio (\d+) ", call.invite.body, re.MULTILINE)
    assert named is not None
    assert at.rtp_first <= int(named[1]) <= at.rtp_last
    return int(named[1]) >= at.rtp_middle


async def kill_and_restart(scene: Scene, *agents: str) -> None:
    """The PBX of 12345 is killed, once these phones' registrations would survive it, and comes back."""
    assert await eventually(lambda: asyncio.to_thread(keeps_registrations, scene, *agents), bool)
    strike(scene.plan, "12345", "asterisk", signal.SIGKILL)
    await heal(scene.plan)


@pytest.mark.covers("X-2", "C-03")
@pytest.mark.parametrize("caller", ["ordinary", "in danger", "hidden"])
async def test_who_was_cut_is_listed_in_time_and_called_back_once_with_one_click(scene: Scene, caller: str) -> None:
    danger, hidden = caller == "in danger", caller == "hidden"
    at_home = await scene.stage.phone("home", number=scene.citizen.number, address=f"{scene.plan.net}.20", port=5060)
    await scene.talk(hidden=hidden)
    wang = await scene.stage.agent("wang", platform="12345", seat=2)  # now, lest the queue ring him first
    incident = await scene.incident()
    assert scene.zhang.desk is not None
    assert wang.desk is not None
    if danger:
        call_id = await scene.call_id()
        assert (await scene.zhang.desk.ask("POST", f"/calls/{call_id}/danger", {})).status == 202
        await scene.rings()
    was_in_upper_half = is_in_upper_half(scene.zhang.call, scene)
    await kill_and_restart(scene, "8001", "8002")
    back_s = time.monotonic()
    (lost,) = await eventually(lambda: waiting(wang, incident), len)
    listed_s = time.monotonic() - back_s
    path = f"/callbacks/{lost['call_id']}/call"
    pressed_ns = time.time_ns()
    said = await asyncio.gather(*(who.desk.ask("POST", path, {}) for who in (scene.zhang, wang) if who.desk))
    first = (scene.zhang, wang)[[one.status for one in said].index(202)]
    await answer(scene.stage, first, await rings_at(scene.stage, first, LIMIT_S, since_ns=pressed_ns))
    ringing = await rings_at(scene.stage, at_home, LIMIT_S, since_ns=pressed_ns)
    await answer(scene.stage, at_home, ringing)
    await joined(scene.stage, at_home, first.name, pressed_ns)
    await joined(scene.stage, first, "home", pressed_ns)

    assert is_in_upper_half(first.call, scene) is not was_in_upper_half, "strays of the lost call would come to the new"
    assert listed_s < LISTED_WITHIN_S
    assert (lost["reason"], lost["danger"]) == ("cut", danger)
    assert sorted(one.status for one in said) == [202, 409]
    assert ringing.invite is not None
    assert ringing.invite.shown_number == "12345"
    assert ringing.invite.header("Priority") == ("psap-callback" if danger else None)

    # it is a call like any other: one key on the phone, the target hears him, our agent leaves
    assert first.call is not None
    key_ns = time.time_ns()
    await press(scene.stage, first, "*5", first.call)
    await answer(scene.stage, scene.li, await rings_at(scene.stage, scene.li, LIMIT_S, since_ns=key_ns))
    await joined(scene.stage, at_home, "li", key_ns)
    assert scene.li.call is not None
    assert scene.li.call.invite is not None
    assert scene.li.call.invite.header("Privacy") == ("id" if hidden else None)
    assert first.call is not None
    await hang_up(scene.stage, first, first.call)
    await joined(scene.stage, scene.li, "home", time.time_ns())
    await hang_up(scene.stage, at_home, ringing)
    assert first.desk is not None
    done = await first.desk.ask("POST", f"/callbacks/{lost['call_id']}/done", {"outcome": "reached"})

    assert done.status == 200
    assert await waiting(wang, incident) == []
    calls = (await scene.trace(first, incident))["calls"]
    assert len(calls) == 2, "the lost call and the new one, of one incident"


@pytest.mark.covers("S-2")
async def test_a_phone_of_the_other_platform_is_silent_soon_after_the_callers_pbx_was_killed(scene: Scene) -> None:
    await scene.talk()
    await scene.key_at_the_desk()
    await scene.rings()
    killed_ns = time.time_ns()
    strike(scene.plan, "12345", "asterisk", signal.SIGKILL)
    await scene.stage.bell.until(lambda: scene.li.call and scene.li.call.ended_ns, LIMIT_S)
    await heal(scene.plan)

    assert scene.li.call is not None
    assert scene.li.call.ended_ns is not None, "it rings on"
    assert scene.li.call.ended_ns - killed_ns < STILL_RINGS_S * 1e9
