"""The desk's event stream: one agent's own calls, and what happens to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.domain import screenpop
from callflow.domain.watching import WATCH
from callflow.web.routes import CALL_WORKERS, Route, Visit
from callflow.web.schemas import SnapshotView
from callflow.web.stream import Feed, last_event_id, serve
from callflow.web.views import call_view, has_call_now, is_agents_own

if TYPE_CHECKING:
    from aiohttp import web


async def stream_events(visit: Visit, _ask: None) -> web.StreamResponse:
    """The agent's own calls; the supervisors' pages learn that his desk is open."""
    agent_id, streams = visit.who.agent_id, visit.memory.streams

    async def tell_watchers() -> None:
        desk = {"agent_id": agent_id, "at_desk": streams[agent_id] > 0}
        await visit.deps.desks.publish([WATCH], "desk", desk)

    return await serve(visit, Feed(agent_id, streams, lambda: _snapshot(visit), last_event_id(visit), tell_watchers))


async def _snapshot(visit: Visit) -> SnapshotView:
    """The agent's own calls: the live ones, and those over whose owner is still open."""
    deps, who = visit.deps, visit.who
    calls = {call.call_id: call for call in (*await deps.facts.live_calls(), *await deps.facts.unsettled_calls())}
    own = sorted((c for c in calls.values() if is_agents_own(c, who.agent_id)), key=lambda call: call.arrived_at)
    now = [call for call in own if has_call_now(call, who.agent_id) and not call.is_over]
    return SnapshotView(
        at=deps.clock(),
        agent_id=who.agent_id,
        calls=[call_view(call, who) for call in own],
        pops=[screenpop.pop(call, await deps.files.known_about(call)) for call in now],
    )


ROUTES = (
    Route(
        "GET",
        "/api/v1/events",
        stream_events,
        "Server-sent events of this agent: snapshot first, then call, attempt, pop, ticket, danger.",
        roles=CALL_WORKERS,
        answers={200: "text/event-stream"},
        refuses=("too-many-streams",),
        headers=("Last-Event-ID",),
    ),
)
