"""Private consults: our agent asks the target alone first, while the caller hears music; every end of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import CancelAttempt, FetchCaller, InviteTarget, MarkTicket, ReportDanger, TellAgent
from callflow.domain.events import (
    CallerEnded,
    CancelRequested,
    ConsultStarted,
    DangerRaised,
    Event,
    HandoverRequested,
    JoinRequested,
    LegLeft,
    StayRequested,
    TargetJoined,
)
from callflow.domain.names import Consent, Kind, Outcome, Phase, Role
from callflow.domain.refusals import RefusalCode, refusal
from tests.unit.domain.made_up import AGENT, AGENT_CHANNEL, CALL, FIRST, GOV_RULES, INCIDENT, SECOND, TO_FIRE, TO_POLICE
from tests.unit.domain.scenes import ONE_KEY, TALK, THREE_PARTY, target_left
from tests.unit.domain.story import Story

PRIVATELY = replace(ONE_KEY, private=True)
CONSULTING = ConsultStarted(CALL, 12.0, FIRST)
JOIN = JoinRequested(CALL, 20.0, AGENT)
AT_FIRE = HandoverRequested(CALL, 13.0, AGENT, SECOND, TO_FIRE, Kind.THREE_PARTY, Consent.AGREED, "")


def test_our_agent_asks_the_target_alone_and_then_brings_the_caller_in() -> None:
    story = Story(*TALK).when(PRIVATELY).so_it_is(Phase.INVITING)
    assert InviteTarget(CALL, FIRST, TO_POLICE, Kind.ONE_KEY, danger=False, private=True) in story.last.orders

    story.when(CONSULTING).then_nothing_happens().so_it_is(Phase.CONSULTING)
    story.when(JOIN).then_we(FetchCaller(CALL)).so_it_is(Phase.CONSULTING)
    story.when(TargetJoined(CALL, 20.1, FIRST)).so_it_is(Phase.THREE_WAY)

    story.when_time_is_up("grace").so_it_is(Phase.THREE_WAY, released=True)


def test_a_join_that_did_not_come_about_may_be_asked_for_again() -> None:
    story = Story(*TALK, PRIVATELY, CONSULTING, JOIN)

    story.when(replace(JOIN, at=25.0)).then_we(FetchCaller(CALL))


def test_kept_for_a_three_party_call_our_agent_is_not_released_after_the_join() -> None:
    story = Story(*TALK, PRIVATELY, CONSULTING, StayRequested(CALL, 13.0, AGENT), JOIN)

    story.when(TargetJoined(CALL, 20.1, FIRST)).so_it_is(Phase.THREE_WAY)

    assert story.call.attempts[0].kind is Kind.THREE_PARTY


@pytest.mark.covers("R-005")
@pytest.mark.parametrize(
    ("cause", "outcome"), [(16, Outcome.REJECTED), (44, Outcome.LOST_AFTER_ANSWER), (38, Outcome.LOST_AFTER_ANSWER)]
)
def test_the_target_leaves_the_consult_so_the_caller_is_back_with_his_agent(cause: int, outcome: Outcome) -> None:
    story = Story(*TALK, PRIVATELY, CONSULTING).when(target_left(15.0, cause)).so_it_is(Phase.TALKING)

    assert MarkTicket(CALL, INCIDENT, "not_connected") in story.last.records
    assert story.last.orders == (TellAgent(CALL, AGENT, outcome),)
    assert story.call.attempts[0].outcome is outcome


def test_a_consult_that_our_agent_ends_by_his_phone_is_his_own_cancel() -> None:
    story = Story(*TALK, PRIVATELY, CONSULTING).when(replace(target_left(15.0), by_himself=False))

    assert story.call.attempts[0].outcome is Outcome.CANCELLED


def test_a_cancelled_consult_is_told_apart_from_a_declined_one() -> None:
    story = Story(*TALK, PRIVATELY, CONSULTING).when(CancelRequested(CALL, 14.0, AGENT, None))
    story.then_we(CancelAttempt(CALL, FIRST, TO_POLICE))

    story.when(target_left(14.2)).so_it_is(Phase.TALKING)

    assert story.call.attempts[0].outcome is Outcome.CANCELLED


@pytest.mark.parametrize("cause", [16, 44])
def test_our_agent_leaves_the_consult_so_the_target_has_the_caller(cause: int) -> None:
    story = Story(*TALK, PRIVATELY, CONSULTING).when(LegLeft(CALL, 15.0, Role.AGENT, AGENT_CHANNEL, cause))
    story.so_it_is(Phase.WAITING)

    story.when(TargetJoined(CALL, 15.1, FIRST)).so_it_is(Phase.HANDED_OVER)


@pytest.mark.parametrize("cause", [16, 44])
def test_both_leave_the_consult_so_the_caller_is_rung_for(cause: int) -> None:
    story = Story(*TALK, PRIVATELY, CONSULTING, LegLeft(CALL, 15.0, Role.AGENT, AGENT_CHANNEL, 16))

    story.when(target_left(15.1, cause)).so_it_is(Phase.RECALLING, alone_since=None)


def test_the_caller_leaves_the_music_so_the_two_agents_talk_on() -> None:
    story = Story(*TALK, PRIVATELY, CONSULTING).when(CallerEnded(CALL, 15.0, 16, by_fault=False))
    story.so_it_is(Phase.AGENTS_ONLY)

    story.when(target_left(30.0)).so_it_is(Phase.ENDED)


@pytest.mark.covers("R-008")
def test_danger_in_a_consult_rings_110_at_once() -> None:
    story = Story(*TALK, replace(PRIVATELY, target=TO_FIRE), CONSULTING).when(DangerRaised(CALL, 13.0, AGENT))

    assert isinstance(story.last.orders[-1], ReportDanger)
    story.when(TargetJoined(CALL, 13.1, FIRST)).so_it_is(Phase.THREE_WAY)


@pytest.mark.parametrize("asked", [AT_FIRE, replace(AT_FIRE, private=True)])
@pytest.mark.parametrize("so_far", [[PRIVATELY], [PRIVATELY, CONSULTING]])
def test_while_a_consult_rings_or_runs_nobody_else_is_invited(asked: HandoverRequested, so_far: list[Event]) -> None:
    call = Story(*TALK, *so_far).call

    assert refusal(call, asked, GOV_RULES) is RefusalCode.HANDOVER_IN_PROGRESS


def test_nobody_is_taken_aside_while_a_target_still_rings_or_a_third_party_is_in() -> None:
    ringing = Story(*TALK, THREE_PARTY)
    assert refusal(ringing.call, replace(AT_FIRE, private=True), GOV_RULES) is RefusalCode.HANDOVER_IN_PROGRESS

    joined = ringing.when(TargetJoined(CALL, 12.0, FIRST)).call
    assert refusal(joined, replace(AT_FIRE, private=True), GOV_RULES) is RefusalCode.THIRD_PARTY_IN
    assert refusal(joined, AT_FIRE, GOV_RULES) is None


@pytest.mark.parametrize("so_far", [[], [PRIVATELY], [PRIVATELY, CONSULTING, target_left(13.0)]])
def test_without_a_consult_there_is_nothing_to_join(so_far: list[Event]) -> None:
    assert refusal(Story(*TALK, *so_far).call, JOIN, GOV_RULES) is RefusalCode.NOTHING_TO_JOIN


def test_once_the_caller_is_gone_nobody_can_be_put_to_them() -> None:
    call = Story(*TALK, PRIVATELY, CONSULTING, CallerEnded(CALL, 15.0, 16, by_fault=False)).call

    assert refusal(call, JOIN, GOV_RULES) is RefusalCode.CALLER_GONE
