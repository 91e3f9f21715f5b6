"""Working days in China's time: which days count, and when so many of them are over (R-033).

A span of days begins with the day after and ends at midnight of its last day (Civil Code art. 201 to 203). Weekends
and public holidays are free, make-up days (调休) are worked. The State Council publishes a year's holidays late in the
year before: days after the last published one are counted by weekends alone, and what rests on them says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "CST")
"""One zone for the whole country, without summer time."""

SATURDAY = 5
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, in epoch seconds. `assumed`: a day that counts is not published yet."""

    at: float
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked. `free`: holidays, also those on a weekend; `extra`: make-up days; both published."""

    published_to: date
    free: frozenset[date] = frozenset()
    extra: frozenset[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        """Whether this day counts."""
        return day in self.extra or (day.weekday() < SATURDAY and day not in self.free)

    def after_hours(self, start: float, hours: float) -> Due:
        """So many hours of the clock later, nights and holidays included."""
        return Due(start + hours * 3600)

    def after_days(self, start: float, days: int) -> Due:
        """Midnight at the end of the `days`-th working day after the day of `start`; `days` is 1 or more.

        Raises:
            ValueError: less than one day.
        """
        if days < 1:
            raise ValueError(f"{days} working days are no span; a limit begins with one")
        day = day_of(start)
        while days:
            day += ONE_DAY
            days -= self.is_worked(day)
        midnight = datetime.combine(day + ONE_DAY, datetime.min.time(), CHINA)
        return Due(midnight.timestamp(), assumed=day > self.published_to)


def day_of(moment: float) -> date:
    """The day in China at this moment."""
    return datetime.fromtimestamp(moment, CHINA).date()
