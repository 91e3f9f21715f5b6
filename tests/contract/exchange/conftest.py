"""Two platforms on loopback with real databases, keys, mutual TLS and sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from ulid import ULID

from callflow.adapters.exchange_http import ExchangeClient, client_tls
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.outbox import SqlInbox, SqlOutgoing
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
from callflow.lab.keys import SiteKeys, SiteNeeds, load_keys, make_keys
from callflow.service.exchange import Keyring, Signer
from callflow.service.messages import ExchangeMessage
from callflow.service.take_in import take_in
from callflow.sitefile import Site, load_site
from callflow.web.exchange import ExchangeDoor, exchange_app, server_tls

NOW = 1_795_312_800.0
LIMIT_S = 20
SITES = Path(__file__).parents[3] / "asterisk-config" / "sites"
GOV, POLICE, STRANGER = SiteId("12345"), SiteId("110"), SiteId("028")
ADDRESS = {GOV: "127.0.106.11", POLICE: "127.0.106.12", STRANGER: "127.0.106.13"}
PORT = 8443


class Platform:
    """One site's exchange: books, door and sender. `fails` plays what goes wrong before a message is taken."""

    def __init__(self, site: Site, keys: SiteKeys, database: Database) -> None:
        self.site, self.keys, self.database = site, keys, database
        self.id = SiteId(site.platform.id)
        self.facts, self.tickets = SqlFacts(database, site), TicketsRead(database)
        self.inbox, self.outgoing = SqlInbox(database), SqlOutgoing(database)
        self.signer = Signer(self.id, keys.exchange_key)
        self.keyring = Keyring(keys.peer_keys)
        self.now = NOW
        self.taken: list[ExchangeMessage] = []
        self.told: list[tuple[Event, str]] = []
        self.fails: Callable[[ExchangeMessage], Awaitable[None]] | None = None
        self._runner: web.AppRunner | None = None
        self._sender: asyncio.Task[None] | None = None
        self.client: ExchangeClient | None = None

    def clock(self) -> float:
        return self.now

    def client_tls(self) -> ssl.SSLContext:
        return client_tls(self.keys.ca_certificate, self.keys.tls_certificate, self.keys.tls_key)

    async def on_message(self, message: ExchangeMessage) -> None:
        if self.fails is not None:
            await self.fails(message)
        await take_in(
            message,
            facts=self.facts,
            happened=self._happened,
            site=self.id,
            believe_identity=True,
            at=self.now,
        )
        self.taken.append(message)

    async def on_fork(self, peer: SiteId, incident_id: IncidentId) -> None:
        if self.client is not None:
            await self.client.send_all_again(peer, incident_id)

    async def _happened(self, event: Event, key: str) -> None:
        self.told.append((event, key))

    async def open_door(self) -> None:
        door = ExchangeDoor(self.signer, self.keyring, self.inbox, self.on_message, self.clock, self.on_fork)
        self._runner = web.AppRunner(exchange_app(door), access_log=None)
        await self._runner.setup()
        tls = server_tls(self.keys.ca_certificate, self.keys.tls_certificate, self.keys.tls_key)
        await web.TCPSite(self._runner, ADDRESS[self.id], PORT, ssl_context=tls).start()

    async def close_door(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def start_sending(self, peer: SiteId) -> ExchangeClient:
        client = ExchangeClient(
            signer=self.signer,
            keyring=self.keyring,
            outgoing=self.outgoing,
            peers={peer: f"https://{ADDRESS[peer]}:{PORT}/exchange/v1"},
            tls=self.client_tls(),
            clock=self.clock,
        )
        self._sender, self.client = asyncio.ensure_future(client.run()), client
        return client

    async def stop_sending(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            with suppress(asyncio.CancelledError):
                await self._sender
            self._sender = None

    async def write(self, call: Call | None, *records: Record) -> None:
        await self.facts.commit(call, records, (), event_key=None, journal_offset=None, at=self.now)

    async def close(self) -> None:
        await self.stop_sending()
        await self.close_door()
        await self.database.close()


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    return keys_for(tmp_path / "keys", (GOV, POLICE, STRANGER))


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


async def _platform(tmp_path: Path, keys_dir: Path, site_id: SiteId) -> Platform:
    site = load_site(SITES / f"{site_id}.toml", "127.0.106")
    database = await Database.open(f"sqlite:///{tmp_path / f'{site_id}.db'}")
    return Platform(site, load_keys(keys_dir, site_id), database)


@pytest.fixture
async def gov(tmp_path: Path, keys_dir: Path) -> AsyncIterator[Platform]:
    """The 12345, sending to the 110 but not listening yet."""
    platform = await _platform(tmp_path, keys_dir, GOV)
    yield platform
    await platform.close()


@pytest.fixture
async def police(tmp_path: Path, keys_dir: Path) -> AsyncIterator[Platform]:
    """The 110 with its door open."""
    platform = await _platform(tmp_path, keys_dir, POLICE)
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
            "incident_id": IncidentId(str(ULID())),
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
