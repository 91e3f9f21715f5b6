"""Tickets of this platform. Numbers leave masked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from callflow.domain.names import TicketId
from callflow.service.ticket_search import Cursor
from callflow.web.errors import FieldError, Problem
from callflow.web.routes import READERS, Route, Visit, answer
from callflow.web.ticket_schemas import QueueAsk, ReasonList, ReasonView, TicketList, TicketSearchAsk, TicketView
from callflow.web.views import is_there_for, read_by, ticket_in_a_list, ticket_view

if TYPE_CHECKING:
    from aiohttp import web

TICKET_ID = re.compile(r"[A-Z]{2}[0-9A-Za-z-]{4,38}")


async def search(visit: Visit, ask: TicketSearchAsk) -> web.Response:
    """Tickets, newest first. What is asked stands in the body, never in an address."""
    page = await visit.deps.search.page(ask.wanted(visit.viewer), ask.limit, place(ask.after))
    after = None if page.after is None else page.after.text()
    return answer(TicketList(tickets=[ticket_in_a_list(ticket) for ticket in page.tickets], after=after))


async def queue(visit: Visit, ask: QueueAsk) -> web.Response:
    """What waits, urgent first; what has waited for a day is urgent, too."""
    found = await visit.deps.search.queue(ask.wanted(visit.viewer), ask.limit, visit.now)
    return answer(TicketList(tickets=[ticket_in_a_list(ticket) for ticket in found]))


def place(text: str | None) -> Cursor | None:
    """The place that a cursor names. Raises Problem."""
    try:
        return None if text is None else Cursor.of_text(text)
    except ValueError:
        raise Problem("invalid-request", errors=[FieldError(field="after", message="not a cursor")]) from None


async def show_ticket(visit: Visit, _ask: None) -> web.Response:
    """One ticket."""
    return answer(ticket_view(await _read(visit)))


async def _read(visit: Visit) -> Any:
    """The ticket that is asked for, if it is there for who asks; of a confidential one the audit knows it."""
    ticket_id = visit.part("ticket_id")
    ticket = await visit.deps.tickets.ticket(TicketId(ticket_id)) if TICKET_ID.fullmatch(ticket_id) else None
    if ticket is None or not is_there_for(visit, ticket):
        raise Problem("ticket-not-found")
    await read_by(visit, ticket)
    return ticket


async def show_reasons(visit: Visit, _ask: None) -> web.Response:
    """Why agents decided as they did about its caller and its owner."""
    ticket = await _read(visit)
    found = await visit.deps.tickets.reasons(TicketId(ticket.ticket_id))
    return answer(ReasonList(reasons=[ReasonView.model_validate(one) for one in found]))


ROUTES = (
    Route(
        "POST",
        "/api/v1/tickets/search",
        search,
        "Tickets by number, id, time, region, category, level, state, owner or unit, newest first, in pages.",
        roles=READERS,
        asks=TicketSearchAsk,
        answers={200: TicketList},
        refuses=("facts-away",),
    ),
    Route(
        "POST",
        "/api/v1/tickets/queue",
        queue,
        "What waits to be begun: danger, level 1 and what waits for a day first, then level by level.",
        roles=READERS,
        asks=QueueAsk,
        answers={200: TicketList},
        refuses=("facts-away",),
    ),
    Route(
        "GET",
        "/api/v1/tickets/{ticket_id}",
        show_ticket,
        "One ticket.",
        roles=READERS,
        answers={200: TicketView},
        refuses=("ticket-not-found", "facts-away"),
    ),
    Route(
        "GET",
        "/api/v1/tickets/{ticket_id}/reasons",
        show_reasons,
        "Why agents decided as they did: about the owner, about the caller's consent.",
        roles=READERS,
        answers={200: ReasonList},
        refuses=("ticket-not-found", "facts-away"),
    ),
)
