"""The supervisors' event stream: every live call, whose desk is open, and that the call-back list has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callflow.domain.watching import WATCH, watched
from callflow.web.directory import roster_of
from callflow.web.house_schemas import RosterEntry
from callflow.web.routes import Route, Visit
from callflow.web.schemas import CallView, View
from callflow.web.stream import Feed, serve
from callflow.web.supervision import WATCHERS

if TYPE_CHECKING:
    from aiohttp import web


class WatchView(View):
    """What a supervisor's page that has just connected must know; `at` is now by the site's clock."""

    at: float
    calls: list[CallView]
    agents: list[RosterEntry]


async def stream_watch(visit: Visit, _ask: None) -> web.StreamResponse:
    """Every call of this platform as `/calls` shows it, numbers masked.

    A page that comes back needs no event that it missed: the snapshot has all that events tell.
    """
    return await serve(visit, Feed(WATCH, visit.memory.watches, lambda: _snapshot(visit)))


async def _snapshot(visit: Visit) -> WatchView:
    calls = sorted(await visit.deps.facts.live_calls(), key=lambda call: call.arrived_at)
    return WatchView(
        at=visit.deps.clock(),
        calls=[CallView.model_validate(watched(call)) for call in calls],
        agents=roster_of(visit, calls),
    )


ROUTES = (
    Route(
        "GET",
        "/api/v1/watch",
        stream_watch,
        "Server-sent events of the platform for those who watch it: snapshot first, then call, desk, callback.",
        roles=WATCHERS,
        answers={200: "text/event-stream"},
        refuses=("too-many-streams",),
    ),
)
