"""The desk's event stream (SSE, WHATWG HTML §9.2): a snapshot, then what happens, for one agent only.

Events are whole states, so one that comes twice, or comes again in the snapshot, changes nothing. Nothing is
buffered here: a reader that is too slow is dropped, reconnects, and resumes from the desks' own bounded stream.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from callflow.domain import screenpop
from callflow.service.ports import FactsAway
from callflow.web.errors import Problem
from callflow.web.routes import CALL_WORKERS, Route, Visit
from callflow.web.schemas import SnapshotView
from callflow.web.views import call_view, has_call_now, is_agents_own

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from callflow.domain.calls import Call
    from callflow.web.deps import Deps

Happening = tuple[str, str, dict[str, Any]]

log = structlog.get_logger(__name__)

STREAMS_PER_AGENT = 6  # a browser opens at most six connections to one origin
HEARTBEAT_S = 15.0  # proxies close what is silent for 30 to 60 s
LOOK_ROUND_S = 1.0  # a desk that left, signed out, or a program that closes is noticed so soon
WRITE_LIMIT_S = 5.0  # a reader that takes nothing for so long is dropped
RECONNECT_MS = 1000
_EVENT_ID = re.compile(r"[0-9]{1,20}(-[0-9]{1,20})?")


class _StreamEnded(Exception):  # noqa: N818 - ends the task group; not an error
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def stream_events(visit: Visit, _ask: None) -> web.StreamResponse:
    """Stream until the desk leaves, its session ends, it reads too slowly, or the program closes."""
    agent_id, streams, metrics = visit.who.agent_id, visit.memory.streams, visit.memory.metrics
    if streams[agent_id] >= STREAMS_PER_AGENT:
        raise Problem("too-many-streams", retry_after_s=LOOK_ROUND_S)
    streams[agent_id] += 1
    metrics.streams.inc()
    reason = "left"
    happenings = visit.deps.desks.listen(agent_id, _resume_from(visit))
    try:
        response = await _opened(visit)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_tell(visit, response, happenings, group))
                group.create_task(_keep(visit, response))
        except* _StreamEnded as ended:
            reason = str(ended.exceptions[0])
        except* (ConnectionError, FactsAway) as gone:
            reason = "facts_away" if gone.subgroup(FactsAway) else "left"
    finally:
        if isinstance(happenings, AsyncGenerator):
            await happenings.aclose()
        streams[agent_id] -= 1
        metrics.streams.dec()
        metrics.streams_ended.labels(reason).inc()
        log.info("event stream ended", agent_id=agent_id, reason=reason)
    if reason == "too_slow" and visit.request.transport is not None:
        visit.request.transport.abort()  # closing in good order would wait for him again
    return response


async def _opened(visit: Visit) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
    )
    await response.prepare(visit.request)
    return response


async def _tell(
    visit: Visit, response: web.StreamResponse, happenings: AsyncIterator[Happening], group: asyncio.TaskGroup
) -> None:
    """Listening begins before the snapshot is read, so that nothing falls between the two."""
    coming = group.create_task(_next(happenings))
    await asyncio.sleep(0)  # lets the listener start
    snapshot = frame("snapshot", await _snapshot(visit))
    await _write(response, f"retry: {RECONNECT_MS}\n\n".encode() + snapshot)
    while (happened := await coming) is not None:
        event_id, name, body = happened
        await _write(response, frame(name, body, event_id))
        coming = group.create_task(_next(happenings))
    raise _StreamEnded("source_ended")


async def _keep(visit: Visit, response: web.StreamResponse) -> None:
    """Look round for a reason to end; beat now and then."""
    beat_at = time.monotonic() + HEARTBEAT_S
    while True:
        try:
            async with asyncio.timeout(LOOK_ROUND_S):
                await visit.memory.closing.wait()
            raise _StreamEnded("closing")
        except TimeoutError:
            pass  # the program goes on
        if visit.request.transport is None:  # aiohttp tells a handler of a lost connection in no other way
            raise _StreamEnded("left")
        if not visit.memory.sessions.is_live(visit.who, visit.deps.clock()):
            raise _StreamEnded("signed_out")
        if time.monotonic() >= beat_at:
            beat_at += HEARTBEAT_S
            await _write(response, b": beat\n\n")


async def _next(happenings: AsyncIterator[Happening]) -> Happening | None:
    return await anext(happenings, None)


async def _write(response: web.StreamResponse, data: bytes) -> None:
    try:
        async with asyncio.timeout(WRITE_LIMIT_S):
            await response.write(data)
    except TimeoutError:
        raise _StreamEnded("too_slow") from None


async def _snapshot(visit: Visit) -> dict[str, Any]:
    """The agent's own calls: the live ones, and those over whose owner is still open."""
    deps, who = visit.deps, visit.who
    calls = {call.call_id: call for call in (*await deps.facts.live_calls(), *await deps.facts.unsettled_calls())}
    own = sorted((c for c in calls.values() if is_agents_own(c, who.agent_id)), key=lambda call: call.arrived_at)
    return SnapshotView(
        at=deps.clock(),
        agent_id=who.agent_id,
        calls=[call_view(call, who) for call in own],
        pops=[await _pop(deps, call) for call in own if has_call_now(call, who.agent_id) and not call.is_over],
    ).model_dump(mode="json")


async def _pop(deps: Deps, call: Call) -> dict[str, Any]:
    known = await deps.files.known_about(call)
    return screenpop.pop(call, known.suggestion, known.tickets, known.notes)


def _resume_from(visit: Visit) -> str | None:
    sent = visit.request.headers.get("Last-Event-ID", "")
    return sent if _EVENT_ID.fullmatch(sent) else None


def frame(name: str, body: dict[str, Any], event_id: str | None = None) -> bytes:
    """One event as it goes over the wire. JSON holds no line break, so one `data:` line is enough."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f"{head}event: {name}\ndata: {text}\n\n".encode("utf-8", "replace")


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
