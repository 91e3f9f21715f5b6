"""The call-back list at the desk: who was lost, calling one back with one click, and taking him off.

The number is the stored call's and nobody else's: no request can name one (requirement L1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from callflow.domain.names import CallId
from callflow.domain.screenpop import masked
from callflow.domain.watching import WATCH
from callflow.web.errors import Problem
from callflow.web.routes import CALL_WORKERS, READERS, Route, Visit, answer
from callflow.web.schemas import ULID, Ask, NothingAsk, View

if TYPE_CHECKING:
    from aiohttp import web

CALLBACK_PATH = "/api/v1/callbacks/{call_id}"


class CallBackView(View):
    """A lost caller. `call_id` is the lost call's; `danger`: it goes before all others."""

    call_id: str
    incident_id: str
    number: str | None
    reason: str
    danger: bool
    queued_at: float
    claimed_by: str | None
    claimed_at: float | None


class CallBackList(View):
    """Who waits to be called back: danger first, then the oldest."""

    callbacks: list[CallBackView]


class CallingView(View):
    """The new call, of the same incident. The agent's own phone rings first."""

    call_id: str


class DoneAsk(Ask):
    """What came of it."""

    outcome: Literal["reached", "not_reached", "not_needed"] = "reached"


async def list_call_backs(visit: Visit, _ask: None) -> web.Response:
    """Who waits to be called back."""
    waiting = await visit.deps.call_backs.books.waiting()
    return answer(
        CallBackList(
            callbacks=[
                CallBackView(
                    call_id=one.call_id,
                    incident_id=one.incident_id,
                    number=masked(one.caller_number) or None,
                    reason=one.reason,
                    danger=one.danger,
                    queued_at=one.queued_at,
                    claimed_by=one.claimed_by,
                    claimed_at=one.claimed_at,
                )
                for one in waiting
            ]
        )
    )


async def call_back(visit: Visit, _ask: NothingAsk) -> web.Response:
    """Ring the asker's phone, then the lost caller."""
    call_id = _lost_call(visit)
    made = await visit.deps.call_backs.call(call_id, visit.who.agent_id)
    if not ULID.fullmatch(made):
        raise Problem(made)
    await _tell_watchers(visit, call_id)
    return answer(CallingView(call_id=made), 202)


async def done(visit: Visit, ask: DoneAsk) -> web.Response:
    """Take him off the list."""
    call_id = _lost_call(visit)
    if not await visit.deps.call_backs.books.done(call_id, visit.who.agent_id, ask.outcome, visit.now):
        raise Problem("callback-not-found")
    await _tell_watchers(visit, call_id)
    return await list_call_backs(visit, None)


async def _tell_watchers(visit: Visit, call_id: CallId) -> None:
    await visit.deps.desks.publish([WATCH], "callback", {"call_id": call_id})


def _lost_call(visit: Visit) -> CallId:
    call_id = visit.part("call_id")
    if not ULID.fullmatch(call_id):
        raise Problem("callback-not-found")
    return CallId(call_id)


ROUTES = (
    Route(
        "GET",
        "/api/v1/callbacks",
        list_call_backs,
        "Callers who were lost by a fault or in danger, danger first.",
        roles=READERS,
        answers={200: CallBackList},
        refuses=("facts-away",),
    ),
    Route(
        "POST",
        f"{CALLBACK_PATH}/call",
        call_back,
        "Call one back: the asker's phone rings, then the caller's.",
        roles=CALL_WORKERS,
        asks=NothingAsk,
        answers={202: CallingView},
        refuses=("callback-not-found", "callback-claimed", "callback-without-number", "asterisk-away", "facts-away"),
    ),
    Route(
        "POST",
        f"{CALLBACK_PATH}/done",
        done,
        "Take one off the list, with what came of it.",
        roles=CALL_WORKERS,
        asks=DoneAsk,
        answers={200: CallBackList},
        refuses=("callback-not-found", "facts-away"),
    ),
)
