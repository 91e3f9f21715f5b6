"""The trace of an incident over both platforms: calls, legs, recordings, ticket steps, messages, who, when (R-044).

What happened at the other platform is what it has told: each call of its own when it was over, each step of its ticket.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from callflow.domain.names import IncidentId
from callflow.service.call_records import moments, record_of
from callflow.service.messages import CallRecord
from callflow.web.errors import Problem
from callflow.web.routes import READERS, Role, Route, Visit, answer
from callflow.web.schemas import ULID
from callflow.web.ticket_schemas import TraceEntry, TraceMoment, TraceView
from callflow.web.views import call_view, is_agents_own, is_there_for, read_by, ticket_view, trace_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp import web

PEER_CALL, PEER_STEP = "KeepPeerCall", "KeepPeerStep"
CROSSING = {"message": "message.taken", "receipt": "message.delivered"}


async def show_trace(visit: Visit, _ask: None) -> web.Response:
    """Everything of one incident; of one with calls an agent sees only his own."""
    incident_id = IncidentId(visit.part("incident_id"))
    if not ULID.fullmatch(incident_id):
        raise Problem("incident-not-found")
    site, signature = visit.deps.site.platform.id, visit.deps.site.signature
    calls = await visit.deps.facts.calls_of_incident(incident_id)
    tickets = await visit.deps.tickets.search(number=None, incident_id=incident_id, limit=10)
    if not calls and not tickets:
        raise Problem("incident-not-found")
    if not all(is_there_for(visit, ticket) for ticket in tickets):  # nor does the incident exist for him
        raise Problem("incident-not-found")
    if visit.who.role is Role.AGENT and calls and not any(is_agents_own(call, visit.who.agent_id) for call in calls):
        raise Problem("not-your-call")
    for ticket in tickets:
        await read_by(visit, ticket)
    entries = [trace_entry(row) for row in await visit.deps.tickets.trace(incident_id)]
    timeline = [one for call in calls for one in _call_moments(site, record_of(call), signature)]
    timeline += [one for entry in entries for one in _from_entry(site, entry)]
    for ticket in tickets:
        timeline += [_step(site, row) for row in await visit.deps.tickets.steps_of(ticket.ticket_id)]
    return answer(
        TraceView(
            incident_id=incident_id,
            site=site,
            calls=[call_view(call, visit.who) for call in calls],
            tickets=[ticket_view(ticket) for ticket in tickets],
            entries=entries,
            timeline=sorted(timeline, key=lambda one: one.at),
        )
    )


def _from_entry(site: str, entry: TraceEntry) -> Iterator[TraceMoment]:
    """What of an audit entry is not told by a call or by a step of ours."""
    detail = entry.detail
    if entry.what == PEER_CALL:
        yield from _peer_call(detail)
    elif entry.what == PEER_STEP and "said_at" in detail:
        kept = {name: detail.get(name) for name in ("state", "version", "unit")}
        yield TraceMoment(
            at=detail["said_at"],
            platform=detail["peer"],
            what=f"ticket.{detail['step']}",
            ticket_id=detail["ticket_id"],
            who=detail.get("by", ""),
            detail=kept,
        )
    elif entry.what == "phase":
        yield TraceMoment(at=entry.at, platform=site, what="call.phase", call_id=entry.call_id, detail=detail)
    elif entry.what in CROSSING:
        yield TraceMoment(at=entry.at, platform=site, what=CROSSING[entry.what], who=detail["peer"], detail=detail)


def _peer_call(detail: dict[str, Any]) -> Sequence[TraceMoment]:
    try:
        return _call_moments(detail["peer"], CallRecord.model_validate(detail["call"]))
    except ValidationError:  # kept by another version of this program; it stands among the entries
        return ()


def _call_moments(platform: str, record: CallRecord, signature: Callable[[str], str] = str) -> Sequence[TraceMoment]:
    """`signature`: how those are written who talked with the caller."""
    return [
        TraceMoment(
            at=told.at,
            platform=platform,
            what=told.what,
            call_id=record.call_id,
            who=" ".join(signature(code) for code in told.who.split()),
            detail=told.detail,
        )
        for told in moments(record)
    ]


def _step(site: str, row: Any) -> TraceMoment:
    return TraceMoment(
        at=row.at,
        platform=site,
        what=f"ticket.{row.step}",
        ticket_id=row.ticket_id,
        who=row.by,
        detail={"state": row.state, "version": row.version, "text": row.text},
    )


ROUTES = (
    Route(
        "GET",
        "/api/v1/incidents/{incident_id}/trace",
        show_trace,
        "One incident over both platforms: calls, legs, recordings, ticket steps, messages, who and when.",
        roles=READERS,
        answers={200: TraceView},
        refuses=("incident-not-found", "not-your-call", "facts-away"),
    ),
)
