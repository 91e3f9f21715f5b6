"""Whether the program lives, and whether every neighbour it needs is there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from callflow.web.house_schemas import LiveView, Neighbour, ReadyView
from callflow.web.routes import Route, Visit, answer

if TYPE_CHECKING:
    from aiohttp import web

    from callflow.web.deps import Probe

PROBE_LIMIT_S = 2.0


async def show_live(visit: Visit, _ask: None) -> web.Response:
    """The program answers; says nothing of its neighbours."""
    return answer(LiveView(site=visit.deps.site.platform.id))


async def show_ready(visit: Visit, _ask: None) -> web.Response:
    """200 when every neighbour without whom callers are not served answers, else 503.

    Each is named with the cause, the lines to the other platforms too: without them callers are still answered, so
    a dead trunk here must not take this site out of service.
    """
    needed, platforms = visit.deps.probes, visit.deps.platforms
    probes = {**needed, **platforms}
    causes = await asyncio.gather(*(_cause(probe) for probe in probes.values()))
    neighbours = [
        Neighbour(name=name, ok=cause is None, cause=cause) for name, cause in zip(probes, causes, strict=True)
    ]
    missing = [neighbour.name for neighbour in neighbours if not neighbour.ok]
    view = ReadyView(ok=not set(missing) & set(needed), missing=missing, neighbours=neighbours)
    return answer(view, 200 if view.ok else 503)


async def _cause(probe: Probe) -> str | None:
    try:
        async with asyncio.timeout(PROBE_LIMIT_S):
            return await probe()
    except TimeoutError:
        return f"no answer within {PROBE_LIMIT_S:g} s"
    except OSError as error:
        return error.strerror or type(error).__name__


ROUTES = tuple(
    route
    for prefix in ("", "/api/v1")
    for route in (
        Route(
            "GET",
            f"{prefix}/health/live",
            show_live,
            "The program answers.",
            roles=None,
            answers={200: LiveView},
        ),
        Route(
            "GET",
            f"{prefix}/health/ready",
            show_ready,
            "Whether every neighbour answers; names the missing one.",
            roles=None,
            answers={200: ReadyView, 503: ReadyView},
        ),
    )
)
