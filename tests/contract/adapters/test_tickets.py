"""The ticket of an incident: made once, numbered, marked, found again."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.tables import tickets
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain import commands as c
from callflow.domain.names import (
    AgentId,
    Consent,
    Outcome,
    TicketId,
)
from callflow.service.take_in import NO_CALL, KeepPeerAttempt, OpenLinkedTicket
from callflow.sitefile import Site
from tests.contract.adapters.books import (
    DAY_S,
    GOV,
    NOW,
    POLICE,
    Books,
    MakeAttempt,
    MakeCall,
    matter,
    opening,
    sending,
)


@pytest.mark.covers("R-040")
async def test_a_key_pressed_a_hundred_times_makes_one_ticket(gov: Books, a_call: MakeCall) -> None:
    call = a_call()

    await asyncio.gather(*(gov.write(call, opening(call), key=f"desk:{turn}") for turn in range(100)))

    found = await gov.read.search(incident_id=call.incident_id)
    assert [ticket.ticket_id for ticket in found] == ["GD20261122000001"]
    assert found[0].caller_number == "19900001111"
    assert (found[0].first_receiver, found[0].owner, found[0].settled) == (GOV, GOV, None)


@pytest.mark.covers("R-040")
async def test_two_programs_on_one_database_make_one_ticket(
    database_url: str, gov: Books, gov_site: Site, a_call: MakeCall
) -> None:
    call, second = a_call(), await Database.open(database_url)
    other = Books(second, gov_site)

    await asyncio.gather(
        *(books.write(call, opening(call), key=f"desk:{turn}") for turn in range(10) for books in (gov, other))
    )
    await second.close()

    assert len(await gov.read.search()) == 1


async def test_numbers_run_on_within_a_day_and_begin_anew_at_midnight_in_china(gov: Books, a_call: MakeCall) -> None:
    last_second = NOW + 14 * 3600 - 1  # 23:59:59 in China
    for at in (NOW, last_second, last_second + 1):
        call = a_call()
        await gov.write(call, opening(call), at=at)

    assert [ticket.ticket_id for ticket in await gov.read.search()] == [
        "GD20261123000001",
        "GD20261122000002",
        "GD20261122000001",
    ]


@pytest.mark.covers("C-10")
async def test_the_millionth_ticket_of_a_day_is_numbered_like_any_other(gov: Books, a_call: MakeCall) -> None:
    first = a_call()
    await gov.write(first, opening(first))
    jump = tickets.update().values(ticket_id="GD20261122999999")
    await gov.database.write(lambda connection: connection.execute(jump))

    for _ in range(2):
        call = a_call()
        await gov.write(call, opening(call))

    assert {ticket.ticket_id for ticket in await gov.read.search()} == {
        "GD20261122999999",
        "GD202611221000000",
        "GD202611221000001",
    }


@pytest.mark.covers("R-040")
async def test_each_platform_has_its_own_series(police: Books, a_call: MakeCall) -> None:
    call = a_call(site=POLICE)
    await police.write(call, opening(call))

    assert [ticket.ticket_id for ticket in await police.read.search()] == ["JD20261122000001"]


@pytest.mark.covers("R-003", "R-006", "R-008")
async def test_marks_consent_owner_and_danger_are_kept_with_the_ticket(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    key = (call.call_id, call.incident_id)
    await gov.write(call, opening(call))

    await gov.write(
        replace(call, note="改了"),
        c.MarkTicket(*key, "not_connected"),
        c.MarkTicket(*key, "danger"),
        c.RecordConsent(*key, Consent.AGREED, AgentId("8001")),
        c.SettleOwner(*key, POLICE, "agreed"),
        at=NOW + 60,
    )

    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    assert (ticket.phone_mark, ticket.danger, ticket.note) == ("not_connected", True, "改了")
    assert (ticket.consent, ticket.consent_by, ticket.consent_at) == (Consent.AGREED, "8001", NOW + 60)
    assert (ticket.owner, ticket.settled, ticket.first_receiver) == (POLICE, "agreed", GOV)
    assert ticket.changed_at == NOW + 60


@pytest.mark.covers("R-005")
async def test_a_ticket_says_how_each_attempt_went_once_each(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    busy = an_attempt(target="119", outcome=Outcome.BUSY, sip_code=486, cause=17, ended_at=NOW)
    rings = an_attempt(target="9601", retried=True, sip_code=403)
    joined = replace(rings, outcome=Outcome.JOINED, joined_at=NOW + 2)
    call = a_call()
    await gov.write(call, opening(call))

    for late, attempts in enumerate([(busy,), (busy, rings), (busy, joined), (busy, joined)]):
        await gov.write(replace(call, attempts=attempts), at=NOW + late)
    await gov.write(
        None, KeepPeerAttempt(NO_CALL, call.incident_id, POLICE, "01JATT00000000000000000003", Outcome.BUSY)
    )

    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    told = [(one["by"], one["target"], one["outcome"], one["sip_code"], one["retried"]) for one in ticket.attempts]
    assert told == [
        (GOV, "119", "busy", 486, False),
        (GOV, "9601", "joined", 0, True),
        (POLICE, GOV, "busy", 0, False),
    ]
    assert [one["at"] for one in ticket.attempts[:2]] == [NOW, NOW + 2], "when it was decided, not when said again"


@pytest.mark.covers("R-044")
async def test_tickets_are_found_by_number_and_by_id_newest_first(gov: Books, a_call: MakeCall) -> None:
    calls = [a_call(), a_call(), a_call(caller={"number": ""})]
    for late, call in enumerate(calls):
        await gov.write(call, opening(call), at=NOW + late)

    assert [ticket.call_id for ticket in await gov.read.search(number="19900001111")] == [
        calls[1].call_id,
        calls[0].call_id,
    ]
    assert await gov.read.search(number="") == []
    assert len(await gov.read.search(limit=2)) == 2
    found = await gov.read.ticket(TicketId("GD20261122000003"))
    assert found is not None
    assert found.call_id == calls[2].call_id
    assert await gov.read.ticket(TicketId("GD1")) is None


async def test_the_pop_knows_the_peers_note_the_suggestion_and_earlier_tickets(police: Books, a_call: MakeCall) -> None:
    earlier, now = a_call(), a_call(caller={"from_site": GOV}, note="到了")
    await police.write(earlier, opening(earlier), at=NOW - DAY_S)
    await police.write(None, OpenLinkedTicket(NO_CALL, now.incident_id, GOV, matter()))

    known = await police.read.known_about(now)

    assert known.notes == ("楼上有人打架", "到了")
    assert known.suggestion is not None
    assert [ticket["ticket_id"] for ticket in known.tickets] == ["JD20261122000001", "JD20261121000001"]
    assert "19900001111" not in str(known.tickets)


async def test_a_pop_without_a_database_still_has_the_note(a_call: MakeCall, tmp_path: Path) -> None:
    call = a_call(note="听不清")
    locked = await Database.open(f"sqlite:///{tmp_path / 'gone.db'}")
    await locked.close()
    (tmp_path / "gone.db").unlink()
    (tmp_path / "gone.db").mkdir()

    known = await TicketsRead(locked).known_about(call)
    await locked.close()

    assert known.notes == ("听不清",)
    assert known.tickets == ()


@pytest.mark.covers("R-044")
async def test_the_trace_tells_who_did_what_and_holds_no_number(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    attempt = an_attempt()
    call = a_call(attempts=(attempt,))
    await gov.write(call, opening(call), sending(call, attempt))
    ended = replace(attempt, outcome=Outcome.BUSY, sip_code=486, ended_at=NOW + 9)
    await gov.write(
        replace(call, attempts=(ended,)),
        c.SendOutcome(call.call_id, call.incident_id, POLICE, attempt.attempt_id, Outcome.BUSY),
        at=NOW + 9,
    )
    first = (await gov.outgoing.unsent(POLICE, 1))[0]
    await gov.outgoing.receipted(first.message_id, NOW + 10)

    trace = await gov.read.trace(call.incident_id)

    assert [moment.what for moment in trace] == [
        "phase",
        "attempt",
        "OpenTicket",
        "ticket.opened",
        "SendHandover",
        "attempt",
        "SendOutcome",
        "receipt",
    ]
    outcome = [moment.detail for moment in trace if moment.what == "attempt"][-1]
    assert (outcome["outcome"], outcome["sip_code"]) == ("busy", 486)
    assert "19900001111" not in str(trace)
