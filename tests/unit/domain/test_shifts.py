"""Who is on duty when: the weekly pattern, dated days, nights, leave; and how it agrees with who is there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from callflow.domain.names import AgentId
from callflow.domain.shifts import EVERY_DAY, Shift, Sort, Standing, duties_of, on_duty, standings
from callflow.domain.working_days import CHINA

ANNA, BO = AgentId("8001"), AgentId("8009")
MONDAY, TUESDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 22)


def shift(agent_id: AgentId = ANNA, **changed: Any) -> Shift:
    """Every day from eight to four since Sunday, unless something else is said."""
    row: dict[str, Any] = {
        "shift_id": "1", "sort": Sort.DUTY, "serves": "综合", "weekdays": EVERY_DAY, "first_day": SUNDAY,
        "last_day": None, "begins_min": 8 * 60, "ends_min": 16 * 60,
    }  # fmt: skip
    return Shift(agent_id=agent_id, **(row | changed))


def at(day: date, hour: int, minute: int = 0) -> float:
    """This moment in China."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA).timestamp()


@pytest.mark.parametrize(
    ("moment", "is_on"),
    [
        (at(MONDAY, 7, 59), False),
        (at(MONDAY, 8), True),
        (at(MONDAY, 15, 59), True),
        (at(MONDAY, 16), False),
        (at(TUESDAY, 9), False),
    ],
)
def test_a_weekly_row_holds_on_its_weekdays_between_its_hours(moment: float, *, is_on: bool) -> None:
    assert (ANNA in on_duty([shift(weekdays=frozenset({0}))], moment)) is is_on


def test_a_night_belongs_to_the_day_on_which_it_begins_and_goes_over_midnight() -> None:
    night = shift(weekdays=frozenset({6}), begins_min=22 * 60, ends_min=6 * 60)

    assert ANNA in on_duty([night], at(SUNDAY, 23))
    duty = on_duty([night], at(MONDAY, 5, 59))[ANNA]
    assert (duty.begins_at, duty.ends_at) == (at(SUNDAY, 22), at(MONDAY, 6))
    assert on_duty([night], at(MONDAY, 6)) == {}
    assert on_duty([night], at(MONDAY, 23)) == {}


def test_a_row_whose_end_is_its_begin_is_a_whole_day() -> None:
    assert ANNA in on_duty([shift(begins_min=0, ends_min=0)], at(MONDAY, 23, 59))


def test_a_row_holds_from_its_first_to_its_last_day_and_a_dated_day_is_one_with_both_the_same() -> None:
    extra = shift(first_day=MONDAY, last_day=MONDAY)

    assert [len(duties_of([extra], day)) for day in (SUNDAY, MONDAY, TUESDAY)] == [0, 1, 0]


def test_leave_takes_out_every_duty_of_that_agent_that_begins_on_its_days_and_nobody_elses() -> None:
    night = shift(begins_min=22 * 60, ends_min=6 * 60)
    plan = [night, shift(), shift(BO), shift(sort=Sort.LEAVE, first_day=MONDAY, last_day=MONDAY)]

    assert [duty.agent_id for duty in duties_of(plan, MONDAY)] == [BO]
    assert ANNA in on_duty(plan, at(MONDAY, 5))  # Sunday's night is worked to its end
    assert [duty.agent_id for duty in duties_of(plan, TUESDAY)] == [ANNA, BO, ANNA]


def test_of_two_duties_at_once_the_one_that_ends_last_is_told() -> None:
    plan = [shift(ends_min=20 * 60, serves="英语"), shift()]

    assert on_duty(plan, at(MONDAY, 9))[ANNA].serves == "英语"


def test_an_empty_plan_has_nobody_on_duty() -> None:
    assert on_duty([], at(MONDAY, 9)) == {}
    assert list(standings((), ())) == []


def test_who_is_there_who_is_missing_and_who_is_there_without_duty() -> None:
    assert list(standings({ANNA, AgentId("8002")}, {ANNA, BO})) == [
        (ANNA, Standing.PRESENT),
        (AgentId("8002"), Standing.MISSING),
        (BO, Standing.UNPLANNED),
    ]
