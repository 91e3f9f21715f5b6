"""Both platforms do something at the same moment, on two real PBXes: one owner, nobody alone, the same books."""

from __future__ import annotations

import asyncio
import time

import pytest

from callflow.lab.plan import Plan
from softphone_sim.bench import joined, key_at_desk
from softphone_sim.run.acts import hang_up, set_policy
from softphone_sim.run.stage import Actor, Stage
from softphone_sim.script.model import Policy
from tests.e2e.round_trip import RoundTrip, phases
from tests.e2e.scene import LIMIT_S, Row, eventually
from tests.e2e.three_parties import all_answer, brings_in, channels_fall_to, talks


@pytest.mark.covers("R-001", "R-006", "C-09")
async def test_each_hands_a_caller_to_the_other_at_once(running: Plan, stage: Stage) -> None:
    """Two callers cross on the trunk: each is taken by the other platform's free agent, and neither is lost."""
    gov, police = await _two_agents_each(stage)
    first, second = [await stage.caller(f"c{n}", number=f"1380013819{n}") for n in (1, 2)]
    (call, ours), (other_call, theirs) = await asyncio.gather(
        talks(stage, first, gov, "12345"), talks(stage, second, police, "110")
    )
    incidents = [await _incident(stage, who.actor) for who in (ours, theirs)]
    pressed_ns = time.time_ns()
    taken_by, other_taken_by = await asyncio.gather(
        brings_in(stage, first, ours.actor, police, to="110", kind="one_key"),
        brings_in(stage, second, theirs.actor, gov, to="12345", kind="one_key"),
    )
    await joined(stage, first, taken_by.actor.name, pressed_ns, around_ms=0)
    await joined(stage, second, other_taken_by.actor.name, pressed_ns, around_ms=0)
    legs = await channels_fall_to(running, (4, 4))
    owners = [
        await _owners(gov[0], police[0], incident, [taker] * 2)
        for incident, taker in zip(incidents, ("110", "12345"), strict=True)
    ]
    await hang_up(stage, first, call)
    await hang_up(stage, second, other_call)

    assert legs == (4, 4), "both agents who pressed have left; each caller has two legs at each PBX"
    assert owners == [["110", "110"], ["12345", "12345"]]


@pytest.mark.covers("R-001")
async def test_two_handed_over_at_once_find_an_agent_each(running: Plan, stage: Stage) -> None:
    """Both legs look for a free agent in the same moment: no phone is rung for two, and nobody is told busy."""
    gov, police = await _two_agents_each(stage)
    first, second = [await stage.caller(f"c{n}", number=f"1380013819{n}") for n in (5, 6)]
    (call, ours), (other_call, others) = await asyncio.gather(
        talks(stage, first, gov, "12345"), talks(stage, second, gov, "12345")
    )
    taken_by = await asyncio.gather(
        brings_in(stage, first, ours.actor, police, to="110", kind="one_key"),
        brings_in(stage, second, others.actor, police, to="110", kind="one_key"),
    )
    legs = await channels_fall_to(running, (4, 4))
    rung = [len(one.handset.calls) for one in police]
    await hang_up(stage, first, call)
    await hang_up(stage, second, other_call)

    assert {party.actor.name for party in taken_by} == {"police1", "police2"}
    assert rung == [1, 1]
    assert legs == (4, 4), "both agents who pressed have left"


@pytest.mark.covers("R-001")
async def test_who_has_brought_in_another_and_left_is_found_for_the_next_caller(stage: Stage) -> None:
    """His first caller still talks, with the fire brigade; the only agent of 110 is free, and is rung."""
    gov = [await stage.agent(f"gov{seat}", platform="12345", seat=seat) for seat in (1, 2)]
    police = await stage.agent("police", platform="110", seat=1)
    fire = await stage.phone("fire", number="119", carrier=1)
    await all_answer([*gov, police, fire])
    first, second = [await stage.caller(f"c{n}", number=f"1380013819{n}") for n in (7, 8)]
    call, ours = await talks(stage, first, gov, "12345")
    theirs = await brings_in(stage, first, ours.actor, [police], to="110", kind="one_key")
    assert await stage.bell.until(lambda: _phase_at(police) == "talking" or None, LIMIT_S)
    key_ns = await key_at_desk(police, target="119", kind="three_party", consent="agreed")
    await joined(stage, first, "fire", key_ns, around_ms=0)
    await hang_up(stage, police, theirs.call)
    other_call, others = await talks(stage, second, gov, "12345")
    again = await brings_in(stage, second, others.actor, [police], to="110", kind="one_key")
    await hang_up(stage, first, call)
    await hang_up(stage, second, other_call)

    assert again.actor is police


@pytest.mark.covers("R-004", "R-018", "R-006")
@pytest.mark.parametrize("press", ["handover/stay", "leave"])
async def test_they_hand_him_back_at_the_moment_when_ours_presses(press: str, running: Plan, stage: Stage) -> None:
    """12345's one key to 110 is in its grace when 110 presses the one key back, in the same incident."""
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138193", leaves=False, kind="one_key")
    await set_policy(trip.ours, Policy(answer="auto", after=0.1))  # who has left may be rung for him at once
    back, said = await asyncio.gather(trip.hand_back(), trip.asks(trip.ours, press))
    await trip.is_gone(trip.theirs)
    legs = await trip.channels((2, 0))
    await joined(stage, trip.citizen, "zhang", time.time_ns(), around_ms=0)
    owners = await eventually(trip.owners, lambda seen: seen == ["12345", "12345"])
    here, there = await eventually(trip.calls, lambda books: phases(books) == [["talking"], ["ended"]])
    await trip.end()

    assert (back.status, said.status) == (202, 202)
    assert legs == (2, 0), "theirs has left and ours is with him"
    assert owners == ["12345", "12345"]
    assert [(one["phase"], one["ownership"]["owner"]) for one in here] == [("talking", "12345")]
    assert [(one["phase"], one["ownership"]["owner"]) for one in there] == [("ended", "12345")]
    assert there[0]["attempts"][0]["returned_at"] is not None, "by his own leg, not over a second one"


@pytest.mark.covers("R-006", "R-007", "C-09")
@pytest.mark.parametrize(
    ("leaver", "legs"), [("nobody", (3, 2)), ("ours", (2, 2)), ("theirs", (2, 0))], ids=["stay", "ours", "theirs"]
)
async def test_both_accept_while(leaver: str, legs: tuple[int, int], running: Plan, stage: Stage) -> None:
    """Both accept at once, and one of them hangs up with it: one owner, settled, the same in both books."""
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138194", leaves=False)
    gone = {"ours": trip.ours, "theirs": trip.theirs}.get(leaver)
    presses = [trip.asks(who, "owner", {"decision": "accept"}) for who in (trip.ours, trip.theirs)]
    said = await asyncio.gather(*presses, *([trip.leaves(gone)] if gone else []))
    here, there = await eventually(trip.calls, _settled_alike)
    owners = await eventually(trip.owners, lambda seen: seen == [here[0]["ownership"]["owner"]] * 2)
    left = await trip.channels(legs)
    await trip.end()

    assert all(one.status == 200 or one.code == "owner-settled" for one in said[:2] if one is not None)
    assert _settled_alike((here, there)), (here[0]["ownership"], there[0]["ownership"])
    assert owners == [here[0]["ownership"]["owner"]] * 2
    assert trip.silences() == []
    assert left == legs


def _phase_at(agent: Actor) -> str | None:
    """Where his desk has his call now."""
    assert agent.desk is not None
    return next((event.body["phase"] for event in reversed(agent.desk.events) if event.type == "call"), None)


async def _two_agents_each(stage: Stage) -> tuple[list[Actor], list[Actor]]:
    """Agents of 12345 and of 110 who answer by themselves."""
    gov = [await stage.agent(f"gov{seat}", platform="12345", seat=seat) for seat in (1, 2)]
    police = [await stage.agent(f"police{seat}", platform="110", seat=seat) for seat in (1, 2)]
    await all_answer([*gov, *police])
    return gov, police


def _settled_alike(books: tuple[list[Row], list[Row]]) -> bool:
    """Both platforms' calls have a settled owner, and it is the same."""
    words = [[one["ownership"]["owner"], one["ownership"]["settled"]] for calls in books for one in calls]
    return len(words) == 2 and words[0] == words[1] and words[0][1] is not None


async def _incident(stage: Stage, agent: Actor) -> str:
    found = await stage.bell.until(lambda: agent.latest_in_events("incident_id"), LIMIT_S)
    assert found is not None
    return found


async def _owners(ours: Actor, theirs: Actor, incident: str | None, wanted: list[str]) -> list[str]:
    """Whose matter it is by each platform's ticket, as soon as it is as wanted, or as it is after the limit."""

    async def look() -> list[str]:
        found: list[str] = []
        for who in (ours, theirs):
            assert who.desk is not None
            found += [
                row["owner"]
                for row in (await who.desk.ask("POST", "/tickets/search", {"incident_id": incident})).body["tickets"]
            ]
        return found

    return await eventually(look, lambda seen: seen == wanted)
