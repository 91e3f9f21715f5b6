"""One site's program, put together: the only module that knows everybody (`python -m callflow site`).

Every task has its owner here. Asterisk carries the calls whether or not this runs.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from agi.fastagi import AgiPortTaken, AgiServer
from agi.link import AmiLink, AmiLogin, AmiLoginRefused
from agi.pbx import AmiPbx
from agi.rotation import keep_small
from agi.routes import Routes
from agi.silence import SilentLegs
from agi.source import SiteJournal, read_link
from agi.tail import JournalTail
from agi.translate import Translator
from agi.trunks import Trunks
from callflow.adapters.calendar import SHIPPED, RuleFileError
from callflow.adapters.put_off_file import PutOffFile
from callflow.adapters.recordings import RecordingFiles
from callflow.adapters.redis_desks import RedisDesks
from callflow.adapters.regions import Regions
from callflow.adapters.sql.call_backs import SqlCallBacks
from callflow.adapters.sql.confidential import SqlConfidences
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.diverted import SqlDiverted
from callflow.adapters.sql.errors import BooksTooNew
from callflow.adapters.sql.evidence import SqlEvidence
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.figures import SqlFigures
from callflow.adapters.sql.mysteries import SqlMysteries
from callflow.adapters.sql.number_index import NumberIndex
from callflow.adapters.sql.recordings import SqlRecordings
from callflow.adapters.sql.retention import SqlRetention
from callflow.adapters.sql.reveals import SqlReveals
from callflow.adapters.sql.second_factors import SqlSecondFactors
from callflow.adapters.sql.shifts import SqlShifts
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.ticket_search import SqlTicketSearch
from callflow.adapters.sql.tickets import TicketsRead
from callflow.adapters.suggester import TUNING, TuningWrong, suggester
from callflow.adapters.ticket_rules import LIMITS, check_categories, load_rules
from callflow.adapters.uui import PairKey, Uui
from callflow.domain.names import AgentId, SiteId
from callflow.event_loop import run
from callflow.exchange_parts import ExchangeParts, ticket_system_door
from callflow.guard.figures import GuardFigures
from callflow.guard.memory import bans_in, moves_in
from callflow.key_facts import key_facts
from callflow.lab.keys import KeysError, SiteKeys, load_keys
from callflow.logs import log_json
from callflow.priority import PlatformFirst
from callflow.probes import guard_of, platforms_of, probes_of
from callflow.service.call_backs import CallBacks
from callflow.service.chaser import Chaser, supervisors_of
from callflow.service.controller import Controller
from callflow.service.deadlines import Deadlines
from callflow.service.orders import Orders
from callflow.service.patient_facts import PatientFacts
from callflow.service.phones import PhoneWatch
from callflow.service.ports import FactsAway
from callflow.service.put_off import PutOff
from callflow.service.recordings import RecordingKeeper
from callflow.service.retention import Retention, keep_days_of
from callflow.service.runner import Runner
from callflow.service.second_factor import SecondFactors
from callflow.service.site_rules import rules_of
from callflow.service.take_in import taker
from callflow.settings import Settings
from callflow.sitefile import Site, SiteFileError, load_site
from callflow.web.app import make_app, make_runner
from callflow.web.deps import Deps
from callflow.web.exchange import exchange_app, server_tls
from callflow.web.metrics import attempt_outcomes
from callflow.web.ticket_intake import applier
from callflow.web.ticket_metrics import TicketMetrics

log = structlog.get_logger(__name__)


GIL_TURN_S = 0.0005
"""The database's threads hand the interpreter back and forth with the event loop. Python's own 5 ms a turn would be
longer than a whole commit, while a target is about to ring."""


class NotStarted(Exception):  # noqa: N818 - named by what happened
    """The site cannot start; the message names the cause and the cure."""


def serve() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. What stops the start is one sentence on stderr."""
    log_json()
    try:
        settings = Settings()
        site = load_site(settings.site_file, settings.net)
        keys = load_keys(settings.keys_dir, SiteId(site.platform.id))
        return _run(settings, site, keys)
    except ValidationError as error:
        missing = ", ".join("CALLFLOW_" + str(one["loc"][0]).upper() for one in error.errors())
        return _refuse(f"settings missing or wrong: {missing}; ./run up sets them, or see settings.py")
    except (SiteFileError, RuleFileError, KeysError, NotStarted) as error:
        return _refuse(str(error))


def _run(settings: Settings, site: Site, keys: SiteKeys) -> int:
    refused = ""
    try:
        run(_until_told(settings, site, keys))
    except* (NotStarted, TuningWrong, AmiLoginRefused, AgiPortTaken, FactsAway) as several:
        refused = str(several.exceptions[0])
    return _refuse(refused) if refused else 0


async def _until_told(settings: Settings, site: Site, keys: SiteKeys) -> None:
    sys.setswitchinterval(GIL_TURN_S)
    gc.freeze()  # the classifier's tables, read at import, are never garbage: looking through them takes 50 ms
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await run_site(settings, site, keys)


async def run_site(settings: Settings, site: Site, keys: SiteKeys) -> None:
    """Run everything of one site until cancelled.

    Raises:
        NotStarted, AmiLoginRefused, AgiPortTaken: the message names the cause and the cure.
    """
    clock, registry = time.time, CollectorRegistry()
    async with _database(settings, NumberIndex.of_secret(keys.session_secret)) as database:
        database.homes = site.guests
        ticket_rules = load_rules(settings.limits_file or LIMITS, settings.calendar_file or SHIPPED)
        check_categories(ticket_rules, (name for one in site.notices for name in one.categories))
        sql = SqlFacts(database, site, ticket_rules)
        facts = PatientFacts(sql)
        tickets = TicketsRead(database)
        lives = SqlLives(database, site, ticket_rules)
        figures = SqlFigures(database)
        recordings = SqlRecordings(database)
        tapes = RecordingFiles(settings.recordings, site.recording.min_free_mb)
        keeper = RecordingKeeper(recordings, tapes, site.recording.keep_days, site.recording.enabled, clock)
        uui = Uui(SiteId(site.platform.id), _pairs(site, keys))
        at = site.addresses
        link = AmiLink(AmiLogin(at.host, at.ami_port, "callflow", keys.ami_secret))
        tail, translator = JournalTail(settings.journal), Translator(site, uui)
        desks = RedisDesks.connect(
            settings.redis_host or at.host, settings.redis_port or at.redis_port, keys.redis_password
        )
        put_off = PutOff(PutOffFile(settings.put_off), desks)
        chaser = Chaser(lives, desks, supervisors_of(site.roles), clock, supervisors_of(site.roles, or_everybody=False))
        phones = PhoneWatch(partial(moves_in, settings.guard_dir), facts, desks, chaser.supervisors, clock)
        exchange = ExchangeParts(site, keys, database, clock)
        trunks = Trunks(link, site, clock)
        pbx = AmiPbx(link, site, uui, clock)
        rules = rules_of(site)
        orders = Orders(facts, pbx, desks, tickets, clock)
        controller = Controller(
            rules, orders, exchange, Deadlines(rules, clock), trunks.unreachable, attempt_outcomes(registry)
        )
        runner = Runner(controller, facts, pbx, SiteJournal(tail, translator))
        routes = Routes(
            site, uui=uui, calls=facts, priorities=PlatformFirst(frozenset(p.id for p in site.peer)), clock=clock
        )
        believed = frozenset(SiteId(p.id) for p in site.peer if p.believe_identity)
        lines, door = exchange.listening(taker(facts, controller, SiteId(site.platform.id), believed, clock))
        deps = Deps(
            site=site,
            passwords={name: agent.desk_password for name, agent in keys.agents.items()},
            session_secret=keys.session_secret,
            factors=SecondFactors(SqlSecondFactors(database), keys.session_secret, site.platform.name_en, clock),
            facts=facts,
            tickets=tickets,
            lives=lives,
            put_off=put_off,
            diverted=SqlDiverted(database, SiteId(site.platform.id)),
            search=SqlTicketSearch(database),
            figures=figures,
            ticket_rules=ticket_rules,
            regions=Regions(),
            recordings=recordings,
            tapes=tapes,
            call_backs=CallBacks(SqlCallBacks(database), pbx, clock),
            shifts=SqlShifts(database),
            mysteries=SqlMysteries(database),
            desks=desks,
            controller=controller,
            suggest=suggester(site.platform.id, settings.site_file.with_suffix(TUNING)),
            keep_suggestion=sql.keep_suggestion,
            files=tickets,
            probes=probes_of(link, runner, facts, desks, keeper, put_off=put_off),
            platforms=platforms_of(site, trunks, lines, exchange.webhooks)
            | {"guard": guard_of(settings.guard_dir, clock)},
            number_shown=SqlReveals(database),
            confidence_read=SqlConfidences(database),
            listen_asked=SqlReveals(database, "listen_asked"),
            listen_in=pbx.listen_in,
            keys=key_facts(keys),
            bans=lambda: bans_in(settings.guard_dir),
            is_reachable=trunks.is_reachable,
            clock=clock,
            registry=registry,
            phones={AgentId(a.id): keys.agents[AgentId(a.id)].sip_password for a in site.agent if a.phone == "browser"},
            phone_lost=pbx.phone_lost,
            ticket_system=ticket_system_door(site, keys, database),
            evidence=SqlEvidence(database, site.platform.id, tapes, keys.exchange_key),
        )
        deps.registry.register(GuardFigures(settings.guard_dir, clock))
        tls = server_tls(keys.ca_certificate, keys.tls_certificate, keys.tls_key)
        async with (
            _listening(make_app(deps), at.desk, at.http_port),
            _listening(exchange_app(door), at.host, at.exchange_port, tls),
            _closing(desks),
            asyncio.TaskGroup() as group,
        ):
            group.create_task(desks.run())
            group.create_task(lines.run())
            group.create_task(runner.run())
            group.create_task(keeper.run())
            group.create_task(Retention(SqlRetention(database), keep_days_of(site), clock).run())
            group.create_task(keep_small(settings.journal, **site.journal.model_dump()))
            group.create_task(chaser.run())
            group.create_task(put_off.run(applier(deps)))
            group.create_task(phones.run())
            group.create_task(TicketMetrics(deps.registry, figures, lambda: chaser.told, clock).run())
            group.create_task(link.run())
            for each in (trunks, SilentLegs(link, pbx, site, time.monotonic)):
                group.create_task(each.run())
            group.create_task(read_link(link, tail, translator, runner, clock, trunks=trunks))
            group.create_task(AgiServer(at.host, at.agi_port, routes.jobs()).run())


def _pairs(site: Site, keys: SiteKeys) -> dict[SiteId, PairKey]:
    """The key shared with each peer. A peer of the trust table without one stops the start."""
    lost = [p.id for p in site.peer if SiteId(p.id) not in keys.uui_keys or SiteId(p.id) not in keys.peer_keys]
    if lost:
        raise NotStarted(
            f"keys of {', '.join(lost)} are missing in keys_dir; add them, or take the peer out of the file"
        )
    return {SiteId(p.id): PairKey(p.uui_key_id, keys.uui_keys[SiteId(p.id)]) for p in site.peer}


@asynccontextmanager
async def _database(settings: Settings, numbers: NumberIndex) -> AsyncIterator[Database]:
    try:
        database = await Database.open(settings.facts_url, numbers)
    except FactsAway as error:
        raise NotStarted(f"the database cannot be opened: {error}; correct CALLFLOW_SQL_URL or start it") from error
    except BooksTooNew as error:
        raise NotStarted(str(error)) from error
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _listening(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    runner = make_runner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
    except OSError as error:
        await runner.cleanup()
        raise NotStarted(f"port {host}:{port} is taken ({error.strerror}); end the program that holds it") from error
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _closing(desks: RedisDesks) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await desks.close()


def _refuse(message: str) -> int:
    sys.stderr.write(f"callflow site: {message}\n")
    return 1
