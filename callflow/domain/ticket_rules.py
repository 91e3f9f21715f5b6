"""What decides about a new ticket: the limits of its day, the working days, when to chase. Pure, and data of a site."""

from __future__ import annotations

from dataclasses import dataclass

from callflow.domain.limits import (
    CHASES,
    Chase,
    Chased,
    Deadline,
    Level,
    Limits,
    Matter,
    chases_due,
    deadlines,
    in_force,
)
from callflow.domain.names import IncidentId, SiteId, TicketId
from callflow.domain.tickets import Life, State
from callflow.domain.working_days import WorkCalendar


@dataclass(frozen=True, slots=True)
class Categories:
    """The official tree in force (R-048). A ticket keeps the scheme and the version that it was opened under."""

    scheme: str
    version: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a matter was judged: by the classifier at first, then by a person."""

    level: Level = Level.THREE
    matter: Matter = Matter.HELP
    category: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class TicketRules:
    """One site's rules for its tickets."""

    limits: tuple[Limits, ...]
    calendar: WorkCalendar
    categories: Categories
    plan: tuple[Chase, ...] = CHASES

    def begin(
        self,
        ticket_id: TicketId,
        incident_id: IncidentId,
        opened_at: float,
        judged: Judgement,
        *,
        peer: SiteId | None = None,
        came_from_peer: bool = False,
        danger: bool = False,
        precedent: str = "",
    ) -> Life:
        """The life of a ticket that is opened now. `precedent`: the unit to which such matters were given for good."""
        limits = in_force(self.limits, opened_at)
        return Life(
            ticket_id=ticket_id,
            incident_id=incident_id,
            state=State.DISPATCHED,
            since=opened_at,
            opened_at=opened_at,
            level=judged.level,
            matter=judged.matter,
            limits=limits.name,
            unit=precedent,
            peer=peer,
            came_from_peer=came_from_peer,
            danger=danger,
            bound=bool(precedent),
            category=judged.category,
            deadlines=deadlines(limits, judged.level, judged.matter, opened_at, self.calendar),
        )

    def deadlines(self, life: Life, level: Level, matter: Matter) -> tuple[Deadline, ...]:
        """What would be due if the ticket were judged so; it keeps the limits under which it was opened (R-032)."""
        named = [one for one in self.limits if one.name == life.limits]
        limits = named[0] if named else in_force(self.limits, life.opened_at)
        return deadlines(limits, level, matter, life.opened_at, self.calendar)

    def chases(self, life: Life, now: float) -> tuple[Chased, ...]:
        """Reminders and supervision orders that are to be said now."""
        return chases_due(life.open_deadlines, life.chased, now, self.plan)

    def next_chase_at(self, life: Life) -> float | None:
        """When the ticket is to be looked at again: the earliest chase that was not said, also one in the past."""
        waiting = chases_due(life.open_deadlines, life.chased, float("inf"), self.plan)
        return waiting[0].at if waiting else None
