"""Danger overrides everything (R-008)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import (
    CancelAttempt,
    MarkTicket,
    OpenTicket,
    QueueCallBack,
    RecordConsent,
    ReportDanger,
    SendDanger,
    SendHandover,
    SendOutcome,
    SendOwnerSettled,
    TellAgent,
)
from callflow.domain.events import (
    AgentAnswered,
    AttemptFailed,
    CallerEnded,
    CancelRequested,
    DangerRaised,
    Event,
    KeyPressed,
    LegLeft,
    PeerDanger,
    TargetInvited,
    TargetJoined,
)
from callflow.domain.names import Consent, Kind, Outcome, Phase, Role, Settled, Way
from callflow.domain.refusals import RefusalCode, refusal
from tests.unit.domain.made_up import (
    AGENT,
    AGENT_CHANNEL,
    CALL,
    FIRST,
    GOV,
    GOV_RULES,
    INCIDENT,
    POLICE,
    POLICE_RULES,
    SECOND,
    TO_FIRE,
    TO_POLICE,
    TRUNK,
    caller_arrived,
    danger_attempt,
)
from tests.unit.domain.scenes import AGENT_HUNG_UP, INVITED, JOINED, ONE_KEY, TALK, THREE_PARTY
from tests.unit.domain.story import Story

DANGER = DangerRaised(CALL, 30.0, AGENT)
TO_119 = replace(THREE_PARTY, target=TO_FIRE, attempt_id=SECOND)


@pytest.mark.covers("R-008", "R-003")
def test_danger_rings_110_at_once_without_consent() -> None:
    story = Story(*TALK).when(DANGER)

    story.then_we(
        OpenTicket(CALL, INCIDENT),
        MarkTicket(CALL, INCIDENT, "danger"),
        RecordConsent(CALL, INCIDENT, Consent.NOT_POSSIBLE_DANGER, AGENT),
        SendDanger(CALL, INCIDENT, POLICE),
        SendHandover(CALL, INCIDENT, POLICE, danger_attempt(), Kind.THREE_PARTY, danger=True),
        ReportDanger(CALL, danger_attempt()),
    ).so_it_is(Phase.INVITING, danger=True)


@pytest.mark.covers("R-008")
@pytest.mark.parametrize(
    "so_far",
    [
        TALK[:1],
        TALK,
        [*TALK, TO_119],
        [*TALK, TO_119, TargetJoined(CALL, 16.0, SECOND)],
        [*TALK, TO_119, replace(AGENT_HUNG_UP, at=12.0)],
        [*TALK, TO_119, TargetJoined(CALL, 16.0, SECOND), AGENT_HUNG_UP],
        [*TALK, LegLeft(CALL, 20.0, Role.AGENT, AGENT_CHANNEL, 44)],
    ],
)
def test_danger_rings_110_beside_whatever_runs(so_far: list[Event]) -> None:
    story = Story(*so_far).when(DANGER)

    assert ReportDanger(CALL, danger_attempt()) in story.last.orders
    assert {type(r) for r in story.last.records} >= {OpenTicket, MarkTicket, SendDanger, SendHandover}


def test_an_attempt_to_110_that_already_rings_becomes_the_danger_attempt() -> None:
    story = Story(*TALK, ONE_KEY).when(DANGER).then_we(OpenTicket, MarkTicket, RecordConsent, SendDanger)

    assert story.call.attempts[0].danger


@pytest.mark.covers("R-008")
def test_a_danger_attempt_is_never_cancelled() -> None:
    story = Story(*TALK, DANGER)
    cancel = CancelRequested(CALL, 31.0, AGENT, None)

    assert refusal(story.call, cancel, GOV_RULES) is RefusalCode.DANGER_NOT_CANCELLED
    story.when(cancel).then_nothing_happens()
    story.when_time_is_up("attempt")
    assert not [o for o in story.last.orders if isinstance(o, CancelAttempt)]


def test_110_is_rung_again_when_the_danger_attempt_fails_but_not_for_ever() -> None:
    story = Story(*TALK, DANGER)

    for tries in range(3):
        story.when(AttemptFailed(CALL, 35.0 + tries, danger_attempt(tries=tries), Outcome.BUSY, 486, 17))

    assert [a.danger for a in story.call.attempts] == [True, True, True]
    story.so_it_is(Phase.TALKING)
    story.when(replace(DANGER, at=60.0))
    assert ReportDanger(CALL, danger_attempt(tries=3)) in story.last.orders  # a person asked again


def test_the_danger_key_on_the_phone_is_written_down_and_110_is_not_rung_twice() -> None:
    story = Story(*TALK).when(KeyPressed(CALL, 30.0, "danger", Way.PHONE_KEY, None))
    story.then_we(OpenTicket, MarkTicket, RecordConsent, SendDanger)

    story.when(TargetInvited(CALL, 30.2, FIRST, TO_POLICE, Kind.THREE_PARTY, Way.PHONE_KEY, TRUNK, danger=True))

    story.then_we(OpenTicket, SendHandover).so_it_is(Phase.INVITING)


@pytest.mark.covers("R-008")
def test_a_citizen_in_danger_who_is_gone_before_110_is_in_is_called_back_and_110_still_rung() -> None:
    story = Story(*TALK, DANGER).when(CallerEnded(CALL, 33.0, 16, by_fault=False))
    story.then_we(QueueCallBack(CALL, INCIDENT, "danger")).so_it_is(Phase.AGENTS_ONLY)

    story.when(TargetJoined(CALL, 36.0, danger_attempt())).so_it_is(Phase.AGENTS_ONLY)
    story.when(LegLeft(CALL, 90.0, Role.AGENT, AGENT_CHANNEL, 16)).so_it_is(Phase.CALL_BACK)


FIRE_JOINED = TargetJoined(CALL, 22.0, SECOND)
AMONG_AGENTS = [*TALK, TO_119, FIRE_JOINED, CallerEnded(CALL, 25.0, 16, by_fault=False)]


@pytest.mark.covers("R-008")
def test_danger_among_agents_who_talk_on_without_the_citizen_rings_110_and_he_is_called_back() -> None:
    story = Story(*AMONG_AGENTS).when(DANGER)
    story.then_we(OpenTicket, MarkTicket, RecordConsent, SendDanger, QueueCallBack, SendHandover, ReportDanger)
    story.so_it_is(Phase.AGENTS_ONLY)

    story.when(AttemptFailed(CALL, 31.0, danger_attempt(), Outcome.BUSY, 486, 17))
    story.then_we(SendOutcome, SendHandover, TellAgent, ReportDanger).so_it_is(Phase.AGENTS_ONLY)


@pytest.mark.covers("R-008")
def test_the_danger_key_among_agents_is_written_down_and_the_citizen_is_called_back() -> None:
    story = Story(*AMONG_AGENTS).when(KeyPressed(CALL, 30.0, "danger", Way.PHONE_KEY, None))
    story.then_we(OpenTicket, MarkTicket, RecordConsent, SendDanger, QueueCallBack)

    story.when(TargetInvited(CALL, 30.2, FIRST, TO_POLICE, Kind.THREE_PARTY, Way.PHONE_KEY, TRUNK, danger=True))

    story.then_we(OpenTicket, SendHandover).so_it_is(Phase.AGENTS_ONLY)


@pytest.mark.covers("R-008", "R-007")
def test_danger_seen_after_the_call_reaches_110_with_whose_matter_it_is_and_the_citizen_is_called_back() -> None:
    story = Story(*TALK, CallerEnded(CALL, 20.0, 16, by_fault=False)).when(DANGER)

    story.then_we(OpenTicket, MarkTicket, RecordConsent, SendDanger, SendOwnerSettled, QueueCallBack)
    story.so_it_is(Phase.ENDED)
    assert SendOwnerSettled(CALL, INCIDENT, POLICE, GOV, Settled.FIRST_RECEIVER) in story.last.records


@pytest.mark.covers("R-008")
def test_at_110_danger_makes_the_police_ticket_and_rings_nobody_else() -> None:
    at_110 = [caller_arrived(from_site=GOV, hop=1), AgentAnswered(CALL, 3.0, AGENT, AGENT_CHANNEL)]

    Story(*at_110, rules=POLICE_RULES).when(DANGER).then_we(
        OpenTicket(CALL, INCIDENT),
        MarkTicket(CALL, INCIDENT, "danger"),
        RecordConsent(CALL, INCIDENT, Consent.NOT_POSSIBLE_DANGER, AGENT),
        SendDanger(CALL, INCIDENT, GOV),
    )


def test_danger_raised_at_the_other_platform_is_shown_here() -> None:
    story = Story(*TALK, ONE_KEY, INVITED, JOINED).when(PeerDanger(CALL, 30.0, POLICE))

    story.so_it_is(Phase.THREE_WAY, danger=True)
    assert MarkTicket(CALL, INCIDENT, "danger") in story.last.records


@pytest.mark.covers("R-008", "R-007")
def test_the_police_hear_whose_matter_it_is_also_when_no_leg_ever_went_there() -> None:
    story = Story(*TALK).when(KeyPressed(CALL, 30.0, "danger", Way.PHONE_KEY, TO_POLICE))
    story.when(CallerEnded(CALL, 31.0, 0, by_fault=True))

    assert SendOwnerSettled(CALL, INCIDENT, POLICE, GOV, Settled.FIRST_RECEIVER) in story.last.records
