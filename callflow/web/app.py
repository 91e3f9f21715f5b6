"""The web face of one site, put together: rows to routes, one door, one middleware."""

from __future__ import annotations

import logging

from aiohttp import web

from callflow.web import (
    actions,
    advice,
    callbacks,
    calls,
    directory,
    diverted,
    evaluation,
    events,
    evidence,
    figures,
    health,
    house_rules,
    line_figures,
    listening,
    metrics,
    openapi,
    page_files,
    phone,
    recordings,
    reveal,
    second_factor,
    sessions,
    shifts,
    supervision,
    ticket_bulk,
    ticket_intake,
    ticket_steps,
    ticket_system,
    tickets,
    trace,
    watch,
)
from callflow.web.deps import Deps, Memory
from callflow.web.door import BODY_LIMIT_BYTES, add_security_headers, around, through_the_door
from callflow.web.metrics import Metrics
from callflow.web.rate import Allowance
from callflow.web.routes import Route
from callflow.web.sessions import Sessions

CLOSE_LIMIT_S = 5.0


ROUTES: tuple[Route, ...] = (
    *page_files.ROUTES,
    *sessions.ROUTES,
    *second_factor.ROUTES,
    *calls.ROUTES,
    *actions.ROUTES,
    *advice.ROUTES,
    *events.ROUTES,
    *phone.ROUTES,
    *reveal.ROUTES,
    *evidence.ROUTES,
    *listening.ROUTES,
    *tickets.ROUTES,
    *trace.ROUTES,
    *ticket_intake.ROUTES,
    *ticket_bulk.ROUTES,
    *ticket_steps.ROUTES,
    *ticket_system.ROUTES,
    *diverted.ROUTES,
    *figures.ROUTES,
    *evaluation.ROUTES,
    *line_figures.ROUTES,
    *supervision.ROUTES,
    *watch.ROUTES,
    *recordings.ROUTES,
    *callbacks.ROUTES,
    *directory.ROUTES,
    *health.ROUTES,
    *house_rules.ROUTES,
    *shifts.ROUTES,
    *metrics.ROUTES,
)


def make_app(deps: Deps) -> web.Application:
    """Everything but the socket. Hashes the desk passwords, which takes some 20 ms for each account.

    Serve it by `make_runner`: aiohttp's own access log writes whole addresses, and these must stay out of logs.
    """
    memory = Memory(
        sessions=Sessions(deps.site.agent, deps.passwords, deps.session_secret),
        metrics=Metrics(deps.registry),
        handovers=Allowance(actions.HANDOVERS_PER_SEAT, actions.HANDOVER_WINDOW_S),
        factor_tries=Allowance(sessions.FACTOR_TRIES, sessions.FACTOR_WINDOW_S),
    )
    app = web.Application(middlewares=[around(memory)], client_max_size=BODY_LIMIT_BYTES)
    for route in (*ROUTES, openapi.route_for(ROUTES, deps.site)):
        app.router.add_route(route.method, route.path, through_the_door(route, deps, memory))
    app.on_response_prepare.append(add_security_headers)

    async def end_streams(_app: web.Application) -> None:
        memory.closing.set()

    app.on_shutdown.append(end_streams)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """A runner whose log holds nothing that was sent; open event streams end within `CLOSE_LIMIT_S` of its clean-up."""
    log = logging.getLogger("callflow.web.server")
    log.addFilter(_without_what_was_sent)  # a filter that is there already is not added again
    return web.AppRunner(app, access_log=None, logger=log, shutdown_timeout=CLOSE_LIMIT_S)


def _without_what_was_sent(record: logging.LogRecord) -> bool:
    """Aiohttp logs a request that it cannot read with its bytes; keep the error's name only (requirement T-16)."""
    if record.exc_info and record.exc_info[0] is not None:
        record.msg, record.args = "request not read: %s", (record.exc_info[0].__name__,)
        record.exc_info = record.exc_text = None
    return True
