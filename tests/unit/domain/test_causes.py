"""Raw facts of a failed attempt, as measured on a real PBX, and what an agent is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.causes import Failure, order_refused, outcome_of
from callflow.domain.commands import CancelAttempt, InviteTarget, Order, ReleaseAgent, ReportDanger, TellAgent
from callflow.domain.events import LegLeft
from callflow.domain.names import Kind, Outcome, Phase, Role
from tests.unit.domain.made_up import AGENT, CALL, FIRST, TO_POLICE, TRUNK
from tests.unit.domain.scenes import AGENT_HUNG_UP, INVITED, ONE_KEY, TALK
from tests.unit.domain.story import Story

CODES = (403, 433, 438, 603, 607, 608)


@pytest.mark.covers("R-005")
@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (Failure("BUSY", 486, 17, rang=True), Outcome.BUSY),
        (Failure("BUSY", 600, 17), Outcome.BUSY),
        (Failure("NOANSWER", 480, 19), Outcome.NO_ANSWER),
        (Failure("NOANSWER", 480, 19, rang=True), Outcome.NO_ANSWER),
        (Failure("NOANSWER", 180, 19, rang=True), Outcome.NO_ANSWER),  # our own limit, after ringing
        (Failure("NOANSWER", 487, 19, rang=True), Outcome.NO_ANSWER),  # the answer to our own CANCEL
        (Failure("NOANSWER", 0, 19), Outcome.UNREACHABLE),  # a trunk that swallows packets
        (Failure("CHANUNAVAIL", 408, 18), Outcome.UNREACHABLE),
        (Failure("CHANUNAVAIL", 603, 21, rang=True), Outcome.REJECTED),  # a person
        (Failure("CHANUNAVAIL", 603, 21), Outcome.NUMBER_REFUSED),  # a network
        (Failure("CHANUNAVAIL", 403, 21), Outcome.NUMBER_REFUSED),
        (Failure("CHANUNAVAIL", 433, 21), Outcome.NUMBER_REFUSED),
        (Failure("CHANUNAVAIL", 608, 21), Outcome.NUMBER_REFUSED),
        (Failure("CHANUNAVAIL", 404, 1), Outcome.UNREACHABLE),
        (Failure("CONGESTION", 503, 34), Outcome.UNREACHABLE),
        (Failure("CHANUNAVAIL", 0, 20), Outcome.UNREACHABLE),
        (Failure("CHANUNAVAIL", 0, 21), Outcome.REJECTED),
        (Failure("CANCEL", 487, 0, rang=True), Outcome.CANCELLED),
        (Failure("NOANSWER", 486, 17, cancelled=True), Outcome.CANCELLED),
        (Failure("ANSWER", 200, 16, rang=True), Outcome.LOST_AFTER_ANSWER),
        (Failure(), Outcome.UNREACHABLE),
    ],
)
def test_why_the_target_did_not_come(failure: Failure, outcome: Outcome) -> None:
    assert outcome_of(failure, CODES) is outcome


def test_only_the_peers_own_list_makes_a_refused_number() -> None:
    assert outcome_of(Failure("CHANUNAVAIL", 403, 21), ()) is Outcome.REJECTED


def test_no_failure_is_called_joined() -> None:
    failures = [
        Failure(status, code, cause, rang=rang)
        for status in ("", "ANSWER", "BUSY", "NOANSWER", "CANCEL", "CHANUNAVAIL", "CONGESTION")
        for code in range(700)
        for cause in (0, 16, 17, 21)
        for rang in (False, True)
    ]

    assert Outcome.JOINED not in {outcome_of(failure, CODES) for failure in failures}


@pytest.mark.parametrize(
    ("order", "fails"),
    [
        (InviteTarget(CALL, FIRST, TO_POLICE, Kind.ONE_KEY, danger=False), True),
        (ReportDanger(CALL, FIRST), True),
        (CancelAttempt(CALL, FIRST, TO_POLICE), False),
        (ReleaseAgent(CALL), False),
    ],
)
def test_an_order_that_asterisk_refuses_fails_the_attempt_it_would_have_begun(order: Order, fails: bool) -> None:  # noqa: FBT001 - a column of the table
    failed = order_refused(order, 5.0)

    assert (failed is not None) is fails
    if failed is not None:
        assert (failed.attempt_id, failed.outcome) == (FIRST, Outcome.UNREACHABLE)


def test_a_target_that_is_gone_before_it_was_in_is_lost_after_its_answer_at_once() -> None:
    """It hung up while its leg was on the way to the caller: the dialplan writes its end and no `joined` before."""
    story = Story(*TALK, ONE_KEY, INVITED).when(LegLeft(CALL, 12.0, Role.TARGET, TRUNK, 16, FIRST))

    assert story.call.attempts[0].outcome is Outcome.LOST_AFTER_ANSWER
    assert TellAgent(CALL, AGENT, "lost_after_answer") in story.last.orders
    story.so_it_is(Phase.TALKING)


def test_a_target_that_is_gone_before_it_was_in_has_the_caller_s_agent_rung_when_he_had_left() -> None:
    story = Story(*TALK, ONE_KEY, INVITED, replace(AGENT_HUNG_UP, at=12.0))
    story.when(LegLeft(CALL, 13.0, Role.TARGET, TRUNK, 16, FIRST))

    assert story.call.attempts[0].outcome is Outcome.LOST_AFTER_ANSWER
    assert story.call.phase in {Phase.WAITING, Phase.RECALLING}
