"""A ticket's life by the desk's API: who may, what is refused by name, what the other platform gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.outbox import SqlOutgoing
from callflow.domain.names import SiteId
from tests.contract.web.house import House

if TYPE_CHECKING:
    from tests.contract.web.desk import Desk

TICKETS = "/api/v1/tickets"
MATTER = {"channel": "web", "summary": "路灯不亮", "location": "红星路", "region": "510104", "contact": "19991234567"}
UNIT = "510104000000"


async def a_ticket(desk: Desk, **changes: Any) -> str:
    status, body = await desk.post(TICKETS, MATTER | changes)
    assert status == 201, body
    return str(body["ticket_id"])


async def step(desk: Desk, ticket_id: str, word: str, **ask: Any) -> tuple[int, Any]:
    return await desk.post(f"{TICKETS}/{ticket_id}/{word}", ask)


@pytest.mark.covers("R-010", "R-041", "R-053")
async def test_a_matter_from_the_web_goes_its_whole_way(ticket_house: House) -> None:
    desk = await ticket_house.desk(ticket_house.agent)
    ticket_id = await a_ticket(desk, category="公共设施类", matter="complaint")

    for word, ask, state in (
        ("dispatch", {"unit": UNIT}, "dispatched"),
        ("sign", {}, "signed"),
        ("respond", {"text": "已派员"}, "in_hand"),
        ("feed-back", {"text": "已修复"}, "fed_back"),
        ("citizen-told", {"channel": "phone"}, "fed_back"),
        ("call-back", {"satisfied": True}, "called_back"),
        ("close", {}, "closed"),
    ):
        status, body = await step(desk, ticket_id, word, **ask)
        assert (status, body["state"]) == (200, state), body

    assert (body["unit"], body["satisfied"], body["told"]) == (UNIT, True, ["closed"])
    assert (await step(desk, ticket_id, "sign"))[1]["code"] == "ticket-over"


@pytest.mark.covers("R-010", "R-011", "R-012", "R-066")
@pytest.mark.parametrize("way", ["dispatch_to", "dispatch", "escalate"])
async def test_it_is_given_to_the_police_in_three_ways_and_crosses_once(
    ticket_house: House, books: Database, way: str
) -> None:
    desk = await ticket_house.desk(ticket_house.agent)
    same = {"Idempotency-Key": "one"}
    if way == "dispatch_to":
        for _ in range(2):
            status, body = await desk.post(TICKETS, MATTER | {"dispatch_to": "110"}, **same)
    else:
        ticket_id = await a_ticket(desk)
        ask = {"platform": "110", "text": "涉及治安"} if way == "dispatch" else {"text": "现场持刀"}
        for _ in range(2):
            status, body = await desk.post(f"{TICKETS}/{ticket_id}/{way}", ask, **same)

    assert status in (200, 201), body
    assert (body["awaits_peer"], body["unit"], body["danger"]) == (True, "110", way == "escalate")
    sent = await SqlOutgoing(books).unsent(SiteId("110"), 10)
    assert [each.payload.decode().count('"kind":"dispatch"') for each in sent].count(1) == 1
    assert (await step(desk, body["ticket_id"], "close"))[1]["code"] in ("step-not-now", "peer-feedback-missing")


@pytest.mark.covers("R-013", "R-097")
async def test_a_part_for_the_other_platform_and_what_came_of_what_was_given_away(
    ticket_house: House, books: Database
) -> None:
    desk = await ticket_house.desk(ticket_house.agent)
    ours, theirs = await a_ticket(desk), await a_ticket(desk, dispatch_to="110")
    assert (await step(desk, ours, "cooperate", platform="110"))[1]["code"] == "reason-missing"
    assert (await step(desk, ours, "cooperate", platform="028", text="?"))[1]["code"] == "platform-unknown"
    assert (await step(desk, theirs, "cooperate", platform="110", text="?"))[1]["code"] == "step-not-now"

    status, body = await step(desk, ours, "cooperate", platform="110", text="请维护现场秩序")

    assert (status, body["unit"], body["awaits_peer"]) == (200, "", True)
    beside = [
        each.payload.decode().count('"beside":true') for each in await SqlOutgoing(books).unsent(SiteId("110"), 9)
    ]
    assert sum(beside) == 1
    status, listed = await desk.post(f"{TICKETS}/diverted", {})
    assert (status, [one["ticket_id"] for one in listed["matters"]]) == (200, [theirs])  # only what is theirs now
    assert listed["answered"] == {"counted": 0, "of": 1, "share": 0.0}
    assert (await step(desk, theirs, "call-back", satisfied=True))[1]["code"] == "call-back-is-theirs"


@pytest.mark.covers("R-017", "R-018", "R-052")
async def test_a_dispute_is_listed_decided_by_a_supervisor_and_binds(ticket_house: House) -> None:
    desk, supervisor = await ticket_house.desk(ticket_house.agent), await ticket_house.desk(ticket_house.supervisor)
    ticket_id = await a_ticket(desk, category="市容管理类")
    assert (await step(desk, ticket_id, "dispute", text="职责交叉"))[0] == 200
    _, listed = await desk.get("/api/v1/disputes")
    assert listed["disputes"] == [
        {"category": "市容管理类", "region": "510104", "disputes": 1, "waiting": [ticket_id], "precedent": None}
    ]

    decision = {"unit": UNIT, "binds": True}
    assert (await step(desk, ticket_id, "settle", **decision))[1]["code"] == "role-not-allowed"
    assert (await step(supervisor, ticket_id, "settle", **decision))[1]["bound"] is True

    bound = await a_ticket(desk, category="市容管理类")
    assert (await step(desk, bound, "return", text="不归我管"))[1]["code"] == "precedent-binds"
    assert (await step(desk, bound, "dispatch"))[1]["unit"] == UNIT
    assert (await desk.get("/api/v1/disputes"))[1]["disputes"][0]["precedent"] == UNIT


@pytest.mark.covers("R-046", "R-048")
@pytest.mark.parametrize(
    ("word", "ask", "code"),
    [
        ("dispatch", {"unit": "91350100M000100Y44"}, "unit-code-wrong"),
        ("dispatch", {"platform": "028"}, "platform-unknown"),
        ("dispatch", {}, "unit-missing"),
        ("return", {"text": " "}, "reason-missing"),
        ("relevel", {"category": "没有这一类"}, "category-unknown"),
        ("relevel", {"level": 9}, "invalid-request"),
        ("merge", {"into": "GD20261122999999"}, "merge-target-gone"),
        ("sign", {"version": 7}, "changed-meanwhile"),
        ("sign", {"number": "13800138000"}, "number-not-yours-to-choose"),
        ("call-back", {"satisfied": True}, "step-not-now"),
    ],
)
async def test_what_may_not_be_is_refused_by_name(
    ticket_house: House, word: str, ask: dict[str, Any], code: str
) -> None:
    desk = await ticket_house.desk(ticket_house.agent)
    ticket_id = await a_ticket(desk)

    assert (await step(desk, ticket_id, word, **ask))[1]["code"] == code
    assert (await step(desk, "GD20261122999999", word, **ask))[0] in (403, 404, 422)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"region": "519999"}, "region-unknown"),
        ({"category": "?"}, "category-unknown"),
        ({"dispatch_to": "028"}, "platform-unknown"),
        ({"summary": ""}, "invalid-request"),
    ],
)
async def test_a_matter_that_is_wrong_makes_no_ticket(ticket_house: House, wrong: dict[str, Any], code: str) -> None:
    desk = await ticket_house.desk(ticket_house.agent)

    assert (await desk.post(TICKETS, MATTER | wrong))[1]["code"] == code
    assert await ticket_house.tickets.search() == []


@pytest.mark.covers("R-030", "R-032")
async def test_a_person_judges_anew_and_the_deadlines_follow(ticket_house: House) -> None:
    desk = await ticket_house.desk(ticket_house.agent)
    ticket_id = await a_ticket(desk, matter="consult")

    _, body = await step(desk, ticket_id, "relevel", level=1, category="突发事件类")

    assert (body["level"], body["category"], body["limits"]) == (1, "突发事件类", "sichuan-2025")
    response, result = body["deadlines"]
    assert (response["stage"], response["due_at"] - ticket_house.now) == ("response", 7200.0)
    assert result["assumed"] is True  # the house's clock stands in 2027, which is not published
    assert (await step(desk, ticket_id, "relevel", level=3))[1]["code"] == "level-not-lowered"


@pytest.mark.covers("R-065")
async def test_an_auditor_reads_and_steps_nothing(ticket_house: House) -> None:
    desk, auditor = await ticket_house.desk(ticket_house.agent), await ticket_house.desk(ticket_house.auditor)
    ticket_id = await a_ticket(desk)

    assert (await step(auditor, ticket_id, "sign"))[1]["code"] == "role-not-allowed"
    assert (await auditor.get("/api/v1/ticket-forms"))[1]["scheme"] == "sichuan-linkage-annex3"
    status, shown = await auditor.get(f"{TICKETS}/{ticket_id}")
    assert (status, shown["number"]) == (200, "199****4567")
    auditor.csrf = "wrong"
    assert (await step(auditor, ticket_id, "sign"))[1]["code"] == "csrf-token-wrong"
