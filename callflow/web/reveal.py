"""A number that is masked for the asker, shown once, with his reason in the audit (requirements R-002, §4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from callflow.web.calls import CALL_PATH, CALL_REFUSED, seen_call
from callflow.web.routes import CALL_WORKERS, Route, Visit, answer
from callflow.web.schemas import Ask, View

if TYPE_CHECKING:
    from aiohttp import web


class RevealAsk(Ask):
    """Why the number is wanted; it is audited."""

    reason: Literal["call-back", "write-up", "complaint", "evidence"]


class NumberView(View):
    """The caller's number; null when there is none, or when he withholds it from this platform."""

    number: str | None


async def show_number(visit: Visit, ask: RevealAsk) -> web.Response:
    """The whole number of a call that the asker may see; written into the audit before it is sent."""
    call = await seen_call(visit)
    number = call.caller.shown_number
    if number:
        await visit.deps.number_shown(
            call, by=visit.who.agent_id, role=str(visit.who.role), reason=ask.reason, at=visit.now
        )
    return answer(NumberView(number=number or None))


ROUTES = (
    Route(
        "POST",
        f"{CALL_PATH}/reveal",
        show_number,
        "The caller's number in full, for those who see it masked; audited with the reason.",
        roles=CALL_WORKERS,
        asks=RevealAsk,
        answers={200: NumberView},
        refuses=CALL_REFUSED,
    ),
)
