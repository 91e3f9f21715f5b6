"""The figures of a period, by organisation or region (R-093, R-094): counts and shares, no person in them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from callflow.domain.figures import Figures, Seen, Share
from callflow.web.routes import Role, Route, Visit, answer
from callflow.web.schemas import Ask, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from callflow.service.figures import Lag

READERS_OF_FIGURES = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR, Role.EVALUATOR})
PERIOD_S = 30 * 86_400.0


class FiguresAsk(Ask):
    """The period in epoch seconds, `opened_to` excluded, and by what the tickets are grouped."""

    opened_from: Annotated[float, Field(ge=0, le=1e11)]
    opened_to: Annotated[float, Field(ge=0, le=1e11)]
    by: Literal["all", "region", "unit"] = "all"


class ShareView(View):
    """So many of so many, and the share; null of nothing."""

    counted: int
    of: int
    share: float | None


class ElapsedView(View):
    """Seconds that so many of them took; null of nothing."""

    count: int
    p50_s: float | None
    p95_s: float | None
    most_s: float | None


class GroupView(View):
    """The figures of one group of tickets; `group` is a region, a unit, or ""."""

    group: str
    opened: int
    signed: ShareView = Field(description="签收率: signed / opened")
    answered_in_time: ShareView = Field(description="反馈及时率: responded within the limit / responded or limit over")
    done_in_time: ShareView = Field(description="按时办结率: result within the limit / result or limit over")
    returned: ShareView = Field(description="退回率: returned / opened")
    called_back: ShareView = Field(description="回访率: asked / closed")
    satisfied: ShareView = Field(description="满意率: satisfied / those who answered")
    supervised: int = Field(description="督办数")
    stages: dict[str, ElapsedView] = Field(description="elapsed time of every stage, as opened_to_signed")


class LagView(View):
    """Seconds from a message's commit here to the other platform's receipt."""

    messages: int
    p50_s: float | None
    p95_s: float | None
    most_s: float | None
    waiting: int
    oldest_stored_at: float | None


class FiguresView(View):
    """Counted from the audit alone: whoever has it can count them again."""

    opened_from: float
    opened_to: float
    groups: list[GroupView]
    exchange: LagView


GROUPS: dict[str, Callable[[Seen], str]] = {
    "all": lambda _seen: "",
    "region": lambda seen: seen.region,
    "unit": lambda seen: seen.unit,
}


async def show(visit: Visit, _ask: None) -> web.Response:
    """The last thirty days, all together."""
    return answer(await _figures(visit, visit.now - PERIOD_S, visit.now, "all"))


async def ask_for(visit: Visit, ask: FiguresAsk) -> web.Response:
    """A period of one's own."""
    return answer(await _figures(visit, ask.opened_from, ask.opened_to, ask.by))


async def _figures(visit: Visit, opened_from: float, opened_to: float, by: str) -> FiguresView:
    books, plan = visit.deps.figures, visit.deps.ticket_rules.plan
    fold = await books.counted(opened_from, opened_to, frozenset(one.name for one in plan if one.supervises))
    groups = fold.figures(visit.now, GROUPS[by])
    return FiguresView(
        opened_from=opened_from,
        opened_to=opened_to,
        groups=[_group(name, figures) for name, figures in groups.items()],
        exchange=_lag(await books.lag(opened_from, opened_to)),
    )


def _group(name: str, figures: Figures) -> GroupView:
    return GroupView(
        group=name,
        opened=figures.opened,
        signed=_share(figures.signed),
        answered_in_time=_share(figures.answered_in_time),
        done_in_time=_share(figures.done_in_time),
        returned=_share(figures.returned),
        called_back=_share(figures.called_back),
        satisfied=_share(figures.satisfied),
        supervised=figures.supervised,
        stages={name: ElapsedView.model_validate(asdict(took)) for name, took in figures.stages.items()},
    )


def _share(share: Share) -> ShareView:
    return ShareView(counted=share.counted, of=share.of, share=share.share)


def _lag(lag: Lag) -> LagView:
    return LagView.model_validate(asdict(lag))


ROUTES = (
    Route(
        "GET",
        "/api/v1/figures",
        show,
        "The figures of the last thirty days, from the audit.",
        roles=READERS_OF_FIGURES,
        answers={200: FiguresView},
        refuses=("facts-away",),
    ),
    Route(
        "POST",
        "/api/v1/figures",
        ask_for,
        "The figures of a period, by region or unit.",
        roles=READERS_OF_FIGURES,
        asks=FiguresAsk,
        answers={200: FiguresView},
        refuses=("facts-away",),
    ),
)
