"""The agent is told that his account is used from a new address; once, whoever tells it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from callflow.adapters.fakes import FakeDesks, FakeFacts
from callflow.domain.commands import PhoneMoved
from callflow.domain.names import AgentId, IncidentId
from callflow.domain.phones import Move
from callflow.service.phones import PhoneWatch
from callflow.service.take_in import NO_CALL

AGENT, CHIEF = AgentId("8001"), AgentId("8100")
MOVE = Move(AGENT, ip_address("198.51.100.7"), 5.0)


@pytest.mark.covers("T-12")
async def test_agent_and_supervisor_are_told_and_it_is_written_down_once() -> None:
    facts, desks = FakeFacts(), FakeDesks()
    watches = [PhoneWatch(lambda: (MOVE,), facts, desks, (CHIEF,), lambda: 6.0) for _ in range(2)]

    told = [await watch.tell(MOVE) for watch in watches]

    assert told == [True, False]
    assert facts.records == [PhoneMoved(NO_CALL, IncidentId(""), AGENT, "198.51.100.7")]
    for agent in (AGENT, CHIEF):
        ((name, body),) = desks.streams[agent]
        assert (name, body["agent_id"], body["address"], body["at"]) == ("phone", AGENT, "198.51.100.7", 5.0)
        assert body["zh"]
        assert body["en"]
