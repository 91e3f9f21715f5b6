"""How a service number is answered, when its seats are to be merged, and how handovers go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callflow.domain.calls import Attempt, Call, Caller, Ownership
from callflow.domain.figures import Share
from callflow.domain.lines import Lines, Offered
from callflow.domain.names import (
    AttemptId,
    CallId,
    ChannelName,
    Consent,
    Disposition,
    IncidentId,
    Kind,
    Outcome,
    Phase,
    Presentation,
    Settled,
    SiteId,
    TargetCode,
    Verified,
    Way,
)

MONDAY_TEN = 1_795_399_200.0  # 2026-11-23 10:00 in China


GOV = SiteId("12345")
CALLER = Caller(ChannelName("PJSIP/1"), "19900001111", Presentation.ALLOWED, Verified.NETWORK, None, "12345", 0)


def rang(
    count: int, answered: int, at: float = MONDAY_TEN, wait_s: float = 10.0, dialled: str = "12345"
) -> list[Offered]:
    caller = replace(CALLER, dialled=dialled)
    ids = CallId("01JCALL0000000000000000001"), IncidentId("01M8138XG5Y6S0S0S0S0S0S0S0")
    call = Call(*ids, GOV, Phase.ENDED, at, at, caller, Ownership(GOV, GOV))
    return [Offered(call, at + wait_s if turn < answered else None) for turn in range(count)]


@pytest.mark.covers("R-070")
@pytest.mark.parametrize(("answered", "merge"), [(59, True), (60, False), (100, False)])
def test_below_sixty_of_a_hundred_the_seats_are_to_be_merged(answered: int, merge: bool) -> None:  # noqa: FBT001 - a table
    lines = Lines(rang(100, answered))

    (line,) = lines.lines()

    assert (line.answered.counted, line.answered.of, line.too_seldom, line.to_merge) == (answered, 100, merge, merge)


@pytest.mark.covers("R-070")
def test_one_hour_of_the_week_in_which_nobody_answers_is_a_hole_in_seven_times_twenty_four() -> None:
    whole = [one for hour in range(168) for one in rang(2, 2, MONDAY_TEN + hour * 3600)]
    night = MONDAY_TEN + 17 * 3600  # Tuesday, 3 o'clock

    (covered,) = Lines(whole).lines()
    (holed,) = Lines([one for one in whole if one.call.arrived_at != night] + rang(1, 0, night)).lines()

    assert (covered.covered_hours, covered.to_merge) == (168, False)
    assert (holed.uncovered_hours, holed.to_merge, holed.too_seldom) == ((27,), True, False)


@pytest.mark.covers("R-092")
def test_answered_directly_is_counted_out_of_the_calls_of_which_an_agent_said_what_became() -> None:
    said = [Disposition.ANSWERED] * 3 + [Disposition.TICKET] + [None] * 4
    calls = [replace(one, call=replace(one.call, disposition=what)) for one, what in zip(rang(8, 8), said, strict=True)]

    (line,) = Lines(calls).lines()

    assert (line.disposed, line.answered_directly) == (Share(4, 8), Share(3, 4))
    assert line.answered_directly.share == 0.75


@pytest.mark.covers("R-071", "R-070")
def test_a_number_that_was_merged_is_still_counted_apart_and_handed_over_callers_are_nobodys_number() -> None:
    lines = Lines([*rang(2, 2, dialled="12345"), *rang(3, 1, dialled="12319")])
    here = rang(1, 1)[0]
    lines.take(
        [Offered(replace(here.call, caller=replace(here.call.caller, from_site=SiteId("110"))), here.answered_at)]
    )

    assert [(line.number, line.answered.counted, line.answered.of) for line in lines.lines()] == [
        ("12319", 1, 3),
        ("12345", 2, 2),
    ]


def test_fifteen_and_thirty_seconds_are_told_with_both_denominators() -> None:
    (line,) = Lines([*rang(2, 2, wait_s=15.0), *rang(1, 1, wait_s=15.1), *rang(1, 1, wait_s=31.0), *rang(1, 0)]).lines()

    assert [(one.counted, one.of) for one in line.soon] == [(2, 5), (3, 5)]
    assert [(one.counted, one.of) for one in line.soon_of_answered] == [(2, 4), (3, 4)]
    assert (line.wait.p50_s, line.wait.most_s) == (15.0, 31.0)


def attempt(outcome: Outcome | None, **changes: object) -> Attempt:
    made = Attempt(AttemptId("a"), TargetCode("110"), Kind.ONE_KEY, Way.DESK, Consent.AGREED, started_at=100.0)
    return replace(made, outcome=outcome, **changes)  # type: ignore[arg-type]  # a record of the story's own


@pytest.mark.covers("R-001", "R-005")
def test_handovers_are_counted_with_their_times() -> None:
    attempts = (
        attempt(Outcome.BUSY, ringing_at=100.1),
        attempt(Outcome.JOINED, ringing_at=100.2, joined_at=104.0),
        attempt(Outcome.JOINED, ringing_at=100.3, joined_at=105.0, retried=True, danger=True),
        attempt(Outcome.LOST_AFTER_ANSWER, joined_at=103.0),
        attempt(None),
    )
    call = rang(1, 1)[0].call
    owned = replace(call.ownership, settled=Settled.AGREED)

    found = Lines([Offered(replace(call, attempts=attempts, ownership=owned), None)]).transfers()

    assert (found.begun, found.joined.counted, found.joined.of) == (5, 3, 4)
    assert found.outcomes == {"busy": 1, "joined": 2, "lost_after_answer": 1}
    assert (found.kept_number.counted, found.kept_number.of, found.lost_after_answer) == (2, 3, 1)
    assert (found.ring.count, found.talk.p50_s, found.danger_ring.most_s) == (3, 4.0, 0.3)
    assert found.settled == {"agreed": 1}


def test_of_nothing_there_is_no_figure() -> None:
    found = Lines().transfers()

    assert (Lines().lines(), found.joined.share, found.ring.p95_s) == ([], None, None)
