"""A caller is handed back to where he came from: stories of both sides, and whose matter it is then (R-018)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import (
    KeepAgent,
    MarkTicket,
    ReleaseAgent,
    SendOwnerDecision,
    SendOwnerSettled,
    SettleOwner,
    TellAgent,
)
from callflow.domain.events import (
    AgentAnswered,
    CallerEnded,
    CallerReturned,
    CancelRequested,
    DeadlinePassed,
    Event,
    HandoverRequested,
    LegLeft,
    OwnerDecided,
    PeerOwnerDecided,
    PeerOwnerSettled,
    TargetInvited,
    TargetJoined,
)
from callflow.domain.names import Consent, Kind, Phase, Role, Settled, Way
from callflow.domain.refusals import RefusalCode, refusal
from tests.unit.domain.made_up import (
    CALL,
    COLLEAGUE,
    COLLEAGUE_CHANNEL,
    FIRST,
    GOV,
    GOV_RULES,
    INCIDENT,
    OFFICER,
    PEER_CALL,
    POLICE,
    POLICE_RULES,
    SECOND,
    TO_GOV,
    TO_POLICE,
    TRUNK,
    caller_arrived,
)
from tests.unit.domain.scenes import AGENT_HUNG_UP, JOINED, ONE_KEY, TALK, target_left
from tests.unit.domain.story import Story
from tests.unit.domain.test_two_platforms import OFFICER_CHANNEL

HANDED_OVER: list[Event] = [*TALK, ONE_KEY, JOINED, AGENT_HUNG_UP]
TAKEN_BACK: list[Event] = [
    AgentAnswered(CALL, 60.0, COLLEAGUE, COLLEAGUE_CHANNEL),
    CallerReturned(CALL, 60.1, POLICE, 2),
]
BACK_AGAIN = HandoverRequested(PEER_CALL, 50.0, OFFICER, FIRST, TO_GOV, Kind.ONE_KEY, Consent.AGREED, "")
AT_110: list[Event] = [
    caller_arrived(call_id=PEER_CALL, from_site=GOV, hop=1),
    AgentAnswered(PEER_CALL, 3.0, OFFICER, OFFICER_CHANNEL),
    PeerOwnerSettled(PEER_CALL, 20.0, GOV, POLICE, "agreed"),
    BACK_AGAIN,
    TargetInvited(PEER_CALL, 50.1, FIRST, TO_GOV, Kind.ONE_KEY, Way.DESK, TRUNK, danger=False),
    TargetJoined(PEER_CALL, 60.0, FIRST),
]
DELIVERED = LegLeft(PEER_CALL, 60.3, Role.TARGET, TRUNK, 7, FIRST)


# ---- where he comes back to


@pytest.mark.covers("R-018")
def test_our_agent_joins_his_live_bridge_and_the_other_platform_leaves() -> None:
    story = Story(*HANDED_OVER).when(TAKEN_BACK[0]).so_it_is(Phase.THREE_WAY)

    story.when(TAKEN_BACK[1]).then_we(MarkTicket(CALL, INCIDENT, "returned"), TellAgent(CALL, COLLEAGUE, "returned"))
    story.when(replace(target_left(63.0, 7))).then_we().so_it_is(Phase.TALKING)


@pytest.mark.covers("R-018")
def test_the_key_that_handed_him_on_releases_nobody_who_took_him_back() -> None:
    early = [replace(event, at=event.at - 38.0) for event in TAKEN_BACK]  # within seconds of the first handover
    story = Story(*HANDED_OVER, *early)

    assert [a.kind for a in story.call.attempts] == [Kind.THREE_PARTY]


def test_an_agent_whose_seconds_were_running_out_is_kept_when_he_comes_back_at_once() -> None:
    story = Story(*TALK, ONE_KEY, JOINED)

    story.when(CallerReturned(CALL, 17.0, POLICE, 2)).then_we(MarkTicket, TellAgent, KeepAgent)
    assert story.call.stay


@pytest.mark.covers("R-018")
def test_he_cannot_be_handed_over_a_third_time() -> None:
    call = Story(*HANDED_OVER, *TAKEN_BACK, target_left(63.0, 7)).call
    again = HandoverRequested(CALL, 70.0, COLLEAGUE, SECOND, TO_POLICE, Kind.ONE_KEY, Consent.AGREED, "")

    assert refusal(call, again, GOV_RULES) is RefusalCode.HOP_LIMIT


@pytest.mark.covers("R-018", "R-007")
@pytest.mark.parametrize("word_first", [True, False])
def test_what_110_gives_up_is_the_first_receivers_again_whichever_is_heard_first(*, word_first: bool) -> None:
    given_up = PeerOwnerDecided(CALL, 60.2, POLICE, accept=False)
    story = Story(*HANDED_OVER)
    assert (story.call.ownership.owner, story.call.ownership.settled) == (POLICE, Settled.AGREED)

    events = [replace(given_up, at=59.0), *TAKEN_BACK] if word_first else [*TAKEN_BACK, given_up]
    for event in events:
        story.when(event)

    assert SettleOwner(CALL, INCIDENT, GOV, Settled.RETURNED) in story.last.records
    assert SendOwnerSettled(CALL, INCIDENT, POLICE, GOV, Settled.RETURNED) in story.last.records
    assert (story.call.ownership.owner, story.call.ownership.settled) == (GOV, Settled.RETURNED)


@pytest.mark.covers("R-006", "R-018")
def test_our_agent_may_take_it_by_his_own_word_and_then_it_is_settled_for_good() -> None:
    story = Story(*HANDED_OVER, *TAKEN_BACK)
    taken = OwnerDecided(CALL, 61.0, COLLEAGUE, accept=True)
    assert refusal(story.call, taken, GOV_RULES) is None
    assert refusal(story.call, replace(taken, accept=False), GOV_RULES) is RefusalCode.OWNER_SETTLED

    story.when(taken).so_it_is(Phase.THREE_WAY)

    assert (story.call.ownership.owner, story.call.ownership.settled) == (GOV, Settled.RETURNED)
    assert refusal(story.call, taken, GOV_RULES) is RefusalCode.OWNER_SETTLED


def test_a_refusal_from_110_without_a_return_changes_no_owner() -> None:
    story = Story(*HANDED_OVER).when(PeerOwnerDecided(CALL, 60.0, POLICE, accept=False))

    assert (story.call.ownership.owner, story.call.ownership.settled) == (POLICE, Settled.AGREED)


def test_a_caller_whom_both_programs_left_is_rung_for_and_not_let_fall() -> None:
    story = Story(*HANDED_OVER, *TAKEN_BACK, LegLeft(CALL, 61.0, Role.AGENT, COLLEAGUE_CHANNEL, 16))

    story.when(target_left(63.0, 7)).so_it_is(Phase.RECALLING)


# ---- where he comes back from


@pytest.mark.covers("R-018")
def test_the_leg_that_is_released_as_delivered_leaves_the_attempt_joined_and_our_agent_is_released_in_time() -> None:
    story = Story(*AT_110, rules=POLICE_RULES)

    story.when(DELIVERED).then_we(MarkTicket(PEER_CALL, INCIDENT, "returned")).so_it_is(Phase.THREE_WAY)
    story.when(DeadlinePassed(PEER_CALL, 63.0, "grace")).then_we(ReleaseAgent(PEER_CALL))
    left = LegLeft(PEER_CALL, 63.2, Role.AGENT, OFFICER_CHANNEL, 16)
    story.when(left).then_we(MarkTicket, SendOwnerDecision(PEER_CALL, INCIDENT, GOV, accept=False))
    story.so_it_is(Phase.HANDED_OVER)
    story.when(CallerEnded(PEER_CALL, 63.5, 7, by_fault=False)).so_it_is(Phase.ENDED)


def test_a_second_return_and_a_cancel_of_what_is_done_are_refused_with_their_codes() -> None:
    call = Story(*AT_110, DELIVERED, rules=POLICE_RULES).call

    again = replace(BACK_AGAIN, attempt_id=SECOND, at=61.0)
    assert refusal(call, again, POLICE_RULES) is RefusalCode.RETURNED_ALREADY
    cancel = CancelRequested(PEER_CALL, 61.0, OFFICER, None)
    assert refusal(call, cancel, POLICE_RULES) is RefusalCode.NOTHING_TO_CANCEL


@pytest.mark.covers("R-018", "R-007")
def test_the_arbiters_last_word_after_a_return_replaces_the_settlement_once() -> None:
    story = Story(*AT_110, DELIVERED, rules=POLICE_RULES)
    story.when(PeerOwnerSettled(PEER_CALL, 64.0, GOV, GOV, "returned"))
    story.when(PeerOwnerSettled(PEER_CALL, 65.0, GOV, POLICE, "agreed")).then_nothing_happens()

    assert (story.call.ownership.owner, story.call.ownership.settled) == (GOV, Settled.RETURNED)


def test_cause_7_of_a_line_that_is_not_where_he_came_from_means_that_it_was_lost() -> None:
    story = Story(*TALK, ONE_KEY, JOINED)  # he came by a carrier

    story.when(target_left(17.0, 7)).so_it_is(Phase.TALKING)
    assert story.call.attempts[0].returned_at is None


def test_a_caller_who_goes_after_his_return_leaves_no_talk_between_agents_who_are_not_connected() -> None:
    story = Story(*AT_110, DELIVERED, rules=POLICE_RULES)

    story.when(CallerEnded(PEER_CALL, 61.0, 16, by_fault=False)).so_it_is(Phase.ENDED)
