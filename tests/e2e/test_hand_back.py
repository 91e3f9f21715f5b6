"""A caller is handed back to the platform that still has his leg: no second call, an agent joins his live bridge."""

from __future__ import annotations

import signal
import time

import pytest

from callflow.lab.plan import Plan
from softphone_sim.bench import joined
from softphone_sim.run.acts import press, set_policy
from softphone_sim.run.stage import Stage
from softphone_sim.script.model import Policy
from tests.e2e.round_trip import OTHER, RoundTrip, phases
from tests.e2e.scene import LIMIT_S, eventually, heal, strike

BOTH = pytest.mark.parametrize("home", ["12345", "110"])


@pytest.mark.covers("R-001", "R-018", "R-006")
@BOTH
async def test_one_key_back_joins_our_agent_and_releases_theirs(home: str, running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, home, "13800138101")
    assert await trip.channels((2, 2)) == (2, 2)
    owners = await eventually(trip.owners, lambda seen: seen == [OTHER[home]] * 2)
    assert owners == [OTHER[home]] * 2

    assert (await trip.hand_back()).status == 202
    ringing = await trip.rings_again()
    await trip.ours_answers(ringing)
    three = await trip.channels((3, 2))
    await trip.is_gone(trip.theirs, limit_s=LIMIT_S)
    two = await trip.channels((2, 0))
    refused = await trip.asks(trip.ours, "handover", {"target": OTHER[home], "kind": "one_key", "consent": "agreed"})
    back = await eventually(trip.owners, lambda seen: seen == [home, home])
    here, there = await eventually(trip.calls, lambda seen: phases(seen) == [["talking"], ["ended"]])
    await trip.end()

    assert ringing.invite is not None
    assert ringing.invite.shown_number == trip.citizen.number
    assert (three, two) == ((3, 2), (2, 0))
    assert trip.silences() == []
    assert (refused.status, refused.code) == (409, "hop-limit")
    assert back == [home, home], "the first receiver holds what was handed back"
    assert [len(here), len(there)] == [1, 1], "no second call"
    assert (here[0]["phase"], here[0]["ownership"]["settled"]) == ("talking", "returned")
    assert (there[0]["phase"], there[0]["attempts"][0]["outcome"]) == ("ended", "joined")


@pytest.mark.covers("R-004", "R-018")
@BOTH
async def test_three_party_back_keeps_both_until_one_leaves(home: str, running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, home, "13800138102")
    await trip.hand_back("three_party")
    await trip.ours_answers(await trip.rings_again())
    assert await trip.channels((3, 2)) == (3, 2)
    await eventually(trip.calls, lambda seen: seen[1][0]["attempts"][0]["returned_at"])
    again = await trip.hand_back()
    taken = await trip.asks(trip.ours, "owner", {"decision": "accept"})
    await trip.leaves(trip.ours)
    assert await trip.channels((2, 2)) == (2, 2)
    await trip.talk_beyond_grace()
    await trip.leaves(trip.theirs)
    none = await trip.channels((0, 0))

    assert (again.status, again.code) == (409, "returned-already")
    assert (taken.status, taken.body["ownership"]["settled"]) == (200, "returned")
    assert trip.silences() == []
    assert none == (0, 0)


@pytest.mark.covers("R-018")
async def test_our_agent_who_is_still_with_him_is_not_rung_but_kept(running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138103", leaves=False)
    assert (await trip.hand_back()).status == 202
    await trip.is_gone(trip.theirs)
    two = await trip.channels((2, 0))
    rung = len(trip.ours.handset.calls)
    await trip.end()

    assert (two, rung) == ((2, 0), 1)
    assert trip.silences() == []


@pytest.mark.covers("R-005")
async def test_nobody_free_to_take_him_back_is_told_and_he_talks_on(running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138104")
    await set_policy(trip.ours, Policy(answer="busy"))
    assert (await trip.hand_back()).status == 202
    failed = await eventually(lambda: outcome(trip), bool)
    still = await trip.channels((2, 2))
    await trip.end()

    assert failed == "busy"
    assert still == (2, 2)
    assert trip.silences() == []


@pytest.mark.covers("R-018", "C-03")
async def test_their_agent_leaves_while_ours_rings_and_he_is_joined_all_the_same(running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138105")
    await trip.hand_back()
    ringing = await trip.rings_again()
    await trip.leaves(trip.theirs)
    await trip.ours_answers(ringing)
    two = await trip.channels((2, 0))
    await trip.end()

    assert two == (2, 0)


@pytest.mark.covers("C-03")
async def test_the_first_trunk_leg_dies_while_ours_rings_and_an_agent_takes_him(running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138106")
    await trip.hand_back()
    await trip.rings_again()
    await set_policy(trip.ours, Policy(answer="auto", after=0.2))
    began_ns = time.time_ns()
    await trip.cut_first_leg()
    await joined(stage, trip.citizen, "zhang", began_ns, around_ms=0)
    two = await trip.channels((2, 0))
    await trip.end()

    assert two == (2, 0)


@pytest.mark.covers("R-018")
async def test_he_hangs_up_while_ours_rings_and_nothing_is_left(running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138107")
    await trip.hand_back()
    ringing = await trip.rings_again()
    await trip.end()
    await stage.bell.until(lambda: ringing.ended_ns, LIMIT_S)

    assert ringing.ended_ns is not None
    assert ringing.answered_ns is None
    assert await trip.channels((0, 0)) == (0, 0)


@pytest.mark.covers("R-018")
async def test_ours_leaves_before_theirs_was_released_and_he_is_put_to_an_agent(running: Plan, stage: Stage) -> None:
    """Theirs is released by the program, so nobody but ours has said goodbye to him: he is not let fall."""
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138108")
    await trip.hand_back()
    await trip.ours_answers(await trip.rings_again())
    await trip.leaves(trip.ours)
    await set_policy(trip.ours, Policy(answer="auto", after=0.2))
    began_ns = time.time_ns()
    await trip.is_gone(trip.theirs)
    await joined(stage, trip.citizen, "zhang", began_ns, around_ms=0)
    two = await trip.channels((2, 0))
    await trip.end()

    assert two == (2, 0)


@pytest.mark.covers("C-01", "R-027")
@pytest.mark.parametrize("dead", ["home", "other", "both"])
async def test_with_a_program_dead_the_phone_key_brings_him_back_and_nobody_is_lost(
    dead: str, running: Plan, stage: Stage
) -> None:
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138109")
    for platform in {"home": ["12345"], "other": ["110"], "both": ["12345", "110"]}[dead]:
        strike(running, platform, "python", signal.SIGKILL)
    assert trip.theirs.call is not None
    await press(stage, trip.theirs, "*5", trip.theirs.call)
    await trip.ours_answers(await trip.rings_again())
    joined_to = await trip.channels((3, 2) if dead == "other" else (4, 3))
    await trip.leaves(trip.theirs)
    after = await trip.channels((2, 0) if dead == "other" else (4, 2))
    await heal(running)
    await trip.end()
    none = await trip.channels((0, 0))

    assert joined_to == ((3, 2) if dead == "other" else (4, 3))
    assert after == ((2, 0) if dead == "other" else (4, 2))
    assert trip.silences() == []
    assert none == (0, 0)


@pytest.mark.covers("R-018")
async def test_the_phone_key_cannot_hand_him_over_a_third_time(running: Plan, stage: Stage) -> None:
    trip = await RoundTrip.handed_over(running, stage, "12345", "13800138110")
    await trip.hand_back()
    await trip.ours_answers(await trip.rings_again())
    await trip.is_gone(trip.theirs)
    assert trip.ours.call is not None
    await press(stage, trip.ours, "*5", trip.ours.call)
    refused = await eventually(lambda: refusals(running), bool)
    two = await trip.channels((2, 0))
    await trip.end()

    assert refused == ["target=110 why=hops"]
    assert two == (2, 0)


async def outcome(trip: RoundTrip) -> str | None:
    """How the newest attempt of the other platform ended."""
    (call,) = (await trip.calls())[1]
    return call["attempts"][-1]["outcome"] if call["attempts"] else None


async def refusals(plan: Plan) -> list[str]:
    """What the dialplan of 12345 refused to begin since the newest caller arrived."""
    lines = plan.sites[0].place.journal.joinpath("steps.csv").read_text("ascii").splitlines()
    newest = max(number for number, line in enumerate(lines) if ",arrived," in line)
    return [line.split(",")[8] for line in lines[newest:] if ",refused," in line]
