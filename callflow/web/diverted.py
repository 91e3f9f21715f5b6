"""What came of the matters that were given to the other platform: one list for whoever gave them (R-097)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from callflow.web.figures import ShareView
from callflow.web.routes import READERS, Route, Visit, answer
from callflow.web.schemas import Ask, View

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.service.ticket_ports import Diverted

MOST = 500


class DivertedAsk(Ask):
    """Matters opened in this period, in epoch seconds, `opened_to` excluded."""

    opened_from: Annotated[float, Field(ge=0, le=1e11)] = 0
    opened_to: Annotated[float, Field(ge=0, le=1e11)] = 1e11
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST


class DivertedView(View):
    """One matter. `result` is the other platform's feedback, `satisfied` the citizen's answer to its call-back."""

    ticket_id: str
    incident_id: str
    to: str
    peer_ticket_id: str | None
    category: str
    region: str
    opened_at: float
    peer_state: str
    result: str | None
    result_at: float | None
    satisfied: bool | None


class DivertedList(View):
    """Newest first; the shares are of what is listed."""

    matters: list[DivertedView]
    answered: ShareView
    satisfied: ShareView


async def show(visit: Visit, ask: DivertedAsk) -> web.Response:
    """The list of a period."""
    found = await visit.deps.diverted.diverted(ask.opened_from, ask.opened_to, ask.limit, visit.viewer)
    asked = [one for one in found if one.satisfied is not None]
    return answer(
        DivertedList(
            matters=[DivertedView.model_validate(asdict(one)) for one in found],
            answered=_share([one for one in found if one.result_at is not None], len(found)),
            satisfied=_share([one for one in asked if one.satisfied], len(asked)),
        )
    )


def _share(counted: list[Diverted], of: int) -> ShareView:
    return ShareView(counted=len(counted), of=of, share=round(len(counted) / of, 4) if of else None)


ROUTES = (
    Route(
        "POST",
        "/api/v1/tickets/diverted",
        show,
        "What came of matters that were given to the other platform: its state, result and the citizen's answer.",
        roles=READERS,
        asks=DivertedAsk,
        answers={200: DivertedList},
        refuses=("facts-away",),
    ),
)
