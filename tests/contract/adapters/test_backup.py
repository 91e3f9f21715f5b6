"""A backup under live writes, and an empty site made from it: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from callflow.adapters.sql import audit
from callflow.adapters.sql.backup import engine_of
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.errors import BackupError
from callflow.domain.calls import Call
from callflow.domain.limits import Level, Matter
from callflow.domain.names import Channel, Phase, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Signed
from callflow.lab.backup import MANIFEST, Place, back_up, restore
from callflow.service.ports import FactsAway
from callflow.service.ticket_ports import NewMatter
from tests.contract.adapters.books import NOW, POLICE, Books, MakeAttempt, MakeCall, opening, sending

WEB = NewMatter(Channel.WEB, Judgement(Level.THREE, Matter.HELP), "510100", number="19900001111", summary="路灯不亮")
LINE = "1795312800.000,waiting,01J00000000000000000000000,,,,,,\n"


class Writer:
    """Opens and signs matters without a pause, and knows which are committed."""

    def __init__(self, books: Books) -> None:
        self.books, self.committed = books, dict[str, TicketId]()
        self.one_more = asyncio.Event()

    async def run(self) -> None:
        while True:
            key = f"web:{len(self.committed)}"
            try:
                ticket_id = await self.books.lives.open(WEB, key=key, at=NOW)
                await self.books.lives.live_on(ticket_id, Signed(NOW, "8001"), key="sign", at=NOW)
            except FactsAway:  # the copy was faster; the desk would ask again with its key, too
                continue
            self.committed[key] = ticket_id
            self.one_more.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.committed) < count:
                self.one_more.clear()
                await self.one_more.wait()


@asynccontextmanager
async def writing(books: Books) -> AsyncIterator[Writer]:
    writer = Writer(books)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(writer.run())
        await writer.until(20)
        yield writer
        task.cancel()


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    journal = tmp_path / "journal" / "steps.csv"
    journal.parent.mkdir()
    journal.write_text(LINE * 3)
    return Place("12345", database_url, journal)


@pytest.fixture
def new_place(place: Place, tmp_path: Path, empty: Callable[[str], AbstractContextManager[str]]) -> Iterator[Place]:
    """The same platform on another machine, with nothing there."""
    journal = tmp_path / "new" / "journal" / "steps.csv"
    if place.url.startswith("sqlite"):
        yield Place("12345", f"sqlite:///{tmp_path / 'new' / 'facts.db'}", journal)
        return
    with empty("postgresql") as url:
        yield Place("12345", url, journal)


@asynccontextmanager
async def books_at(place: Place, books: Books) -> AsyncIterator[Books]:
    database = await Database.open(place.url)
    yield Books(database, books.site)
    await database.close()


@pytest.mark.covers("C-06", "R-043")
async def test_what_was_committed_before_the_backup_began_is_all_there_and_whole(
    gov: Books, place: Place, new_place: Place, tmp_path: Path
) -> None:
    async with writing(gov) as writer:
        before = dict(writer.committed)
        await asyncio.to_thread(back_up, place, tmp_path / "b")
        await writer.until(len(before) + 20)  # it went on meanwhile, and goes on

    await asyncio.to_thread(restore, tmp_path / "b", new_place)

    async with books_at(new_place, gov) as new:
        found = {ticket.ticket_id: ticket for ticket in await new.read.search(limit=10_000)}
        steps = [m.what for ticket in found.values() for m in await new.read.trace(ticket.incident_id)]
        assert set(before.values()) <= set(found)
        assert steps.count("ticket.opened") == len(found)  # no ticket without its entry, no entry without its ticket
        assert steps.count("ticket.signed") == sum(ticket.state == "signed" for ticket in found.values())
        assert await new.database.read(audit.first_break) is None

        again = {key: await new.lives.open(WEB, key=key, at=NOW) for key in before}
        later = await new.lives.open(WEB, key="later", at=NOW)
        assert again == before  # a desk that asks once more with its key makes no second ticket
        assert later not in found


@pytest.fixture
def in_handover(a_call: MakeCall, an_attempt: MakeAttempt) -> Call:
    return a_call(attempts=(an_attempt(),))


@pytest.mark.covers("C-06", "R-043")
async def test_journal_and_outbox_go_on_where_the_backup_ends_and_nothing_is_done_twice(
    gov: Books, place: Place, new_place: Place, in_handover: Call, tmp_path: Path
) -> None:
    call, (attempt,) = in_handover, in_handover.attempts
    first = {"event_key": "journal:0", "journal_offset": len(LINE), "at": NOW}
    await gov.facts.commit(call, [opening(call), sending(call, attempt)], (), **first)
    sent = await gov.outgoing.unsent(POLICE, 10)

    await asyncio.to_thread(back_up, place, tmp_path / "b")
    with place.journal.open("a") as journal:
        journal.write(LINE)
    await gov.outgoing.receipted(sent[0].message_id, NOW)  # the peer has it; the backup does not know
    await asyncio.to_thread(restore, tmp_path / "b", new_place)

    assert new_place.journal.read_text() == LINE * 3
    async with books_at(new_place, gov) as new:
        repeated = await new.facts.commit(call, [opening(call)], (), **first)
        assert repeated is None
        assert await new.facts.journal_offset() == len(LINE)  # the second line is next
        assert (
            await new.outgoing.unsent(POLICE, 10) == sent
        )  # the very same text: the peer knows it and gives a receipt
        ended = replace(call, phase=Phase.ENDED)
        stored = await new.facts.commit(
            ended, [], (), event_key=f"journal:{len(LINE)}", journal_offset=2 * len(LINE), at=NOW
        )
        assert stored == []
        assert len(await new.read.search(incident_id=call.incident_id)) == 1


@pytest.mark.usefixtures("gov")
async def test_a_journal_that_survived_stays_because_it_reaches_further(
    place: Place, new_place: Place, tmp_path: Path
) -> None:
    await asyncio.to_thread(back_up, place, tmp_path / "b")
    new_place.journal.parent.mkdir(parents=True, exist_ok=True)
    new_place.journal.write_text(LINE * 9)

    await asyncio.to_thread(restore, tmp_path / "b", new_place)

    assert new_place.journal.read_text() == LINE * 9


@pytest.mark.usefixtures("gov")
async def test_a_line_that_is_being_written_is_left_out(place: Place, tmp_path: Path) -> None:
    whole = place.journal.read_text()
    place.journal.write_text(whole + LINE[:20])

    await asyncio.to_thread(back_up, place, tmp_path / "b")

    assert (tmp_path / "b" / "journal" / "steps.csv").read_text() == whole


def spoil(folder: Path, how: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    match how:
        case "a changed byte":
            copy = next(path for path in folder.glob("facts.*"))
            copy.write_bytes(copy.read_bytes() + b"x")
        case "no manifest":
            (folder / MANIFEST).unlink()
        case "a lost journal":
            shutil.rmtree(folder / "journal")
        case "another platform":
            (folder / MANIFEST).write_text(json.dumps(manifest | {"site": "110"}))
        case "a newer program":
            manifest["holds"]["revision"] = "9999"
            (folder / MANIFEST).write_text(json.dumps(manifest))


REFUSED = {
    "a changed byte": "not as backed up",
    "no manifest": "is not a whole backup",
    "a lost journal": "not as backed up",
    "another platform": "is a backup of 110",
    "a newer program": "made by a newer program",
}


@pytest.mark.usefixtures("gov")
@pytest.mark.parametrize("how", REFUSED)
async def test_what_is_no_whole_backup_of_this_platform_makes_no_site(
    place: Place, new_place: Place, tmp_path: Path, how: str
) -> None:
    await asyncio.to_thread(back_up, place, tmp_path / "b")
    spoil(tmp_path / "b", how)

    with pytest.raises(BackupError, match=REFUSED[how]):
        restore(tmp_path / "b", new_place)

    assert engine_of(new_place.url).is_empty(make_url(new_place.url))


async def test_books_that_are_there_and_folders_that_are_full_are_left_alone(
    gov: Books, place: Place, tmp_path: Path
) -> None:
    ticket_id = await gov.lives.open(WEB, key="a", at=NOW)
    await asyncio.to_thread(back_up, place, tmp_path / "b")

    with pytest.raises(BackupError, match="has books already"):
        await asyncio.to_thread(restore, tmp_path / "b", place)
    with pytest.raises(BackupError, match="is not empty"):
        await asyncio.to_thread(back_up, place, tmp_path / "b")
    with pytest.raises(BackupError, match="the program of 12345 runs"):
        restore(tmp_path / "b", replace(place, is_running=True))

    assert await gov.read.ticket(ticket_id) is not None
