"""Handovers as they happen on the floor, told one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import (
    InviteTarget,
    KeepAgent,
    MarkTicket,
    OpenTicket,
    PopScreen,
    QueueCallBack,
    RecallAgent,
    RecordConsent,
    ReleaseAgent,
    SendHandover,
    SendOutcome,
    SendOwnerSettled,
    SettleOwner,
    TellAgent,
)
from callflow.domain.events import (
    AgentAnswered,
    AgentOffered,
    AttemptFailed,
    CallerEnded,
    CallerRecalled,
    CallerWaiting,
    Event,
    LeaveRequested,
    LegLeft,
    StayRequested,
)
from callflow.domain.names import Consent, Kind, Outcome, Phase, Role, Settled
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    COLLEAGUE,
    COLLEAGUE_CHANNEL,
    FIRST,
    INCIDENT,
    POLICE,
    SECOND,
    TO_FIRE,
    TO_POLICE,
    caller_arrived,
)
from tests.unit.domain.scenes import AGENT_HUNG_UP, HUNG_UP, INVITED, JOINED, ONE_KEY, TALK, THREE_PARTY, target_left
from tests.unit.domain.story import Story


@pytest.mark.covers("R-001", "R-003", "R-006")
def test_one_key_brings_the_police_to_the_citizen_and_then_our_agent_leaves() -> None:
    story = Story(caller_arrived())
    story.when(TALK[1]).then_we(PopScreen(CALL, AGENT)).so_it_is(Phase.QUEUED)
    story.when(TALK[2]).then_nothing_happens().so_it_is(Phase.TALKING)

    story.when(ONE_KEY).then_we(
        RecordConsent(CALL, INCIDENT, Consent.AGREED, AGENT),
        OpenTicket(CALL, INCIDENT),
        SendHandover(CALL, INCIDENT, POLICE, FIRST, Kind.ONE_KEY, danger=False),
        InviteTarget(CALL, FIRST, TO_POLICE, Kind.ONE_KEY, danger=False),
    ).so_it_is(Phase.INVITING)
    story.when(INVITED).then_nothing_happens().so_it_is(Phase.INVITING)
    story.when(JOINED).then_we(
        MarkTicket(CALL, INCIDENT, "connected"), SendOutcome(CALL, INCIDENT, POLICE, FIRST, Outcome.JOINED)
    ).so_it_is(Phase.THREE_WAY)
    story.when_time_is_up("grace").then_we(ReleaseAgent(CALL)).so_it_is(Phase.THREE_WAY)
    assert story.now == JOINED.at + 3.0
    story.when(AGENT_HUNG_UP).then_we(
        MarkTicket(CALL, INCIDENT, "handed_over"),
        SettleOwner(CALL, INCIDENT, POLICE, Settled.AGREED),
        SendOwnerSettled(CALL, INCIDENT, POLICE, POLICE, Settled.AGREED),
    ).so_it_is(Phase.HANDED_OVER)
    story.when(target_left(100.0)).so_it_is(Phase.HANDED_OVER)
    story.when(replace(HUNG_UP, at=100.2)).then_nothing_happens().so_it_is(Phase.ENDED)


@pytest.mark.covers("R-004")
def test_three_party_keeps_our_agent_until_he_leaves_by_himself() -> None:
    story = Story(*TALK, THREE_PARTY, JOINED)
    story.so_it_is(Phase.THREE_WAY)

    story.when(LeaveRequested(CALL, 60.0, AGENT)).then_we(ReleaseAgent(CALL, by_agent=True))
    story.when(replace(AGENT_HUNG_UP, at=60.3)).then_we(MarkTicket(CALL, INCIDENT, "handed_over"))
    story.so_it_is(Phase.HANDED_OVER)


def test_stay_turns_a_one_key_into_a_three_party_call() -> None:
    story = Story(*TALK, ONE_KEY).when(StayRequested(CALL, 12.0, AGENT)).then_we(KeepAgent(CALL))

    story.when(JOINED).so_it_is(Phase.THREE_WAY, stay=True)

    assert story.call.attempts[0].kind is Kind.THREE_PARTY


def test_stay_in_the_last_seconds_still_counts() -> None:
    story = Story(*TALK, ONE_KEY, JOINED).when(StayRequested(CALL, 18.5, AGENT)).then_we(KeepAgent(CALL))

    story.so_it_is(Phase.THREE_WAY, released=False)


@pytest.mark.covers("R-005")
@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.JOINED])
def test_the_target_does_not_come_so_the_citizen_talks_on_with_our_agent(outcome: Outcome) -> None:
    story = Story(*TALK, ONE_KEY)

    story.when(AttemptFailed(CALL, 15.0, FIRST, outcome, 486, 17)).then_we(
        MarkTicket(CALL, INCIDENT, "not_connected"),
        SendOutcome(CALL, INCIDENT, POLICE, FIRST, outcome),
        TellAgent(CALL, AGENT, outcome),
    ).so_it_is(Phase.TALKING)


@pytest.mark.covers("R-005")
def test_after_a_failed_one_key_a_three_party_call_is_the_next_press() -> None:
    story = Story(*TALK, ONE_KEY, AttemptFailed(CALL, 15.0, FIRST, Outcome.BUSY, 486, 17))

    story.when(replace(THREE_PARTY, at=20.0, attempt_id=SECOND)).so_it_is(Phase.INVITING)

    assert isinstance(story.last.orders[-1], InviteTarget)


@pytest.mark.covers("R-005")
def test_a_target_that_answers_and_falls_off_again_has_not_taken_the_citizen_over() -> None:
    story = Story(*TALK, ONE_KEY, JOINED)

    story.when(target_left(17.5)).then_we(
        MarkTicket(CALL, INCIDENT, "not_connected"),
        SendOutcome(CALL, INCIDENT, POLICE, FIRST, Outcome.LOST_AFTER_ANSWER),
        TellAgent(CALL, AGENT, Outcome.LOST_AFTER_ANSWER),
    ).so_it_is(Phase.TALKING)


def test_a_police_officer_who_says_goodbye_after_a_talk_has_not_failed() -> None:
    story = Story(*TALK, THREE_PARTY, JOINED).when(target_left(80.0)).then_nothing_happens()

    story.so_it_is(Phase.TALKING)
    assert story.call.attempts[0].outcome is Outcome.JOINED


def test_a_target_that_may_be_a_machine_never_costs_the_citizen_his_agent() -> None:
    to_fire = replace(ONE_KEY, target=TO_FIRE)  # a carrier's line: nobody vouches that a person answers

    story = Story(*TALK, to_fire, JOINED)

    story.so_it_is(Phase.THREE_WAY)
    with pytest.raises(AssertionError):
        story.when_time_is_up("grace")


def test_our_agent_hangs_up_while_it_rings_and_the_target_then_takes_the_citizen() -> None:
    story = Story(*TALK, ONE_KEY).when(replace(AGENT_HUNG_UP, at=12.0)).so_it_is(Phase.WAITING)

    story.when(CallerWaiting(CALL, 12.3)).so_it_is(Phase.WAITING)
    story.when(JOINED).so_it_is(Phase.HANDED_OVER)

    assert story.call.ownership.owner == POLICE


@pytest.mark.covers("R-005")
def test_our_agent_hangs_up_while_it_rings_and_nobody_comes_so_an_agent_is_rung_for_the_citizen() -> None:
    story = Story(*TALK, ONE_KEY, replace(AGENT_HUNG_UP, at=12.0))

    story.when(AttemptFailed(CALL, 20.0, FIRST, Outcome.NO_ANSWER, 0, 19)).so_it_is(Phase.RECALLING)
    assert TellAgent(CALL, AGENT, "no_answer") in story.last.orders  # who asked is told, though he left
    story.when(CallerRecalled(CALL, 20.2)).so_it_is(Phase.RECALLING, recalled=True)
    story.when(AgentOffered(CALL, 20.3, COLLEAGUE, COLLEAGUE_CHANNEL)).then_we(PopScreen(CALL, COLLEAGUE))
    story.when(AgentAnswered(CALL, 23.0, COLLEAGUE, COLLEAGUE_CHANNEL)).so_it_is(Phase.TALKING)


def test_a_recall_that_the_dialplan_does_not_make_is_ordered_again_and_again() -> None:
    story = Story(*TALK, ONE_KEY, replace(AGENT_HUNG_UP, at=12.0))
    story.when(AttemptFailed(CALL, 20.0, FIRST, Outcome.BUSY, 486, 17))

    story.when_time_is_up("recall").then_we(RecallAgent(CALL))
    story.when_time_is_up("recall").then_we(RecallAgent(CALL)).so_it_is(Phase.RECALLING)


def test_a_citizen_does_not_wait_for_ever_for_a_ringing_target() -> None:
    story = Story(*TALK, ONE_KEY, replace(AGENT_HUNG_UP, at=12.0))

    story.when_time_is_up("waiting").then_we(RecallAgent(CALL)).so_it_is(Phase.RECALLING)


def test_an_agent_whose_phone_dies_is_missed_and_another_is_rung() -> None:
    story = Story(*TALK).when(LegLeft(CALL, 30.0, Role.AGENT, AGENT_CHANNEL, 44)).so_it_is(Phase.RECALLING)

    story.when(CallerRecalled(CALL, 30.3)).so_it_is(Phase.RECALLING, recalled=True)


def test_a_goodbye_is_no_fault_but_a_citizen_who_stays_on_the_line_gets_an_agent() -> None:
    story = Story(*TALK).when(replace(AGENT_HUNG_UP, at=30.0)).so_it_is(Phase.TALKING)

    story.when_time_is_up("alone").then_we(RecallAgent(CALL)).so_it_is(Phase.RECALLING)


def test_the_target_dies_after_the_handover_and_the_citizen_is_rung_back_to_us() -> None:
    story = Story(*TALK, ONE_KEY, JOINED, AGENT_HUNG_UP)

    story.when(target_left(60.0, cause=44)).so_it_is(Phase.RECALLING)

    assert story.call.attempts[0].outcome is Outcome.LOST_AFTER_ANSWER


# ---- the citizen leaves


@pytest.mark.parametrize(
    ("so_far", "phase"),
    [
        (TALK[:1], Phase.ABANDONED),
        (TALK, Phase.ENDED),
        ([*TALK, ONE_KEY], Phase.ENDED),
        ([*TALK, ONE_KEY, replace(AGENT_HUNG_UP, at=12.0)], Phase.ABANDONED),
        ([*TALK, THREE_PARTY, JOINED], Phase.AGENTS_ONLY),
        ([*TALK, THREE_PARTY, JOINED, AGENT_HUNG_UP], Phase.ENDED),
        ([*TALK, LegLeft(CALL, 30.0, Role.AGENT, AGENT_CHANNEL, 44)], Phase.ABANDONED),
    ],
)
def test_a_citizen_who_hangs_up_gave_up_waiting_or_was_done(so_far: list[Event], phase: Phase) -> None:
    Story(*so_far).when(HUNG_UP).so_it_is(phase)


@pytest.mark.parametrize("so_far", [TALK[:1], TALK, [*TALK, ONE_KEY], [*TALK, ONE_KEY, JOINED, AGENT_HUNG_UP]])
def test_a_citizen_who_is_cut_is_called_back_wherever_he_was(so_far: list[Event]) -> None:
    story = Story(*so_far).when(CallerEnded(CALL, 120.0, 44, by_fault=True)).so_it_is(Phase.CALL_BACK)

    assert QueueCallBack(CALL, INCIDENT, "cut") in story.last.records


def test_two_agents_talk_on_about_a_citizen_who_was_cut_and_then_call_him_back() -> None:
    story = Story(*TALK, THREE_PARTY, JOINED)

    story.when(CallerEnded(CALL, 60.0, 44, by_fault=True)).then_we(QueueCallBack).so_it_is(Phase.AGENTS_ONLY)
    story.when(replace(AGENT_HUNG_UP, at=90.0)).so_it_is(Phase.CALL_BACK)


def test_a_citizen_who_hangs_up_while_it_rings_did_not_give_up_waiting() -> None:
    """The dialplan writes our agent's leg a moment before the caller's own end: one hang-up, two lines."""
    story = Story(*TALK, ONE_KEY, replace(AGENT_HUNG_UP, at=12.0))

    story.when(replace(HUNG_UP, at=12.1)).so_it_is(Phase.ENDED)

    assert story.call.attempts[0].outcome is Outcome.CANCELLED
