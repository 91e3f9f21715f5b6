"""The evaluator's feed: how every matter of a period went, and no person in it (R-095).

A third party that assesses the hotline needs times, returns and the citizens' answers (好差评), not callers. So
there is no number here, not even a masked one, no text and no agent: what is not sent cannot be put together again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from callflow.domain.limits import Stage
from callflow.domain.names import TicketId
from callflow.web.errors import FieldError, Problem
from callflow.web.routes import Role, Route, Visit, answer
from callflow.web.schemas import Ask, NothingAsk, View

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.domain.figures import Seen

PATH = "/api/v1/evaluation"
DAY_S = 86_400.0
MOST_DAYS = 92
PAGE = 1000
EVALUATORS = frozenset({Role.EVALUATOR})


class EvaluationAsk(Ask):
    """Tickets opened in this period, epoch seconds, `opened_to` excluded, at most 92 days; `after`: the page before."""

    opened_from: Annotated[float, Field(ge=0, le=1e11)]
    opened_to: Annotated[float, Field(ge=0, le=1e11)]
    after: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{0,40}$")] = ""


class EvaluatedView(View):
    """How one matter went. Moments are epoch seconds; null: not yet, or never."""

    ticket_id: str
    region: str
    unit: str
    channel: str
    category: str
    level: int
    opened_at: float
    signed_at: float | None
    responded_at: float | None
    fed_back_at: float | None
    closed_at: float | None
    response_due_at: float | None
    result_due_at: float | None
    returned: bool
    supervised: int
    called_back: bool
    satisfied: bool | None = Field(description="好差评: the citizen's answer; null when he was not asked or gave none")
    mystery: bool = Field(description="an evaluator was the caller himself")


class EvaluationView(View):
    """Counted from the audit alone, by ticket number; `next` is the `after` of the next page, null at the end."""

    at: float
    tickets: list[EvaluatedView]
    next: str | None


async def show(visit: Visit, ask: EvaluationAsk) -> web.Response:
    """How the matters of a period went."""
    if not 0 < ask.opened_to - ask.opened_from <= MOST_DAYS * DAY_S:
        wrong = FieldError(field="opened_to", message=f"after opened_from, and at most {MOST_DAYS} days later")
        raise Problem("invalid-request", errors=[wrong])
    fold = await visit.deps.figures.counted(ask.opened_from, ask.opened_to, frozenset(_orders(visit)))
    found = sorted(item for item in fold.seen.items() if item[0] > ask.after)
    page = found[:PAGE]
    goes_on = page[-1][0] if len(found) > PAGE else None
    return answer(EvaluationView(at=visit.now, tickets=[_view(*one) for one in page], next=goes_on))


async def mark_mystery(visit: Visit, _ask: NothingAsk) -> web.Response:
    """The evaluator made this call himself; the platform's agents do not see it."""
    ticket_id = TicketId(visit.part("ticket_id"))
    if not await visit.deps.mysteries.mark(ticket_id, by=visit.who.agent_id, at=visit.now):
        raise Problem("ticket-not-found")
    return answer(MarkedView(ticket_id=ticket_id))


class MarkedView(View):
    """This matter counts as an evaluator's own."""

    ticket_id: str
    mystery: bool = True


def _orders(visit: Visit) -> list[str]:
    return [one.name for one in visit.deps.ticket_rules.plan if one.supervises]


def _view(ticket_id: str, seen: Seen) -> EvaluatedView:
    return EvaluatedView(
        ticket_id=ticket_id,
        region=seen.region,
        unit=seen.unit,
        channel=seen.channel,
        category=seen.category,
        level=seen.level,
        opened_at=seen.opened_at,
        signed_at=seen.first.get("signed"),
        responded_at=seen.responded_at,
        fed_back_at=seen.fed_back_at,
        closed_at=seen.first.get("closed"),
        response_due_at=seen.due.get(Stage.RESPONSE.value),
        result_due_at=seen.due.get(Stage.RESULT.value),
        returned=seen.returned,
        supervised=seen.supervised,
        called_back=seen.called_back,
        satisfied=seen.satisfied,
        mystery=seen.mystery,
    )


ROUTES = (
    Route(
        "POST",
        PATH,
        show,
        "How every matter of a period went, for an evaluator: times, returns, the citizens' answers; no person.",
        roles=EVALUATORS,
        asks=EvaluationAsk,
        answers={200: EvaluationView},
        refuses=("facts-away",),
    ),
    Route(
        "POST",
        f"{PATH}/{{ticket_id}}/mystery",
        mark_mystery,
        "Say that this matter was a mystery call of the evaluator's own; audited, and in no agent's view.",
        roles=EVALUATORS,
        asks=NothingAsk,
        answers={200: MarkedView},
        refuses=("ticket-not-found", "facts-away"),
    ),
)
