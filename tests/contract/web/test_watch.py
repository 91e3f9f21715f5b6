"""The supervisors' stream: the whole platform from a snapshot on, only for who watches it, never a whole number."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from ulid import ULID

from callflow.domain import events
from callflow.domain.names import AgentId, CallId, ChannelName, IncidentId
from callflow.domain.watching import WATCH
from callflow.service.call_backs import CallBack
from callflow.web import stream
from callflow.web.stream import STREAMS_PER_AGENT
from tests.contract.web.desk import Desk, next_event, until
from tests.contract.web.ticket_store import NUMBER

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.contract.web.house import House

PATH = "/api/v1/watch"


def watched(desk: Desk, **headers: str) -> Any:
    """This account's stream of the platform."""
    return desk.http.get(desk.url + PATH, headers=headers)


async def told(response: ClientResponse, name: str) -> Any:
    """The next event of this name."""
    async with asyncio.timeout(5):
        while (happened := await next_event(response))[1] != name:
            pass
    return happened[2]


@pytest.mark.covers("R-065", "R-002")
async def test_every_call_is_in_the_snapshot_and_every_change_follows_with_the_number_masked(house: House) -> None:
    before = await house.caller_talks_with(house.agent)
    desk = await house.desk(house.supervisor)

    async with watched(desk) as response:
        snapshot = (await next_event(response))[2]
        ringing = await house.phone_rings(house.supervisor)  # also of a call that is his own
        came = await told(response, "call")
        await house.caller_hangs_up(before)
        gone = await told(response, "call")
        while gone["call_id"] != before:
            gone = await told(response, "call")

    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert [(call["call_id"], call["agent_id"]) for call in snapshot["calls"]] == [(before, house.agent)]
    assert came["call_id"] == ringing
    assert (gone["phase"], gone["ended_at"]) == ("ended", house.now)
    assert {one["agent_id"] for one in snapshot["agents"]} == {one.id for one in house.site.agent}
    assert NUMBER[3:7] not in json.dumps([snapshot, came, gone])


@pytest.mark.covers("R-065")
async def test_only_who_watches_the_platform_may(house: House) -> None:
    for who in (house.agent, house.administrator):
        assert (await (await house.desk(who)).get(PATH))[1]["code"] == "role-not-allowed"
    async with watched(await house.desk(house.auditor)) as response:
        assert (await next_event(response))[1] == "snapshot"


async def test_whose_desk_is_open_is_told_as_it_opens_and_closes(house: House) -> None:
    watch, desk = await house.desk(house.supervisor), await house.desk(house.agent)

    async with watched(watch) as response:
        first = (await next_event(response))[2]
        async with desk.events() as mine:
            await next_event(mine)
            here = await told(response, "desk")
        gone = await told(response, "desk")

    assert not any(one["at_desk"] for one in first["agents"])  # to watch is not to sit at a desk
    assert (here, gone) == (
        {"agent_id": house.agent, "at_desk": True},
        {"agent_id": house.agent, "at_desk": False},
    )


@pytest.mark.covers("X-2")
async def test_who_takes_a_lost_caller_and_who_is_done_with_one_is_told(house: House) -> None:
    lost = CallBack(CallId(str(ULID())), IncidentId(str(ULID())), NUMBER, "cut", house.now)
    house.lost.listed[lost.call_id] = lost
    desk = await house.desk(house.agent)

    async with watched(await house.desk(house.supervisor)) as response:
        await next_event(response)
        await desk.post(f"/api/v1/callbacks/{lost.call_id}/call")
        taken = await told(response, "callback")
        await desk.post(f"/api/v1/callbacks/{lost.call_id}/done", {"outcome": "reached"})
        done = await told(response, "callback")

    assert taken == done == {"call_id": lost.call_id}


@pytest.mark.covers("R-065")
async def test_a_listener_is_told_at_once_to_who_watches_and_to_who_is_heard(house: House) -> None:
    call_id = await house.caller_talks_with(house.agent)
    desk = await house.desk(house.agent)

    async with watched(await house.desk(house.auditor)) as response, desk.events() as mine:
        await next_event(response)
        await next_event(mine)
        ear = ChannelName("PJSIP/8002-00000077")
        await house.controller.happened(
            events.ListenerCame(call_id, house.now, AgentId(house.supervisor), ear, shown=True)
        )
        both = [await told(response, "call"), await told(mine, "call")]

    assert [one["listened"] for one in both] == [True, True]


async def test_a_page_that_comes_back_goes_on_from_a_snapshot_and_hears_nothing_old(house: House) -> None:
    desk = await house.desk(house.supervisor)
    over = await house.caller_talks_with(house.agent)
    await house.caller_hangs_up(over)

    async with watched(desk, **{"Last-Event-ID": "0"}) as response:
        snapshot = (await next_event(response))[2]
        live = await house.phone_rings(house.agent)
        assert (await told(response, "call"))["call_id"] == live

    assert snapshot["calls"] == []


async def test_an_account_has_so_many_streams_and_ends_with_its_session(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LOOK_ROUND_S", 0.05)
    desk = await house.desk(house.supervisor)
    streams = [await watched(desk) for _ in range(STREAMS_PER_AGENT)]
    for response in streams:
        await next_event(response)

    assert (await desk.get(PATH))[1]["code"] == "too-many-streams"
    await desk.delete("/api/v1/session")
    for response in streams:
        with pytest.raises(EOFError):
            await next_event(response)
    await until(lambda: house.desks.listening == 0)


async def test_a_reader_that_takes_nothing_is_dropped(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "WRITE_LIMIT_S", 0.2)

    async with watched(await house.desk(house.supervisor)) as response:
        await next_event(response)
        for _ in range(400):  # more than all buffers between the two hold
            await house.desks.publish([WATCH], "call", {"filler": "x" * 60_000})
        await until(
            lambda: house.registry.get_sample_value("callflow_desk_streams_ended_total", {"reason": "too_slow"}) == 1.0
        )

    assert house.desks.listening == 0
