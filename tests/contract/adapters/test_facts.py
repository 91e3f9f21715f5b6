"""What every keeper of facts promises; the fake keeps the same promises as the real ones."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from callflow.adapters.fakes import FakeFacts
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.domain.calls import Attempt, Call, Ownership
from callflow.domain.commands import (
    InviteTarget,
    MarkTicket,
    OpenTicket,
    PopScreen,
    ReleaseAgent,
    SettleOwner,
    TellAgent,
)
from callflow.domain.names import AgentId, Kind, Phase, Settled, SiteId
from callflow.service.ports import Facts, Overtaken, Settlement, StoredOrder
from callflow.sitefile import Site

NOW = 1_795_312_800.0
MakeCall = Callable[..., Call]
MakeAttempt = Callable[..., Attempt]


@pytest.fixture(params=["fake", "sqlite", *(["postgresql"] if os.environ.get("CALLFLOW_TEST_POSTGRES") else [])])
async def facts(
    request: pytest.FixtureRequest, empty: Callable[[str], AbstractContextManager[str]], gov_site: Site
) -> AsyncIterator[Facts]:
    """The fake, and the real one on SQLite and, when CALLFLOW_TEST_POSTGRES names one, on PostgreSQL."""
    if request.param == "fake":
        yield FakeFacts()
        return
    with empty(request.param) as url:
        opened = await Database.open(url)
        yield SqlFacts(opened, gov_site)
        await opened.close()


async def commit(
    facts: Facts, call: Call | None, *, key: str | None = None, offset: int | None = None, at: float = NOW
) -> list[StoredOrder] | None:
    return await facts.commit(call, (), (), event_key=key, journal_offset=offset, at=at)


async def test_a_call_comes_back_as_it_was_given(facts: Facts, a_call: MakeCall, an_attempt: MakeAttempt) -> None:
    call = a_call(attempts=(an_attempt(), an_attempt(danger=True)), note="楼上有人打架", agents=(AgentId("8001"),))

    await commit(facts, call)

    assert await facts.call(call.call_id) == call
    assert await facts.call(a_call().call_id) is None


async def test_the_last_commit_is_the_call(facts: Facts, a_call: MakeCall) -> None:
    call = a_call()
    await commit(facts, call)

    await commit(facts, replace(call, phase=Phase.INVITING))

    assert await facts.live_calls() == [replace(call, phase=Phase.INVITING)]


@pytest.mark.covers("R-007")
async def test_calls_that_are_over_are_not_live_but_wait_for_their_owner(facts: Facts, a_call: MakeCall) -> None:
    here = SiteId("12345")
    talking, open_one = a_call(), a_call(phase=Phase.ENDED, ended_at=NOW)
    settled = a_call(phase=Phase.ABANDONED, ownership=Ownership(here, here, Settled.FIRST_RECEIVER))
    agents_only = a_call(phase=Phase.AGENTS_ONLY, ended_at=NOW, arrived_at=NOW + 1)
    for call in (talking, open_one, settled, agents_only):
        await commit(facts, call)

    assert await facts.live_calls() == [talking, agents_only]
    assert await facts.unsettled_calls() == [open_one]


async def test_the_calls_of_an_incident_come_oldest_first(facts: Facts, a_call: MakeCall) -> None:
    second = a_call(arrived_at=NOW + 60)
    first = a_call(incident_id=second.incident_id)
    for call in (second, first, a_call()):
        await commit(facts, call)

    assert await facts.calls_of_incident(second.incident_id) == [first, second]


@pytest.mark.covers("R-008")
async def test_the_ticket_says_whether_its_incident_is_danger(facts: Facts, a_call: MakeCall) -> None:
    call, other = a_call(), a_call()
    opened = [OpenTicket(call.call_id, call.incident_id), MarkTicket(call.call_id, call.incident_id, "danger")]
    await facts.commit(call, opened, (), event_key=None, journal_offset=None, at=NOW)
    await facts.commit(
        other, [OpenTicket(other.call_id, other.incident_id)], (), event_key=None, journal_offset=None, at=NOW
    )

    assert await facts.is_danger(call.incident_id)
    assert not await facts.is_danger(other.incident_id)
    assert not await facts.is_danger(a_call().incident_id)


@pytest.mark.covers("R-007")
async def test_the_ticket_says_whose_matter_it_is_once_that_is_settled(facts: Facts, a_call: MakeCall) -> None:
    call = a_call()
    await facts.commit(
        call, [OpenTicket(call.call_id, call.incident_id)], (), event_key=None, journal_offset=None, at=NOW
    )
    while_open = await facts.settlement(call.incident_id)

    settled = SettleOwner(call.call_id, call.incident_id, SiteId("110"), "agreed")
    await facts.commit(None, [settled], (), event_key="peer:1", journal_offset=None, at=NOW)

    assert while_open is None
    assert await facts.settlement(call.incident_id) == Settlement(SiteId("110"), "agreed")
    assert await facts.settlement(a_call().incident_id) is None


@pytest.mark.covers("R-040")
async def test_an_event_is_committed_once(facts: Facts, a_call: MakeCall) -> None:
    call = a_call()
    assert await commit(facts, call, key="desk:1") == []

    again = await commit(facts, replace(call, phase=Phase.ENDED), key="desk:1")

    assert again is None
    assert await facts.call(call.call_id) == call


@pytest.mark.covers("R-040")
async def test_an_event_that_comes_many_times_at_once_is_committed_once(facts: Facts, a_call: MakeCall) -> None:
    call = a_call()

    answers = await asyncio.gather(*(commit(facts, call, key="journal:77") for _ in range(10)))

    assert [answer for answer in answers if answer is not None] == [[]]


@pytest.mark.covers("R-001")
async def test_what_was_decided_from_an_older_call_is_not_written(facts: Facts, a_call: MakeCall) -> None:
    """Two programs of one platform read the same call; the second to write is told, and nothing of it is kept."""
    call = a_call(agents=(AgentId("8001"),))
    await commit(facts, call)
    quicker, slower = replace(call, note="one"), replace(call, note="other")

    await facts.commit(quicker, (), (), event_key="desk:1", journal_offset=None, at=NOW, seen=call)
    with pytest.raises(Overtaken):
        await facts.commit(slower, (), (), event_key="desk:2", journal_offset=7, at=NOW, seen=call)

    assert await facts.call(call.call_id) == quicker
    assert await facts.journal_offset() == 0
    assert await facts.commit(slower, (), (), event_key="desk:2", journal_offset=None, at=NOW, seen=quicker) == []
    assert await facts.call(call.call_id) == slower


async def test_orders_stay_open_until_they_are_done(facts: Facts, a_call: MakeCall, an_attempt: MakeAttempt) -> None:
    call, attempt = a_call(), an_attempt()
    orders = (
        InviteTarget(call.call_id, attempt.attempt_id, attempt.target, Kind.ONE_KEY, danger=False),
        TellAgent(call.call_id, AgentId("8001"), "target-ringing"),
        ReleaseAgent(call.call_id, by_agent=True),
    )
    stored = await facts.commit(call, (), orders, event_key="desk:1", journal_offset=None, at=NOW)
    assert stored is not None
    assert [each.order for each in stored] == list(orders)

    await facts.order_done(stored[0].order_id, "done")
    await facts.order_done(stored[0].order_id, "done")
    await facts.order_done(stored[2].order_id, "refused: the channel is gone")

    assert await facts.orders_open() == [stored[1]]
    assert stored[1].stored_at == NOW


async def test_orders_of_a_repeated_event_are_not_given_again(facts: Facts, a_call: MakeCall) -> None:
    call = a_call()
    order = PopScreen(call.call_id, AgentId("8001"))
    for _ in range(2):
        await facts.commit(call, (), (order,), event_key="journal:5", journal_offset=6, at=NOW)

    assert [stored.order for stored in await facts.orders_open()] == [order]


async def test_the_journal_is_read_on_from_where_it_was_committed(facts: Facts, a_call: MakeCall) -> None:
    assert await facts.journal_offset() == 0

    await commit(facts, a_call(), key="journal:0", offset=120)
    await commit(facts, None, key="journal:120", offset=180)
    await commit(facts, a_call(), key="desk:9")

    assert await facts.journal_offset() == 180


async def test_a_step_without_a_call_is_kept_too(facts: Facts) -> None:
    assert await commit(facts, None, key="journal:9", offset=20) == []
    assert await commit(facts, None, key="journal:9", offset=20) is None


async def test_a_ticket_may_be_asked_for_again_and_again(facts: Facts, a_call: MakeCall) -> None:
    call = a_call()
    records = (OpenTicket(call.call_id, call.incident_id),) * 3

    answers = [
        await facts.commit(call, records, (), event_key=f"desk:{turn}", journal_offset=None, at=NOW + turn)
        for turn in range(3)
    ]

    assert answers == [[], [], []]
