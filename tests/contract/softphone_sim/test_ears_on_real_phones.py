"""The ears on real phones: a clean call is clean, and each fault put in is reported."""

import time
from collections.abc import AsyncIterator

import pytest

from softphone_sim.ears.listen import NS_PER_MS, holes, packets_lost, who_speaks
from softphone_sim.ears.tape import read_tape
from softphone_sim.run.acts import answer, dial, press, rings_at
from softphone_sim.run.stage import Actor, Stage

TICK_MS = 20


@pytest.fixture
async def talking() -> AsyncIterator[tuple[Stage, Actor, Actor]]:
    """Two phones in a call, both speaking."""
    async with Stage() as stage:
        citizen = await stage.phone("citizen", number="13800138000", address="127.0.102.30")
        anna = await stage.phone("anna", number="8001", address="127.0.102.41")
        await dial(stage, citizen, "anna")
        await answer(stage, anna, await rings_at(stage, anna, 5))
        await heard_for(stage, citizen, "anna", packets=5)
        yield stage, citizen, anna


async def heard_for(stage: Stage, listener: Actor, voice: str, packets: int, since_ns: int = 0) -> int:
    """Wait for so many packets with a voice; returns the last one's moment."""

    def look() -> int | None:
        heard = stage.heard_by(listener, since_ns)
        times = heard.times_ns[heard.voices[voice]]
        return int(times[packets - 1]) if len(times) >= packets else None

    found = await stage.bell.until(look, 10, 0.05)
    assert found is not None
    return found


async def test_a_clean_call_has_no_hole_and_loses_nothing(talking: tuple[Stage, Actor, Actor]) -> None:
    stage, citizen, anna = talking
    began_ns = time.time_ns()

    end_ns = await heard_for(stage, citizen, "anna", 75, began_ns)
    await heard_for(stage, anna, "citizen", 75, began_ns)

    for listener, voice in ((citizen, "anna"), (anna, "citizen")):
        heard = stage.heard_by(listener, began_ns)
        assert [
            hole for hole in holes(heard, [voice], began_ns, end_ns) if hole.missing_ms > 0 and hole.why != "ended"
        ] == []
        assert packets_lost(heard) == 0
        assert set(who_speaks(heard, began_ns, end_ns)) == {voice}


@pytest.mark.parametrize("hole_ms", [40, 100, 500])
async def test_an_inserted_hole_is_reported_with_its_length(talking: tuple[Stage, Actor, Actor], hole_ms: int) -> None:
    stage, citizen, anna = talking
    began_ns = time.time_ns()
    await heard_for(stage, citizen, "anna", 10, began_ns)

    await anna.handset.order("say", on=False, for_ms=hole_ms)
    end_ns = await heard_for(stage, citizen, "anna", 35, began_ns)

    found = [hole for hole in holes(stage.heard_by(citizen), ["anna"], began_ns, end_ns) if hole.why == "silent"]
    assert len(found) == 1
    assert found[0].missing_ms == pytest.approx(hole_ms, abs=TICK_MS + 5)


async def test_the_end_of_a_digit_is_known_to_a_packet(talking: tuple[Stage, Actor, Actor]) -> None:
    stage, citizen, anna = talking
    assert citizen.call is not None
    assert anna.call is not None

    released_ns = await press(stage, citizen, "*5", citizen.call)
    await heard_for(stage, anna, "citizen", 30, released_ns)

    assert anna.call.tape is not None
    tape = read_tape(anna.call.tape)
    ends = tape[(tape["payload_type"] > 95) & (tape["payload"][:, 0] == 5) & (tape["payload"][:, 1] >= 0x80)]
    assert abs(int(ends["time_ns"][0]) - released_ns) / NS_PER_MS < 1.5 * TICK_MS


async def test_a_phone_killed_in_mid_call_leaves_its_tape_and_is_heard_no_more(
    talking: tuple[Stage, Actor, Actor],
) -> None:
    stage, citizen, anna = talking

    anna.handset.kill()
    killed_ns = time.time_ns()
    await stage.bell.until(lambda: True if time.time_ns() > killed_ns + 400 * NS_PER_MS else None, 2, 0.1)

    assert who_speaks(stage.heard_by(citizen), killed_ns + 100 * NS_PER_MS, killed_ns + 400 * NS_PER_MS) == {}
    assert "citizen" in who_speaks(stage.heard_by(anna), killed_ns - 200 * NS_PER_MS, killed_ns)
