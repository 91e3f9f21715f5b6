"""Whose matter it is, story by story."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import MarkTicket, SendOwnerDecision, SendOwnerSettled, SettleOwner
from callflow.domain.events import (
    AgentAnswered,
    CallerEnded,
    Event,
    LegLeft,
    OwnerDecided,
    PeerOwnerDecided,
    PeerOwnerSettled,
    TargetJoined,
)
from callflow.domain.names import Kind, Phase, Role, Settled, SiteId
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    FIRST,
    GOV,
    INCIDENT,
    POLICE,
    POLICE_RULES,
    caller_arrived,
)
from tests.unit.domain.scenes import AGENT_HUNG_UP, JOINED, ONE_KEY, TALK, THREE_PARTY
from tests.unit.domain.story import Story

IN_THREE: list[Event] = [*TALK, THREE_PARTY, JOINED]
AT_110: list[Event] = [caller_arrived(from_site=GOV, hop=1), AgentAnswered(CALL, 3.0, AGENT, AGENT_CHANNEL)]


def accepted(at: float = 30.0, *, accept: bool = True) -> OwnerDecided:
    return OwnerDecided(CALL, at, AGENT, accept)


def peer_accepted(at: float = 31.0, *, accept: bool = True) -> PeerOwnerDecided:
    return PeerOwnerDecided(CALL, at, POLICE, accept)


@pytest.mark.covers("R-006")
def test_our_agent_accepts_and_the_police_are_told() -> None:
    story = Story(*IN_THREE).when(accepted())

    story.then_we(
        SendOwnerDecision(CALL, INCIDENT, POLICE, accept=True),
        SettleOwner(CALL, INCIDENT, GOV, Settled.AGREED),
        MarkTicket(CALL, INCIDENT, "kept"),
        SendOwnerSettled(CALL, INCIDENT, POLICE, GOV, Settled.AGREED),
    )


@pytest.mark.covers("R-006")
def test_both_accept_and_the_first_decisive_press_wins() -> None:
    ours_first = Story(*IN_THREE).when(accepted(30.0)).when(peer_accepted(31.0)).then_nothing_happens()
    theirs_first = Story(*IN_THREE).when(peer_accepted(30.0)).when(accepted(31.0)).then_nothing_happens()

    assert ours_first.call.ownership.owner == GOV
    assert theirs_first.call.ownership.owner == POLICE


@pytest.mark.covers("R-006", "R-007")
def test_both_refuse_and_the_first_receiver_keeps_it_by_rule() -> None:
    story = Story(*IN_THREE).when(accepted(30.0, accept=False)).when(peer_accepted(31.0, accept=False))

    assert (story.call.ownership.owner, story.call.ownership.settled) == (GOV, Settled.BY_RULE)


def test_one_refusal_alone_settles_nothing_and_may_be_changed() -> None:
    story = Story(*IN_THREE).when(accepted(30.0, accept=False))
    assert story.call.ownership.settled is None

    story.when(accepted(40.0))

    assert (story.call.ownership.owner, story.call.ownership.settled) == (GOV, Settled.AGREED)


@pytest.mark.covers("R-007")
def test_nobody_agrees_in_time_after_the_call_so_the_first_receiver_keeps_it() -> None:
    story = Story(*IN_THREE, CallerEnded(CALL, 60.0, 16, by_fault=False), replace(AGENT_HUNG_UP, at=61.0))
    story.so_it_is(Phase.ENDED)
    assert story.call.ownership.settled is None

    story.when_time_is_up("owner").so_it_is(Phase.ENDED)

    assert story.now == 61.0 + 60.0
    assert (story.call.ownership.owner, story.call.ownership.settled) == (GOV, Settled.BY_RULE)


def test_they_may_still_agree_after_the_call() -> None:
    story = Story(*IN_THREE, CallerEnded(CALL, 60.0, 16, by_fault=False), replace(AGENT_HUNG_UP, at=61.0))

    story.when(peer_accepted(90.0))

    assert story.call.ownership.owner == POLICE


def test_a_call_that_never_reached_the_police_stays_with_us_at_once() -> None:
    story = Story(*TALK).when(CallerEnded(CALL, 60.0, 16, by_fault=False))

    story.then_we(SettleOwner(CALL, INCIDENT, GOV, Settled.FIRST_RECEIVER))


def test_a_platform_that_has_nothing_to_do_with_it_cannot_accept() -> None:
    story = Story(*IN_THREE).when(PeerOwnerDecided(CALL, 30.0, SiteId("028"), accept=True))

    story.then_nothing_happens()


def test_110_asks_and_12345_who_holds_the_citizen_settles() -> None:
    story = Story(*AT_110, rules=POLICE_RULES)

    story.when(accepted()).then_we(SendOwnerDecision(CALL, INCIDENT, GOV, accept=True))
    assert story.call.ownership.settled is None
    story.when(PeerOwnerSettled(CALL, 31.0, GOV, POLICE, "agreed")).then_we(
        SettleOwner(CALL, INCIDENT, POLICE, Settled.AGREED), MarkTicket(CALL, INCIDENT, "kept")
    )


@pytest.mark.parametrize(
    "wrong",
    [
        PeerOwnerSettled(CALL, 31.0, SiteId("028"), POLICE, "agreed"),
        PeerOwnerSettled(CALL, 31.0, GOV, SiteId("028"), "agreed"),
        PeerOwnerSettled(CALL, 31.0, GOV, POLICE, "because"),
    ],
)
def test_nobody_else_settles_and_only_between_the_two(wrong: PeerOwnerSettled) -> None:
    Story(*AT_110, rules=POLICE_RULES).when(wrong).then_nothing_happens()


def test_handing_back_by_one_key_says_that_110_does_not_keep_it() -> None:
    back = replace(ONE_KEY, target=GOV)
    story = Story(*AT_110, back, TargetJoined(CALL, 16.0, FIRST), rules=POLICE_RULES)

    story.when(LegLeft(CALL, 20.0, Role.AGENT, AGENT_CHANNEL, 16))

    assert SendOwnerDecision(CALL, INCIDENT, GOV, accept=False) in story.last.records


def test_a_one_key_to_a_line_without_our_exchange_leaves_the_owner_here() -> None:
    story = Story(*TALK, replace(ONE_KEY, target="119"), JOINED, AGENT_HUNG_UP)

    assert story.call.attempts[0].kind is Kind.ONE_KEY
    assert story.call.ownership.owner == GOV


@pytest.mark.covers("R-007")
def test_an_incident_that_came_unsigned_is_settled_here_since_nobody_else_has_it() -> None:
    story = Story(caller_arrived(from_site=GOV, hop=1, signed=False), rules=POLICE_RULES)
    story.when(CallerEnded(CALL, 5.0, 16, by_fault=False))

    story.then_we(MarkTicket, SettleOwner(CALL, INCIDENT, GOV, Settled.FIRST_RECEIVER))
    assert story.call.ownership.settled is Settled.FIRST_RECEIVER
