"""The figures by the API and for Prometheus: counted from the books, no person in them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from ulid import ULID

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.figures import SqlFigures
from callflow.domain.calls import Call, Caller, Ownership
from callflow.domain.names import CallId, ChannelName, IncidentId, Phase, Presentation, SiteId, Verified
from callflow.web.ticket_metrics import TicketMetrics
from tests.contract.web.house import House

if TYPE_CHECKING:
    pass

FIGURES = "/api/v1/figures"
DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana" / "callflow.json"


async def some_tickets(house: House) -> None:
    desk = await house.desk(house.agent)
    for region in ("510104", "510104", "510105"):
        matter: dict[str, Any] = {"summary": "停水", "level": 2, "region": region, "contact": "19991234567"}
        _, body = await desk.post("/api/v1/tickets", matter)
        house.now += 60
        await desk.post(f"/api/v1/tickets/{body['ticket_id']}/sign", {})
    await desk.post(f"/api/v1/tickets/{body['ticket_id']}/respond", {})
    await desk.post(f"/api/v1/tickets/{body['ticket_id']}/feed-back", {"text": "已恢复供水"})
    await desk.post(f"/api/v1/tickets/{body['ticket_id']}/escalate", {"text": "现场失控"})


@pytest.mark.covers("R-093", "R-094")
async def test_a_period_by_region_and_the_exchange_beside_it(ticket_house: House) -> None:
    await some_tickets(ticket_house)
    supervisor, agent = (
        await ticket_house.desk(ticket_house.supervisor),
        await ticket_house.desk(ticket_house.agent),
    )

    period = {"opened_from": ticket_house.now - 3600, "opened_to": ticket_house.now + 1}
    status, body = await supervisor.post(FIGURES, period | {"by": "region"})

    assert status == 200, body
    assert [(one["group"], one["opened"], one["signed"]["share"]) for one in body["groups"]] == [
        ("510104", 2, 1.0),
        ("510105", 1, 1.0),
    ]
    assert body["groups"][1]["done_in_time"] == {"counted": 1, "of": 1, "share": 1.0}
    assert (body["exchange"]["messages"], body["exchange"]["waiting"]) == (
        0,
        1,
    )  # the matter that was given to the police
    assert (await supervisor.get(FIGURES))[1]["groups"][0]["opened"] == 3
    assert (await agent.get(FIGURES))[1]["code"] == "role-not-allowed"
    assert "1999123" not in json.dumps(body)


@pytest.mark.covers("T-16")
async def test_the_gauges_know_no_person_and_the_dashboard_asks_only_for_what_there_is(
    ticket_house: House, books: Database
) -> None:
    await some_tickets(ticket_house)
    registry = CollectorRegistry()
    metrics = TicketMetrics(registry, SqlFigures(books), lambda: {"reminded": 1}, lambda: ticket_house.now)
    await metrics.count()
    await metrics.count()

    shown = generate_latest(registry).decode()
    offered = shown + generate_latest(ticket_house.registry).decode()

    assert 'callflow_tickets{level="2",state="signed"} 2.0' in shown
    assert "callflow_exchange_waiting 1.0" in shown
    assert "1999123" not in shown
    asked = [
        target["expr"] for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"] for target in panel["targets"]
    ]
    names = {word for expr in asked for word in expr.replace("(", " ").replace("{", " ").split() if "callflow_" in word}
    for name in names:
        family = name.split("[")[0].removesuffix("_total").removesuffix("_bucket").rstrip(")")
        assert f"# TYPE {family}" in offered, name


@pytest.mark.covers("R-070", "R-036")
async def test_lines_and_stages_come_from_the_books(ticket_house: House, books: Database) -> None:
    facts: Any = SqlFacts(books, ticket_house.site)
    answered, lost = (made_call(ticket_house.now + at) for at in (0, 60))
    for call, at, phases in ((answered, 0, (Phase.QUEUED, Phase.TALKING, Phase.ENDED)), (lost, 60, (Phase.QUEUED,))):
        for turn, phase in enumerate(phases):
            when = ticket_house.now + at + 12 * turn
            await facts.commit(replace(call, phase=phase), (), (), event_key=None, journal_offset=None, at=when)
    supervisor, agent = await ticket_house.desk(ticket_house.supervisor), await ticket_house.desk(ticket_house.agent)
    period = {"arrived_from": ticket_house.now, "arrived_to": ticket_house.now + 3600}

    status, body = await supervisor.post(f"{FIGURES}/lines", period)

    assert status == 200, body
    (line,) = body["lines"]
    assert (line["number"], line["answered"]) == ("12345", {"counted": 1, "of": 2, "share": 0.5})
    assert (line["wait"]["most_s"], line["below_60_percent"], line["to_merge"]) == (12.0, True, True)
    assert body["transfers"]["begun"] == 0
    assert (await supervisor.get(f"{FIGURES}/lines"))[1]["lines"] == []  # a period ends now; these rang later
    assert (await agent.get(f"{FIGURES}/lines"))[0] == 403

    await some_tickets(ticket_house)
    stages = (await supervisor.get(FIGURES))[1]["groups"][0]["stages"]
    assert (stages["opened_to_signed"]["count"], stages["opened_to_signed"]["p50_s"]) == (3, 60.0)
    assert stages["signed_to_responded"] == {"count": 1, "p50_s": 0.0, "p95_s": 0.0, "most_s": 0.0}


def made_call(at: float) -> Call:
    gov = SiteId("12345")
    channel = ChannelName("PJSIP/carrier-1")
    caller = Caller(channel, "19991234567", Presentation.ALLOWED, Verified.NETWORK, None, "12345", 0)
    ids = CallId(str(ULID())), IncidentId(str(ULID()))
    return Call(*ids, gov, Phase.QUEUED, at, at, caller, Ownership(gov, gov))
