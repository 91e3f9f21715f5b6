"""One site: its real web face on loopback, the real controller behind it, memory instead of SQL, Redis and Asterisk."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, ClientTimeout, CookieJar
from prometheus_client import CollectorRegistry
from ulid import ULID

from callflow.adapters.fakes import FakeCaseFiles, FakeDesks, FakeFactors, FakeFacts, FakeOutbox, FakePbx, FakeShifts
from callflow.adapters.put_off_file import PutOffFile
from callflow.adapters.regions import Regions
from callflow.adapters.ticket_rules import shipped_rules
from callflow.domain import events
from callflow.domain.calls import Call
from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    ChannelName,
    IncidentId,
    Kind,
    Presentation,
    RecordingId,
    SiteId,
    TargetCode,
    Verified,
    Way,
)
from callflow.domain.screenpop import Known
from callflow.service.advice import Advice, Words
from callflow.service.call_backs import CallBacks
from callflow.service.controller import Controller
from callflow.service.deadlines import Deadlines
from callflow.service.orders import Orders
from callflow.service.ports import LinkDown
from callflow.service.put_off import PutOff
from callflow.service.second_factor import SecondFactors
from callflow.service.site_rules import rules_of
from callflow.service.trust import KeyFacts
from callflow.sitefile import load_site
from callflow.web.app import make_app, make_runner
from callflow.web.deps import Deps, Probe, TicketSystemDoor
from tests.contract.web.advice_given import REASON, SUGGESTION
from tests.contract.web.call_back_store import MemoryCallBacks
from tests.contract.web.desk import Desk
from tests.contract.web.recording_store import MemoryRecordings, files_in
from tests.contract.web.ticket_store import NUMBER, MemoryTickets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import web

    from callflow.domain.bans import Ban

NET = "127.0.107"
SITES = Path(__file__).resolve().parents[3] / "asterisk-config" / "sites"


class CountedDesks(FakeDesks):
    """Counts who listens: a listener that is not closed would be a leak."""

    def __init__(self) -> None:
        super().__init__()
        self.listening = 0

    async def listen(
        self, agent_id: AgentId, last_event_id: str | None
    ) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        self.listening += 1
        try:
            async for happened in super().listen(agent_id, last_event_id):
                yield happened
        finally:
            self.listening -= 1


class House:
    """The site, with the parts that a story moves by hand."""

    def __init__(self, site_file: str = "12345.toml") -> None:
        site = load_site(SITES / site_file, NET)
        roles = {3: "supervisor", 2: "auditor", 1: "administrator"}  # the last three agents of the file
        agents = [account for account in site.agent if account.role == "agent" and account.phone == "sip"]
        accounts = [
            account.model_copy(update={"role": roles.get(len(agents) - index, "agent")})
            for index, account in enumerate(agents)
        ]
        colleague = accounts[0].model_copy(update={"id": "8009", "name_zh": "坐席8009"})
        offered = site.security.model_copy(update={"second_factor": "offered"})
        self.site = site.model_copy(update={"agent": (*accounts, colleague), "security": offered})
        self.agent, self.colleague = AgentId("8001"), AgentId("8009")
        self.supervisor, self.auditor, self.administrator = AgentId("8002"), AgentId("8003"), AgentId("8004")
        self.facts = FakeFacts()
        self.listens, self.pbx_is_away, self.phones_lost = list[tuple[str, ...]](), False, list[CallId]()
        self.shifts: Any = FakeShifts()
        self.factor_books: Any = FakeFactors()
        self.suggestions: dict[CallId, Mapping[str, Any]] = {}
        self.desks, self.pbx, self.files = CountedDesks(), FakePbx(), FakeCaseFiles(Known(notes=("来过电话",)))
        self.unreachable: frozenset[TargetCode] = frozenset()
        self.tickets: Any = MemoryTickets()
        self.lives: Any = None
        self.search: Any = self.tickets
        self.figures: Any = None
        self.diverted: Any = None
        self.confidence_read: Any = None
        self.mysteries: Any = None
        self.lost = MemoryCallBacks()
        self.recordings, self.tape_folder = MemoryRecordings(), tempfile.TemporaryDirectory()
        self.put_off: Any = PutOff(PutOffFile(Path(self.tape_folder.name, "later")), self.desks)
        self.registry = CollectorRegistry()
        self.now = 1_800_000_000.0
        rules = rules_of(self.site)
        self.controller = Controller(
            rules=rules,
            orders=Orders(self.facts, self.pbx, self.desks, self.files, lambda: self.now),
            outbox=FakeOutbox(),
            deadlines=Deadlines(rules, lambda: self.now),
            unreachable=lambda: self.unreachable,
        )
        self.numbers_shown: list[tuple[CallId, AgentId, str, str]] = []
        self.phones: dict[AgentId, str] = {}
        self.ticket_system: TicketSystemDoor | None = None
        self.evidence: Any = None
        self.suggest_waits, self.asked = False, list[Words]()
        self.suggestion: dict[str, Any] | Exception = SUGGESTION
        self.missing: dict[str, str] = {}
        self.keys = KeyFacts(self.now + 80 * 86_400, self.now + 80 * 86_400, "a1" * 32, {"110": "b2" * 32})
        self.bans: list[Ban] = []
        self.app: web.Application
        self.runner: web.AppRunner
        self.url = ""
        self.browsers: list[ClientSession] = []

    def deps(self) -> Deps:
        def probe(name: str) -> Probe:
            async def asked() -> str | None:
                return self.missing.get(name)

            return asked

        return Deps(
            site=self.site,
            passwords={AgentId(account.id): f"secret-of-{account.id}" for account in self.site.agent},
            session_secret="made-up-for-the-test",
            factors=SecondFactors(self.factor_books, "made-up-for-the-test", "test", lambda: self.now),
            facts=self.facts,
            tickets=self.tickets,
            lives=self.lives,
            put_off=self.put_off,
            diverted=self.diverted,
            search=self.search,
            figures=self.figures,
            ticket_rules=shipped_rules(),
            regions=Regions(),
            recordings=self.recordings,
            tapes=files_in(Path(self.tape_folder.name)),
            call_backs=CallBacks(self.lost, self.lost, lambda: self.now),
            shifts=self.shifts,
            mysteries=self.mysteries,
            desks=self.desks,
            controller=self.controller,
            suggest=self.suggest,
            keep_suggestion=self.keep_suggestion,
            files=self.files,
            probes={name: probe(name) for name in ("database", "redis")},
            platforms={"trunk-110": probe("trunk-110")},
            number_shown=self.number_shown,
            confidence_read=self.confidence_read,
            listen_asked=self.listen_asked,
            listen_in=self.listen_in,
            keys=self.keys,
            bans=lambda: self.bans,
            is_reachable=lambda code: False if code in self.unreachable else None,
            clock=lambda: self.now,
            registry=self.registry,
            phones=self.phones,
            phone_lost=self.phone_lost,
            ticket_system=self.ticket_system,
            evidence=self.evidence,
        )

    async def number_shown(self, call: Call, *, by: AgentId, role: str, reason: str, at: float) -> None:  # noqa: ARG002 - the port's shape
        self.numbers_shown.append((call.call_id, by, role, reason))

    async def listen_asked(self, call: Call, *, by: AgentId, role: str, reason: str, at: float) -> None:  # noqa: ARG002 - the port's shape
        self.listens.append(("asked", call.call_id, by, role, reason))

    async def listen_in(self, call: Call, listener: AgentId, listen_id: str) -> None:
        if self.pbx_is_away:
            raise LinkDown("not connected")
        self.listens.append(("rung", call.call_id, listener, listen_id))

    async def phone_lost(self, call: Call) -> None:
        self.phones_lost.append(call.call_id)

    async def suggest(self, words: Words) -> Advice | None:
        self.asked.append(words)
        if self.suggest_waits:
            await asyncio.Event().wait()
        if isinstance(self.suggestion, Exception):
            raise self.suggestion
        return Advice(self.suggestion, [REASON])

    async def keep_suggestion(self, call_id: CallId, suggestion: Mapping[str, Any], _at: float) -> None:
        self.suggestions[call_id] = suggestion

    async def open(self, port: int = 0) -> None:
        from aiohttp import web  # noqa: PLC0415 - the only place that needs the server's half

        self.app = make_app(self.deps())
        self.runner = make_runner(self.app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, f"{NET}.1", port)
        await site.start()
        self.url = f"http://{NET}.1:{self.runner.addresses[0][1]}"

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.close()
        await self.runner.cleanup()
        self.tape_folder.cleanup()

    def record(self, recording_id: RecordingId, sound: bytes) -> None:
        Path(self.tape_folder.name, f"{recording_id}.alaw").write_bytes(sound)

    def browser(self) -> ClientSession:
        made = ClientSession(cookie_jar=CookieJar(unsafe=True), timeout=ClientTimeout(total=10))
        self.browsers.append(made)
        return made

    async def desk(self, agent_id: AgentId) -> Desk:
        desk = Desk(self.browser(), self.url, agent_id)
        status, body = await desk.post("/api/v1/session", {"user": agent_id, "password": f"secret-of-{agent_id}"})
        assert status == 200, body
        desk.csrf = body["csrf"]
        return desk

    # ---- what happens on the telephone

    async def caller_talks_with(
        self, agent_id: AgentId, number: str = NUMBER, from_site: SiteId | None = None
    ) -> CallId:
        call_id = await self.phone_rings(agent_id, number, from_site)
        channel = ChannelName(f"PJSIP/{agent_id}-{call_id[-4:]}")
        await self.controller.happened(events.AgentAnswered(call_id, self.now, agent_id, channel))
        return call_id

    async def phone_rings(self, agent_id: AgentId, number: str = NUMBER, from_site: SiteId | None = None) -> CallId:
        call_id = CallId(str(ULID()))
        arrived = events.CallerArrived(
            call_id=call_id,
            at=self.now,
            incident_id=IncidentId(str(ULID())),
            caller_channel=ChannelName(f"PJSIP/carrier-{call_id[-4:]}"),
            dialled="12345",
            number=number,
            presentation=Presentation.ALLOWED,
            verified=Verified.NETWORK,
            from_site=from_site,
            signed=from_site is not None,
            hop=0,
        )
        await self.controller.happened(arrived)
        channel = ChannelName(f"PJSIP/{agent_id}-{call_id[-4:]}")
        await self.controller.happened(events.AgentOffered(call_id, self.now, agent_id, channel))
        return call_id

    async def target_is_invited(self, call_id: CallId, attempt_id: str, kind: Kind, way: Way) -> None:
        channel = ChannelName(f"PJSIP/trunk-{attempt_id[-4:]}")
        await self.controller.happened(
            events.TargetInvited(
                call_id, self.now, AttemptId(attempt_id), TargetCode("110"), kind, way, channel, danger=False
            )
        )

    async def target_joins(self, call_id: CallId, attempt_id: str) -> None:
        attempt = self.facts.calls[call_id].attempt(AttemptId(attempt_id))
        assert attempt is not None
        await self.target_is_invited(call_id, attempt_id, attempt.kind, Way.DESK)
        self.now += 1
        await self.controller.happened(events.TargetRinging(call_id, self.now, attempt.attempt_id))
        self.now += 1
        await self.controller.happened(events.TargetJoined(call_id, self.now, attempt.attempt_id))

    async def caller_hangs_up(self, call_id: CallId) -> None:
        await self.controller.happened(events.CallerEnded(call_id, self.now, 16, by_fault=False))
