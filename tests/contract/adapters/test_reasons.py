"""Why an agent decided as he did stands with the ticket; the audit has its length and nothing of it."""

from __future__ import annotations

import json

import pytest

from callflow.domain import commands as c
from callflow.domain.calls import Call
from callflow.domain.names import AgentId, TicketId
from tests.contract.adapters.books import NOW, Books, MakeCall, opening

WHY = "张三，身份证510104，说他儿子在警方处"


def reason(call: Call, about: str, text: str = WHY) -> c.KeepReason:
    return c.KeepReason(call.call_id, call.incident_id, AgentId("8001"), about, text)


@pytest.mark.covers("R-006", "R-003")
async def test_a_reason_is_on_the_ticket_and_not_in_the_audit(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    await gov.write(call, opening(call), reason(call, "owner"))
    await gov.write(call, reason(call, "consent", "不同意"), at=NOW + 5)

    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    kept = await gov.read.reasons(ticket.ticket_id)
    moments = await gov.read.trace(call.incident_id)

    assert [(one["about"], one["by"], one["text"], one["at"]) for one in kept] == [
        ("owner", "8001", WHY, NOW),
        ("consent", "8001", "不同意", NOW + 5),
    ]
    said = [moment.detail for moment in moments if moment.what == "KeepReason"]
    assert said[0] == {"about": "owner", "agent_id": "8001", "characters": len(WHY), "kept": True}
    assert WHY not in json.dumps([moment.detail for moment in moments], ensure_ascii=False)


async def test_without_a_ticket_a_reason_is_not_kept_and_the_audit_says_so(gov: Books, a_call: MakeCall) -> None:
    call = a_call()
    await gov.write(call, reason(call, "owner"))

    (said,) = [one.detail for one in await gov.read.trace(call.incident_id) if one.what == "KeepReason"]
    assert said["kept"] is False
    assert await gov.read.reasons(TicketId("GD20261122000001")) == []
