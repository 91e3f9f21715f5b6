"""Server-sent events (WHATWG HTML §9.2): a snapshot, then what happens, to one who may see it.

Events are whole states, so one that comes twice, or comes again in the snapshot, changes nothing. Nothing is
buffered here: a reader that is too slow is dropped, reconnects, and goes on from a fresh snapshot.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from callflow.service.ports import FactsAway
from callflow.web.errors import Problem

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator

    from callflow.domain.names import AgentId
    from callflow.web.routes import Visit
    from callflow.web.schemas import View

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


async def _nobody_told() -> None:
    """The default of `Feed.changed`."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What one stream tells.

    `reader`: whose stream of `ports.Desks` it follows. `open_now`: the streams of this kind that each account has open.
    `snapshot`: everything that holds now. `after`: the id of the last event that the page has. `changed`: awaited when
    one of them has opened or closed.
    """

    reader: AgentId
    open_now: Counter[AgentId]
    snapshot: Callable[[], Awaitable[View]]
    after: str | None = None
    changed: Callable[[], Awaitable[None]] = _nobody_told


async def serve(visit: Visit, feed: Feed) -> web.StreamResponse:
    """Stream until the page leaves, its session ends, it reads too slowly, or the program closes.

    Raises:
        Problem: too-many-streams; this account has `STREAMS_PER_AGENT` of them.
    """
    agent_id, metrics = visit.who.agent_id, visit.memory.metrics
    if feed.open_now[agent_id] >= STREAMS_PER_AGENT:
        raise Problem("too-many-streams", retry_after_s=LOOK_ROUND_S)
    feed.open_now[agent_id] += 1
    metrics.streams.inc()
    reason = "left"
    happenings = visit.deps.desks.listen(feed.reader, feed.after)
    try:
        await feed.changed()
        response = await _opened(visit)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_tell(feed, response, happenings, group))
                group.create_task(_keep(visit, response))
        except* _StreamEnded as ended:
            reason = str(ended.exceptions[0])
        except* (ConnectionError, FactsAway) as gone:
            reason = "facts_away" if gone.subgroup(FactsAway) else "left"
    finally:
        if isinstance(happenings, AsyncGenerator):
            await happenings.aclose()
        feed.open_now[agent_id] -= 1
        metrics.streams.dec()
        metrics.streams_ended.labels(reason).inc()
        log.info("event stream ended", agent_id=agent_id, reason=reason)
        await feed.changed()
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
    feed: Feed, response: web.StreamResponse, happenings: AsyncIterator[Happening], group: asyncio.TaskGroup
) -> None:
    """Listening begins before the snapshot is read, so that nothing falls between the two."""
    coming = group.create_task(_next(happenings))
    await asyncio.sleep(0)  # lets the listener start
    snapshot = frame("snapshot", (await feed.snapshot()).model_dump(mode="json"))
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


def last_event_id(visit: Visit) -> str | None:
    """The id of the last event that this page has seen; None when it names none, or something made up."""
    sent = visit.request.headers.get("Last-Event-ID", "")
    return sent if _EVENT_ID.fullmatch(sent) else None


def frame(name: str, body: dict[str, Any], event_id: str | None = None) -> bytes:
    """One event as it goes over the wire. JSON holds no line break, so one `data:` line is enough."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f"{head}event: {name}\ndata: {text}\n\n".encode("utf-8", "replace")
