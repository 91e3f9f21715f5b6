"""A number's history of nuisance: counted from the books, told with the handover, shown in the pop (R-015)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ulid import ULID

from callflow.domain import commands as c
from callflow.domain.calls import Call
from callflow.domain.names import AgentId, CallId, Recorded, RecordingId
from callflow.service.message_parts import Nuisance
from callflow.service.take_in import NO_CALL, OpenLinkedTicket
from tests.contract.adapters.books import (
    GOV,
    NOW,
    POLICE,
    Books,
    MakeAttempt,
    MakeCall,
    incident,
    matter,
    opening,
    sending,
)


def another(call: Call) -> Call:
    return replace(call, call_id=CallId(str(ULID())), incident_id=incident(), nuisance=True)


def marking(call: Call) -> c.MarkNuisance:
    return c.MarkNuisance(call.call_id, call.incident_id, AgentId("8001"))


@pytest.mark.covers("R-015")
async def test_the_history_goes_with_the_handover(gov: Books, a_call: MakeCall, an_attempt: MakeAttempt) -> None:
    first = another(a_call())
    second, attempt = another(first), an_attempt()
    second = replace(second, attempts=(attempt,))
    taped = RecordingId(str(ULID()))
    kept = c.KeepRecording(first.call_id, first.incident_id, taped, Recorded.CALL, NOW, NOW + 9)

    await gov.write(first, opening(first), marking(first), kept, at=NOW)
    await gov.write(second, opening(second), marking(second), at=NOW + 60)
    await gov.write(second, sending(second, attempt), at=NOW + 61)

    told = (await gov.messages(POLICE))[-1]["body"]["nuisance"]
    assert told == {"count": 2, "times": [NOW + 60, NOW], "recordings": [taped]}
    known = await gov.read.known_about(another(first))
    assert "2次" in known.notes[0]


@pytest.mark.covers("R-015")
async def test_without_a_mark_on_this_call_nothing_is_told_and_no_number_is_no_history(
    gov: Books, a_call: MakeCall, an_attempt: MakeAttempt
) -> None:
    marked, attempt = another(a_call(caller={"number": ""})), an_attempt()
    plain = replace(a_call(), attempts=(attempt,))

    await gov.write(marked, opening(marked), marking(marked))
    await gov.write(plain, opening(plain), sending(plain, attempt))

    assert (await gov.messages(POLICE))[-1]["body"]["nuisance"] is None
    assert (await gov.read.known_about(marked)).notes == ()


@pytest.mark.covers("R-015")
async def test_the_other_platform_reads_it_before_the_note(police: Books) -> None:
    past = Nuisance(count=3, times=(NOW,), recordings=())
    record = OpenLinkedTicket(NO_CALL, incident(), GOV, matter(nuisance=past))

    await police.write(None, record)

    ticket = await police.read.ticket_of(record.incident_id)
    assert ticket is not None
    history, note = ticket.peer_note.splitlines()
    assert "3次" in history
    assert "不得据此拒接" in history
    assert note == "楼上有人打架"
