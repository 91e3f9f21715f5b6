"""Time limits of a matter, as dated data: levels 1 and 2 by the linkage plan, level 3 by the kind of matter.

R-030: level 1, first response within 2 hours, progress within 2 working days. R-031: level 2, 4 hours and 3 working
days. R-032 and X-1: level 3, by kind, 3 / 7 / 15 working days since December 2025. A ticket keeps the rule under which
it was opened: `Limits` is looked up once, by the moment of opening, and its name is stored with the ticket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from callflow.domain.working_days import Due, WorkCalendar, day_of


class Level(IntEnum):
    """How far a matter reaches (linkage plan, part 3(4))."""

    ONE = 1
    TWO = 2
    THREE = 3


class Matter(StrEnum):
    """What the citizen wants; it decides the limit at level 3."""

    CONSULT = "consult"  # 咨询
    HELP = "help"  # 求助
    SUGGESTION = "suggestion"  # 意见建议
    COMPLAINT = "complaint"  # 投诉
    REPORT = "report"  # 举报


class Stage(StrEnum):
    """What is due."""

    SIGNED = "signed"  # 签收
    RESPONSE = "response"  # 初步响应
    RESULT = "result"  # 处理进度，或办结


@dataclass(frozen=True, slots=True)
class Span:
    """A limit: hours of the clock or working days, one of the two."""

    hours: float | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        """Refuse a span that is neither or both."""
        if (self.hours is None) == (self.days is None):
            raise ValueError("a limit is in hours or in working days; give one of the two")

    def due(self, start: float, calendar: WorkCalendar) -> Due:
        """When it is over."""
        if self.hours is not None:
            return calendar.after_hours(start, self.hours)
        return calendar.after_days(start, self.days or 0)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force from a day on. `by_matter` is level 3's result; `source` is what to quote."""

    name: str
    effective_from: date
    source: str
    by_level: Mapping[Level, Mapping[Stage, Span]]
    by_matter: Mapping[Matter, Span]

    def spans(self, level: Level, matter: Matter) -> dict[Stage, Span]:
        """What is due for this matter, by stage."""
        found = dict(self.by_level.get(level, {}))
        if level is Level.THREE:
            found[Stage.RESULT] = self.by_matter[matter]
        return found


@dataclass(frozen=True, slots=True)
class Deadline:
    """One stage's end. `began_at` is where fractions of it are counted from."""

    stage: Stage
    began_at: float
    due_at: float
    assumed: bool = False


def in_force(rules: Sequence[Limits], at: float) -> Limits:
    """The limits of this moment's day; before the first of them, the first.

    Raises:
        ValueError: there are none.
    """
    if not rules:
        raise ValueError("no time limits are configured; see limits.toml")
    ordered = sorted(rules, key=lambda one: one.effective_from)
    valid = [one for one in ordered if one.effective_from <= day_of(at)]
    return valid[-1] if valid else ordered[0]


def deadlines(
    limits: Limits, level: Level, matter: Matter, opened_at: float, calendar: WorkCalendar
) -> tuple[Deadline, ...]:
    """Everything that is due for a matter opened then, earliest first."""
    found = [
        Deadline(stage, opened_at, due.at, due.assumed)
        for stage, span in limits.spans(level, matter).items()
        for due in (span.due(opened_at, calendar),)
    ]
    return tuple(sorted(found, key=lambda one: one.due_at))


# ---- reminders and supervision


@dataclass(frozen=True, slots=True)
class Chase:
    """One step of chasing: `name` says which, `share` of the span has gone (1 is the breach, more is after it)."""

    name: str
    share: float
    supervises: bool
    """督办: a supervision order and not only a reminder (催办)."""


CHASES = (
    Chase("reminded-half", 0.5, supervises=False),
    Chase("reminded-late", 0.8, supervises=False),
    Chase("breached", 1.0, supervises=True),
    Chase("long-breached", 1.5, supervises=True),
)
"""The default plan; a site may have its own."""


@dataclass(frozen=True, slots=True)
class Chased:
    """A chase of one stage that is due, and since when. `key` is stored so that it happens once."""

    stage: Stage
    chase: Chase
    at: float

    @property
    def key(self) -> str:
        """Unique within a ticket."""
        return f"{self.stage.value}:{self.chase.name}"


def chases_due(
    open_deadlines: Sequence[Deadline], done: frozenset[str], now: float, plan: Sequence[Chase] = CHASES
) -> tuple[Chased, ...]:
    """What is to be said now and was not yet, in the order in which it fell due; also after a long absence."""
    found = [chased for chased in _chases(open_deadlines, plan) if chased.at <= now and chased.key not in done]
    return tuple(sorted(found, key=lambda one: one.at))


def next_chase(
    open_deadlines: Sequence[Deadline], done: frozenset[str], now: float, plan: Sequence[Chase] = CHASES
) -> float | None:
    """When to look again; None when nothing more will fall due."""
    return min((one.at for one in _chases(open_deadlines, plan) if one.at > now and one.key not in done), default=None)


def _chases(open_deadlines: Sequence[Deadline], plan: Sequence[Chase]) -> list[Chased]:
    return [
        Chased(deadline.stage, chase, deadline.began_at + (deadline.due_at - deadline.began_at) * chase.share)
        for deadline in open_deadlines
        for chase in plan
    ]
