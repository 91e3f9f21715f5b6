"""The agent's calls: reading them, and which of them he may see or act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.domain.names import CallId
from callflow.web.errors import Problem
from callflow.web.routes import READERS, Route, Visit, answer
from callflow.web.schemas import ULID, CallList, CallView, TimelineView
from callflow.web.views import call_view, is_agents_own, may_see, moments

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.domain.calls import Call

CALL_PATH = "/api/v1/calls/{call_id}"
CALL_REFUSED = ("call-not-found", "not-your-call", "facts-away")


async def list_calls(visit: Visit, _ask: None) -> web.Response:
    """The live calls that the asker may see."""
    calls = sorted(await visit.deps.facts.live_calls(), key=lambda call: call.arrived_at)
    return answer(CallList(calls=[call_view(call, visit.who) for call in calls if may_see(call, visit.who)]))


async def show_call(visit: Visit, _ask: None) -> web.Response:
    """One call, live or over."""
    return answer(call_view(await seen_call(visit), visit.who))


async def show_timeline(visit: Visit, _ask: None) -> web.Response:
    """What happened to the call, oldest first."""
    call = await seen_call(visit)
    return answer(TimelineView(call_id=call.call_id, incident_id=call.incident_id, moments=moments(call)))


async def _call(visit: Visit) -> Call:
    call_id = visit.part("call_id")
    call = await visit.deps.facts.call(CallId(call_id)) if ULID.fullmatch(call_id) else None
    if call is None:
        raise Problem("call-not-found")
    return call


async def seen_call(visit: Visit) -> Call:
    """The call of this address. Raises Problem: call-not-found, or not-your-call unless the asker may see it."""
    call = await _call(visit)
    if not may_see(call, visit.who):
        raise Problem("not-your-call")
    return call


async def own_call(visit: Visit) -> Call:
    """The call of this address. Raises Problem: call-not-found, or not-your-call unless it is or was his."""
    call = await _call(visit)
    if not is_agents_own(call, visit.who.agent_id):
        raise Problem("not-your-call")
    return call


ROUTES = (
    Route(
        "GET",
        "/api/v1/calls",
        list_calls,
        "The live calls that the asker may see: an agent his own, a supervisor all.",
        roles=READERS,
        answers={200: CallList},
        refuses=("facts-away",),
    ),
    Route("GET", CALL_PATH, show_call, "One call.", roles=READERS, answers={200: CallView}, refuses=CALL_REFUSED),
    Route(
        "GET",
        f"{CALL_PATH}/timeline",
        show_timeline,
        "What happened to the call, oldest first.",
        roles=READERS,
        answers={200: TimelineView},
        refuses=CALL_REFUSED,
    ),
)
