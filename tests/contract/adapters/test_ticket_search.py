"""Tickets found by what they are searched by, page after page, and all of them."""

from dataclasses import replace
from typing import Any

import pytest

from callflow.domain.limits import Level, Matter
from callflow.domain.names import Channel, TicketId
from callflow.domain.queue import rank
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Responded, Signed
from callflow.service.ticket_ports import NewMatter
from callflow.service.ticket_search import Cursor, Wanted
from tests.contract.adapters.books import NOW, Books

MATTER = NewMatter(Channel.WEB, Judgement(Level.THREE, Matter.HELP, "教育类"), "510104", number="19900001111")


async def open_some(books: Books, count: int, **changes: Any) -> list[str]:
    matter = replace(MATTER, **changes)
    return [await books.lives.open(matter, key=f"{changes}:{turn}", at=NOW + turn // 2) for turn in range(count)]


@pytest.mark.covers("R-044")
async def test_each_thing_that_is_searched_by_finds_its_tickets_and_no_others(gov: Books) -> None:
    ordinary = await open_some(gov, 2)
    (special,) = await open_some(
        gov,
        1,
        region="510105",
        channel=Channel.SMS,
        number="19900002222",
        judgement=Judgement(Level.TWO, Matter.HELP, "市容管理类"),
    )
    await gov.lives.live_on(special, Signed(NOW, "u"), key="s", at=NOW)
    found = await gov.read.ticket(special)
    assert found is not None

    for wanted in (
        Wanted(number="19900002222"),
        Wanted(ticket_id=special),
        Wanted(incident_id=found.incident_id),
        Wanted(region="510105"),
        Wanted(category="市容管理类"),
        Wanted(level=2),
        Wanted(state="signed"),
        Wanted(channel="sms"),
        Wanted(level=2, region="510105", owner="12345", opened_from=NOW, opened_to=NOW + 1),
    ):
        assert [one.ticket_id for one in (await gov.search.page(wanted, 10)).tickets] == [special], wanted
    for nothing in (Wanted(number=""), Wanted(opened_to=NOW), Wanted(owner="110"), Wanted(level=2, region="510104")):
        assert (await gov.search.page(nothing, 10)).tickets == [], nothing
    everything = (await gov.search.page(Wanted(), 10)).tickets
    assert {one.ticket_id for one in everything} == {*ordinary, special}


@pytest.mark.covers("R-044")
async def test_pages_follow_each_other_without_gap_or_double_while_tickets_are_opened(gov: Books) -> None:
    made = await open_some(gov, 7)
    seen: list[str] = []
    after: Cursor | None = None
    for turn in range(4):
        page = await gov.search.page(Wanted(), 2, after)
        seen += [one.ticket_id for one in page.tickets]
        after = page.after
        await gov.lives.open(MATTER, key=f"meanwhile:{turn}", at=NOW + 1000 + turn)

    assert after is None
    assert seen == sorted(made, reverse=True)
    assert Cursor.of_text(Cursor(NOW, made[3]).text()) == Cursor(NOW, made[3])


@pytest.mark.covers("R-044")
async def test_all_of_them_come_also_from_the_middle_on(gov: Books) -> None:
    made = sorted(await open_some(gov, 5), reverse=True)
    ticket = await gov.read.ticket(made[2])  # type: ignore[arg-type] # a plain str here
    assert ticket is not None

    rest = [one.ticket_id async for one in gov.search.every(Wanted(), Cursor(ticket.opened_at, ticket.ticket_id))]

    assert rest == made[3:]


@pytest.mark.parametrize("text", ["", "x", "bm9wZQ", "WzFd", "W251bGwsIDFd"])
def test_a_cursor_that_was_never_handed_out_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.of_text(text)


@pytest.mark.covers("R-035")
async def test_urgent_goes_first_and_nobody_waits_for_ever(gov: Books) -> None:
    day = 86_400.0

    async def open_one(name: str, level: Level, waited_s: float, *, danger: bool = False) -> TicketId:
        about = replace(MATTER, judgement=Judgement(level, Matter.HELP), danger=danger, summary=name)
        return await gov.lives.open(about, key=name, at=NOW - waited_s)

    await open_one("level 3, new", Level.THREE, 10)
    await open_one("level 3, since an hour", Level.THREE, 3600)
    await open_one("level 2", Level.TWO, 20)
    await open_one("level 1", Level.ONE, 30)
    await open_one("danger", Level.THREE, 5, danger=True)
    await open_one("level 3, since a day", Level.THREE, day)
    await open_one("level 3, nearly a day", Level.THREE, day - 1)
    begun = await open_one("in hand", Level.ONE, 100)
    for step in (Signed(NOW, "u"), Responded(NOW, "u")):
        await gov.lives.live_on(begun, step, key=type(step).__name__, at=NOW)

    queue = await gov.search.queue(Wanted(), 10, NOW)

    assert [one.summary for one in queue] == [
        "level 3, since a day",
        "level 1",
        "danger",
        "level 2",
        "level 3, nearly a day",
        "level 3, since an hour",
        "level 3, new",
    ]
    ranks = [rank(Level(one.level), NOW - one.opened_at, danger=one.danger) for one in queue]
    assert ranks == sorted(ranks)  # the books order as the rule says
    assert [one.summary for one in await gov.search.queue(Wanted(level=2), 10, NOW)] == ["level 2"]
