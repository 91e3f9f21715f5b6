"""Danger that is raised in the middle of a call reaches the life of the ticket that it has, not only its row."""

from dataclasses import replace

import pytest

from callflow.domain.commands import MarkTicket
from callflow.domain.ticket_refusals import TicketRefusal
from callflow.domain.tickets import CalledBack
from tests.contract.adapters.books import NOW, Books, MakeCall, opening


@pytest.mark.covers("R-008", "R-054")
async def test_danger_that_is_raised_in_a_call_is_in_its_tickets_life_once(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    await gov.write(call, opening(call))
    raised = MarkTicket(call.call_id, call.incident_id, "danger")
    for _ in range(2):
        await gov.write(replace(call, danger=True), raised)
    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None

    steps = [row.step for row in await gov.read.steps_of(ticket.ticket_id)]
    assert steps == ["escalated"]
    assert ticket.life is not None
    assert ticket.life.danger
    asked = await gov.lives.live_on(ticket.ticket_id, CalledBack(NOW, "8001", satisfied=None), key="cb", at=NOW)
    assert asked is not None
    assert asked.refused is TicketRefusal.NO_CALL_BACK_IN_DANGER
