"""In-call keys, REFER, several targets, and the receiving platform: handovers told one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import (
    CancelAttempt,
    InviteTarget,
    MarkTicket,
    OpenTicket,
    RecordConsent,
    SendHandover,
    SendOutcome,
    TellAgent,
)
from callflow.domain.events import (
    AgentAnswered,
    AttemptFailed,
    CallerEnded,
    CallerWaiting,
    CancelRequested,
    ConsentRecorded,
    ConsultStarted,
    HandoverRequested,
    NumberRefused,
)
from callflow.domain.names import ChannelName, Consent, Kind, Outcome, Phase, Way
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    FIRST,
    GOV,
    INCIDENT,
    POLICE_RULES,
    SECOND,
    TO_FIRE,
    TO_GOV,
    TO_POLICE,
    caller_arrived,
)
from tests.unit.domain.scenes import AGENT_HUNG_UP, INVITED, JOINED, ONE_KEY, TALK, THREE_PARTY, target_left
from tests.unit.domain.story import Story

# ---- keys, REFER and more than one target


@pytest.mark.covers("R-003")
def test_a_phone_key_is_written_down_not_ordered_again_and_consent_is_asked_afterwards() -> None:
    story = Story(*TALK)

    story.when(replace(INVITED, way=Way.PHONE_KEY)).then_we(OpenTicket, SendHandover).so_it_is(Phase.INVITING)
    assert story.call.attempts[0].consent is Consent.NOT_RECORDED
    story.when(ConsentRecorded(CALL, 30.0, AGENT, Consent.AGREED)).then_we(
        RecordConsent(CALL, INCIDENT, Consent.AGREED, AGENT)
    )
    assert story.call.attempts[0].consent is Consent.AGREED


def test_a_blind_refer_leaves_the_citizen_with_music_and_brings_him_back_when_it_fails() -> None:
    story = Story(*TALK).when(CallerWaiting(CALL, 10.0)).so_it_is(Phase.WAITING)

    story.when(replace(INVITED, way=Way.REFER)).so_it_is(Phase.WAITING)
    story.when(replace(AGENT_HUNG_UP, at=11.0)).then_nothing_happens()
    story.when(AttemptFailed(CALL, 14.0, FIRST, Outcome.REJECTED, 603, 21)).so_it_is(Phase.RECALLING)


def test_desk_and_phone_key_pressed_together_make_one_attempt() -> None:
    story = Story(*TALK, ONE_KEY)

    story.when(replace(INVITED, attempt_id=SECOND, way=Way.PHONE_KEY)).so_it_is(Phase.INVITING)
    story.when(AttemptFailed(CALL, 11.0, FIRST, Outcome.CANCELLED, 0, 0)).then_nothing_happens()

    assert [a.attempt_id for a in story.call.attempts if a.is_live] == [SECOND]


def test_a_fourth_party_is_rung_beside_and_its_failure_disturbs_nobody() -> None:
    story = Story(*TALK, THREE_PARTY, JOINED)
    fire = HandoverRequested(CALL, 30.0, AGENT, SECOND, TO_FIRE, Kind.THREE_PARTY, Consent.AGREED, "")

    story.when(fire).then_we(RecordConsent, OpenTicket, InviteTarget).so_it_is(Phase.THREE_WAY)
    story.when(AttemptFailed(CALL, 40.0, SECOND, Outcome.BUSY, 486, 17)).then_we(TellAgent)
    story.so_it_is(Phase.THREE_WAY)


def test_cancel_ends_the_newest_attempt_and_only_that() -> None:
    fire = HandoverRequested(CALL, 30.0, AGENT, SECOND, TO_FIRE, Kind.THREE_PARTY, Consent.AGREED, "")
    story = Story(*TALK, THREE_PARTY, JOINED, fire)

    story.when(CancelRequested(CALL, 31.0, AGENT, None)).then_we(CancelAttempt(CALL, SECOND, TO_FIRE))
    story.when(AttemptFailed(CALL, 31.2, SECOND, Outcome.CANCELLED, 0, 0)).so_it_is(Phase.THREE_WAY)


def test_one_named_party_can_be_dropped_after_it_joined() -> None:
    story = Story(*TALK, THREE_PARTY, JOINED)

    story.when(CancelRequested(CALL, 17.0, AGENT, TO_POLICE)).then_we(CancelAttempt(CALL, FIRST, TO_POLICE))
    story.when(target_left(17.2)).then_nothing_happens().so_it_is(Phase.TALKING)


def test_private_consult_then_join() -> None:
    story = Story(*TALK, THREE_PARTY)

    story.when(ConsultStarted(CALL, 12.0, FIRST)).so_it_is(Phase.CONSULTING)
    story.when(JOINED).so_it_is(Phase.THREE_WAY)


def test_private_consult_and_the_target_does_not_want_it() -> None:
    story = Story(*TALK, THREE_PARTY, ConsultStarted(CALL, 12.0, FIRST))

    story.when(AttemptFailed(CALL, 40.0, FIRST, Outcome.REJECTED, 0, 16)).so_it_is(Phase.TALKING)


def test_a_refused_number_is_tried_once_with_our_own_and_the_agent_knows() -> None:
    story = Story(*TALK, ONE_KEY)

    story.when(NumberRefused(CALL, 10.5, FIRST, 433)).then_we(TellAgent(CALL, AGENT, "number_refused_retry"))
    story.when(replace(INVITED, at=10.6, channel=ChannelName("PJSIP/peer-0000000a")))
    story.when(JOINED).so_it_is(Phase.THREE_WAY)

    assert story.call.attempts[0].retried


def test_an_attempt_of_which_nothing_more_is_heard_is_given_up() -> None:
    story = Story(*TALK, ONE_KEY).when_time_is_up("attempt")

    story.then_we(MarkTicket, SendOutcome, CancelAttempt, TellAgent(CALL, AGENT, "unreachable"))
    story.so_it_is(Phase.TALKING)


# ---- at the receiving platform


@pytest.mark.covers("R-001")
def test_the_police_open_their_ticket_when_the_citizen_rings_there_even_without_the_data_link() -> None:
    story = Story(rules=POLICE_RULES)

    story.when(caller_arrived(from_site=GOV, hop=1)).then_we(OpenTicket(CALL, INCIDENT)).so_it_is(Phase.QUEUED)
    story.when(AgentAnswered(CALL, 5.0, AGENT, AGENT_CHANNEL)).then_we(MarkTicket(CALL, INCIDENT, "connected"))
    assert story.call.ownership.first_receiver == GOV


def test_the_police_keep_the_ticket_of_a_citizen_whom_nobody_answered() -> None:
    story = Story(caller_arrived(from_site=GOV, hop=1), rules=POLICE_RULES)

    story.when(CallerEnded(CALL, 20.0, 16, by_fault=False)).then_we(MarkTicket(CALL, INCIDENT, "not_connected"))
    story.so_it_is(Phase.ABANDONED)


@pytest.mark.covers("R-018")
def test_the_third_handing_on_of_one_incident_does_not_happen() -> None:
    back = replace(ONE_KEY, target=TO_GOV)
    once_more = Story(caller_arrived(from_site=GOV, hop=1), *TALK[1:], rules=POLICE_RULES).when(back)
    never_again = Story(caller_arrived(from_site=GOV, hop=2), *TALK[1:], rules=POLICE_RULES).when(back)

    once_more.so_it_is(Phase.INVITING)
    never_again.then_nothing_happens().so_it_is(Phase.TALKING)
