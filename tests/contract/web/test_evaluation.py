"""The evaluator's feed: how matters went, without a person; and his own mystery calls, which nobody else sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from callflow.adapters.sql.mysteries import SqlMysteries
from callflow.adapters.sql.tables import audit
from callflow.domain.names import AgentId
from callflow.web.app import ROUTES
from callflow.web.routes import Role
from tests.contract.web.conftest import a_ticket_house
from tests.contract.web.ticket_store import NUMBER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from callflow.adapters.sql.database import Database
    from tests.contract.web.desk import Desk
    from tests.contract.web.house import House

FEED, ASSESSOR = "/api/v1/evaluation", AgentId("8700")
SECRET_TEXT = "她住在锦江区"


@pytest.fixture
async def house(books: Database, tmp_path: Path) -> AsyncIterator[House]:
    """A site with real books and an account for somebody who assesses it."""
    made = a_ticket_house(books, tmp_path)
    assessor = made.site.agent[0].model_copy(update={"id": ASSESSOR, "role": "evaluator", "name_zh": "评估机构"})
    made.site = made.site.model_copy(update={"agent": (*made.site.agent, assessor)})
    made.mysteries = SqlMysteries(books)
    await made.open()
    yield made
    await made.close()


async def a_matter(desk: Desk, *, satisfied: bool | None) -> str:
    """A matter that was worked on to its end, and the citizen asked."""
    matter = {"summary": SECRET_TEXT, "level": 2, "region": "510104", "contact": NUMBER}
    _, made = await desk.post("/api/v1/tickets", matter)
    ticket = str(made["ticket_id"])
    for step, body in (
        ("sign", {}), ("respond", {"text": SECRET_TEXT}), ("feed-back", {"text": SECRET_TEXT}),
        ("call-back", {"satisfied": satisfied}),
    ):  # fmt: skip
        status, said = await desk.post(f"/api/v1/tickets/{ticket}/{step}", body)
        assert status == 200, (step, said)
    return ticket


async def feed(desk: Desk, house: House, **more: Any) -> tuple[int, Any]:
    """The matters of these days."""
    return await desk.post(FEED, {"opened_from": house.now - 60, "opened_to": house.now + 60} | more)


@pytest.mark.covers("R-095")
async def test_the_evaluator_reads_how_matters_went_and_nothing_of_any_person(house: House) -> None:
    agent = await house.desk(house.agent)
    good, bad = [await a_matter(agent, satisfied=satisfied) for satisfied in (True, False)]

    status, body = await feed(await house.desk(ASSESSOR), house)

    assert status == 200, body
    assert [(one["ticket_id"], one["satisfied"], one["called_back"]) for one in body["tickets"]] == [
        (good, True, True), (bad, False, True)
    ]  # fmt: skip
    assert (body["tickets"][0]["signed_at"], body["tickets"][0]["fed_back_at"]) == (house.now, house.now)
    assert (body["next"], body["tickets"][0]["region"]) == (None, "510104")
    told = json.dumps(body, ensure_ascii=False)
    for secret in (NUMBER[3:7], NUMBER[-4:], SECRET_TEXT, f'"{house.agent}"'):
        assert secret not in told


@pytest.mark.covers("R-095", "R-065")
async def test_the_evaluator_may_read_figures_and_his_feed_and_nothing_else(house: House) -> None:
    may = {route.path for route in ROUTES if route.roles is not None and Role.EVALUATOR in route.roles}

    assert may == {
        FEED, f"{FEED}/{{ticket_id}}/mystery", "/api/v1/session", "/api/v1/figures", "/api/v1/figures/lines",
        "/api/v1/figures/handovers",
    }  # fmt: skip
    assessor = await house.desk(ASSESSOR)
    for path in ("/api/v1/calls", "/api/v1/tickets", "/api/v1/roster", "/api/v1/watch", "/api/v1/events"):
        assert (await assessor.get(path))[1]["code"] in ("role-not-allowed", "method-not-allowed"), path
    for who in (house.agent, house.supervisor, house.auditor, house.administrator):
        assert (await feed(await house.desk(who), house))[1]["code"] == "role-not-allowed"


@pytest.mark.covers("R-095")
async def test_a_mystery_call_is_marked_once_and_no_agent_sees_it(house: House, books: Database) -> None:
    agent, assessor = await house.desk(house.agent), await house.desk(ASSESSOR)
    mine, other = await a_matter(agent, satisfied=None), await a_matter(agent, satisfied=True)

    for _ in range(2):
        assert (await assessor.post(f"{FEED}/{mine}/mystery"))[0] == 200
    _, body = await feed(assessor, house)
    _, ticket = await agent.get(f"/api/v1/tickets/{mine}")
    _, trace = await agent.get(f"/api/v1/incidents/{ticket['incident_id']}/trace")

    assert {one["ticket_id"]: one["mystery"] for one in body["tickets"]} == {mine: True, other: False}
    assert "mystery" not in json.dumps([ticket, trace])
    assert (await assessor.post(f"{FEED}/GD-none/mystery"))[1]["code"] == "ticket-not-found"
    assert (await agent.post(f"{FEED}/{mine}/mystery"))[1]["code"] == "role-not-allowed"
    assert await count_of(books, "ticket.mystery") == 1


async def test_a_long_feed_comes_page_by_page_and_its_period_is_bounded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callflow.web.evaluation.PAGE", 2)
    agent, assessor = await house.desk(house.agent), await house.desk(ASSESSOR)
    tickets = [await a_matter(agent, satisfied=True) for _ in range(3)]

    first = (await feed(assessor, house))[1]
    rest = (await feed(assessor, house, after=first["next"]))[1]

    assert [one["ticket_id"] for one in (*first["tickets"], *rest["tickets"])] == tickets
    assert rest["next"] is None
    assert (await feed(assessor, house, opened_from=0))[1]["code"] == "invalid-request"
    assert (await feed(assessor, house, opened_to=house.now - 60))[1]["code"] == "invalid-request"


async def count_of(books: Database, what: str) -> int:
    """How many audit entries say this."""
    asked = select(func.count()).where(audit.c.what == what)
    found: int | None = await books.read(lambda connection: connection.scalar(asked))
    return found or 0
