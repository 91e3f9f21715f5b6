"""Which agent hands a caller over crosses as he signs (R-019): before the caller's voice, after it, or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from callflow.adapters.sql.facts import SqlFacts
from callflow.domain import commands as c
from callflow.domain import events as e
from callflow.domain.calls import Attempt, Call
from callflow.domain.names import AgentId, Consent, Kind, SiteId, TargetCode, Way
from callflow.domain.screenpop import pop
from callflow.service.messages import Handover
from tests.contract.exchange.conftest import NOW
from tests.contract.exchange.test_fields import STATED
from tests.contract.exchange.test_live_line import GOV, POLICE, delivered, handover

Platform = Any
MakeCall = Callable[..., Call]
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
CLERK, OFFICER = AgentId("8002"), AgentId("8119")


def begun_by(call: Call, agent_id: AgentId | None) -> tuple[Call, c.SendHandover]:
    """The call with an attempt of this agent's, and the message that it sends."""
    sent = handover(call)
    attempt = Attempt(
        sent.attempt_id, TargetCode("110"), Kind.ONE_KEY, Way.DESK, Consent.AGREED, NOW, requested_by=agent_id
    )
    return replace(call, attempts=(attempt,)), sent


def from_gov(call: Call) -> Call:
    """He is at 110 now, and came from 12345."""
    return replace(call, caller=replace(call.caller, from_site=GOV))


@pytest.fixture
def hall(gov: Platform) -> Platform:
    """12345, with an officer of 110 in its hall."""
    officer = gov.site.agent[0].model_copy(update={"id": OFFICER, "organisation": "110"})
    gov.facts = SqlFacts(gov.database, gov.site.model_copy(update={"agent": (*gov.site.agent, officer)}))
    return gov


@pytest.mark.covers("R-019", "R-044")
@pytest.mark.parametrize(("agent_id", "signed"), [(CLERK, "8002"), (OFFICER, "8119.110"), (None, "")])
async def test_it_comes_before_the_voice_and_is_in_the_ticket_the_pop_and_the_trace(
    *, hall: Platform, police: Platform, a_call: MakeCall, until: Until, agent_id: AgentId | None, signed: str
) -> None:
    call, sent = begun_by(a_call(), agent_id)
    await hall.write(call, sent)
    hall.start_lines()
    await until(delivered(hall, POLICE))

    here = from_gov(a_call(site=POLICE, incident_id=call.incident_id))
    known = await police.tickets.known_about(here)
    told = [one.detail for one in await police.tickets.trace(call.incident_id) if one.what == "OpenLinkedTicket"]

    assert (await police.tickets.ticket_of(call.incident_id)).handed_by == signed
    assert await police.facts.handed_by(call.incident_id, GOV) == signed
    assert pop(here, known)["by"] == signed
    assert [one.get("handed_by", "") for one in told] == [signed]
    assert await police.facts.handed_by(call.incident_id, SiteId("028")) == ""


@pytest.mark.covers("R-019")
async def test_it_comes_after_the_voice_and_behind_danger_and_is_told_to_the_call(
    hall: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    call, sent = begun_by(a_call(), OFFICER)
    here = from_gov(a_call(site=POLICE, incident_id=call.incident_id))
    await police.write(here, c.OpenTicket(here.call_id, here.incident_id))
    assert (await police.tickets.known_about(here)).handed_by == ""

    await hall.write(call, c.SendDanger(call.call_id, call.incident_id, POLICE), sent)
    hall.start_lines()
    await until(delivered(hall, POLICE))

    told = [event.by for event, _ in police.told if isinstance(event, e.PeerTicketOpened)]
    assert told == [None, "8119.110"]
    assert (await police.tickets.known_about(here)).handed_by == "8119.110"


@pytest.mark.covers("R-019")
async def test_the_newest_handover_counts_and_what_is_none_takes_nothing_back(
    hall: Platform, police: Platform, a_call: MakeCall, until: Until
) -> None:
    first, sent = begun_by(a_call(), CLERK)
    second, sent_again = begun_by(first, OFFICER)
    await hall.write(first, sent)
    await hall.write(second, sent_again, c.SendDanger(first.call_id, first.incident_id, POLICE))
    hall.start_lines()
    await until(delivered(hall, POLICE))

    assert (await police.tickets.ticket_of(first.incident_id)).handed_by == "8119.110"


@pytest.mark.covers("R-045", "R-019")
def test_a_peer_of_before_says_nobody() -> None:
    assert Handover.model_validate(STATED).by == ""


@pytest.mark.covers("R-019", "T-19")
@pytest.mark.parametrize(
    "by", ["8002\n", "8002.", ".110", "8119.110.12345", "<b>", "张三", "8002 12345", "8" * 17, "8", "8002.${SHELL(id)}"]
)
def test_a_signature_is_a_code_and_a_platform_and_nothing_else(by: str) -> None:
    with pytest.raises(ValidationError):
        Handover.model_validate(STATED | {"by": by})
