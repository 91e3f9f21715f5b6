"""A supervisor listens in on a real call: he hears both, nobody hears him, and the caller does not notice his end."""

from __future__ import annotations

import time
from typing import Any

import pytest

from softphone_sim.bench import joined
from softphone_sim.ears.listen import NS_PER_MS, Heard, longest_silence_ms, who_speaks
from softphone_sim.lab import Lab
from softphone_sim.run.acts import answer, hang_up, refuse, rings_at
from softphone_sim.run.stage import Actor, Stage
from tests.e2e.scene import LIMIT_S, LOOK_EVERY_S, SILENCE_LIMIT_MS, Scene

SUPERVISOR = "8100"
HEARD_FOR_MS = 1500


@pytest.fixture
async def boss(lab: Lab, stage: Stage) -> Actor:
    """12345's supervisor at his phone and his page."""
    return await stage.agent("boss", platform="12345", seat=lab.seat_of("12345", SUPERVISOR))


async def asks(scene: Scene, boss: Actor) -> None:
    """He asks to hear zhang's call, with a reason."""
    assert boss.desk is not None
    await scene.stage.bell.until(lambda: told(scene).get("phase") == "talking" or None, LIMIT_S)
    path = f"/calls/{scene.zhang.latest_in_events('call_id')}/listen"
    assert (await boss.desk.ask("POST", path, {"reason": "quality"})).status == 202


async def listens(scene: Scene, boss: Actor) -> int:
    """He asks, and answers his phone; the moment from which he is there."""
    await asks(scene, boss)
    return await answer(scene.stage, boss, await rings_at(scene.stage, boss, LIMIT_S))


async def hears_both(scene: Scene, boss: Actor, since_ns: int) -> None:
    for voice in ("citizen", "zhang"):
        await joined(scene.stage, boss, voice, since_ns, around_ms=0)


async def taped(stage: Stage, who: Actor, since_ns: int, until_ns: int) -> Heard:
    """What he heard from then on, as soon as it reaches so far: on a busy machine the tape is behind the wire."""

    def look() -> Heard | None:
        heard = stage.heard_by(who, since_ns)
        return heard if len(heard.times_ns) and heard.times_ns[-1] > until_ns else None

    return await stage.bell.until(look, LIMIT_S, LOOK_EVERY_S) or stage.heard_by(who, since_ns)


def told(scene: Scene) -> dict[str, Any]:
    """What zhang's desk was last told of his call."""
    assert scene.zhang.desk is not None
    call_id = scene.zhang.latest_in_events("call_id")
    calls = [event.body for event in scene.zhang.desk.events if event.type == "call"]
    return next((call for call in reversed(calls) if call["call_id"] == call_id), {})


@pytest.mark.covers("R-065")
async def test_he_hears_both_is_heard_by_nobody_and_the_caller_does_not_notice(scene: Scene, boss: Actor) -> None:
    await scene.talk()
    there_ns = await listens(scene, boss)
    await hears_both(scene, boss, there_ns)
    assert await scene.stage.bell.until(lambda: told(scene).get("listened"), LIMIT_S), "the agent's desk says so"
    steady_ns = time.time_ns()
    until_ns = steady_ns + HEARD_FOR_MS * NS_PER_MS
    for who, other in ((scene.citizen, "zhang"), (scene.zhang, "citizen")):
        heard = await taped(scene.stage, who, there_ns, until_ns)
        assert "boss" not in who_speaks(heard, there_ns, until_ns), f"{who.name} hears the supervisor"
        assert longest_silence_ms(heard, [other], there_ns, until_ns) < SILENCE_LIMIT_MS
    his = await taped(scene.stage, boss, steady_ns, until_ns)
    for voice in ("citizen", "zhang"):
        assert longest_silence_ms(his, [voice], steady_ns, until_ns) < SILENCE_LIMIT_MS, voice

    incident = await scene.incident()
    assert boss.call is not None
    await hang_up(scene.stage, boss, boss.call)
    assert await scene.stage.bell.until(lambda: not told(scene)["listened"] or None, LIMIT_S)
    await joined(scene.stage, scene.citizen, "zhang", time.time_ns(), around_ms=0)
    assert scene.silences(of=("zhang",)) == []
    entries = (await scene.trace(scene.zhang, incident))["entries"]
    said = [(one["what"], one["detail"].get("begins")) for one in entries if "isten" in one["what"]]
    assert said == [("listen_asked", None), ("KeepListening", True), ("KeepListening", False)]
    assert {one["detail"]["by"] for one in entries if "isten" in one["what"]} == {SUPERVISOR}
    await scene.citizen_hangs_up()


@pytest.mark.covers("R-065")
async def test_it_ends_with_the_call_and_not_before(scene: Scene, boss: Actor) -> None:
    await scene.talk()
    there_ns = await listens(scene, boss)
    await hears_both(scene, boss, there_ns)
    await scene.key_at_the_desk()
    await scene.li_answers(await scene.rings())
    await joined(scene.stage, boss, "li", there_ns, around_ms=0)  # a handover goes on under his ears
    await scene.zhang_leaves(by_himself=False)
    assert scene.silences() == []
    assert boss.call is not None
    assert boss.call.ended_ns is None

    await scene.citizen_hangs_up()

    ended = await scene.stage.bell.until(lambda: boss.call and boss.call.ended_ns, LIMIT_S)
    assert ended is not None


@pytest.mark.covers("R-065")
async def test_a_supervisor_who_does_not_pick_up_changes_nothing(scene: Scene, boss: Actor) -> None:
    await scene.talk()
    await asks(scene, boss)
    refused_ns = time.time_ns()

    await refuse(scene.stage, boss, await rings_at(scene.stage, boss, LIMIT_S), 486)

    await joined(scene.stage, scene.citizen, "zhang", refused_ns, around_ms=0)
    await joined(scene.stage, scene.zhang, "citizen", refused_ns, around_ms=0)
    assert (told(scene)["phase"], told(scene)["listened"]) == ("talking", False)
    assert scene.silences(of=("zhang",)) == []
    await scene.citizen_hangs_up()
