"""Two tickets of one incident at two platforms: each goes its way, the citizen is asked once, both know the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ulid import ULID

from callflow.adapters.sql.diverted import SqlDiverted
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.domain import commands as c
from callflow.domain.calls import Call
from callflow.domain.limits import Level, Matter
from callflow.domain.names import AttemptId, Channel, Kind, SiteId, TicketId
from callflow.domain.ticket_refusals import TicketRefusal
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import (
    CalledBack,
    CitizenTold,
    Closed,
    Dispatched,
    Entrusted,
    FedBack,
    Happening,
    Responded,
    Signed,
    State,
)
from callflow.service.messages import ExchangeMessage
from callflow.service.signatures import Opened
from callflow.service.ticket_ports import Given, NewMatter
from tests.contract.exchange.conftest import NOW, Platform

GOV, POLICE = SiteId("12345"), SiteId("110")
WEB = NewMatter(Channel.WEB, Judgement(Level.THREE, Matter.HELP), "510104", "19900001111", summary="邻里纠纷")


async def ferry(*platforms: Platform) -> None:
    """Every message to its peer, in order, until nobody has anything to say."""
    said = True
    while said:
        said = False
        for sender, receiver in (platforms, platforms[::-1]):
            for message in await sender.outgoing.unsent(receiver.id, 100):
                said_there = ExchangeMessage.model_validate_json(message.payload)
                await receiver.on_message(said_there)
                opened = Opened(sender.id, "", message.digest, said_there)
                await receiver.inbox.keep(opened, NOW)
                await sender.outgoing.receipted(message.message_id, NOW)
                said = True


async def step(
    platform: Platform, ticket_id: str, *happenings: Happening, given: Given | None = None, text: str = ""
) -> TicketRefusal | None:
    key = ":".join(f"{type(one).__name__}{one.at}" for one in happenings)
    books = SqlLives(platform.database, platform.site)
    lived = await books.live_on(TicketId(ticket_id), *happenings, key=key, at=NOW, given=given, text=text)
    assert lived is not None
    return lived.refused


async def work(platform: Platform, ticket_id: str, result: str) -> None:
    """A unit of this platform signs, begins, feeds back; the citizen is told."""
    steps = (Signed(NOW, "8001"), Responded(NOW, "8001"), FedBack(NOW, "8001", result=result))
    for one in (*steps, CitizenTold(NOW, "8001", "phone")):
        assert await step(platform, ticket_id, one, text=result if isinstance(one, FedBack) else "") is None


@pytest.fixture
def handed_over(gov: Platform, police: Platform, a_call: Callable[..., Call]) -> Any:
    """A pair that a one-key handover made, the police's by agreement."""

    async def make() -> tuple[Any, Any]:
        call, attempt = a_call(), AttemptId(str(ULID()))
        ids = (call.call_id, call.incident_id)
        await gov.write(call, c.OpenTicket(*ids), c.SendHandover(*ids, POLICE, attempt, Kind.ONE_KEY, danger=False))
        await gov.write(call, c.SettleOwner(*ids, POLICE, "agreed"), c.SendOwnerSettled(*ids, POLICE, POLICE, "agreed"))
        await ferry(gov, police)
        return await gov.tickets.ticket_of(call.incident_id), await police.tickets.ticket_of(call.incident_id)

    return make


@pytest.mark.covers("R-054", "R-041")
@pytest.mark.parametrize("satisfied", [True, False, None])
async def test_the_owner_asks_the_citizen_and_the_other_platform_does_not(
    gov: Platform, police: Platform, handed_over: Any, *, satisfied: bool | None
) -> None:
    ours, theirs = await handed_over()
    await work(police, theirs.ticket_id, "已调解")
    await ferry(gov, police)

    refused = await step(gov, ours.ticket_id, CalledBack(NOW, "8001", satisfied=True))
    asked = await step(police, theirs.ticket_id, CalledBack(NOW, "9001", satisfied=satisfied))
    await ferry(gov, police)
    again = await step(police, theirs.ticket_id, CalledBack(NOW + 1, "9002", satisfied=True))

    assert (refused, asked) == (TicketRefusal.CALL_BACK_IS_THEIRS, None)
    assert again is TicketRefusal.CALLED_BACK_ALREADY
    lives = [(await p.tickets.ticket(t.ticket_id)).life for p, t in ((gov, ours), (police, theirs))]
    assert [life.satisfied for life in lives] == [satisfied, satisfied]
    assert all(life.called_back_at is not None for life in lives)
    sent = [m for m in gov.taken if m.kind == "step" and m.body.model_dump().get("step") == "called_back"]
    assert len(sent) == 1


@pytest.mark.covers("R-097", "R-041")
async def test_the_platform_that_gave_a_matter_away_lists_what_came_of_it(
    gov: Platform, police: Platform, handed_over: Any
) -> None:
    ours, theirs = await handed_over()
    books, foreign = SqlDiverted(gov.database, GOV), SqlDiverted(police.database, POLICE)
    (before,) = await books.diverted(0, NOW + 1, 10)

    await work(police, theirs.ticket_id, "已调解")
    await ferry(gov, police)
    await step(gov, ours.ticket_id, Closed(NOW, "8001"))  # ours is closed before the citizen is asked over there
    await step(police, theirs.ticket_id, CalledBack(NOW, "9001", satisfied=True))
    await step(police, theirs.ticket_id, Closed(NOW, "9001"))
    await ferry(gov, police)

    (after,) = await books.diverted(0, NOW + 1, 10)
    assert (before.peer_state, before.result, before.satisfied) == ("", None, None)
    assert (after.to, after.peer_ticket_id, after.peer_state) == (POLICE, theirs.ticket_id, "closed")
    assert (after.result, after.satisfied) == ("已调解", True)
    assert await foreign.diverted(0, NOW + 1, 10) == []
    assert await books.diverted(NOW + 1, NOW + 2, 10) == []


@pytest.mark.covers("R-013", "R-014", "R-012")
async def test_from_a_police_ticket_a_linked_work_order_and_each_is_closed_by_itself(
    gov: Platform, police: Platform
) -> None:
    lives = SqlLives(police.database, police.site)
    alarm = await lives.open(WEB, key="alarm", at=NOW)
    await step(police, alarm, Dispatched(NOW, "9001", unit="510104000000"))
    life = await lives.life(alarm)
    assert life is not None

    beside = Entrusted(NOW, "9001", peer=GOV, owes=True, beside=True)
    assert await step(police, alarm, beside, given=Given(GOV, "路灯损坏请处理")) is None
    await ferry(gov, police)
    order = await gov.tickets.ticket_of(life.incident_id)
    assert order is not None
    assert (order.ticket_id[:2], order.peer_ticket_id, order.owner, order.first_receiver) == (
        "GD",
        alarm,
        POLICE,
        POLICE,
    )

    await step(gov, order.ticket_id, Dispatched(NOW, "8001", unit="510104000001"))
    await work(gov, order.ticket_id, "路灯已修复")
    await step(gov, order.ticket_id, Closed(NOW, "8001"))
    await ferry(gov, police)
    after = await lives.life(alarm)
    assert after is not None
    assert (after.state, after.unit, after.peer_fed_back) == (State.DISPATCHED, "510104000000", True)
    assert after.deadlines == life.deadlines  # its own clocks go on
    assert (await gov.tickets.ticket(order.ticket_id)).state == "closed"

    await work(police, alarm, "已调解")
    assert await step(police, alarm, CalledBack(NOW, "9001", satisfied=True)) is None  # whose matter it is, asks
    assert await step(police, alarm, Closed(NOW, "9001")) is None


@pytest.mark.covers("R-010", "R-011")
async def test_a_matter_given_across_as_a_whole_is_the_receivers_at_both_platforms(
    gov: Platform, police: Platform
) -> None:
    lives = SqlLives(gov.database, gov.site)
    ours = await lives.open(WEB, key="web", at=NOW)
    across = (Entrusted(NOW, "8001", peer=POLICE, owes=True), Dispatched(NOW, "8001", unit=POLICE))

    assert await step(gov, ours, *across, given=Given(POLICE)) is None
    await ferry(gov, police)

    here = await gov.tickets.ticket(ours)
    theirs = await police.tickets.ticket_of(here.incident_id)
    assert (here.owner, theirs.owner, theirs.first_receiver) == (POLICE, POLICE, GOV)
    assert await step(gov, ours, CalledBack(NOW, "8001", satisfied=True)) is TicketRefusal.CALL_BACK_IS_THEIRS


@pytest.mark.covers("R-054", "R-008")
async def test_nobody_in_danger_is_called_back_by_either_platform(
    gov: Platform, police: Platform, handed_over: Any
) -> None:
    ours, theirs = await handed_over()
    danger = c.SendDanger((await gov.facts.calls_of_incident(ours.incident_id))[0].call_id, ours.incident_id, POLICE)
    call = (await gov.facts.calls_of_incident(ours.incident_id))[0]
    await gov.write(call, c.MarkTicket(call.call_id, call.incident_id, "danger"), danger)
    await ferry(gov, police)
    await work(police, theirs.ticket_id, "已处置")
    await ferry(gov, police)

    refused = [
        await step(platform, ticket.ticket_id, CalledBack(NOW, "8001", satisfied=True))
        for platform, ticket in ((gov, ours), (police, theirs))
    ]

    assert refused == [TicketRefusal.CALL_BACK_IS_THEIRS, TicketRefusal.NO_CALL_BACK_IN_DANGER]
