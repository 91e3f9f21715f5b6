"""After a failure the desk is told what can be done next (R-005); one named party may be dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.commands import CancelAttempt, InviteTarget, TellAgent
from callflow.domain.event import Event
from callflow.domain.events import AttemptFailed, CancelRequested, DropRequested, TargetJoined
from callflow.domain.names import AttemptId, Kind, Outcome, Phase, TargetCode
from callflow.domain.offers import offers
from callflow.domain.refusals import RefusalCode, refusal
from callflow.domain.screenpop import notice
from tests.unit.domain.made_up import AGENT, CALL, FIRST, GOV_RULES, SECOND, TO_FIRE, TO_POLICE
from tests.unit.domain.scenes import JOINED, ONE_KEY, TALK, THREE_PARTY, target_left
from tests.unit.domain.story import Story

FAILURES = [o for o in Outcome if o not in (Outcome.JOINED, Outcome.CANCELLED)]
RULES = replace(GOV_RULES, contacts={TO_POLICE: 2}, human_contacts=frozenset({(TO_POLICE, 1)}))
BUSY = AttemptFailed(CALL, 15.0, FIRST, Outcome.BUSY, 486, 17)
BOTH_IN = [*TALK, THREE_PARTY, JOINED, replace(THREE_PARTY, at=17.0, attempt_id=SECOND, target=TO_FIRE)]


def offered(story: Story) -> list[tuple[str, int]]:
    return [(offer.do, offer.contact) for offer in offers(story.call.attempts[-1])]


@pytest.mark.covers("R-005")
@pytest.mark.parametrize("outcome", FAILURES)
def test_whatever_failed_three_party_the_next_contact_and_a_ticket_are_offered(outcome: Outcome) -> None:
    story = Story(*TALK, ONE_KEY, replace(BUSY, outcome=outcome), rules=RULES)

    assert offered(story) == [("three_party", 0), ("next_contact", 1), ("ticket", 0)]


@pytest.mark.covers("R-005")
def test_the_notice_that_tells_of_the_failure_brings_the_offers() -> None:
    story = Story(*TALK, ONE_KEY, BUSY, rules=RULES)

    order = story.last.orders[-1]
    assert isinstance(order, TellAgent)
    told = notice(story.call, order)

    assert [offer["do"] for offer in told.body["notice"]["offers"]] == ["three_party", "next_contact", "ticket"]
    assert all(offer["zh"] and offer["en"] for offer in told.body["notice"]["offers"])


@pytest.mark.covers("R-005")
def test_the_contacts_are_offered_in_order_until_there_is_none() -> None:
    story = Story(*TALK, ONE_KEY, BUSY, rules=RULES)

    story.when(replace(ONE_KEY, at=20.0, attempt_id=SECOND, contact=1))
    ordered = story.last.orders[-1]
    assert isinstance(ordered, InviteTarget)
    assert (ordered.target, ordered.contact) == (TO_POLICE, 1)
    story.when(replace(BUSY, at=25.0, attempt_id=SECOND))
    assert ("next_contact", 2) in offered(story)

    assert refusal(story.call, replace(ONE_KEY, at=30.0, contact=3), RULES) is None  # granted before, under this id
    fresh = replace(ONE_KEY, at=30.0, attempt_id=AttemptId("01JATT00000000000000000003"), contact=3)
    assert refusal(story.call, fresh, RULES) is RefusalCode.UNKNOWN_CONTACT


def test_what_our_agent_cancelled_needs_no_offer() -> None:
    story = Story(*TALK, ONE_KEY, CancelRequested(CALL, 12.0, AGENT, None), rules=RULES)

    story.when(replace(BUSY, outcome=Outcome.CANCELLED))

    assert offered(story) == []


def test_only_a_contact_where_a_person_answers_releases_our_agent() -> None:
    for contact, clock in ((1, "grace"), (2, None)):
        story = Story(*TALK, replace(ONE_KEY, contact=contact), JOINED, rules=RULES)
        if clock:
            story.when_time_is_up(clock).so_it_is(Phase.THREE_WAY, released=True)
        else:
            story.so_it_is(Phase.THREE_WAY, released=False)


def test_a_duty_phone_is_another_line_than_the_dead_trunk() -> None:
    call, down = Story(*TALK, rules=RULES).call, frozenset({TO_POLICE})

    assert refusal(call, ONE_KEY, RULES, down) is RefusalCode.TARGET_UNREACHABLE
    assert refusal(call, replace(ONE_KEY, contact=1), RULES, down) is None


@pytest.mark.covers("R-004")
@pytest.mark.parametrize(("target", "attempt_id"), [(TO_POLICE, FIRST), (TO_FIRE, SECOND)])
def test_of_four_parties_the_named_one_is_dropped_and_nobody_else(target: TargetCode, attempt_id: AttemptId) -> None:
    story = Story(*BOTH_IN, TargetJoined(CALL, 18.0, SECOND)).when(DropRequested(CALL, 20.0, AGENT, target))

    story.then_we(CancelAttempt(CALL, attempt_id, target))
    story.when(replace(target_left(20.2), attempt_id=attempt_id)).so_it_is(Phase.THREE_WAY)

    assert [a.is_joined for a in story.call.attempts].count(True) == 1


@pytest.mark.parametrize("so_far", [TALK, [*TALK, THREE_PARTY]])
def test_who_is_not_in_cannot_be_dropped(so_far: list[Event]) -> None:
    story = Story(*so_far)

    assert refusal(story.call, DropRequested(CALL, 20.0, AGENT, TO_POLICE), GOV_RULES) is RefusalCode.NOT_IN_THE_TALK


def test_two_targets_of_two_kinds_may_be_in_at_once_but_only_one_releases_our_agent() -> None:
    call = Story(*TALK, ONE_KEY, JOINED).call
    at_fire = replace(ONE_KEY, at=17.0, attempt_id=SECOND, target=TO_FIRE)

    assert refusal(call, at_fire, GOV_RULES) is RefusalCode.HANDOVER_IN_PROGRESS
    assert refusal(call, replace(at_fire, kind=Kind.THREE_PARTY), GOV_RULES) is None
