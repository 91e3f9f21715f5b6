"""The journal and the link, joined: what the controller is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agi.link import AmiLink, LinkLimits
from agi.source import SiteJournal, read_link
from agi.tail import JournalTail
from agi.translate import Translator
from agi.trunks import Trunks
from callflow.domain.events import CallerArrived, CallerWaiting, TargetInvited, TargetRinging
from callflow.service.ports import JournalEntry, JournalSource
from callflow.sitefile import load_site
from tests.contract.agi.conftest import running
from tests.contract.agi.fake_ami import FakeAmi, event
from tests.contract.agi.test_tail import NEVER_S, append
from tests.unit.agi.conftest import SITES
from tests.unit.agi.test_journal import ATTEMPT, CALL, CALLER, INCIDENT, TARGET
from tests.unit.agi.test_translate import KnownUui

ARRIVED = (
    f"1795000000.123,arrived,{CALL},{INCIDENT},,{CALLER},{CALLER},pbx-1.1,"
    "via=carrier dialled=12345 number= pres=unavailable mark=nonum uui= hop=0 from=\n"
).encode()
WAITING = f"1795000001.000,waiting,{CALL},{INCIDENT},,{CALLER},{CALLER},pbx-1.1,\n".encode()
QUEUED = f"1795000000.500,queued,{CALL},{INCIDENT},,{CALLER},{CALLER},pbx-1.1,queue=hotline priority=0\n".encode()
INVITING = (
    f"1795000002.500,inviting,{CALL},{INCIDENT},{ATTEMPT},{CALLER},{TARGET},pbx-1.7,"
    "target=110 kind=one_key way=desk danger=0 retry=0\n"
).encode()
RINGS = event("DialState", DestChannel=TARGET, DestUniqueid="pbx-1.7", DialStatus="RINGING")


HERE = load_site(SITES / "12345.toml", "127.0.105")


@dataclass
class Site:
    """The site's side: everything that was told, in order."""

    tail: JournalTail
    translator: Translator
    journal: SiteJournal
    told: list[object] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def target_rings(self, event: TargetRinging) -> None:
        self.note(event)

    async def link_up(self) -> None:
        self.note("up")

    async def link_lost(self, why: str) -> None:
        assert why
        self.note("lost")

    def note(self, what: object) -> None:
        self.told.append(what)
        self.came.set()

    async def entries(self) -> None:
        async with aclosing(self.journal.entries(0)) as entries:
            async for entry in entries:
                self.note(entry)

    async def until(self, wish: Callable[[list[object]], bool]) -> None:
        async with asyncio.timeout(10):
            while not wish(self.told):
                self.came.clear()
                await self.came.wait()

    @property
    def events(self) -> list[type]:
        return [type(entry.event) for entry in self.told if isinstance(entry, JournalEntry)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "steps.csv"


@pytest.fixture
async def site(path: Path) -> AsyncIterator[Site]:
    translator = Translator(HERE, KnownUui())
    tail = JournalTail(path, look_every_s=NEVER_S)
    found = Site(tail, translator, SiteJournal(tail, translator))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        task = group.create_task(found.entries())
        yield found
        task.cancel()


@asynccontextmanager
async def told_by(fake: FakeAmi, site: Site) -> AsyncIterator[AmiLink]:
    """The link and its reader, as the program runs them."""
    async with (
        running(AmiLink(fake.login, limits=LinkLimits(pause_first_s=0.001))) as link,
        asyncio.TaskGroup() as group,
    ):
        task = group.create_task(
            read_link(link, site.tail, site.translator, site, lambda: 9.0, trunks=Trunks(link, HERE, lambda: 9.0))
        )
        await site.until(lambda told: "up" in told)
        yield link
        task.cancel()


async def test_every_step_is_told_with_the_place_to_read_on_from(site: Site, path: Path) -> None:
    promise: JournalSource = site.journal
    append(path, ARRIVED + QUEUED + b"rubbish\n" + WAITING)

    await promise.caught_up()

    assert site.events == [CallerArrived, CallerWaiting]
    first, last = (entry for entry in site.told if isinstance(entry, JournalEntry))
    assert (first.end, last.end) == (len(ARRIVED), len(ARRIVED + QUEUED + b"rubbish\n" + WAITING))
    assert first.key.startswith("journal:0:")
    assert first.key != last.key


async def test_a_hint_by_ami_brings_the_step_at_once(site: Site, path: Path, fake: FakeAmi) -> None:
    await site.journal.caught_up()
    async with told_by(fake, site):
        append(path, ARRIVED)
        fake.say(event("UserEvent", UserEvent="Journal"))
        await site.until(lambda _: bool(site.events))

    assert site.events == [CallerArrived]


async def test_a_target_that_rings_is_told_from_ami(site: Site, path: Path, fake: FakeAmi) -> None:
    append(path, INVITING)
    await site.journal.caught_up()

    async with told_by(fake, site):
        fake.say(RINGS)
        await site.until(lambda told: TargetRinging(CALL, 9.0, ATTEMPT) in told)


async def test_ringing_that_overtakes_the_journal_is_told_after_its_invitation(
    site: Site, path: Path, fake: FakeAmi
) -> None:
    async with told_by(fake, site):
        fake.say(RINGS)
        fake.cut()
        await site.until(lambda told: told.count("up") == 2)
        append(path, INVITING)
        await site.journal.caught_up()

    assert site.events == [TargetInvited, TargetRinging]
    keys = [entry.key for entry in site.told if isinstance(entry, JournalEntry)]
    assert len(set(keys)) == 2


async def test_losing_and_finding_asterisk_is_told_in_order(site: Site, fake: FakeAmi) -> None:
    async with told_by(fake, site):
        fake.cut()
        await site.until(lambda told: told.count("up") == 2)

    assert site.told == ["up", "lost", "up"]
