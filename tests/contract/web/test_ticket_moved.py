"""What the other platform, or somebody else here, does with a call's ticket reaches the agent's desk as an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.web.desk import next_event
from tests.web.full_house import FullHouse

if TYPE_CHECKING:
    from aiohttp import ClientResponse


async def next_ticket(stream: ClientResponse) -> dict[str, Any]:
    """The next event about a ticket; others are passed over."""
    while True:
        _, name, body = await next_event(stream)
        if name == "ticket":
            return dict(body)


@pytest.mark.covers("R-043", "R-041")
async def test_each_step_of_the_peers_ticket_is_an_event_for_the_agent_of_the_call(full: FullHouse) -> None:
    desk, colleague = await full.desk(full.agent), await full.desk(full.colleague)
    call_id = await full.caller_talks_with(full.agent)
    _, life = await desk.post("/api/v1/tickets", {"summary": "楼上打架", "call_id": call_id})
    where = {"incident_id": life["incident_id"]}

    async with desk.events() as here, colleague.events() as there:
        await next_event(here)
        await next_event(there)
        for version, (step, state) in enumerate([("signed", "signed"), ("responded", "in_hand")], start=1):
            await full.the_peer_says(life["incident_id"], step, state, version)
            told = await next_ticket(here)
            _, found = await desk.post("/api/v1/tickets/search", where)
            assert (told["call_id"], told["incident_id"]) == (call_id, life["incident_id"])
            assert found["tickets"][0]["peer_state"] == state
        await full.the_peer_says(life["incident_id"], "sealed", "in_hand", 3)
        await next_ticket(here)
        _, found = await desk.post("/api/v1/tickets/search", where)
        assert found["tickets"][0]["confidential"]

        await full.caller_hangs_up(call_id)
        await full.the_peer_says(life["incident_id"], "fed_back", "fed_back", 4)
        await next_ticket(here)  # he writes the call up
        await full.desks.publish([full.colleague], "call", {"call_id": "the first that he is told"})
        assert (await next_event(there))[2] == {"call_id": "the first that he is told"}


@pytest.mark.covers("R-056")
async def test_who_seals_or_unseals_it_elsewhere_is_seen_at_the_desk_of_the_call(full: FullHouse) -> None:
    desk, supervisor = await full.desk(full.agent), await full.desk(full.supervisor)
    call_id = await full.caller_talks_with(full.agent)
    _, life = await desk.post("/api/v1/tickets", {"summary": "举报", "call_id": call_id})

    async with desk.events() as here:
        await next_event(here)
        for word, ask in (("seal", {}), ("unseal", {"text": "当事人同意公开"})):
            status, body = await supervisor.post(f"/api/v1/tickets/{life['ticket_id']}/{word}", ask)
            assert status == 200, body
            assert (await next_ticket(here))["call_id"] == call_id
