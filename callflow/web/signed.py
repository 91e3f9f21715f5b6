"""Who signs instead of signing in: the platform's own ticket system, by Standard Webhooks (`service.ticket_system`)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from callflow.service.ticket_system import is_of_now, is_signed
from callflow.web.errors import Problem

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.web.deps import Deps, Memory

READ_LIMIT_S = 10.0

log = structlog.get_logger(__name__)


async def refuse_unsigned(request: web.Request, deps: Deps, memory: Memory, now: float) -> None:
    """Return when the body is signed, and now; before anything of it is read as JSON. Raises Problem."""
    door = deps.ticket_system
    if door is None:
        raise Problem("no-ticket-system")
    try:
        async with asyncio.timeout(READ_LIMIT_S):
            raw = await request.read()
    except TimeoutError:
        raise Problem("body-too-slow") from None
    if not is_signed(door.key, request.headers, raw):
        memory.metrics.alerts.labels("ticket_system_unsigned").inc()
        log.warning("unsigned words in the ticket system's name", source=request.remote)
        raise Problem("webhook-signature-wrong")
    if not is_of_now(request.headers, now):
        raise Problem("webhook-clock")
