"""The desk's event stream: snapshot, own only, resume, and every way it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from callflow.web import stream
from callflow.web.stream import STREAMS_PER_AGENT
from tests.contract.web.desk import next_event, until
from tests.contract.web.ticket_store import NUMBER

if TYPE_CHECKING:
    from tests.contract.web.house import House


async def test_the_snapshot_comes_first_with_the_agents_own_calls_only(house: House) -> None:
    desk = await house.desk(house.agent)
    mine = await house.caller_talks_with(house.agent)
    await house.caller_talks_with(house.colleague)

    async with desk.events() as response:
        event_id, name, body = await next_event(response)

    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["Cache-Control"] == "no-store"
    assert (event_id, name, body["agent_id"]) == (None, "snapshot", "8001")
    assert [(call["call_id"], call["caller"]["number"]) for call in body["calls"]] == [(mine, NUMBER)]


async def test_what_happens_then_comes_in_order_to_the_agent_concerned_and_to_nobody_else(house: House) -> None:
    mine, theirs = await house.desk(house.agent), await house.desk(house.colleague)

    async with mine.events() as here, theirs.events() as there:
        await next_event(here)
        await next_event(there)
        for name in ("pop", "call", "attempt", "ticket", "danger"):
            await house.desks.publish([house.agent], name, {"call_id": "c", "incident_id": "i", "text": "打\n架"})
        await house.desks.publish([house.colleague], "call", {"call_id": "d"})

        seen = [await next_event(here) for _ in range(5)]
        assert [name for _, name, _ in seen] == ["pop", "call", "attempt", "ticket", "danger"]
        assert [event_id for event_id, _, _ in seen] == ["1", "2", "3", "4", "5"]
        assert seen[0][2] == {"call_id": "c", "incident_id": "i", "text": "打\n架"}
        assert (await next_event(there))[2] == {"call_id": "d"}


async def test_a_desk_that_comes_back_gets_a_snapshot_and_then_what_it_missed(house: House) -> None:
    desk = await house.desk(house.agent)
    for count in range(3):
        await house.desks.publish([house.agent], "call", {"count": count})

    async with desk.events(**{"Last-Event-ID": "1"}) as response:
        names = [await next_event(response) for _ in range(3)]

    assert [name for _, name, _ in names] == ["snapshot", "call", "call"]
    assert [body["count"] for _, _, body in names[1:]] == [1, 2]


@pytest.mark.parametrize("made_up", ["x", "1 OR 1=1", "-1", "9" * 50])
async def test_a_made_up_last_event_id_begins_from_now(house: House, made_up: str) -> None:
    desk = await house.desk(house.agent)
    await house.desks.publish([house.agent], "call", {"count": 0})

    async with desk.events(**{"Last-Event-ID": made_up}) as response:
        assert (await next_event(response))[1] == "snapshot"
        await house.desks.publish([house.agent], "call", {"count": 1})
        assert (await next_event(response))[2] == {"count": 1}


async def test_several_desks_of_one_agent_agree_up_to_the_limit(house: House) -> None:
    desk = await house.desk(house.agent)
    streams = [await desk.events() for _ in range(STREAMS_PER_AGENT)]
    for response in streams:
        await next_event(response)

    status, body = await desk.get("/api/v1/events")
    assert (status, body["code"]) == (429, "too-many-streams")
    assert (await desk.get("/api/v1/roster"))[1]["agents"][0]["at_desk"] is True

    await house.desks.publish([house.agent], "call", {"count": 1})
    assert [(await next_event(response))[2] for response in streams] == [{"count": 1}] * STREAMS_PER_AGENT
    for response in streams:
        response.close()
    await until(lambda: house.desks.listening == 0)
    async with desk.events() as response:
        assert (await next_event(response))[1] == "snapshot"


async def test_a_silent_stream_beats_and_ends_when_its_session_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(stream, "LOOK_ROUND_S", 0.05)
    desk = await house.desk(house.agent)

    async with desk.events() as response:
        await next_event(response)
        assert await response.content.readline() == b": beat\n"
        await desk.delete("/api/v1/session")
        with pytest.raises(EOFError):
            await next_event(response)


async def test_a_reader_that_takes_nothing_is_dropped(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "WRITE_LIMIT_S", 0.2)
    desk = await house.desk(house.agent)

    async with desk.events() as response:
        await next_event(response)
        for _ in range(400):  # more than all buffers between the two hold
            await house.desks.publish([house.agent], "call", {"filler": "x" * 60_000})
        await until(
            lambda: house.registry.get_sample_value("callflow_desk_streams_ended_total", {"reason": "too_slow"}) == 1.0
        )

    assert house.desks.listening == 0
    assert house.registry.get_sample_value("callflow_desk_streams") == 0.0


async def test_closing_the_program_ends_open_streams_at_once(house: House) -> None:
    desk = await house.desk(house.agent)

    async with desk.events() as response:
        await next_event(response)
        async with asyncio.timeout(2):
            await house.runner.cleanup()
        with pytest.raises((EOFError, OSError)):
            await next_event(response)


async def test_a_database_that_is_away_ends_the_stream_so_that_the_desk_tries_again(house: House) -> None:
    desk = await house.desk(house.agent)
    house.facts.is_away = True

    async with desk.events() as response:
        with pytest.raises(EOFError):
            await next_event(response)

    house.facts.is_away = False
    async with desk.events() as response:
        assert (await next_event(response))[1] == "snapshot"


async def test_the_pop_with_the_whole_number_is_on_the_desk_while_the_phone_rings(house: House) -> None:
    desk, other = await house.desk(house.agent), await house.desk(house.colleague)

    async with desk.events() as response, other.events() as elsewhere:
        await next_event(response)
        await next_event(elsewhere)
        call_id = await house.phone_rings(house.agent)
        seen = {name: body for _, name, body in [await next_event(response) for _ in range(2)]}
        await house.desks.publish([house.colleague], "call", {"last": True})
        assert (await next_event(elsewhere))[2] == {"last": True}

    assert seen["pop"]["call_id"] == call_id
    assert (seen["pop"]["number"], seen["pop"]["presentation"], seen["pop"]["verified"]) == (
        NUMBER,
        "allowed",
        "network",
    )
    assert set(seen["pop"]) >= {"from", "suggestion", "tickets", "notes", "incident_id"}


async def test_a_desk_reloaded_while_the_phone_rings_has_the_pop_in_its_snapshot(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.phone_rings(house.agent)

    async with desk.events() as response:
        _, _, body = await next_event(response)

    assert [(pop["call_id"], pop["number"], pop["notes"]) for pop in body["pops"]] == [(call_id, NUMBER, ["来过电话"])]


async def test_a_handover_is_told_step_by_step(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)

    async with desk.events() as response:
        await next_event(response)
        body = {"target": "110", "kind": "one_key", "consent": "agreed"}
        _, attempt = await desk.post(f"/api/v1/calls/{call_id}/handover", body)
        await house.target_joins(call_id, attempt["attempt_id"])
        steps = []
        while not (steps and steps[-1]["joined_at"]):
            _, name, told = await next_event(response)
            if name == "attempt":
                steps.append(told)

    assert {step["attempt_id"] for step in steps} == {attempt["attempt_id"]}
    assert steps[0]["ringing_at"] is None
    assert any(step["ringing_at"] and not step["joined_at"] for step in steps)
    assert set(steps[-1]) == set(attempt)
