"""The ticket form: its fields are those of the exchange's template, and what it keeps belongs to its call."""

from __future__ import annotations

import json

import pytest

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.outbox import SqlOutgoing
from callflow.domain.names import SiteId
from callflow.service.messages import VERSION
from callflow.service.ticket_form import ticket_form
from tests.web.full_house import NUMBER, FullHouse

FILLED = {"category": "公共设施类", "matter": "complaint", "level": 2, "location": "红星路一段", "summary": "路灯不亮"}


@pytest.mark.covers("R-045")
async def test_the_form_asks_for_fields_of_the_template_within_its_bounds(full: FullHouse) -> None:
    desk = await full.desk(full.agent)

    _, forms = await desk.get("/api/v1/ticket-forms")
    fields = {one["name"]: one for one in forms["fields"]}

    assert forms["template"] == f"dispatch {VERSION}"
    assert list(fields) == ["category", "matter", "level", "region", "location", "summary"]
    assert fields["matter"]["choices"] == ["consult", "help", "suggestion", "complaint", "report"]
    assert (fields["summary"]["most"], fields["location"]["most"], fields["region"]["pattern"]) == (
        4000,
        200,
        r"^\d{6}$",
    )
    assert {name for one in fields.values() for name in one["needed_for"]} <= set(forms["categories"])
    assert [one.name for one in ticket_form().fields if one.needed] == ["category", "summary"]


@pytest.mark.covers("R-007", "R-010")
async def test_a_ticket_kept_in_a_call_is_the_calls_and_has_its_number(full: FullHouse) -> None:
    desk = await full.desk(full.agent)
    call_id = await full.caller_talks_with(full.agent, NUMBER)
    _, call = await desk.get(f"/api/v1/calls/{call_id}")

    status, life = await desk.post("/api/v1/tickets", FILLED | {"call_id": call_id, "contact": "19990000000"})
    again = await desk.post("/api/v1/tickets", FILLED | {"call_id": call_id, "summary": "另一件事"})
    _, ticket = await desk.get(f"/api/v1/tickets/{life['ticket_id']}")

    assert (status, life["incident_id"]) == (201, call["incident_id"])
    assert (ticket["call_id"], ticket["channel"], ticket["number"]) == (call_id, "phone", "138****8053")
    assert {name: ticket[name] for name in FILLED} == FILLED
    assert again[1]["ticket_id"] == life["ticket_id"], "a call has one ticket"


async def test_nobody_writes_a_ticket_into_a_colleagues_call(full: FullHouse) -> None:
    call_id = await full.caller_talks_with(full.agent, NUMBER)
    colleague = await full.desk(full.colleague)

    assert (await colleague.post("/api/v1/tickets", FILLED | {"call_id": call_id}))[1]["code"] == "not-your-call"


@pytest.mark.covers("R-043")
async def test_what_is_written_later_changes_the_ticket_once_and_crosses_to_the_peer(
    full: FullHouse, books: Database
) -> None:
    desk = await full.desk(full.agent)
    call_id = await full.caller_talks_with(full.agent, NUMBER)
    _, life = await desk.post("/api/v1/tickets", {"summary": "路灯不亮", "call_id": call_id})
    ticket = f"/api/v1/tickets/{life['ticket_id']}"
    await desk.post(f"{ticket}/dispatch", {"platform": "110", "text": "请协助"})
    _, before = await desk.get(ticket)

    written = FILLED | {"region": "510104", "version": before["version"]}
    _, first = await desk.post(f"{ticket}/relevel", written)
    _, second = await desk.post(f"{ticket}/relevel", written | {"version": first["version"]})
    _, after = await desk.get(ticket)
    crossed = [json.loads(one.payload)["body"] for one in await SqlOutgoing(books).unsent(SiteId("110"), 20)]

    assert first["told"] == ["relevelled", "described"]
    assert (second["told"], second["version"]) == ([], first["version"])
    assert {name: after[name] for name in FILLED} == FILLED
    assert after["region"] == "510104"
    assert "红星路一段\n路灯不亮" in [body["text"] for body in crossed if body.get("step") == "described"]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"level": 3}, "level-not-lowered"),
        ({"region": "999999"}, "region-unknown"),
        ({"category": "无"}, "category-unknown"),
    ],
)
async def test_what_the_form_must_not_say_is_refused_by_a_code_that_names_its_field(
    full: FullHouse, wish: dict[str, object], code: str
) -> None:
    desk = await full.desk(full.agent)
    call_id = await full.caller_talks_with(full.agent, NUMBER)
    _, life = await desk.post("/api/v1/tickets", FILLED | {"call_id": call_id})

    status, problem = await desk.post(f"/api/v1/tickets/{life['ticket_id']}/relevel", wish)

    assert (status >= 400, problem["code"]) == (True, code)
