"""Listening in: a supervisor hears a live call by his own phone, for a reason; audited before it rings (R-065)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from callflow.domain.names import Phase
from callflow.service.ports import AsteriskRefused, LinkDown
from callflow.web.calls import CALL_PATH, CALL_REFUSED, seen_call
from callflow.web.errors import Problem
from callflow.web.routes import Role, Route, Visit, answer
from callflow.web.schemas import Ask, View
from callflow.web.submit import once, request_id

if TYPE_CHECKING:
    from aiohttp import web

NOBODY_TO_HEAR = frozenset({Phase.QUEUED, Phase.AGENTS_ONLY})
"""Before an agent has answered there is no talk, and after the caller has left it is none of his."""


class ListenAsk(Ask):
    """Why the supervisor listens; it is audited. There is no field for whose phone rings: it is the asker's own."""

    reason: Literal["quality", "training", "complaint", "safety"]


class ListenView(View):
    """His phone is about to ring; when he answers he hears the call and nobody hears him."""

    call_id: str
    listen_id: str


async def listen_in(visit: Visit, ask: ListenAsk) -> web.Response:
    """Ring the asker's phone into this call, unheard. The audit is written first: without it nobody listens."""
    call = await seen_call(visit)
    if call.is_over:
        raise Problem("call-ended")
    if call.phase in NOBODY_TO_HEAR:
        raise Problem("nothing-to-hear")
    who, listen_id = visit.who, call.call_id[:10] + request_id(visit, "listen")
    await visit.deps.listen_asked(call, by=who.agent_id, role=str(who.role), reason=ask.reason, at=visit.now)
    try:
        await visit.deps.listen_in(call, who.agent_id, listen_id)
    except (AsteriskRefused, LinkDown):
        raise Problem("asterisk-away") from None
    return answer(ListenView(call_id=call.call_id, listen_id=listen_id), 202)


ROUTES = (
    Route(
        "POST",
        f"{CALL_PATH}/listen",
        once(listen_in),
        "Listen in by one's own phone, unheard; audited with the reason, and shown at the agent's desk unless the "
        "site says otherwise.",
        roles=frozenset({Role.SUPERVISOR}),
        asks=ListenAsk,
        answers={202: ListenView},
        refuses=(*CALL_REFUSED, "call-ended", "nothing-to-hear", "asterisk-away", "idempotency-key-wrong"),
        headers=("Idempotency-Key",),
    ),
)
