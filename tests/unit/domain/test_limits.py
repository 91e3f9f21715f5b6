"""When a matter is due: the vectors of R-030 to R-033, and that everything is chased once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.domain.limits import (
    CHASES,
    Deadline,
    Level,
    Limits,
    Matter,
    Span,
    Stage,
    chases_due,
    deadlines,
    in_force,
    next_chase,
)
from callflow.domain.working_days import CHINA, WorkCalendar, day_of

# Spring Festival 2026: free from Sunday 15 to Monday 23 February, Saturday 14 and Saturday 28 are worked.
CALENDAR = WorkCalendar(
    published_to=date(2026, 12, 31),
    free=frozenset(date(2026, 2, day) for day in range(15, 24)) | frozenset(date(2026, 10, d) for d in range(1, 8)),
    extra=frozenset({date(2026, 2, 14), date(2026, 2, 28), date(2026, 9, 20), date(2026, 10, 10)}),
)
BY_LEVEL = {
    Level.ONE: {Stage.RESPONSE: Span(hours=2), Stage.RESULT: Span(days=2)},
    Level.TWO: {Stage.RESPONSE: Span(hours=4), Stage.RESULT: Span(days=3)},
}
NEW = Limits(
    "2025",
    date(2025, 12, 1),
    "X-1",
    BY_LEVEL,
    {m: Span(days={"consult": 3, "complaint": 15, "report": 15}.get(m.value, 7)) for m in Matter},
)
OLD = Limits("2022", date(2022, 1, 1), "R-032", BY_LEVEL, {m: Span(days=15) for m in Matter})


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp()


@pytest.mark.covers("R-033")
@pytest.mark.parametrize(
    ("start", "days", "over"),
    [
        ("2026-11-20 17:59:00", 2, "2026-11-25 00:00:00"),  # Friday: Monday and Tuesday
        ("2026-11-20 23:59:59", 1, "2026-11-24 00:00:00"),
        ("2026-11-21 00:00:00", 1, "2026-11-24 00:00:00"),  # a Saturday
        ("2026-02-13 17:59:00", 1, "2026-02-15 00:00:00"),  # the next day is a make-up Saturday
        ("2026-02-14 09:00:00", 1, "2026-02-25 00:00:00"),  # the eve of the holiday
        ("2026-02-25 10:00:00", 3, "2026-03-01 00:00:00"),  # the limit falls on a make-up Saturday
        ("2026-09-30 18:00:00", 2, "2026-10-10 00:00:00"),
        ("2026-10-09 08:00:00", 1, "2026-10-11 00:00:00"),
    ],
)
def test_working_days_end_at_midnight_of_the_last_one(start: str, days: int, over: str) -> None:
    due = CALENDAR.after_days(at(start), days)

    assert (due.at, due.assumed) == (at(over), False)


@pytest.mark.covers("R-033")
def test_a_year_that_is_not_published_yet_is_counted_by_weekends_and_says_so() -> None:
    due = CALENDAR.after_days(at("2026-12-31 09:00:00"), 1)

    assert (due.at, due.assumed) == (at("2027-01-02 00:00:00"), True)


@given(st.floats(0, 4e9), st.integers(1, 60))
def test_one_more_day_is_never_sooner_and_the_last_day_is_worked(start: float, days: int) -> None:
    one, more = CALENDAR.after_days(start, days), CALENDAR.after_days(start, days + 1)

    assert start < one.at < more.at
    assert CALENDAR.is_worked(day_of(one.at - 1))


@pytest.mark.covers("R-030", "R-031")
@pytest.mark.parametrize(
    ("level", "response", "result"),
    [
        (Level.ONE, "2026-11-20 19:59:00", "2026-11-25 00:00:00"),
        (Level.TWO, "2026-11-20 21:59:00", "2026-11-26 00:00:00"),
    ],
)
def test_levels_one_and_two_have_clock_hours_and_working_days(level: Level, response: str, result: str) -> None:
    found = deadlines(NEW, level, Matter.COMPLAINT, at("2026-11-20 17:59:00"), CALENDAR)

    assert [(one.stage, one.due_at) for one in found] == [(Stage.RESPONSE, at(response)), (Stage.RESULT, at(result))]


@pytest.mark.covers("R-032", "X-1")
@pytest.mark.parametrize(("matter", "days"), [(Matter.CONSULT, 3), (Matter.HELP, 7), (Matter.REPORT, 15)])
def test_level_three_goes_by_the_kind_of_matter(matter: Matter, days: int) -> None:
    opened = at("2026-11-20 17:59:00")

    (found,) = deadlines(NEW, Level.THREE, matter, opened, CALENDAR)

    assert found.due_at == CALENDAR.after_days(opened, days).at


@pytest.mark.covers("R-032")
def test_the_rule_of_the_day_of_opening_holds() -> None:
    rules = (NEW, OLD)

    assert in_force(rules, at("2025-11-30 23:59:59")) is OLD
    assert in_force(rules, at("2025-12-01 00:00:00")) is NEW
    assert in_force(rules, at("2020-01-01 00:00:00")) is OLD


@pytest.mark.parametrize("wrong", [{}, {"hours": 1, "days": 1}])
def test_a_limit_is_in_hours_or_in_days(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="one of the two"):
        Span(**wrong)


@pytest.mark.covers("R-042")
@given(st.lists(st.floats(0, 300_000), max_size=20))
def test_whoever_looks_and_whenever_every_chase_comes_once_and_in_order(looks: list[float]) -> None:
    deadline = Deadline(Stage.RESULT, began_at=0.0, due_at=100_000.0)
    done: frozenset[str] = frozenset()
    said: list[str] = []

    for now in [*sorted(looks), 300_000.0]:
        for chased in chases_due([deadline], done, now):
            said.append(chased.chase.name)
            done |= {chased.key}

    assert said == [chase.name for chase in CHASES]
    assert next_chase([deadline], done, 300_000.0) is None


def test_the_next_look_is_when_the_next_chase_falls_due() -> None:
    deadline = Deadline(Stage.RESPONSE, began_at=0.0, due_at=timedelta(hours=2).total_seconds())

    assert next_chase([deadline], frozenset(), 0.0) == 3600.0
    assert next_chase([deadline], frozenset(), 3600.0) == pytest.approx(5760.0)
