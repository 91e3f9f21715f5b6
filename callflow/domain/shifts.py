"""Who is on duty when: a weekly pattern with its period, dated days besides, dated leave. Pure.

The plan says who should be at a desk and nothing else: no call is routed by it, so that no caller is lost because
a plan is empty, wrong or late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from callflow.domain.names import AgentId
from callflow.domain.working_days import CHINA, ONE_DAY, day_of

EVERY_DAY = frozenset(range(7))


class Sort(StrEnum):
    """What a row of the plan says."""

    DUTY = "duty"
    LEAVE = "leave"


class Standing(StrEnum):
    """How the plan and the desks agree on one agent now."""

    PRESENT = "present"
    MISSING = "missing"
    """On duty, neither at a desk nor on a call."""
    UNPLANNED = "unplanned"
    """There without duty."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One row of the plan: an agent, and the days on which it holds.

    `serves`: the queue or skill, in the platform's own words. `weekdays`: 0 is Monday. `last_day` None: until it is
    taken out. One dated day is a row whose first and last day are the same. A duty begins and ends so many minutes
    after midnight in China; an end that is not after the begin is on the next day. Leave takes whole days out: every
    duty of that agent that begins on them.
    """

    shift_id: str
    agent_id: AgentId
    sort: Sort
    serves: str
    weekdays: frozenset[int]
    first_day: date
    last_day: date | None
    begins_min: int
    ends_min: int

    def holds_on(self, day: date) -> bool:
        """Whether it says something of this day."""
        in_time = self.first_day <= day and (self.last_day is None or day <= self.last_day)
        return in_time and day.weekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class Duty:
    """One agent's duty of one day; epoch seconds, `ends_at` excluded."""

    agent_id: AgentId
    serves: str
    begins_at: float
    ends_at: float


def duties_of(shifts: Sequence[Shift], day: date) -> list[Duty]:
    """Who begins a duty on this day, the earliest first."""
    holding = [shift for shift in shifts if shift.holds_on(day)]
    away = {shift.agent_id for shift in holding if shift.sort is Sort.LEAVE}
    found = (_duty(shift, day) for shift in holding if shift.sort is Sort.DUTY and shift.agent_id not in away)
    return sorted(found, key=lambda duty: (duty.begins_at, duty.agent_id))


def on_duty(shifts: Sequence[Shift], at: float) -> dict[AgentId, Duty]:
    """Who is on duty at this moment; of two duties at once the one that ends last."""
    today = day_of(at)
    going_on = [
        duty
        for day in (today - ONE_DAY, today)  # a night begins the day before
        for duty in duties_of(shifts, day)
        if duty.begins_at <= at < duty.ends_at
    ]
    return {duty.agent_id: duty for duty in sorted(going_on, key=lambda duty: duty.ends_at)}


def standings(duties: Collection[AgentId], there: Collection[AgentId]) -> Iterator[tuple[AgentId, Standing]]:
    """Each of those who should be there or are, in the order of their ids."""
    for agent_id in sorted({*duties, *there}):
        if agent_id not in duties:
            yield agent_id, Standing.UNPLANNED
        else:
            yield agent_id, Standing.PRESENT if agent_id in there else Standing.MISSING


def _duty(shift: Shift, day: date) -> Duty:
    midnight = datetime.combine(day, datetime.min.time(), CHINA)
    overnight = ONE_DAY if shift.ends_min <= shift.begins_min else timedelta(0)
    begins, ends = midnight + timedelta(minutes=shift.begins_min), midnight + timedelta(minutes=shift.ends_min)
    return Duty(shift.agent_id, shift.serves, begins.timestamp(), (ends + overnight).timestamp())
