"""Reminders and supervision: at their moments, once each, also over a restart and after a downtime."""

import json
from dataclasses import replace

import pytest

from callflow.adapters.fakes import FakeDesks
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.ticket_rules import shipped_rules
from callflow.domain.limits import Chase, Level, Matter
from callflow.domain.names import AgentId, Channel, TicketId
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Entrusted, Life, Responded, Signed
from callflow.service.chaser import Chaser, supervisors_of
from callflow.service.ticket_ports import NewMatter
from tests.contract.adapters.books import NOW, POLICE, Books

URGENT = NewMatter(Channel.APP, Judgement(Level.ONE, Matter.HELP), "510100", summary="停水")
HOUR_S = 3600
SUPERVISOR = AgentId("8002")


class Watch:
    """One program's chaser with a clock that the test moves."""

    def __init__(self, books: Books) -> None:
        self.now, self.desks = NOW, FakeDesks()
        self.chaser = Chaser(books.lives, self.desks, (SUPERVISOR,), lambda: self.now)

    async def at(self, hours: float) -> int:
        self.now = NOW + hours * HOUR_S
        return await self.chaser.chase()

    def told(self) -> list[str]:
        return [one["key"] for _, body in self.desks.streams[SUPERVISOR] for one in body["chases"]]


@pytest.mark.covers("R-042", "R-030")
async def test_each_is_said_at_its_moment_and_once(gov: Books) -> None:
    watch = Watch(gov)
    await gov.lives.open(URGENT, key="a", at=NOW)

    said = [await watch.at(hours) for hours in (0, 0.99, 1, 1.5, 1.6, 2, 2.5, 3, 3)]

    assert said == [0, 0, 1, 0, 1, 1, 0, 1, 0]
    assert watch.told() == [
        f"response:{one}" for one in ("reminded-half", "reminded-late", "breached", "long-breached")
    ]
    assert watch.chaser.told == {"reminded": 2, "supervised": 2}


@pytest.mark.covers("R-042")
async def test_a_breach_during_a_downtime_is_said_once_after_it_whoever_comes_back(
    database_url: str, gov: Books
) -> None:
    ticket_id = await gov.lives.open(URGENT, key="a", at=NOW)
    entrusted = Entrusted(NOW, "8001", peer=POLICE, owes=True)
    await gov.lives.live_on(ticket_id, entrusted, key="give", at=NOW)
    before = Watch(gov)
    await before.at(1)

    database = await Database.open(database_url)  # the program again, and a second one beside it
    after, beside = Watch(Books(database, gov.site)), Watch(gov)
    counts = [await after.at(2.2), await beside.at(2.2), await after.at(2.3)]
    await database.close()

    assert counts == [2, 0, 0]
    assert after.told() == ["response:reminded-late", "response:breached"]
    chased = [one["body"] for one in await gov.messages(POLICE) if one["body"].get("step") == "chased"]
    assert len(chased) == 3  # the other platform hears of each
    row = await gov.read.trace((await life(gov, ticket_id)).incident_id)
    keys = [moment.detail["key"] for moment in row if moment.what == "ticket.chased"]
    assert keys == ["response:reminded-half", "response:reminded-late", "response:breached"]
    assert "19900001111" not in json.dumps(keys)


async def life(gov: Books, ticket_id: TicketId) -> Life:
    found = await gov.lives.life(ticket_id)
    assert found is not None
    return found


@pytest.mark.covers("R-042")
async def test_what_is_done_in_time_is_not_chased(gov: Books) -> None:
    watch = Watch(gov)
    ticket_id = await gov.lives.open(URGENT, key="a", at=NOW)
    await gov.lives.live_on(ticket_id, Signed(NOW, "u"), Responded(NOW, "u"), key="s", at=NOW)

    assert await watch.at(5) == 0
    result_due_at = (await life(gov, ticket_id)).deadlines[1].due_at
    assert await gov.lives.next_due_at() == pytest.approx((NOW + result_due_at) / 2)


@pytest.mark.covers("R-042")
async def test_another_plan_of_chases_starves_nobody(gov: Books) -> None:
    ticket_id = await gov.lives.open(URGENT, key="a", at=NOW)
    fewer = replace(shipped_rules(), plan=(Chase("breached", 1.0, supervises=True),))
    watch = Watch(gov)
    watch.chaser = Chaser(SqlLives(gov.database, gov.site, fewer), watch.desks, (SUPERVISOR,), lambda: watch.now)

    assert [await watch.at(hours) for hours in (1.7, 2)] == [0, 1]
    assert watch.told() == ["response:breached"]
    assert (await life(gov, ticket_id)).chased == {"response:breached"}


@pytest.mark.covers("C-08", "R-042")
async def test_a_clock_that_jumps_an_hour_and_back_says_nothing_twice_and_moves_no_limit(gov: Books) -> None:
    watch = Watch(gov)
    ticket_id = await gov.lives.open(URGENT, key="a", at=NOW)
    limits = (await life(gov, ticket_id)).deadlines

    said = [await watch.at(hours) for hours in (0.5, 1.5, 0.5, 1.0, 1.6, 2.0)]  # it was half past, not half past one

    assert said == [0, 1, 0, 0, 1, 1]
    assert watch.told() == [f"response:{one}" for one in ("reminded-half", "reminded-late", "breached")]
    assert (await life(gov, ticket_id)).deadlines == limits


def test_those_who_supervise_are_told_and_without_any_everybody() -> None:
    assert supervisors_of([("8001", "agent"), ("8002", "supervisor")]) == ("8002",)
    assert supervisors_of([("8001", "agent"), ("8003", "auditor")]) == ("8001", "8003")
