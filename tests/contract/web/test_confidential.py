"""A confidential ticket (R-056) on every way on which tickets are shown: there for its people, for nobody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.tables import audit
from tests.contract.web.conftest import a_ticket_house
from tests.contract.web.test_ticket_bulk import text_of

if TYPE_CHECKING:
    from pathlib import Path

    from callflow.domain.names import AgentId
    from tests.contract.web.desk import Desk
    from tests.contract.web.house import House

WORDS = "举报某科长受贿"
MATTER = {"summary": WORDS, "location": "红星路一段", "contact": "19900001111", "confidential": True}
UNIT, OTHER_UNIT = "510104000001", "510105000003"


async def read_by(books: Database) -> list[tuple[str, str]]:
    """Who has read a confidential ticket by the audit, and in which role."""

    async def work(connection: Any) -> list[Any]:
        rows = await connection.execute(select(audit.c.detail).where(audit.c.what == "ticket.read"))
        return list(rows.scalars())

    told = [json.loads(detail) for detail in await books.read(work)]
    return [(one["by"], one["role"]) for one in told]


async def a_secret(desk: Desk) -> tuple[str, str]:
    """A confidential matter, written down by this desk: ticket and incident."""
    status, opened = await desk.post("/api/v1/tickets", MATTER)
    assert status == 201, opened
    assert opened["confidential"] is True
    return opened["ticket_id"], opened["incident_id"]


async def everywhere(desk: Desk, ticket_id: str, incident_id: str) -> dict[str, tuple[int, Any]]:
    """Every way to it that an agent has."""
    return {
        "one": await desk.get(f"/api/v1/tickets/{ticket_id}"),
        "reasons": await desk.get(f"/api/v1/tickets/{ticket_id}/reasons"),
        "trace": await desk.get(f"/api/v1/incidents/{incident_id}/trace"),
        "step": await desk.post(f"/api/v1/tickets/{ticket_id}/sign"),
        "seal": await desk.post(f"/api/v1/tickets/{ticket_id}/seal"),
    }


def codes(answers: dict[str, tuple[int, Any]]) -> dict[str, tuple[int, str]]:
    return {way: (status, body["code"]) for way, (status, body) in answers.items()}


SEARCHES: tuple[dict[str, Any], ...] = ({}, {"number": "19900001111"}, {"channel": "web"})


async def found_by(desk: Desk, ticket_id: str, incident_id: str) -> list[str]:
    """Everything that searches and the queue tell this desk, as text, as far as the ticket is in it."""
    asked = (*SEARCHES, {"ticket_id": ticket_id}, {"incident_id": incident_id})
    answers = [await desk.post("/api/v1/tickets/search", one) for one in asked]
    answers += [await desk.post("/api/v1/tickets/queue", {}), await desk.post("/api/v1/tickets/diverted", {})]
    answers.append(await desk.get("/api/v1/disputes"))
    return [text for text in (json.dumps(body, ensure_ascii=False) for _, body in answers) if ticket_id in text]


@pytest.mark.covers("R-056")
async def test_for_another_agent_it_does_not_exist(ticket_house: House, books: Database) -> None:
    author, other = await ticket_house.desk(ticket_house.agent), await ticket_house.desk(ticket_house.colleague)
    ticket_id, incident_id = await a_secret(author)

    refused = await everywhere(other, ticket_id, incident_id)
    never_was = await everywhere(other, "GD20261122009999", "01M8138XG5Y6S0S0S0S0S0S0S0")

    assert codes(refused) == codes(never_was), "not even that it is there"
    assert {status for status, _ in refused.values()} == {404}
    assert await found_by(other, ticket_id, incident_id) == []
    assert await read_by(books) == []


@pytest.mark.covers("R-056")
async def test_nor_can_another_ticket_be_merged_into_it(ticket_house: House) -> None:
    author, other = await ticket_house.desk(ticket_house.agent), await ticket_house.desk(ticket_house.colleague)
    ticket_id, _ = await a_secret(author)
    _, own = await other.post("/api/v1/tickets", {"summary": "路灯不亮"})

    status, refused = await other.post(f"/api/v1/tickets/{own['ticket_id']}/merge", {"into": ticket_id})

    assert (status, refused["code"]) == (409, "merge-target-gone")


@pytest.mark.covers("R-056")
@pytest.mark.parametrize("who", ["agent", "supervisor", "auditor"])
async def test_its_author_supervisors_and_auditors_find_its_head_and_whoever_reads_it_is_in_the_audit(
    who: str, ticket_house: House, books: Database
) -> None:
    ticket_id, incident_id = await a_secret(await ticket_house.desk(ticket_house.agent))
    account: AgentId = getattr(ticket_house, who)
    desk = await ticket_house.desk(account)

    listed = await found_by(desk, ticket_id, incident_id)
    assert len(listed) >= 5
    assert not any(word in text for text in listed for word in (WORDS, "红星路", "199*")), "a list has no words of it"
    assert await read_by(books) == []
    status, read = await desk.get(f"/api/v1/tickets/{ticket_id}")
    traced, _ = await desk.get(f"/api/v1/incidents/{incident_id}/trace")

    assert (status, read["summary"], read["number"]) == (200, WORDS, "199****1111")
    assert traced == 200
    assert await read_by(books) == [(account, who), (account, who)]


@pytest.mark.covers("R-056")
async def test_in_bulk_it_has_no_words_and_others_have_no_bulk(ticket_house: House) -> None:
    ticket_id, _ = await a_secret(await ticket_house.desk(ticket_house.agent))
    supervisor, agent = await ticket_house.desk(ticket_house.supervisor), await ticket_house.desk(ticket_house.agent)

    for sort in ("ndjson", "csv"):
        text = await text_of(supervisor, format=sort)
        assert ticket_id in text
        assert not any(word in text for word in (WORDS, "红星路", "199*"))
    assert (await agent.post("/api/v1/tickets/export", {}))[0] == 403


@pytest.fixture
async def house_with_a_unit(books: Database, tmp_path: Path) -> AsyncIterator[House]:
    """The colleague works for a unit."""
    made = a_ticket_house(books, tmp_path)
    accounts = [one.model_copy(update={"unit": UNIT}) if one.id == made.colleague else one for one in made.site.agent]
    made.site = made.site.model_copy(update={"agent": tuple(accounts)})
    await made.open()
    yield made
    await made.close()


@pytest.mark.covers("R-056")
async def test_the_unit_that_handles_it_sees_it_as_long_as_it_does(house_with_a_unit: House) -> None:
    author = await house_with_a_unit.desk(house_with_a_unit.agent)
    other = await house_with_a_unit.desk(house_with_a_unit.colleague)
    ticket_id, incident_id = await a_secret(author)
    one = f"/api/v1/tickets/{ticket_id}"
    assert (await other.get(one))[0] == 404

    assert (await author.post(f"{one}/dispatch", {"unit": UNIT}))[0] == 200
    assert (await other.get(one))[0] == 200
    assert len(await found_by(other, ticket_id, incident_id)) >= 5
    assert (await author.post(f"{one}/dispatch", {"unit": OTHER_UNIT}))[0] == 200

    assert (await other.get(one))[0] == 404


@pytest.mark.covers("R-056")
async def test_sealed_later_it_stays_with_those_who_worked_on_it_and_a_supervisor_unseals_it(
    ticket_house: House, books: Database
) -> None:
    author, other = await ticket_house.desk(ticket_house.agent), await ticket_house.desk(ticket_house.colleague)
    supervisor = await ticket_house.desk(ticket_house.supervisor)
    _, opened = await author.post("/api/v1/tickets", {"summary": WORDS})
    one, found_by = f"/api/v1/tickets/{opened['ticket_id']}", {"incident_id": opened["incident_id"]}
    assert (await author.post(f"{one}/dispatch", {"unit": UNIT}))[0] == 200

    assert (await supervisor.post(f"{one}/seal", {"text": "涉及举报人"}))[0] == 200
    assert [(await desk.get(one))[0] for desk in (author, other)] == [200, 404], "who had it in hand keeps it"
    assert (await author.post(f"{one}/seal", {"agents": ["9999"]}))[1]["code"] == "account-unknown"
    assert (await author.post(f"{one}/seal", {"agents": [ticket_house.colleague]}))[1]["told"] == ["sealed"]
    assert (await other.get(one))[0] == 200, "let in"
    assert (await author.post(f"{one}/unseal", {"text": "已公开"}))[0] == 403
    assert (await supervisor.post(f"{one}/unseal", {}))[1]["code"] == "reason-missing"
    assert (await supervisor.post(f"{one}/unseal", {"text": "已公开"}))[0] == 200
    _, found = await author.post("/api/v1/tickets/search", found_by)

    assert found["tickets"][0]["summary"] == WORDS
    steps = await books.read(
        lambda connection: connection.scalars(select(audit.c.what).where(audit.c.what.like("ticket.%sealed")))
    )
    assert list(steps) == ["ticket.sealed", "ticket.sealed", "ticket.unsealed"]
