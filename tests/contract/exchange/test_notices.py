"""Urgent matters are told to emergency management and fire services: at once, with a receipt, once (R-028)."""

import asyncio
import importlib.util
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from jsonschema_rs import Draft202012Validator

from callflow.adapters.exchange_lines import ExchangeLines
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.outbox import SqlOutgoing
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain import commands as c
from callflow.domain.limits import Level
from callflow.domain.names import Channel, Presentation, SiteId, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import CitizenTold, Closed, Dispatched, FedBack, Relevelled, Signed
from callflow.exchange_parts import ExchangeParts
from callflow.lab.keys import KeysError, load_keys
from callflow.service.notices import Notice, notice_text
from callflow.service.ticket_ports import NewMatter
from callflow.site_ticket_system import NoticeReceiver
from callflow.sitefile import Site, load_site
from tests.contract.exchange.conftest import GOV, SITES
from tests.contract.exchange.faulty_answers import fails, friendly_page, says_nothing
from tests.contract.exchange.story import a_call, write

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
EXAMPLE = Path(__file__).parents[3] / "docs" / "notices" / "receiver.py"
TEMPLATE = EXAMPLE.with_name("notice-1.1.json")
HOST, NET = "127.0.106.41", "127.0.106"
PORTS = {"yjgl": 9811, "xfjy": 9812}
"""应急管理 and 消防救援."""

SECRETS = {"yjgl": "0f1e2d3c" * 6, "xfjy": "4b5a6978" * 6}
WITHIN_S = 1.0
UNIT = "510104000001"
LEAVES = {
    *("ticket_id", "level", "danger", "matter", "category", "region", "location", "text", "number", "verified"),
    *("confidential", "is_over", "opened_at"),
}


class Stub:
    """The example served on loopback. `always` may answer instead; `came` has each notice that it has taken."""

    def __init__(self, receiver_id: str, folder: Path) -> None:
        spec = importlib.util.spec_from_file_location("notice_receiver", EXAMPLE)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.id, self.always, self.sendings = receiver_id, None, 0
        self.always: Fault | None = None
        self.came: list[tuple[float, dict[str, Any]]] = []
        self.receiver = module.Receiver(folder / f"{receiver_id}.db", SECRETS[receiver_id])
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        @web.middleware
        async def wrong(request: web.Request, handler: Any) -> web.StreamResponse:
            self.sendings += 1
            instead = None if self.always is None else await self.always(request)
            if instead is not None:
                return instead
            answer: web.StreamResponse = await handler(request)
            if answer.status == 200:
                self.came.append((time.time(), await request.json()))
            return answer

        app = self.receiver.app()
        app.middlewares.append(wrong)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, PORTS[self.id]).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self.receiver.books.close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [message["body"] for _, message in self.came]


def told(receiver_id: str, **changes: Any) -> NoticeReceiver:
    url = f"http://{HOST}:{PORTS[receiver_id]}/notices"
    said = {"id": receiver_id, "name_zh": "应急管理局", "url": url, "numbers": "masked"}
    return NoticeReceiver.model_validate(said | changes)


class Platform:
    """12345's books, with its lines to whoever is to be told; made anew on the same books it is a restart."""

    def __init__(self, site: Site, keys_dir: Path, database: Database) -> None:
        self.id, self.site, self.database = GOV, site, database
        keys = replace(load_keys(keys_dir, GOV), notices=SECRETS)
        self.parts = ExchangeParts(site, keys, database, time.time)
        self.lives, self.tickets, self.facts = SqlLives(database, site), TicketsRead(database), SqlFacts(database, site)
        self.outgoing = SqlOutgoing(database)
        hooks = self.parts.webhooks.values()
        for hook in hooks:
            hook.patience = replace(hook.patience, answer_limit_s=0.3, failed_s=0.1, refused_s=0.2)
        self.lines, _ = self.parts.listening(self._nothing)
        self.lines = ExchangeLines(self.lines._https, (), tuple(hooks))
        self._running: asyncio.Task[None] | None = None

    @property
    def now(self) -> float:
        return time.time()

    async def _nothing(self, _message: Any) -> None:
        raise AssertionError("nobody sends us anything")

    def start(self) -> None:
        self._running = asyncio.ensure_future(self.lines.run())

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
            self._running = None

    async def a_matter(self, level: Level = Level.TWO, **changes: Any) -> TicketId:
        judgement = Judgement(level, category="治安灾害事故")
        about: dict[str, Any] = {"number": "19900001111", "location": "红星路一段", "summary": "厂房冒烟"}
        matter = NewMatter(Channel.WEB, judgement, "510104", **(about | changes))
        return await self.lives.open(matter, key=f"{level}{changes}{self.now}", at=self.now)

    async def step(self, ticket_id: TicketId, *happenings: Any) -> None:
        for one in happenings:
            lived = await self.lives.live_on(ticket_id, one, key=f"{one}", at=one.at)
            assert lived is not None
            assert lived.refused is None, lived.refused

    async def all_told(self) -> bool:
        return not any([await self.outgoing.count_unsent(SiteId(one.id)) for one in self.site.notices])


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{tmp_path / 'gov.db'}")
    yield opened
    await opened.close()


@pytest.fixture
def site() -> Site:
    fire = told("xfjy", name_zh="消防救援支队", levels=[1], numbers="whole", categories=["治安灾害事故"])
    return load_site(SITES / "12345.toml", NET).model_copy(update={"notices": (told("yjgl"), fire)})


@pytest.fixture
async def gov(site: Site, keys_dir: Path, books: Database) -> AsyncIterator[Platform]:
    made = Platform(site, keys_dir, books)
    yield made
    await made.stop()


@pytest.fixture
async def stubs(tmp_path: Path) -> AsyncIterator[dict[str, Stub]]:
    made = {receiver_id: Stub(receiver_id, tmp_path) for receiver_id in PORTS}
    for stub in made.values():
        await stub.open()
    yield made
    for stub in made.values():
        await stub.close()


@pytest.mark.covers("R-028")
def test_exactly_these_fields_leave_and_the_template_is_the_model() -> None:
    assert set(Notice.model_fields) == LEAVES
    assert TEMPLATE.read_text("utf-8") == notice_text(), "python -m callflow.service.notices >" + TEMPLATE.name


@pytest.mark.covers("R-028")
async def test_levels_one_and_two_and_danger_are_with_their_receivers_within_a_second_and_receipted(
    gov: Platform, stubs: dict[str, Stub], until: Until
) -> None:
    gov.start()
    for level in (Level.THREE, Level.TWO, Level.ONE):
        await gov.a_matter(level)
        await until(gov.all_told)
    call = a_call(GOV, gov.now, "19900001112", note="煤气泄漏，有人晕倒")
    await write(gov, call, c.OpenTicket(call.call_id, call.incident_id))
    assert len(stubs["yjgl"].came) == 2, "an ordinary call is nobody's business"
    await write(gov, replace(call, danger=True), c.MarkTicket(call.call_id, call.incident_id, "danger"))
    await until(gov.all_told)

    heard = stubs["yjgl"].came
    assert [(one["level"], one["danger"]) for one in stubs["yjgl"].bodies] == [(2, False), (1, False), (3, True)]
    assert [(one["level"], one["danger"]) for one in stubs["xfjy"].bodies] == [(1, False)]
    assert max(at - message["occurred_at"] for at, message in heard) < WITHIN_S
    assert heard[-1][1]["body"]["text"] == "煤气泄漏，有人晕倒"
    check = Draft202012Validator(json.loads(TEMPLATE.read_text("utf-8")))
    assert [error.message for _, message in heard for error in check.iter_errors(message)] == []


@pytest.mark.covers("R-028")
async def test_what_changes_is_told_anew_what_does_not_is_not_and_the_end_is_told(
    gov: Platform, stubs: dict[str, Stub], until: Until
) -> None:
    gov.start()
    ticket_id = await gov.a_matter(Level.THREE)
    await gov.step(ticket_id, Dispatched(gov.now, "8001", unit=UNIT))
    await gov.step(ticket_id, Relevelled(gov.now, "8001", Level.TWO))
    await gov.step(ticket_id, Signed(gov.now, UNIT))
    await gov.step(ticket_id, Relevelled(gov.now, "8001", Level.ONE))
    await gov.step(ticket_id, FedBack(gov.now, UNIT, result="已扑灭"), CitizenTold(gov.now, UNIT, channel="phone"))
    await gov.step(ticket_id, Closed(gov.now, "8001"))
    await until(gov.all_told)

    assert [(one["level"], one["is_over"]) for one in stubs["yjgl"].bodies] == [(2, False), (1, False), (1, True)]
    assert [(one["level"], one["is_over"]) for one in stubs["xfjy"].bodies] == [(1, False), (1, True)]
    assert "已扑灭" not in json.dumps(stubs["yjgl"].bodies, ensure_ascii=False), "the result is not theirs to know"


@pytest.mark.covers("R-028")
async def test_each_receiver_sees_of_the_number_what_the_site_file_says(
    gov: Platform, stubs: dict[str, Stub], until: Until
) -> None:
    gov.start()
    await gov.a_matter(Level.ONE)
    hidden = a_call(GOV, gov.now, "19900002222")
    hidden = replace(hidden, caller=replace(hidden.caller, presentation=Presentation.WITHHELD))
    await write(gov, hidden, c.OpenTicket(hidden.call_id, hidden.incident_id))
    ticket = await gov.tickets.ticket_of(hidden.incident_id)
    assert ticket is not None
    await gov.step(ticket.ticket_id, Relevelled(gov.now, "8001", Level.ONE, None, "治安灾害事故"))
    await until(gov.all_told)
    await gov.a_matter(Level.ONE, sealed_by="8001")
    await until(gov.all_told)

    open_one, withheld, sealed = stubs["xfjy"].bodies
    assert (open_one["number"], stubs["yjgl"].bodies[0]["number"]) == ("19900001111", "199****1111")
    assert withheld["number"] == ""
    assert (sealed["number"], sealed["text"], sealed["location"]) == ("", "", "红星路一段")
    assert sealed["confidential"] is True


@pytest.mark.covers("R-028")
@pytest.mark.parametrize("fault", [fails, says_nothing, friendly_page])
async def test_a_receiver_that_fails_is_asked_again_alarmed_once_and_holds_up_no_other(
    gov: Platform, stubs: dict[str, Stub], until: Until, fault: Fault
) -> None:
    stubs["yjgl"].always = fault
    gov.start()
    await gov.a_matter(Level.ONE)

    async def is_known() -> bool:
        trouble = await gov.parts.webhooks["notices-yjgl"].trouble()
        return bool(trouble) and len(stubs["xfjy"].came) == 1 and stubs["yjgl"].sendings > 1

    await until(is_known)
    stubs["yjgl"].always = None
    await until(gov.all_told)

    kept = stubs["yjgl"].receiver.books.execute("SELECT count(*) FROM taken").fetchone()
    assert kept == (1,)
    assert len({message["id"] for _, message in stubs["yjgl"].came}) == 1
    assert await gov.parts.webhooks["notices-yjgl"].trouble() is None


@pytest.mark.covers("R-028")
async def test_what_waits_survives_a_restart(
    gov: Platform, keys_dir: Path, stubs: dict[str, Stub], until: Until
) -> None:
    await gov.a_matter(Level.ONE)  # no line is up
    again = Platform(gov.site, keys_dir, gov.database)
    again.start()
    await until(again.all_told)
    await again.stop()

    assert [len(stub.came) for stub in stubs.values()] == [1, 1]


@pytest.mark.covers("R-028")
def test_a_receiver_without_a_secret_stops_the_start_and_names_it(site: Site, keys_dir: Path, books: Database) -> None:
    keys = replace(load_keys(keys_dir, GOV), notices={"yjgl": SECRETS["yjgl"]})

    with pytest.raises(KeysError, match=r"notices\.xfjy.*openssl rand"):
        ExchangeParts(site, keys, books, time.time)
