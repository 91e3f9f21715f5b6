"""A matter's whole life at two platforms: its number stands in no address, log line, figure or audit entry."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import ClientSession, CookieJar, TraceConfig
from sqlalchemy import select

from callflow.adapters.put_off_file import PutOffFile
from callflow.adapters.sql.diverted import SqlDiverted
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.figures import SqlFigures
from callflow.adapters.sql.retention import SqlRetention
from callflow.adapters.sql.tables import audit
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.ticket_search import SqlTicketSearch
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain import commands as c
from callflow.domain.names import SiteId
from callflow.lab.backup import Place, back_up
from callflow.service.put_off import PutOff, Wish
from callflow.service.retention import Retention, keep_days_of
from callflow.web.ticket_intake import applier
from callflow.web.ticket_metrics import TicketMetrics
from tests.contract.exchange.conftest import NOW, Platform
from tests.contract.exchange.test_the_pair_lives import ferry
from tests.contract.web.desk import Desk
from tests.contract.web.house import House

NUMBER = "19987654321"
TICKETS = "/api/v1/tickets"
YEARS_S = 4 * 365 * 86_400.0


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as found:
        yield found


class Witness:
    """A desk whose browser writes down every address that it asks for."""

    def __init__(self, house: House) -> None:
        self.asked: list[str] = []
        trace = TraceConfig()
        trace.on_request_start.append(self._write_down)
        self.http = ClientSession(cookie_jar=CookieJar(unsafe=True), trace_configs=[trace])
        self.desk = Desk(self.http, house.url, house.supervisor)

    async def _write_down(self, _session: Any, _context: Any, request: Any) -> None:
        self.asked.append(str(request.url))

    async def sign_in(self) -> Desk:
        secret = {"user": self.desk.agent_id, "password": f"secret-of-{self.desk.agent_id}"}
        _, body = await self.desk.post("/api/v1/session", secret)
        self.desk.csrf = body["csrf"]
        return self.desk


def over(platform: Platform, folder: Path) -> House:
    """The web face of a platform, over its own books."""
    house: Any = House(f"{platform.id}.toml")
    house.now = NOW
    house.facts, house.tickets = SqlFacts(platform.database, platform.site), TicketsRead(platform.database)
    house.lives, house.search = SqlLives(platform.database, house.site), SqlTicketSearch(platform.database)
    house.figures = SqlFigures(platform.database)
    house.diverted = SqlDiverted(platform.database, SiteId(platform.id))
    house.put_off = PutOff(PutOffFile(folder / f"{platform.id}.ndjson"), house.desks)
    return house


@pytest.fixture
async def house(gov: Platform, tmp_path: Path) -> AsyncIterator[House]:
    made = over(gov, tmp_path)
    await made.open()
    yield made
    await made.close()


async def lived_through(desk: Desk, gov: Platform, police: Platform) -> str:
    """From the web form to the closing, with everything a desk can ask on the way; the incident."""
    matter = {"summary": "邻里纠纷", "contact": NUMBER, "channel": "sms", "region": "510104"}
    _, ours = await desk.post(TICKETS, matter | {"dispatch_to": "110"})
    imported = {"source": "portal", "matters": [matter | {"ref": "W1"}, matter | {"ref": "W2", "region": "999999"}]}
    assert (await desk.post(f"{TICKETS}/import", imported))[0] == 200
    await desk.post(TICKETS, matter | {"number": NUMBER})  # refused: nobody chooses a number
    await desk.post(f"{TICKETS}/{ours['ticket_id']}/sign", {NUMBER: NUMBER})
    for path in (f"{TICKETS}/{NUMBER}", f"/api/v1/incidents/{NUMBER}/trace"):
        assert (await desk.get(path))[0] == 404
    await ferry(gov, police)
    for ask in ({"number": NUMBER}, {"number": NUMBER, "state": "?"}):
        await desk.post(f"{TICKETS}/search", ask)
    for form in ("ndjson", "csv"):
        async with desk.http.post(
            f"{desk.url}{TICKETS}/export", json={"number": NUMBER, "format": form}, headers={"X-CSRF-Token": desk.csrf}
        ) as answer:
            assert NUMBER not in await answer.text()
    await desk.post(f"{TICKETS}/queue", {})
    await desk.post(f"{TICKETS}/diverted", {})
    assert (await desk.get(f"/api/v1/incidents/{ours['incident_id']}/trace"))[0] == 200
    return str(ours["incident_id"])


@pytest.mark.covers("T-16", "R-002")
async def test_a_matters_whole_life_leaves_its_number_in_the_books_and_nowhere_else(
    gov: Platform, police: Platform, house: House, lines: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    witness = Witness(house)
    desk = await witness.sign_in()
    await gov.open_door()
    incident_id = await lived_through(desk, gov, police)
    ask = json.dumps({"summary": "停水", "contact": NUMBER})
    await house.put_off.keep(Wish("open", "", ask, "8002", "0" * 16, NOW))
    await house.put_off.apply_all(applier(house.deps()))
    await TicketMetrics(house.registry, house.figures, dict, lambda: NOW).count()
    metrics = (await desk.get("/metrics"))[1]

    entries = [
        row
        for platform in (gov, police)
        for row in await platform.database.read(lambda connection: _all(connection, select(audit)))
    ]
    books = await gov.tickets.ticket_of(incident_id)
    assert books is not None
    assert books.caller_number == NUMBER  # it is where it belongs
    written = json.dumps(lines, default=str) + caplog.text
    asked = [address for address in witness.asked if not address.endswith((f"/{NUMBER}", f"/{NUMBER}/trace"))]
    assert len(asked) > 10
    assert len(lines) > 10
    for where, text in (
        ("log", written),
        ("addresses", "\n".join(asked)),
        ("metrics", metrics),
        ("audit", "\n".join(map(str, entries))),
    ):
        assert NUMBER not in text, where
    await witness.http.close()


@pytest.mark.covers("T-16")
async def test_neither_a_backup_nor_a_sweep_says_whose_number_it_is(
    gov: Platform, a_call: Any, lines: list[Any], tmp_path: Path
) -> None:
    call = a_call()
    number = call.caller.number
    await gov.write(call, c.OpenTicket(call.call_id, call.incident_id))
    place = Place(gov.id, f"sqlite:///{tmp_path / f'{gov.id}.db'}", tmp_path / "steps.csv")

    manifest = await asyncio.to_thread(back_up, place, tmp_path / "backup")
    await Retention(SqlRetention(gov.database), keep_days_of(gov.site), lambda: NOW + YEARS_S).sweep()

    names = [str(path) for path in (tmp_path / "backup").rglob("*")]
    assert number not in json.dumps(manifest) + json.dumps(lines, default=str) + "".join(names)
    assert number.encode() in (tmp_path / "backup" / "facts.db").read_bytes()  # it is a copy of the books


async def _all(connection: Any, statement: Any) -> Any:
    return (await connection.execute(statement)).all()
