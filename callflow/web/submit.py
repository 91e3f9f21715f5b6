"""How a desk's wish gets through the controller's door, once however often it is sent."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from aiohttp import web

from callflow.domain import events
from callflow.domain.names import TargetCode
from callflow.web.deps import Given
from callflow.web.errors import Offer, Problem
from callflow.web.routes import Handler, Visit, answer
from callflow.web.views import call_view

if TYPE_CHECKING:
    from callflow.domain.calls import Call

ANSWERS_KEPT = 512
BESIDE_PLATFORMS = frozenset({"department", "region"})
_TO_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def once(handler: Handler) -> Handler:
    """A repeated Idempotency-Key of the same agent at the same address is answered as it was the first time."""

    async def asked(visit: Visit, ask: Any) -> web.StreamResponse:
        name = (visit.who.agent_id, visit.request.path, visit.request_key)
        given = visit.memory.given.get(name)
        if given is not None:
            if given.ask != ask:
                raise Problem("idempotency-key-reused")
            return web.Response(status=given.status, body=given.body, content_type="application/json", charset="utf-8")
        response = await handler(visit, ask)
        if "Idempotency-Key" in visit.request.headers and isinstance(response, web.Response):
            assert isinstance(response.body, bytes)
            visit.memory.given[name] = Given(ask, response.status, response.body)
            if len(visit.memory.given) > ANSWERS_KEPT:
                del visit.memory.given[next(iter(visit.memory.given))]
        return response

    return asked


async def submit(visit: Visit, verb: str, event: events.DeskEvent) -> Call:
    """Submit a wish once; the call as it is then.

    Raises:
        Problem: the call forbids it (with its own code), or this platform has no such call.
    """
    key = f"desk:{verb}:{event.call_id}:{request_id(visit, verb)}"
    submitted = await visit.deps.controller.submit(event, key=key)
    if submitted.refused is not None:
        instead = _instead(visit, event) if submitted.refused == "target-unreachable" else ()
        raise Problem(submitted.refused, offers=instead)
    if submitted.call is None:
        raise Problem("call-not-found")
    return submitted.call


def _instead(visit: Visit, event: events.DeskEvent) -> tuple[Offer, ...]:
    """With a platform's trunk dead: a ticket, its own duty phones, every department whose line is not dead."""
    asked = visit.deps.site.target_of(event.target) if isinstance(event, events.HandoverRequested) else None
    duty = enumerate(asked.contacts, 1) if asked is not None else ()
    lines = (t for t in visit.deps.site.directory if t.sort in BESIDE_PLATFORMS)
    living = (t for t in lines if visit.deps.is_reachable(TargetCode(t.code)) is not False)
    return (
        Offer(do="ticket"),
        *(
            Offer(do="next_contact", target=asked.code, contact=nth, name_zh=c.name_zh, name_en=c.name_en)
            for nth, c in duty
            if asked is not None
        ),
        *(Offer(do="handover", target=t.code, name_zh=t.name_zh, name_en=t.name_en) for t in living),
    )


async def taken(visit: Visit, verb: str, event: events.DeskEvent, status: int = 202) -> web.Response:
    """Submit a wish and answer with the call."""
    return answer(call_view(await submit(visit, verb, event), visit.who), status)


def request_id(visit: Visit, verb: str) -> str:
    """Sixteen of a ULID's letters: the same for the same Idempotency-Key of this agent, call and verb."""
    text = "\x00".join((visit.who.agent_id, visit.part("call_id"), verb, visit.request_key))
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode().translate(_TO_CROCKFORD)
