"""What a supervisor looks at besides the calls themselves: how handovers went, and which limits are over or near."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from callflow.domain.handover_figures import TargetFigures, by_hour, by_target
from callflow.domain.limits import Level, Matter, Stage
from callflow.domain.tickets import State
from callflow.web.errors import FieldError, Problem
from callflow.web.figures import READERS_OF_FIGURES
from callflow.web.routes import Role, Route, Visit, answer
from callflow.web.schemas import Ask, View

if TYPE_CHECKING:
    from aiohttp import web

DAY_S = 86_400.0
MOST_DAYS = 31
MOST_ATTEMPTS = 20_000
NEAR_S = DAY_S
MOST_TICKETS = 200
WATCHERS = frozenset({Role.SUPERVISOR, Role.AUDITOR})


class HandoversAsk(Ask):
    """Calls that arrived in this period, in epoch seconds, `arrived_to` excluded; at most 31 days."""

    arrived_from: Annotated[float, Field(ge=0, le=1e11)]
    arrived_to: Annotated[float, Field(ge=0, le=1e11)]


class HourView(View):
    """One hour's attempts: `begun` is its first epoch second."""

    begun: int
    outcomes: dict[str, int] = Field(description='outcome -> how many; "live" is an attempt without one yet')


class SpreadView(View):
    """Seconds, by nearest rank; null of nothing."""

    counted: int
    p50_s: float | None
    p95_s: float | None
    most_s: float | None


class TargetFiguresView(View):
    """How attempts to reach one target went; `target` "" is all of them."""

    target: str
    tried: int
    joined: int
    ring: SpreadView = Field(description="from the key to the target's ringing")
    join: SpreadView = Field(description="from the key to the target's voice in the talk")


class HandoversView(View):
    """Handovers of a period; hours without any are left out. `complete` false: only the newest are counted."""

    arrived_from: float
    arrived_to: float
    complete: bool
    hours: list[HourView]
    targets: list[TargetFiguresView]


class PressingView(View):
    """A ticket with the limit that is over or comes first."""

    ticket_id: str
    incident_id: str
    state: State
    level: Level
    matter: Matter
    category: str
    unit: str
    peer: str | None
    danger: bool
    stage: Stage
    due_at: float
    assumed: bool = Field(description="a day that counts is not published yet")


class PressingList(View):
    """The longest due first; `at` is now by the site's clock."""

    at: float
    tickets: list[PressingView]


async def show_handovers(visit: Visit, _ask: None) -> web.Response:
    """The last 24 hours."""
    return answer(await _handovers(visit, visit.now - DAY_S, visit.now + 1))


async def ask_for_handovers(visit: Visit, ask: HandoversAsk) -> web.Response:
    """A period of one's own."""
    if not 0 < ask.arrived_to - ask.arrived_from <= MOST_DAYS * DAY_S:
        wrong = FieldError(field="arrived_to", message=f"after arrived_from, and at most {MOST_DAYS} days later")
        raise Problem("invalid-request", errors=[wrong])
    return answer(await _handovers(visit, ask.arrived_from, ask.arrived_to))


async def _handovers(visit: Visit, arrived_from: float, arrived_to: float) -> HandoversView:
    tried = await visit.deps.figures.tried(arrived_from, arrived_to, MOST_ATTEMPTS)
    return HandoversView(
        arrived_from=arrived_from,
        arrived_to=arrived_to,
        complete=len(tried) < MOST_ATTEMPTS,
        hours=[HourView(begun=begun, outcomes=dict(outcomes)) for begun, outcomes in by_hour(tried).items()],
        targets=[_target(one) for one in by_target(tried)],
    )


def _target(figures: TargetFigures) -> TargetFiguresView:
    return TargetFiguresView.model_validate(asdict(figures))


async def show_pressing(visit: Visit, _ask: None) -> web.Response:
    """Tickets whose next limit is over or within a day."""
    found = await visit.deps.lives.pressing(visit.now + NEAR_S, MOST_TICKETS)
    tickets = [
        PressingView(
            ticket_id=life.ticket_id,
            incident_id=life.incident_id,
            state=life.state,
            level=life.level,
            matter=life.matter,
            category=life.category,
            unit=life.unit,
            peer=life.peer,
            danger=life.danger,
            stage=life.open_deadlines[0].stage,
            due_at=life.open_deadlines[0].due_at,
            assumed=life.open_deadlines[0].assumed,
        )
        for life in found
    ]
    return answer(PressingList(at=visit.now, tickets=tickets))


ROUTES = (
    Route(
        "GET",
        "/api/v1/figures/handovers",
        show_handovers,
        "Handovers of the last 24 hours: by hour and outcome, and how long targets took to ring and to join.",
        roles=READERS_OF_FIGURES,
        answers={200: HandoversView},
        refuses=("facts-away",),
    ),
    Route(
        "POST",
        "/api/v1/figures/handovers",
        ask_for_handovers,
        "Handovers of a period.",
        roles=READERS_OF_FIGURES,
        asks=HandoversAsk,
        answers={200: HandoversView},
        refuses=("facts-away",),
    ),
    Route(
        "GET",
        "/api/v1/deadlines",
        show_pressing,
        "Open tickets whose next limit is over or comes within 24 hours, the longest due first.",
        roles=WATCHERS,
        answers={200: PressingList},
        refuses=("facts-away",),
    ),
)
