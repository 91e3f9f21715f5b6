"""The example of docs/ticket-system as a real server that can go wrong, and a platform that tells it every step."""

import asyncio
import importlib.util
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from callflow.adapters.exchange_http import Https
from callflow.adapters.exchange_lines import ExchangeLines
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.outbox import SqlOutgoing
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.ticket_events import SystemNumbers
from callflow.adapters.sql.tickets import TicketsRead
from callflow.adapters.ticket_webhook import Patience, TicketWebhook
from callflow.domain.limits import Level
from callflow.domain.names import Channel, SiteId, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Dispatched, FedBack, Happening, Responded, Signed
from callflow.service.ticket_ports import NewMatter
from callflow.service.ticket_system import key_of
from callflow.site_ticket_system import TicketSystem
from callflow.sitefile import Site

EXAMPLE = Path(__file__).parents[3] / "docs" / "ticket-system" / "receiver.py"
OUT, IN = "0f" * 24, "1e" * 24
HOST = "127.0.106.40"
PORT = 9800
UNIT = "510104000001"
Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def example() -> Any:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("receiver", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class OwnSystem:
    """The example served on loopback. Each request takes the next of `faults`; None of it: it does as it should."""

    def __init__(self, books: Path) -> None:
        self.receiver = example().Receiver(books, OUT, IN)
        self.faults: deque[Fault | None] = deque()
        self.always: Fault | None = None
        self.seen: list[dict[str, Any]] = []
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        @web.middleware
        async def wrong(request: web.Request, handler: Any) -> web.StreamResponse:
            fault = self.faults.popleft() if self.faults else self.always
            instead = None if fault is None else await fault(request)
            if instead is not None:
                return instead
            answer: web.StreamResponse = await handler(request)
            if answer.status == 200:
                self.seen.append(await request.json())
            return answer

        app = self.receiver.app()
        app.middlewares.append(wrong)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, PORT).start()

    async def shut(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def close(self) -> None:
        await self.shut()
        self.receiver.books.close()

    def rows(self) -> list[tuple[Any, ...]]:
        """(number, incident, seq, ticket, steps) as the example keeps them."""
        return list(self.receiver.books.execute("SELECT number, incident, seq, ticket, steps FROM tickets"))


def beside(site: Site, **changes: Any) -> Site:
    """The site with this ticket system."""
    said = {"id": "ztb", "url": f"http://{HOST}:{PORT}/steps", "numbers": "masked"} | changes
    return site.model_copy(update={"ticket_system": TicketSystem.model_validate(said)})


class Telling:
    """One platform's tickets and its line to the ticket system; made anew on the same books it is a restart."""

    def __init__(self, site: Site, database: Database, key: str = OUT) -> None:
        assert site.ticket_system is not None
        self.lives, self.tickets = SqlLives(database, site), TicketsRead(database)
        self.outgoing, self.numbers = SqlOutgoing(database), SystemNumbers(database)
        self.webhook = TicketWebhook(
            site.ticket_system, key_of(key), self.outgoing, self.numbers.of_incident, time.time
        )
        self.webhook.patience = Patience(answer_limit_s=0.3, failed_s=0.1, refused_s=0.2)
        database.outgoing_stored = lambda _peer: self.webhook.bell.ring()
        self._lines: asyncio.Task[None] | None = None

    def start(self) -> None:
        import ssl  # noqa: PLC0415

        lines = ExchangeLines(Https(ssl.create_default_context()), (), (self.webhook,))
        self._lines = asyncio.ensure_future(lines.run())

    async def stop(self) -> None:
        if self._lines is not None:
            self._lines.cancel()
            with suppress(asyncio.CancelledError):
                await self._lines
            self._lines = None

    async def a_ticket(self, key: str = "one", number: str = "19900001111") -> TicketId:
        judgement = Judgement(Level.THREE, category="公共设施类")
        matter = NewMatter(Channel.WEB, judgement, "510104", number, "红星路", "路灯不亮")
        return await self.lives.open(matter, key=key, at=time.time())

    async def steps(self, ticket_id: TicketId, *happenings: Happening) -> None:
        for nth, one in enumerate(happenings):
            key = f"{nth}{type(one).__name__}"
            lived = await self.lives.live_on(ticket_id, one, key=key, at=one.at, text=getattr(one, "result", ""))
            assert lived is not None
            assert lived.refused is None, lived.refused

    async def all_told(self) -> bool:
        return await self.outgoing.count_unsent(SiteId("ztb")) == 0


def whole_way() -> tuple[Happening, ...]:
    """From the dispatch to the result."""
    at = time.time()
    return Dispatched(at, "8001", unit=UNIT), Signed(at, "u"), Responded(at, "u"), FedBack(at, "u", result="已修复")
