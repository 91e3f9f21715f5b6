"""The laws of the whole table (architecture §5), over every state that a call can reach."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from callflow.domain import commands, events
from callflow.domain.clocks import CLOCKS
from callflow.domain.commands import Order
from callflow.domain.events import (
    AgentAnswered,
    CallerEnded,
    ConsultStarted,
    DangerRaised,
    DeskEvent,
    Event,
    HandoverRequested,
    LegLeft,
    PeerEvent,
    TargetInvited,
    TargetJoined,
)
from callflow.domain.handover import TABLE, nothing
from callflow.domain.names import Consent, Kind, Phase, Role, SiteId, Way
from callflow.domain.refusals import GUARDS
from callflow.domain.time_is_up import WHEN_TIME_IS_UP
from tests.unit.domain.every_state import Seen, Transition, walk
from tests.unit.domain.laws import OVER
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    FIRST,
    GOV,
    GOV_RULES,
    POLICE,
    POLICE_RULES,
    SECOND,
    TO_FIRE,
    TO_GOV,
    TO_POLICE,
    TRUNK,
    caller_arrived,
    one_of_each,
)

EVENTS = {
    kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind not in (Event, DeskEvent, PeerEvent)
}

ANSWERED = [caller_arrived(), AgentAnswered(CALL, 0.0, AGENT, AGENT_CHANNEL)]
INVITED: list[Any] = [
    *ANSWERED,
    TargetInvited(CALL, 1.0, FIRST, TO_POLICE, Kind.ONE_KEY, Way.PHONE_KEY, TRUNK, danger=False),
]
BOTH_INVITED = [
    *INVITED,
    TargetInvited(CALL, 2.0, SECOND, TO_FIRE, Kind.THREE_PARTY, Way.PHONE_KEY, TRUNK, danger=False),
]
FROM_12345 = [caller_arrived(from_site=GOV, hop=1)]
HISTORIES: list[list[Event]] = [
    [caller_arrived()],
    [caller_arrived(from_site=POLICE, hop=1)],
    [*INVITED, TargetJoined(CALL, 5.0, FIRST)],
    [*BOTH_INVITED, ConsultStarted(CALL, 3.0, FIRST), TargetJoined(CALL, 4.0, SECOND)],
    [
        *INVITED,
        TargetJoined(CALL, 2.0, FIRST),
        LegLeft(CALL, 60.0, Role.TARGET, TRUNK, 16, FIRST),
        DangerRaised(CALL, 61.0, AGENT),
        CallerEnded(CALL, 62.0, 16, by_fault=False),
    ],
    [
        *ANSWERED,
        LegLeft(CALL, 2.0, Role.AGENT, AGENT_CHANNEL, 16),
        DangerRaised(CALL, 2.1, AGENT),
    ],
    [*INVITED, ConsultStarted(CALL, 3.0, FIRST)],
    [
        *ANSWERED,
        HandoverRequested(CALL, 1.0, AGENT, FIRST, TO_POLICE, Kind.ONE_KEY, Consent.AGREED, "", private=True),
        ConsultStarted(CALL, 3.0, FIRST),
    ],
    [*BOTH_INVITED, TargetJoined(CALL, 4.0, SECOND)],
    [*FROM_12345, *INVITED[1:], ConsultStarted(CALL, 3.0, FIRST)],
    [*FROM_12345, *INVITED[1:], TargetJoined(CALL, 3.0, FIRST)],
    [  # handed back to where he came from
        *FROM_12345,
        AgentAnswered(CALL, 0.0, AGENT, AGENT_CHANNEL),
        replace(INVITED[-1], target=TO_GOV),
        TargetJoined(CALL, 3.0, FIRST),
        LegLeft(CALL, 3.3, Role.TARGET, TRUNK, 7, FIRST),
    ],
    [
        *ANSWERED,
        replace(INVITED[-1], kind=Kind.THREE_PARTY),
        TargetJoined(CALL, 2.0, FIRST),
        LegLeft(CALL, 9.0, Role.AGENT, AGENT_CHANNEL, 16),
        LegLeft(CALL, 60.0, Role.TARGET, TRUNK, 44, FIRST),
    ],
]


@cache
def seen_at(site: SiteId) -> Seen:
    return walk(HISTORIES, GOV_RULES if site == GOV else POLICE_RULES, depth=3)


def everything_seen() -> set[Transition]:
    return seen_at(GOV).transitions | seen_at(POLICE).transitions


@pytest.mark.covers("R-007", "C-09")
@pytest.mark.parametrize("site", [GOV, POLICE])
def test_every_law_holds_in_every_state_a_call_can_reach(site: SiteId) -> None:
    assert seen_at(site).states > 3_000  # a walk that meets hardly anything proves nothing


def test_every_row_that_promises_something_does_something() -> None:
    promised = {
        (phase, event) for phase, rows in TABLE.items() for event, row in rows.items() if row.rule is not nothing
    }

    assert promised == seen_at(GOV).effects | seen_at(POLICE).effects


def test_every_phase_has_a_row_for_every_event() -> None:
    missing = [(phase, event.__name__) for phase in Phase for event in EVENTS if event not in TABLE[phase]]

    assert missing == []


def test_no_row_answers_an_event_that_does_not_exist() -> None:
    assert {event for rows in TABLE.values() for event in rows} == EVENTS


def test_the_tests_know_one_of_each_event() -> None:
    assert {type(event) for event in one_of_each(0.0)} == EVENTS


def test_every_phase_is_reached() -> None:
    assert {after for _, _, after in everything_seen()} == set(Phase)


def test_every_way_that_the_table_shows_is_really_taken() -> None:
    promised = {
        (phase, event, to)
        for phase, rows in TABLE.items()
        for event, row in rows.items()
        for to in row.to
        if to is not phase
    }

    assert promised - everything_seen() == set()


def test_nothing_leaves_the_end() -> None:
    assert [row for phase in OVER for row in TABLE[phase].values() if row.to] == []
    assert {after for before, _, after in everything_seen() if before in OVER} == OVER


@pytest.mark.parametrize("phase", [p for p in Phase if p not in OVER])
def test_any_party_may_leave_in_any_live_phase(phase: Phase) -> None:
    assert TABLE[phase][LegLeft].rule is not nothing
    if phase is not Phase.AGENTS_ONLY:
        assert TABLE[phase][CallerEnded].rule is not nothing


@pytest.mark.parametrize("phase", [p for p in Phase if p not in OVER])
def test_every_live_phase_has_a_way_to_the_end(phase: Phase) -> None:
    """By people leaving; the walk proves it step by step, and the clocks look after whom nobody is with."""
    onward: dict[Phase, set[Phase]] = {}
    for before, _, after in everything_seen():
        onward.setdefault(before, set()).add(after)
    met, ahead = {phase}, [phase]
    while ahead:
        new = onward.get(ahead.pop(), set()) - met
        met |= new
        ahead.extend(new)

    assert met & OVER


def test_every_clock_has_its_consequence() -> None:
    assert {clock.__name__ for clocks in CLOCKS.values() for clock in clocks} == set(WHEN_TIME_IS_UP)
    assert set(CLOCKS) == set(Phase)


def test_no_order_exists_that_could_hang_up_the_caller() -> None:
    orders = {c.__name__ for c in vars(commands).values() if isinstance(c, type) and issubclass(c, Order)}

    assert orders == {
        "Order",
        "InviteTarget",
        "CancelAttempt",
        "FetchCaller",
        "KeepAgent",
        "ReleaseAgent",
        "RecallAgent",
        "ReportDanger",
        "PopScreen",
        "TellAgent",
    }


def test_danger_is_the_only_wish_of_a_desk_that_is_never_refused() -> None:
    wishes = {event for event in EVENTS if issubclass(event, DeskEvent)}

    assert wishes - set(GUARDS) == {DangerRaised}
