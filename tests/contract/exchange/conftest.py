"""Two platforms on loopback with real databases, keys, mutual TLS and sockets."""

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from ulid import ULID

from callflow.adapters.exchange_http import client_tls
from callflow.adapters.exchange_lines import ExchangeLines
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.outbox import SqlInbox, SqlOutgoing
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain.calls import Call, Caller, Ownership
from callflow.domain.commands import Record
from callflow.domain.events import Event
from callflow.domain.names import (
    CallId,
    ChannelName,
    IncidentId,
    Phase,
    Presentation,
    SiteId,
    Verified,
)
from callflow.exchange_parts import ExchangeParts
from callflow.lab.keys import SiteKeys, SiteNeeds, load_keys, make_keys
from callflow.service.exchange import Mode
from callflow.service.messages import ExchangeMessage
from callflow.service.signatures import Keyring, Signer
from callflow.service.take_in import taker
from callflow.site_trunks import Folders
from callflow.sitefile import Site, load_site
from callflow.web.exchange import exchange_app, server_tls

NOW = 1_795_312_800.0
LIMIT_S = 20
SITES = Path(__file__).parents[3] / "asterisk-config" / "sites"
GOV, POLICE, STRANGER = SiteId("12345"), SiteId("110"), SiteId("028")
NET = os.environ.get("CALLFLOW_TEST_NET", "127.0.106")
ADDRESS = {GOV: f"{NET}.11", POLICE: f"{NET}.12", STRANGER: f"{NET}.13"}
PORT = 8443


class Platform:
    """One site's exchange: books, door and lines. `fails` plays what goes wrong before a message is taken."""

    def __init__(self, site: Site, keys: SiteKeys, database: Database) -> None:
        self.site, self.keys, self.database = site, keys, database
        self.id = SiteId(site.platform.id)
        self.facts, self.tickets = SqlFacts(database, site), TicketsRead(database)
        self.lives = SqlLives(database, site)
        self.inbox, self.outgoing = SqlInbox(database), SqlOutgoing(database)
        self.signer = Signer(self.id, keys.exchange_key)
        self.keyring = Keyring(keys.peer_keys)
        self.now = NOW
        self.taken: list[ExchangeMessage] = []
        self.told: list[tuple[Event, str]] = []
        self.moved: list[IncidentId] = []
        self.fails: Callable[[ExchangeMessage], Awaitable[None]] | None = None
        self.lines, self.door = ExchangeParts(site, keys, database, self.clock).listening(self.on_message)
        self._act = taker(self.facts, self, self.id, frozenset({GOV, POLICE}), self.clock)
        self._runner: web.AppRunner | None = None
        self._sender: asyncio.Task[None] | None = None

    def clock(self) -> float:
        return self.now

    def client_tls(self) -> ssl.SSLContext:
        return client_tls(self.keys.ca_certificate, self.keys.tls_certificate, self.keys.tls_key)

    def server_tls(self) -> ssl.SSLContext:
        return server_tls(self.keys.ca_certificate, self.keys.tls_certificate, self.keys.tls_key)

    async def on_message(self, message: ExchangeMessage) -> None:
        if self.fails is not None:
            await self.fails(message)
        await self._act(message)
        self.taken.append(message)

    async def happened(self, event: Event, key: str) -> None:
        self.told.append((event, key))

    async def ticket_moved(self, incident_id: IncidentId) -> None:
        self.moved.append(incident_id)

    async def open_door(self) -> None:
        self._runner = web.AppRunner(exchange_app(self.door), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, ADDRESS[self.id], PORT, ssl_context=self.server_tls()).start()

    async def close_door(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def start_lines(self) -> ExchangeLines:
        self._sender = asyncio.ensure_future(self.lines.run())
        return self.lines

    async def stop_lines(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            with suppress(asyncio.CancelledError):
                await self._sender
            self._sender = None

    async def write(self, call: Call | None, *records: Record) -> None:
        await self.facts.commit(call, records, (), event_key=None, journal_offset=None, at=self.now)

    async def close(self) -> None:
        await self.stop_lines()
        await self.close_door()
        await self.database.close()


def carried(site: Site, mode: Mode, folder: Path, **changes: Any) -> Site:
    """The site with its peers' messages carried in this way, both ways; `folder` is where a gateway would be."""
    peers = []
    for peer in site.peer:
        folders = Folders(out=folder / f"from-{site.platform.id}", into=folder / f"from-{peer.id}")
        how = {"exchange_out": mode, "exchange_in": mode, "exchange_folders": folders}
        peers.append(peer.model_copy(update=how | changes))
    return site.model_copy(update={"peer": tuple(peers)})


@pytest.fixture
def mode() -> Mode:
    """How the platforms' messages are carried; a suite for several of them overrides it."""
    return Mode.PUSH


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keys_for(tmp_path_factory.mktemp("keys"), (GOV, POLICE, STRANGER))


@pytest.fixture(scope="session")
def empty_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables made, to copy: making them takes as long as a whole story."""
    path = tmp_path_factory.mktemp("books") / "empty.db"

    async def make() -> None:
        await (await Database.open(f"sqlite:///{path}")).close()

    asyncio.run(make())
    return path


def keys_for(where: Path, sites: Sequence[SiteId]) -> Path:
    """Keys of three sites of one authority; only the first two know each other."""
    needs = [
        SiteNeeds(
            site,
            (ADDRESS[site],),
            (f"site-{site}",),
            (),
            () if site == STRANGER else tuple(p for p in sites if p not in (site, STRANGER)),
        )
        for site in sites
    ]
    make_keys(where, needs)
    return where


async def a_platform(
    folder: Path, keys_dir: Path, empty_books: Path, site_id: SiteId, mode: Mode, **changes: Any
) -> Platform:
    """One platform with its books in the folder, whose door is shut and whose lines rest."""
    books = folder / f"{site_id}.db"
    if not books.exists():
        shutil.copy(empty_books, books)
    site = carried(load_site(SITES / f"{site_id}.toml", NET), mode, folder / "gateway", **changes)
    database = await Database.open(f"sqlite:///{books}")
    return Platform(site, load_keys(keys_dir, site_id), database)


@pytest.fixture
async def gov(tmp_path: Path, keys_dir: Path, empty_books: Path, mode: Mode) -> AsyncIterator[Platform]:
    """The 12345, sending to the 110 but not listening yet."""
    platform = await a_platform(tmp_path, keys_dir, empty_books, GOV, mode)
    yield platform
    await platform.close()


@pytest.fixture
async def police(tmp_path: Path, keys_dir: Path, empty_books: Path, mode: Mode) -> AsyncIterator[Platform]:
    """The 110 with its door open."""
    platform = await a_platform(tmp_path, keys_dir, empty_books, POLICE, mode)
    await platform.open_door()
    yield platform
    await platform.close()


@pytest.fixture
def stranger_keys(keys_dir: Path) -> SiteKeys:
    return load_keys(keys_dir, STRANGER)


@pytest.fixture
def a_call() -> Callable[..., Call]:
    def make(**changes: Any) -> Call:
        site = SiteId(changes.pop("site", GOV))
        caller = Caller(
            ChannelName("PJSIP/carrier-00000001"),
            "19900001111",
            Presentation.ALLOWED,
            Verified.NETWORK,
            None,
            str(site),
            0,
        )
        call: dict[str, Any] = {
            "call_id": CallId(str(ULID())),
            "incident_id": IncidentId(str(ULID.from_timestamp(NOW))),
            "site": site,
            "phase": Phase.TALKING,
            "phase_since": NOW,
            "arrived_at": NOW,
            "caller": caller,
            "ownership": Ownership(site, site),
        }
        return Call(**call | changes)

    return make


@pytest.fixture
def until() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    async def wait(is_so: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not await is_so():  # noqa: ASYNC110 - asks a database, which tells nobody
                await asyncio.sleep(0.02)

    return wait


@pytest.fixture
def door(police: Platform, gov: Platform) -> Platform:
    police.gov_tls, police.kept_before = gov.client_tls(), (0, 0)
    return police
