"""How each service number is answered, whether its seats are to be merged, and how handovers go (R-070)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from callflow.domain.lines import SOON_S
from callflow.web.figures import PERIOD_S, READERS_OF_FIGURES, ElapsedView, ShareView
from callflow.web.routes import Route, Visit, answer
from callflow.web.schemas import Ask, View

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.domain.figures import Share
    from callflow.domain.lines import Line, Transfers


class LinesAsk(Ask):
    """Calls that arrived in this period, in epoch seconds, `arrived_to` excluded."""

    arrived_from: Annotated[float, Field(ge=0, le=1e11)]
    arrived_to: Annotated[float, Field(ge=0, le=1e11)]


class SoonView(View):
    """Answered within so many seconds, out of those who rang and out of those who were answered."""

    within_s: float
    of_offered: ShareView
    of_answered: ShareView


class LineView(View):
    """One service number. Hours of the week count from Monday 0 o'clock in China."""

    number: str
    answered: ShareView = Field(description="人工接通率: answered by a person / rang this number")
    disposed: ShareView = Field(description="an agent has said what became of the call / answered")
    answered_directly: ShareView = Field(description="直接解答率: nothing is left to do / disposed")
    soon: list[SoonView]
    wait: ElapsedView
    covered_hours: int = Field(description="hours of the week in which somebody who rang was answered")
    uncovered_hours: list[int] = Field(description="hours in which people rang and nobody was answered")
    below_60_percent: bool
    to_merge: bool = Field(description="并入: below 60 %, or an uncovered hour")


class TransfersView(View):
    """Handovers of the period. `joined` is out of those that are over; times count from the key."""

    begun: int
    joined: ShareView
    outcomes: dict[str, int]
    kept_number: ShareView
    lost_after_answer: int
    ring: ElapsedView
    talk: ElapsedView
    danger_ring: ElapsedView
    settled: dict[str, int]


class LinesView(View):
    """Counted from the calls and the audit; no person in it."""

    arrived_from: float
    arrived_to: float
    lines: list[LineView]
    transfers: TransfersView


async def show(visit: Visit, _ask: None) -> web.Response:
    """The last thirty days."""
    return answer(await _figures(visit, visit.now - PERIOD_S, visit.now))


async def ask_for(visit: Visit, ask: LinesAsk) -> web.Response:
    """A period of one's own."""
    return answer(await _figures(visit, ask.arrived_from, ask.arrived_to))


async def _figures(visit: Visit, arrived_from: float, arrived_to: float) -> LinesView:
    found = await visit.deps.figures.lines(arrived_from, arrived_to)
    return LinesView(
        arrived_from=arrived_from,
        arrived_to=arrived_to,
        lines=[_line(line) for line in found.lines()],
        transfers=_transfers(found.transfers()),
    )


def _line(line: Line) -> LineView:
    limits = zip(SOON_S, line.soon, line.soon_of_answered, strict=True)
    return LineView(
        number=line.number,
        answered=_share(line.answered),
        disposed=_share(line.disposed),
        answered_directly=_share(line.answered_directly),
        soon=[SoonView(within_s=limit, of_offered=_share(a), of_answered=_share(b)) for limit, a, b in limits],
        wait=ElapsedView.model_validate(asdict(line.wait)),
        covered_hours=line.covered_hours,
        uncovered_hours=list(line.uncovered_hours),
        below_60_percent=line.too_seldom,
        to_merge=line.to_merge,
    )


def _transfers(found: Transfers) -> TransfersView:
    shares = {name: _share(getattr(found, name)) for name in ("joined", "kept_number")}
    times = {name: ElapsedView.model_validate(asdict(getattr(found, name))) for name in ("ring", "talk", "danger_ring")}
    counts = {name: getattr(found, name) for name in ("begun", "outcomes", "lost_after_answer", "settled")}
    return TransfersView.model_validate(shares | times | counts)


def _share(share: Share) -> ShareView:
    return ShareView(counted=share.counted, of=share.of, share=share.share)


ROUTES = (
    Route(
        "GET",
        "/api/v1/figures/lines",
        show,
        "How each service number was answered in the last thirty days, its merge flag, and how handovers went.",
        roles=READERS_OF_FIGURES,
        answers={200: LinesView},
        refuses=("facts-away",),
    ),
    Route(
        "POST",
        "/api/v1/figures/lines",
        ask_for,
        "The same for a period.",
        roles=READERS_OF_FIGURES,
        asks=LinesAsk,
        answers={200: LinesView},
        refuses=("facts-away",),
    ),
)
