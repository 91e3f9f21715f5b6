"""Tickets in bulk: streamed, masked, harmless in a spreadsheet, whole by their checksum, imported once."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.tables import audit
from tests.contract.web.house import House

if TYPE_CHECKING:
    from tests.contract.web.desk import Desk

EXPORT, IMPORT = "/api/v1/tickets/export", "/api/v1/tickets/import"


def matters(count: int, **changes: Any) -> dict[str, Any]:
    one = {"channel": "web", "contact": "19991234567", "summary": '=HYPERLINK("http://x")', "region": "510104"}
    return {"source": "portal", "matters": [one | {"ref": f"W{turn}"} | changes for turn in range(count)]}


async def text_of(desk: Desk, **ask: Any) -> str:
    async with desk.http.post(desk.url + EXPORT, json=ask, headers={"X-CSRF-Token": desk.csrf}) as response:
        assert response.status == 200, await response.text()
        return await response.text()


@pytest.mark.covers("R-044")
async def test_matters_are_imported_once_and_what_is_wrong_holds_nothing_up(ticket_house: House) -> None:
    supervisor = await ticket_house.desk(ticket_house.supervisor)
    ask = matters(3)
    ask["matters"][1]["region"] = "519999"

    answers = [await supervisor.post(IMPORT, ask) for _ in range(2)]

    assert answers[0] == answers[1]
    status, body = answers[0]
    assert status == 200
    assert [(one["ref"], one["refused"]) for one in body["matters"]] == [
        ("W0", None),
        ("W1", "region-unknown"),
        ("W2", None),
    ]
    assert len(await ticket_house.tickets.search()) == 2


@pytest.mark.covers("R-044", "R-002", "T-16")
async def test_an_export_is_masked_checksummed_audited_and_goes_on_where_it_was_cut(
    ticket_house: House, books: Database
) -> None:
    supervisor = await ticket_house.desk(ticket_house.supervisor)
    await supervisor.post(IMPORT, matters(5))

    lines = (await text_of(supervisor, region="510104", number="19991234567")).splitlines(keepends=True)
    *rows, last = [json.loads(line) for line in lines]
    rest = [json.loads(line) for line in (await text_of(supervisor, after=rows[2]["cursor"])).splitlines()]

    assert last == {"end": True, "rows": 5, "sha256": hashlib.sha256("".join(lines[:-1]).encode()).hexdigest()}
    assert {row["number"] for row in rows} == {"199****4567"}
    assert [row["ticket_id"] for row in rest[:-1]] == [row["ticket_id"] for row in rows[3:]]
    kept = await books.read(
        lambda connection: connection.scalars(select(audit.c.detail).where(audit.c.incident_id == ""))
    )
    details = [json.loads(one) for one in kept]
    assert [(one["by"], one["rows"]) for one in details] == [("8002", 5), ("8002", 2)]
    assert details[0]["wanted"] == {"region": "510104", "number": "given"}


@pytest.mark.covers("R-044")
async def test_no_cell_of_a_spreadsheet_is_a_formula(ticket_house: House) -> None:
    supervisor = await ticket_house.desk(ticket_house.supervisor)
    await supervisor.post(IMPORT, matters(2, location="@SUM(A1)"))

    head, *rows, last = list(csv.reader(io.StringIO(await text_of(supervisor, format="csv"))))

    assert last[:2] == ["#end", "2"]
    for row in rows:
        named = dict(zip(head, row, strict=True))
        assert (named["summary"], named["location"]) == ('\'=HYPERLINK("http://x")', "'@SUM(A1)")


@pytest.mark.covers("R-065")
async def test_who_may_take_tickets_along_and_bring_them_in(ticket_house: House) -> None:
    agent, auditor = await ticket_house.desk(ticket_house.agent), await ticket_house.desk(ticket_house.auditor)

    assert (await agent.post(EXPORT, {}))[1]["code"] == "role-not-allowed"
    assert (await auditor.post(IMPORT, matters(1)))[1]["code"] == "role-not-allowed"
    assert json.loads(await text_of(auditor))["rows"] == 0
    assert (await auditor.post(EXPORT, {"after": "nonsense"}))[1]["code"] == "invalid-request"


@pytest.mark.covers("R-044")
async def test_a_search_goes_page_by_page_with_its_cursor(ticket_house: House) -> None:
    supervisor = await ticket_house.desk(ticket_house.supervisor)
    await supervisor.post(IMPORT, matters(5))
    seen: list[str] = []
    ask: dict[str, Any] = {"limit": 2, "state": "dispatched", "level": 3}
    while True:
        _, body = await supervisor.post("/api/v1/tickets/search", ask)
        seen += [one["ticket_id"] for one in body["tickets"]]
        if body["after"] is None:
            break
        ask["after"] = body["after"]

    assert len(seen) == len(set(seen)) == 5
    _, ticket = await supervisor.get(f"/api/v1/tickets/{seen[0]}")
    _, trace = await supervisor.get(f"/api/v1/incidents/{ticket['incident_id']}/trace")
    assert [entry["what"] for entry in trace["entries"]] == ["ticket.opened"]


@pytest.mark.covers("R-086")
@pytest.mark.parametrize("text", ["བཀྲ་ཤིས་བདེ་ལེགས།", "ياخشىمۇسىز، ماڭا ياردەم كېرەك", "ꆈꌠꁱꂷ"])
async def test_a_text_in_any_script_comes_out_as_it_went_in(ticket_house: House, text: str) -> None:
    supervisor = await ticket_house.desk(ticket_house.supervisor)
    await supervisor.post(IMPORT, matters(1, summary=text))

    row = json.loads((await text_of(supervisor)).splitlines()[0])
    head, line, *_ = csv.reader(io.StringIO(await text_of(supervisor, format="csv")))

    assert row["summary"] == text
    assert dict(zip(head, line, strict=True))["summary"] == text
