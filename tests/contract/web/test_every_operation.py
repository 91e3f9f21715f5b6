"""Every operation of the OpenAPI, asked at random: no fault of ours, and no answer that the document does not name."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from callflow.adapters.put_off_file import PutOffFile
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.diverted import SqlDiverted
from callflow.adapters.sql.figures import SqlFigures
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.ticket_events import SystemNumbers
from callflow.adapters.sql.ticket_search import SqlTicketSearch
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain.names import SiteId
from callflow.service.put_off import PutOff
from callflow.service.ticket_system import signed_headers
from callflow.sitefile import load_site
from callflow.web.app import ROUTES
from callflow.web.deps import TicketSystemDoor
from callflow.web.openapi import document
from tests.contract.web.house import NET, SITES, House

SYSTEM_KEY: Final = b"made up for the platform's own ticket system"
NOW: Final = 1_800_000_000.0
"""The house's clock stands still."""

EXAMPLES: Final = 12
"""Of each operation; with seventy operations a quarter of a minute on two quiet cores."""

STREAMS: Final = ["/api/v1/events", "/api/v1/watch"]
"""Never end; test_events.py and test_watch.py read them."""

SCHEMA: Final = schemathesis.openapi.from_dict(document(ROUTES, load_site(SITES / "12345.toml", NET)))
CHECKS: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """As the platform's own ticket system does; what is signed by nobody's leave is read all the same elsewhere."""
    body = request.body or b""
    octets = body.encode() if isinstance(body, str) else body
    request.headers.update(signed_headers(SYSTEM_KEY, "one", NOW, octets))
    return request


class Running:
    """A site on a loop of its own, a supervisor who is signed in, and one call and one ticket that exist."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.house = House()
        self.books: Database
        self.headers: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.run(self._open(folder))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    async def _open(self, folder: Path) -> None:
        house = self.house
        books = self.books = await Database.open(f"sqlite:///{folder / 'facts.db'}")
        house.lives, house.tickets, house.search = (
            SqlLives(books, house.site),
            TicketsRead(books),
            SqlTicketSearch(books),
        )
        house.figures, house.diverted = SqlFigures(books), SqlDiverted(books, SiteId(house.site.platform.id))
        house.put_off = PutOff(PutOffFile(folder / "later.ndjson"), house.desks)
        house.ticket_system = TicketSystemDoor("ztb", SYSTEM_KEY, SystemNumbers(books))
        await house.open()
        desk = await house.desk(house.supervisor)
        call_id = await house.caller_talks_with(house.supervisor)
        _, ticket = await desk.post("/api/v1/tickets", {"summary": "路灯不亮"})
        self.ids = {"call_id": call_id, "ticket_id": ticket["ticket_id"], "incident_id": ticket["incident_id"]}
        await self.sign_in()

    async def sign_in(self) -> None:
        desk = await self.house.desk(self.house.supervisor)
        (cookie,) = desk.http.cookie_jar
        self.headers = {"X-CSRF-Token": desk.csrf, "Cookie": f"{cookie.key}={cookie.value}"}

    def close(self) -> None:
        async def end() -> None:
            await self.house.close()
            await self.books.close()

        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=10)
        self.loop.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = Running(tmp_path_factory.mktemp("site"))
    yield made
    with suppress(TimeoutError):
        made.close()


@SCHEMA.exclude(path=STREAMS).parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_fault_and_no_answer_that_is_not_in_the_document(case: schemathesis.Case, running: Running) -> None:
    known = {name: running.ids[name] for name in case.path_parameters or () if name in running.ids}
    if len(str(case.body)) % 2:  # half of the time of what exists
        case.path_parameters = {**(case.path_parameters or {}), **known}

    response = case.call(base_url=running.house.url, headers=running.headers, timeout=10, auth=sign)

    case.validate_response(response, checks=CHECKS)
    if case.path == "/api/v1/session" and case.method == "DELETE":
        running.run(running.sign_in())
