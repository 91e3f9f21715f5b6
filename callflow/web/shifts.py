"""The plan of duties: who should be at a desk when, changed by the administrator, and who of them is missing now.

It is the one thing that is changed in the administrator's page: it opens no way into the site and routes no call.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from aiohttp import web
from pydantic import Field
from ulid import ULID

from callflow.domain.names import AgentId
from callflow.domain.shifts import EVERY_DAY, Duty, Shift, Sort, Standing, duties_of, on_duty, standings
from callflow.domain.working_days import ONE_DAY, day_of
from callflow.web.errors import FieldError, Problem
from callflow.web.house_rules import ADMINISTRATORS, HOUSE_READERS
from callflow.web.routes import CALL_WORKERS, Route, Visit, answer
from callflow.web.schemas import Ask, Line, NothingAsk, View
from callflow.web.submit import once
from callflow.web.supervision import WATCHERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DAY_MIN = 24 * 60
WEEK = 7
MOST_SHIFTS = 2000
PATH = "/api/v1/shifts"
Minute = Annotated[int, Field(ge=0, lt=DAY_MIN, description="minutes after midnight in China")]


class ShiftAsk(Ask):
    """A row of the plan. An end that is not after the begin is on the next day; leave takes whole days out."""

    agent_id: Annotated[str, Field(pattern=r"^\d{3,6}$")]
    sort: Sort = Sort.DUTY
    serves: Annotated[Line, Field(max_length=32)] = ""
    weekdays: Annotated[list[Annotated[int, Field(ge=0, lt=WEEK)]], Field(min_length=1, max_length=WEEK)] = Field(
        default_factory=lambda: sorted(EVERY_DAY), description="0 is Monday"
    )
    first_day: date
    last_day: date | None = None
    begins_min: Minute = 0
    ends_min: Minute = 0


class ShiftView(View):
    """A row of the plan as it is kept."""

    shift_id: str
    agent_id: str
    sort: Sort
    serves: str
    weekdays: list[int]
    first_day: date
    last_day: date | None
    begins_min: int
    ends_min: int


class DutyView(View):
    """One agent's duty, epoch seconds."""

    agent_id: str
    serves: str
    begins_at: float
    ends_at: float


class DayView(View):
    """Who begins a duty on this day, and who is on leave."""

    day: date
    duties: list[DutyView]
    on_leave: list[str]


class ShiftList(View):
    """The rows that still hold, and the seven days from today that they make."""

    at: float
    shifts: list[ShiftView]
    days: list[DayView]


class StandingView(View):
    """One who should be there or is; without a duty the three others are null."""

    agent_id: str
    standing: Standing
    serves: str | None
    begins_at: float | None
    ends_at: float | None


class DutyList(View):
    """Who should be there now. `planned` false: there is no plan at all, so nobody is missing or there without duty."""

    at: float
    planned: bool
    agents: list[StandingView]


async def list_shifts(visit: Visit, _ask: None) -> web.Response:
    """The plan from today on."""
    return answer(await _plan(visit))


async def list_duty(visit: Visit, _ask: None) -> web.Response:
    """Who of those on duty is there, who is missing, and who is there without duty."""
    shifts = await visit.deps.shifts.shifts(day_of(visit.now) - ONE_DAY)
    if not shifts:
        return answer(DutyList(at=visit.now, planned=False, agents=[]))
    duties = on_duty(shifts, visit.now)
    busy = {call.agent.agent_id for call in await visit.deps.facts.live_calls() if call.agent is not None}
    looked_at = duties.keys() | {AgentId(one.id) for one in visit.deps.site.agent if one.role == "agent"}
    there = {agent_id for agent_id in looked_at if agent_id in busy or visit.memory.streams[agent_id]}
    agents = [_standing(agent_id, how, duties.get(agent_id)) for agent_id, how in standings(duties, there)]
    return answer(DutyList(at=visit.now, planned=True, agents=agents))


async def add_shift(visit: Visit, ask: ShiftAsk) -> web.Response:
    """Put a row into the plan, audited."""
    wrong = list(_faults(visit, ask))
    if wrong:
        raise Problem("invalid-request", errors=wrong)
    if len(await visit.deps.shifts.shifts(day_of(visit.now))) >= MOST_SHIFTS:
        raise Problem("too-many-shifts")
    shift = Shift(
        str(ULID()),
        AgentId(ask.agent_id),
        ask.sort,
        ask.serves,
        frozenset(ask.weekdays),
        ask.first_day,
        ask.last_day,
        ask.begins_min,
        ask.ends_min,
    )
    await visit.deps.shifts.add(shift, by=visit.who.agent_id, at=visit.now)
    return answer(_view(shift), 201)


async def remove_shift(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Take a row out, audited."""
    if not await visit.deps.shifts.remove(visit.part("shift_id"), by=visit.who.agent_id, at=visit.now):
        raise Problem("shift-not-found")
    return web.Response(status=204)


def _faults(visit: Visit, ask: ShiftAsk) -> Iterator[FieldError]:
    account = next((one for one in visit.deps.site.agent if one.id == ask.agent_id), None)
    if account is None or account.role not in CALL_WORKERS:
        yield FieldError(field="agent_id", message="no account of this site that answers callers")
    if ask.last_day is not None and ask.last_day < ask.first_day:
        yield FieldError(field="last_day", message="not before first_day")
    if ask.last_day is not None and ask.last_day < day_of(visit.now):
        yield FieldError(field="last_day", message="over already")


async def _plan(visit: Visit) -> ShiftList:
    today = day_of(visit.now)
    shifts = await visit.deps.shifts.shifts(today)
    return ShiftList(
        at=visit.now,
        shifts=[_view(shift) for shift in shifts],
        days=[_day(shifts, today + timedelta(days=nth)) for nth in range(WEEK)],
    )


def _day(shifts: Sequence[Shift], day: date) -> DayView:
    leave = sorted({str(one.agent_id) for one in shifts if one.sort is Sort.LEAVE and one.holds_on(day)})
    return DayView(day=day, duties=[DutyView(**asdict(one)) for one in duties_of(shifts, day)], on_leave=leave)


def _standing(agent_id: AgentId, standing: Standing, duty: Duty | None) -> StandingView:
    return StandingView(
        agent_id=agent_id,
        standing=standing,
        serves=duty.serves if duty else None,
        begins_at=duty.begins_at if duty else None,
        ends_at=duty.ends_at if duty else None,
    )


def _view(shift: Shift) -> ShiftView:
    return ShiftView(**asdict(shift) | {"weekdays": sorted(shift.weekdays)})


ROUTES = (
    Route(
        "GET",
        PATH,
        list_shifts,
        "The plan of duties: its rows, and the seven days from today that they make.",
        roles=WATCHERS | HOUSE_READERS,
        answers={200: ShiftList},
        refuses=("facts-away",),
    ),
    Route(
        "POST",
        PATH,
        once(add_shift),
        "Put a duty or a leave into the plan; audited. No call is routed by it.",
        roles=ADMINISTRATORS,
        asks=ShiftAsk,
        answers={201: ShiftView},
        refuses=("too-many-shifts", "idempotency-key-reused", "facts-away"),
        headers=("Idempotency-Key",),
    ),
    Route(
        "DELETE",
        f"{PATH}/{{shift_id}}",
        remove_shift,
        "Take a row out of the plan; audited.",
        roles=ADMINISTRATORS,
        asks=NothingAsk,
        answers={204: None},
        refuses=("shift-not-found", "facts-away"),
    ),
    Route(
        "GET",
        "/api/v1/duty",
        list_duty,
        "Who should be at a desk now: there, missing, or there without duty.",
        roles=WATCHERS | HOUSE_READERS,
        answers={200: DutyList},
        refuses=("facts-away",),
    ),
)
