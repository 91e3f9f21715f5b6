"""The steps that many stories share: a talk, the one key, the join, who leaves."""

from __future__ import annotations

from dataclasses import replace

from callflow.domain.events import (
    AgentAnswered,
    AgentOffered,
    CallerEnded,
    Event,
    HandoverRequested,
    LegLeft,
    TargetInvited,
    TargetJoined,
)
from callflow.domain.names import Consent, Kind, Role, Way
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    FIRST,
    TO_POLICE,
    TRUNK,
    caller_arrived,
)

TALK: list[Event] = [
    caller_arrived(),
    AgentOffered(CALL, 1.0, AGENT, AGENT_CHANNEL),
    AgentAnswered(CALL, 3.0, AGENT, AGENT_CHANNEL),
]
ONE_KEY = HandoverRequested(CALL, 10.0, AGENT, FIRST, TO_POLICE, Kind.ONE_KEY, Consent.AGREED, "")
THREE_PARTY = replace(ONE_KEY, kind=Kind.THREE_PARTY)
INVITED = TargetInvited(CALL, 10.1, FIRST, TO_POLICE, Kind.ONE_KEY, Way.DESK, TRUNK, danger=False)
JOINED = TargetJoined(CALL, 16.0, FIRST)
AGENT_HUNG_UP = LegLeft(CALL, 20.0, Role.AGENT, AGENT_CHANNEL, 16)
HUNG_UP = CallerEnded(CALL, 120.0, 16, by_fault=False)


def target_left(at: float, cause: int = 16) -> LegLeft:
    return LegLeft(CALL, at, Role.TARGET, TRUNK, cause, FIRST)
