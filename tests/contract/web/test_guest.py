"""An officer of 110 sits at 12345's desk: he may what his seat may, and stands in the books under both (R-019)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.outbox import SqlOutgoing
from callflow.adapters.sql.tables import audit
from callflow.domain.names import AgentId, SiteId
from callflow.sitefile import Site
from tests.web.full_house import FullHouse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OFFICER = AgentId("8119")


@pytest.fixture
async def shared(books: Database, tmp_path: Path) -> AsyncIterator[FullHouse]:
    """12345's hall with an officer of 110 in it."""
    made = FullHouse(books, tmp_path, time.time())
    officer = made.site.agent[0].model_copy(update={"id": OFFICER, "name_zh": "驻场民警", "organisation": "110"})
    made.site = made.site.model_copy(update={"agent": (*made.site.agent, officer)})
    made.keep_books(books)
    books.homes = made.site.guests
    await made.open()
    yield made
    await made.close()


@pytest.mark.covers("R-019")
async def test_desk_roster_and_trace_say_who_sent_him(shared: FullHouse) -> None:
    desk = await shared.desk(OFFICER)
    _, session = await desk.get("/api/v1/session")
    _, roster = await desk.get("/api/v1/roster")
    call_id = await shared.caller_talks_with(OFFICER)
    _, call = await desk.get(f"/api/v1/calls/{call_id}")
    _, trace = await desk.get(f"/api/v1/incidents/{call['incident_id']}/trace")
    homes = {one["agent_id"]: one["organisation"] for one in roster["agents"]}

    assert (session["site"], session["agent"]["role"], session["agent"]["organisation"]) == ("12345", "agent", "110")
    assert (homes[OFFICER], homes[shared.agent]) == ("110", "12345")
    assert [one["who"] for one in trace["timeline"] if one["what"] == "call.answered"] == ["8119.110"]


@pytest.mark.covers("R-019")
async def test_ticket_and_audit_name_both_and_the_peer_hears_it(shared: FullHouse, books: Database) -> None:
    desk = await shared.desk(OFFICER)
    _, life = await desk.post("/api/v1/tickets", {"summary": "邻里纠纷", "contact": "19990000001"})
    await desk.post(f"/api/v1/tickets/{life['ticket_id']}/dispatch", {"platform": "110", "text": "请处置"})
    await desk.post(f"/api/v1/tickets/{life['ticket_id']}/relevel", {"level": 2})
    _, trace = await desk.get(f"/api/v1/incidents/{life['incident_id']}/trace")
    rows = await books.read(lambda c: c.execute(select(audit.c.detail).where(audit.c.what == "ticket.relevelled")))
    sent = [one.payload.decode() for one in await SqlOutgoing(books).unsent(SiteId("110"), 10)]

    assert {one["who"] for one in trace["timeline"] if one["what"] == "ticket.relevelled"} == {"8119.110"}
    assert ['"by": "8119"' in row.detail and '"organisation": "110"' in row.detail for row in rows] == [True]
    assert any('"by":"8119.110"' in payload for payload in sent)


@pytest.mark.covers("R-019")
async def test_his_rights_are_those_of_the_desk_he_sits_at(shared: FullHouse) -> None:
    desk = await shared.desk(OFFICER)
    colleagues = await shared.caller_talks_with(shared.agent)

    assert (await desk.get(f"/api/v1/calls/{colleagues}"))[1]["code"] == "not-your-call"
    assert (await desk.get("/api/v1/site"))[1]["code"] == "role-not-allowed"


def test_he_can_only_be_sent_by_a_platform_that_we_know(shared: FullHouse) -> None:
    said = shared.site.model_dump()
    said["agent"][-1]["organisation"] = "119"

    with pytest.raises(ValidationError, match="neither this platform nor a peer"):
        Site.model_validate(said)
