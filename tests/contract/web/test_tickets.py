"""Tickets, the trace of an incident, the directory, the roster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ulid import ULID

from tests.contract.web.advice_given import SUGGESTION
from tests.contract.web.ticket_store import NUMBER, Step, Ticket

if TYPE_CHECKING:
    from tests.contract.web.house import House

SEARCH = "/api/v1/tickets/search"


async def test_a_ticket_is_found_by_the_number_in_the_body_and_shows_it_masked(house: House) -> None:
    desk = await house.desk(house.agent)
    ticket = Ticket("GD-20261122-000001", str(ULID()), suggestion=SUGGESTION)
    house.tickets.tickets = [ticket, replace(ticket, ticket_id="GD-20261122-000002", caller_number="19990000000")]

    status, body = await desk.post(SEARCH, {"number": NUMBER})

    assert status == 200
    assert [(found["ticket_id"], found["number"]) for found in body["tickets"]] == [(ticket.ticket_id, "199****4567")]
    status, one = await desk.get(f"/api/v1/tickets/{ticket.ticket_id}")
    assert (status, one) == (200, body["tickets"][0])
    assert one["peer_ticket_id"] == "JD-20261122-000001"
    assert one["suggestion"]["category"] == SUGGESTION["category"]


async def test_a_search_without_a_number_gives_the_newest_first_and_at_most_so_many(house: House) -> None:
    desk = await house.desk(house.supervisor)
    house.tickets.tickets = [
        Ticket(f"GD-20261122-{count:06}", str(ULID()), opened_at=float(count)) for count in range(5)
    ]

    _, body = await desk.post(SEARCH, {"limit": 2})

    assert [ticket["ticket_id"][-1] for ticket in body["tickets"]] == ["4", "3"]


@pytest.mark.parametrize(
    "ask", [{"number": "1 OR 1=1"}, {"number": ""}, {"incident_id": "x"}, {"limit": 0}, {"limit": 1000}, {"text": "x"}]
)
async def test_a_malformed_search_is_refused(house: House, ask: dict[str, object]) -> None:
    desk = await house.desk(house.agent)

    assert (await desk.post(SEARCH, ask))[1]["code"] == "invalid-request"


@pytest.mark.covers("R-006")
async def test_why_agents_decided_stands_with_the_ticket(house: House) -> None:
    desk = await house.desk(house.agent)
    ticket = Ticket("GD-20261122-000001", str(ULID()))
    why = {"at": 5.0, "by": "8001", "about": "owner", "text": "张三说不归我们管"}
    house.tickets.tickets, house.tickets.why = [ticket], {ticket.ticket_id: [why]}

    assert await desk.get(f"/api/v1/tickets/{ticket.ticket_id}/reasons") == (200, {"reasons": [why]})
    assert (await desk.get("/api/v1/tickets/GD-20261122-999999/reasons"))[1]["code"] == "ticket-not-found"


@pytest.mark.parametrize("ticket_id", ["GD-20261122-999999", "x", "GD-'; DROP TABLE tickets;--"])
async def test_an_unknown_ticket_is_not_found(house: House, ticket_id: str) -> None:
    desk = await house.desk(house.agent)

    assert (await desk.get(f"/api/v1/tickets/{ticket_id}"))[1]["code"] == "ticket-not-found"


async def test_the_trace_of_an_incident_has_its_calls_tickets_and_steps(house: House) -> None:
    desk = await house.desk(house.agent)
    call_id = await house.caller_talks_with(house.agent)
    incident_id = house.facts.calls[call_id].incident_id
    house.tickets.tickets = [Ticket("GD-20261122-000001", incident_id, call_id=call_id)]
    house.tickets.steps = {incident_id: [Step(1000.0, "OpenTicket", call_id, {"ticket_id": "GD-20261122-000001"})]}

    status, trace = await desk.get(f"/api/v1/incidents/{incident_id}/trace")

    assert (status, trace["incident_id"], trace["site"]) == (200, incident_id, "12345")
    assert [call["call_id"] for call in trace["calls"]] == [call_id]
    assert [ticket["number"] for ticket in trace["tickets"]] == ["199****4567"]
    assert [entry["what"] for entry in trace["entries"]] == ["OpenTicket"]


async def test_an_agent_traces_only_incidents_that_he_had_a_call_of(house: House) -> None:
    stranger, auditor = await house.desk(house.colleague), await house.desk(house.auditor)
    call_id = await house.caller_talks_with(house.agent)
    path = f"/api/v1/incidents/{house.facts.calls[call_id].incident_id}/trace"

    assert (await stranger.get(path))[1]["code"] == "not-your-call"
    assert (await auditor.get(path))[0] == 200
    for unknown in (str(ULID()), "x"):
        assert (await auditor.get(f"/api/v1/incidents/{unknown}/trace"))[1]["code"] == "incident-not-found"


async def test_the_directory_shows_codes_and_names_and_not_what_is_dialled(house: House) -> None:
    desk = await house.desk(house.agent)

    status, body = await desk.get("/api/v1/directory")

    assert status == 200
    assert [target["code"] for target in body["targets"]] == [target.code for target in house.site.directory]
    assert {"110", "119", "120", "122"} <= {target["code"] for target in body["targets"]}
    assert set(body["targets"][0]) == {"code", "name_zh", "name_en", "sort", "contacts", "reachable"}


async def test_the_roster_shows_who_is_on_a_call(house: House) -> None:
    desk = await house.desk(house.supervisor)
    await house.caller_talks_with(house.agent)

    _, body = await desk.get("/api/v1/roster")

    busy = {entry["agent_id"]: entry["on_call"] for entry in body["agents"]}
    assert busy["8001"] is True
    assert busy["8009"] is False
