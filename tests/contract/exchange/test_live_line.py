"""Two platforms on a real line: linked tickets, order, outages, nothing lost and nothing doubled."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from ulid import ULID

from callflow.adapters.sql.tables import inbox, nonces, outbox
from callflow.domain import commands as c
from callflow.domain import events as e
from callflow.domain.calls import Call
from callflow.domain.names import AttemptId, Kind, Outcome, SiteId
from callflow.service.messages import ExchangeMessage
from callflow.service.ports import FactsAway

GOV, POLICE = SiteId("12345"), SiteId("110")
Platform = Any
MakeCall = Callable[..., Call]
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


def handover(call: Call, peer: SiteId = POLICE) -> c.SendHandover:
    attempt = AttemptId(str(ULID()))
    return c.SendHandover(call.call_id, call.incident_id, peer, attempt, Kind.ONE_KEY, danger=False)


def decision(call: Call, *, accept: bool) -> c.SendOwnerDecision:
    return c.SendOwnerDecision(call.call_id, call.incident_id, POLICE, accept)


def delivered(platform: Platform, peer: SiteId) -> Callable[[], Awaitable[bool]]:
    async def all_receipted() -> bool:
        return not await platform.outgoing.unsent(peer, 1)

    return all_receipted


@pytest.mark.covers("R-040", "R-043", "R-060")
async def test_a_handover_makes_two_tickets_that_name_each_other(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    await gov.open_door()
    gov.start_lines()
    police.start_lines()
    call = a_call(note="楼上有人打架")

    await gov.write(call, c.OpenTicket(call.call_id, call.incident_id), handover(call))

    async def linked() -> bool:
        ours = await gov.tickets.ticket_of(call.incident_id)
        return ours is not None and ours.peer_ticket_id is not None

    await until(linked)
    ours = await gov.tickets.ticket_of(call.incident_id)
    theirs = await police.tickets.ticket_of(call.incident_id)
    assert (ours.ticket_id, ours.peer_ticket_id) == (theirs.peer_ticket_id, theirs.ticket_id)
    assert (theirs.caller_number, theirs.peer_note, theirs.first_receiver) == ("19900001111", "楼上有人打架", GOV)


@pytest.mark.covers("R-043")
async def test_a_note_written_after_the_handover_is_in_the_peers_ticket_and_told_to_its_call(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    call = a_call(note="楼上有人打架")
    here = a_call(site=POLICE, incident_id=call.incident_id)
    await police.write(here)
    await gov.write(call, handover(call))

    later = replace(call, note="楼上有人打架,有人持刀")
    await gov.write(later, c.SendNote(call.call_id, call.incident_id, POLICE))
    gov.start_lines()

    await until(delivered(gov, POLICE))
    assert (await police.tickets.ticket_of(call.incident_id)).peer_note == later.note
    ((event, _),) = [told for told in police.told if isinstance(told[0], e.PeerNoteWritten)]
    assert (event.call_id, event.text) == (here.call_id, later.note)


@pytest.mark.covers("R-061")
async def test_a_voice_leg_that_never_came_leaves_a_ticket_that_says_so(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    call = a_call()
    sent = handover(call)

    await gov.write(
        call, sent, c.SendOutcome(call.call_id, call.incident_id, POLICE, sent.attempt_id, Outcome.UNREACHABLE)
    )
    gov.start_lines()

    await until(delivered(gov, POLICE))
    theirs = await police.tickets.ticket_of(call.incident_id)
    assert (theirs.phone_mark, theirs.call_id) == ("not_connected", None)
    assert [(one["by"], one["target"], one["outcome"]) for one in theirs.attempts] == [(GOV, POLICE, "unreachable")]


@pytest.mark.covers("R-006", "R-008")
async def test_what_the_peer_says_reaches_the_calls_of_the_same_incident_once(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    call = a_call()
    here = a_call(site=POLICE, incident_id=call.incident_id)
    await police.write(here)

    await gov.write(
        call,
        handover(call),
        decision(call, accept=True),
        c.SendOwnerSettled(call.call_id, call.incident_id, POLICE, POLICE, "agreed"),
        c.SendDanger(call.call_id, call.incident_id, POLICE),
    )
    gov.start_lines()

    await until(delivered(gov, POLICE))
    assert [type(event) for event, _ in police.told] == [
        e.PeerTicketOpened,
        e.PeerOwnerDecided,
        e.PeerOwnerSettled,
        e.PeerTicketOpened,
        e.PeerDanger,
    ]
    assert {event.call_id for event, _ in police.told} == {here.call_id}
    assert len({key for _, key in police.told}) == 5


@pytest.mark.covers("R-043", "R-061")
async def test_a_peer_that_was_away_gets_everything_in_order_and_nothing_twice(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    await police.close_door()
    client = gov.start_lines()
    calls = [a_call() for _ in range(10)]
    for turn in range(5):
        for call in calls:
            await gov.write(call, decision(call, accept=turn % 2 == 0))

    async def noticed() -> bool:
        return POLICE in client.away

    await until(noticed)
    await police.open_door()
    await until(delivered(gov, POLICE))

    assert client.away == {}
    assert len(police.taken) == 50
    for call in calls:
        seen = [message.seq for message in police.taken if message.incident_id == call.incident_id]
        assert seen == [1, 2, 3, 4, 5]


@pytest.mark.covers("R-043", "T-15")
async def test_lost_answers_and_outages_in_between_double_nothing(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    dice, mishaps = random.Random(106), 0

    async def sometimes(_message: ExchangeMessage) -> None:
        nonlocal mishaps
        if dice.random() < 0.1 and mishaps < 8:
            mishaps += 1
            raise FactsAway("the database is away, for this test")

    police.fails = sometimes
    calls = [a_call() for _ in range(8)]
    for _ in range(6):
        for call in calls:
            await gov.write(call, handover(call))
    gov.start_lines()

    await until(delivered(gov, POLICE))

    assert mishaps > 0
    assert len(police.taken) == 48
    assert len(await police.tickets.search(limit=100)) == 8


async def test_a_sender_that_dies_before_the_receipt_sends_again_and_nothing_is_done_twice(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    acted, go_on = asyncio.Event(), asyncio.Event()

    async def held_up(_message: ExchangeMessage) -> None:
        acted.set()
        await go_on.wait()

    police.fails = held_up
    call = a_call()
    await gov.write(call, handover(call))
    gov.start_lines()
    await acted.wait()
    await gov.stop_lines()
    go_on.set()

    gov.start_lines()
    await until(delivered(gov, POLICE))

    assert len(await police.tickets.search()) == 1
    assert [message.seq for message in police.taken] == [1]


@pytest.mark.covers("R-043")
async def test_a_peer_that_lost_its_books_gets_the_whole_chain_again(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    call = a_call()
    gov.start_lines()
    for _ in range(3):
        await gov.write(call, decision(call, accept=True))
    await until(delivered(gov, POLICE))
    await police.database.write(lambda connection: connection.execute(delete(inbox).where(inbox.c.seq > 1)))
    police.taken.clear()

    await gov.write(call, decision(call, accept=False))
    await until(delivered(gov, POLICE))

    assert [message.seq for message in police.taken] == [2, 3, 4]


async def test_both_sides_keep_the_same_chain(gov: Platform, police: Platform, a_call: MakeCall, until: Until) -> None:
    calls = [a_call() for _ in range(3)]
    for call in calls * 3:
        await gov.write(call, handover(call))
    gov.start_lines()
    await until(delivered(gov, POLICE))

    sent = await gov.database.read(lambda cn: rows(cn, select(outbox.c.incident_id, outbox.c.seq, outbox.c.digest)))
    kept = await police.database.read(lambda cn: rows(cn, select(inbox.c.incident_id, inbox.c.seq, inbox.c.digest)))
    assert sent == kept
    assert len(sent) == 9


async def rows(connection: Any, statement: Any) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in (await connection.execute(statement)).all()}


async def test_a_message_that_the_peer_will_not_have_holds_up_only_its_own_incident(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    bad, good = a_call(), a_call()
    await gov.write(bad, decision(bad, accept=True))
    await gov.write(good, decision(good, accept=True))
    broken = outbox.update().where(outbox.c.incident_id == bad.incident_id).values(payload="{}")
    await gov.database.write(lambda connection: connection.execute(broken))

    gov.start_lines()

    async def only_the_bad_one_waits() -> bool:
        waiting = await gov.outgoing.unsent(POLICE, 10)
        return [message.incident_id for message in waiting] == [bad.incident_id]

    await until(only_the_bad_one_waits)
    assert [message.incident_id for message in police.taken] == [good.incident_id]


async def test_old_nonces_are_forgotten(gov: Platform, police: Platform, a_call: MakeCall, until: Until) -> None:
    gov.start_lines()
    for _ in range(2):
        call = a_call()
        await gov.write(call, decision(call, accept=True))
        await until(delivered(gov, POLICE))
        gov.now = police.now = gov.now + 3600

    count = await police.database.read(lambda connection: connection.scalar(select(func.count()).select_from(nonces)))

    assert count == 1


@pytest.mark.covers("C-08", "T-15")
@pytest.mark.parametrize("jump_s", [3600.0, -3600.0], ids=["forward", "back"])
async def test_a_clock_that_jumps_an_hour_is_refused_and_what_was_said_meanwhile_arrives_when_it_is_right(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until, jump_s: float
) -> None:
    lines = gov.start_lines()
    call = a_call()
    gov.now += jump_s
    await gov.write(call, handover(call))

    async def is_refused() -> bool:
        return "clock" in lines.away.get(POLICE, "")

    await until(is_refused)
    assert police.taken == []
    gov.now -= jump_s
    await until(delivered(gov, POLICE))

    (message,) = police.taken
    assert (message.kind, message.occurred_at) == ("handover", gov.now + jump_s)
