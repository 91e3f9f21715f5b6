"""One incident, two platforms, one trace: calls with their causes, legs, recordings, steps, messages, who and when."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from ulid import ULID

from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain import commands as c
from callflow.domain.calls import Agent, Attempt, Call, Recording
from callflow.domain.names import (
    AgentId,
    AttemptId,
    CallId,
    ChannelName,
    Consent,
    Kind,
    Outcome,
    Phase,
    Recorded,
    RecordingId,
    SiteId,
    TargetCode,
    Way,
)
from callflow.domain.tickets import FedBack, Signed
from tests.contract.exchange.conftest import NOW, Platform
from tests.contract.exchange.test_the_pair_lives import ferry, step
from tests.contract.web.desk import Desk
from tests.contract.web.house import House

GOV, POLICE = SiteId("12345"), SiteId("110")
NUMBER = "19900001111"


def ulid() -> str:
    return str(ULID())


@pytest.fixture
async def supervisor(gov: Platform) -> AsyncIterator[Desk]:
    """A supervisor at the 12345, whose page reads the 12345's books and nothing else."""
    house: Any = House()
    house.facts, house.tickets = SqlFacts(gov.database, gov.site), TicketsRead(gov.database)
    await house.open()
    yield await house.desk(house.supervisor)
    await house.close()


def talked(call: Call, agent: str, *attempts: Attempt, recorded: bool = True) -> Call:
    """The call with its agent, ten seconds after it came; it has ended after two minutes, by the caller."""
    recordings = (Recording(RecordingId(ulid()), Recorded.CALL, NOW + 10, NOW + 120),) if recorded else ()
    return replace(
        call,
        phase=Phase.ENDED,
        agent=Agent(AgentId(agent), ChannelName(f"PJSIP/{agent}-1"), NOW + 10),
        agents=(AgentId(agent),),
        attempts=attempts,
        recordings=recordings,
        ended_at=NOW + 120,
        end_cause=16,
    )


@pytest.mark.covers("R-044", "R-043")
async def test_what_happened_at_both_platforms_stands_in_one_row(
    gov: Platform, police: Platform, a_call: Callable[..., Call], supervisor: Desk
) -> None:
    call = a_call()
    busy, joined = (
        Attempt(AttemptId(ulid()), TargetCode("110"), Kind.ONE_KEY, Way.DESK, Consent.AGREED, NOW + at, outcome=outcome)
        for at, outcome in ((20, Outcome.BUSY), (40, Outcome.JOINED))
    )
    busy = replace(busy, ringing_at=NOW + 21, ended_at=NOW + 22, sip_code=486, cause=17)
    joined = replace(joined, ringing_at=NOW + 41, joined_at=NOW + 45, ended_at=NOW + 120, cause=16)
    ids = (call.call_id, call.incident_id)
    sent = c.SendHandover(*ids, POLICE, joined.attempt_id, Kind.ONE_KEY, danger=False)
    await gov.write(call, c.OpenTicket(*ids), sent)
    await ferry(gov, police)
    here = a_call(site=POLICE, incident_id=call.incident_id, call_id=CallId(ulid()))
    here = replace(here, caller=replace(here.caller, from_site=GOV))
    await police.write(here, c.OpenTicket(here.call_id, here.incident_id))

    await gov.write(talked(call, "8001", busy, joined))
    await police.write(talked(here, "9001"))
    theirs = await police.tickets.ticket_of(call.incident_id)
    await step(police, theirs.ticket_id, Signed(NOW + 200, "9001"))
    await step(police, theirs.ticket_id, FedBack(NOW + 300, "9002", result="已调解"), text="已调解")
    await ferry(gov, police)

    status, trace = await supervisor.get(f"/api/v1/incidents/{call.incident_id}/trace")

    assert status == 200, trace
    row = [(one["platform"], one["what"], one["who"]) for one in trace["timeline"]]
    for platform, agent, mine in ((GOV, "8001", call), (POLICE, "9001", here)):
        assert (platform, "call.answered", agent) in row
        whats = [
            one["what"] for one in trace["timeline"] if one["call_id"] == mine.call_id and one["what"] != "call.phase"
        ]
        assert (whats[0], whats[-1]) == ("call.arrived", "call.ended")
        assert {"recording.begun", "recording.ended"} <= set(whats)
    legs = [one for one in trace["timeline"] if one["what"].startswith("leg.")]
    assert [one["what"] for one in legs].count("leg.invited") == 2
    ended = {one["detail"]["outcome"]: one["detail"] for one in legs if one["what"] == "leg.ended"}
    assert (ended["busy"]["sip_code"], ended["busy"]["cause"], ended["joined"]["cause"]) == (486, 17, 16)
    steps = {(one["platform"], one["what"]): (one["who"], one["at"]) for one in trace["timeline"] if one["ticket_id"]}
    assert steps[POLICE, "ticket.signed"] == ("9001", NOW)
    assert steps[POLICE, "ticket.fed_back"][0] == "9002"
    assert steps[GOV, "ticket.peer_fed_back"][0] == POLICE
    assert {"message.taken", "message.delivered"} <= {what for _, what, _ in row}
    assert [one["at"] for one in trace["timeline"]] == sorted(one["at"] for one in trace["timeline"])
    assert NUMBER not in str(trace)


@pytest.mark.covers("R-044", "R-061")
async def test_a_call_that_was_over_before_the_other_platform_heard_of_it_is_told_once_he_has_his_ticket(
    gov: Platform, police: Platform, a_call: Callable[..., Call]
) -> None:
    call = a_call()
    attempt = AttemptId(ulid())
    ids = (call.call_id, call.incident_id)
    await gov.write(call, c.OpenTicket(*ids), c.SendHandover(*ids, POLICE, attempt, Kind.ONE_KEY, danger=False))
    await gov.write(talked(call, "8001", recorded=False))  # the line between the platforms was down meanwhile

    for _ in range(3):
        await ferry(gov, police)

    told = [one for one in await police.tickets.trace(call.incident_id) if one.what == "KeepPeerCall"]
    assert [(one.detail["peer"], one.detail["call"]["end_cause"]) for one in told] == [(GOV, 16)]
    assert NUMBER not in str([one.detail for one in told])
