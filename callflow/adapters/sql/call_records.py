"""A call that is over is told to the platforms that have a ticket of its incident, once each (R-044)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError
from sqlalchemy import select

from callflow.adapters.sql import confidential, outbox
from callflow.adapters.sql.audit import Entry
from callflow.adapters.sql.frozen import call_of
from callflow.adapters.sql.tables import calls
from callflow.domain.names import SiteId
from callflow.service.call_records import record_of

if TYPE_CHECKING:
    from callflow.adapters.sql.step import Detail, Step
    from callflow.domain.calls import Call
    from callflow.domain.names import IncidentId
    from callflow.service.take_in import KeepPeerCall


log = structlog.get_logger(__name__)


async def tell_ended(step: Step, before: Call | None, call: Call) -> None:
    """This step of the call was its last."""
    if not call.is_over or (before is not None and before.is_over):
        return
    row = await step.ticket_of(call.incident_id)
    if row is not None and row.confidential:  # who had the call is nobody's business over there
        return
    peers = {call.caller.from_site, row and row.peer} - {None}
    for peer in sorted(map(str, peers)):
        await _tell(step, call, SiteId(peer))


async def tell_all(step: Step, incident_id: IncidentId, peer: SiteId) -> None:
    """The peer has a ticket of the incident now: what was over before he hears, too, unless it is confidential."""
    if await confidential.is_confidential(step, incident_id):
        return
    mine = select(calls.c.whole).where(calls.c.incident_id == incident_id, calls.c.is_over)
    for text in (await step.connection.scalars(mine.order_by(calls.c.arrived_at))).all():
        await _tell(step, call_of(text), peer)


async def keep_peer_call(_step: Step, record: KeepPeerCall) -> Detail:
    """The record's handler: the audit entry that it becomes is what the trace shows."""
    return {"peer": record.peer, "call": record.call.model_dump(mode="json")}


async def _tell(step: Step, call: Call, peer: SiteId) -> None:
    try:
        record = record_of(call)
    except ValidationError:  # a trace must not keep a call from ending
        log.warning("a call's record cannot be told", call_id=call.call_id, peer=peer)
        return
    once = f"call:{call.call_id}:{peer}"
    sent = await outbox.put(step, outbox.Written(call.incident_id, peer, "call", record, once))
    if sent["sent"]:
        step.entries.append(Entry(call.call_id, call.incident_id, "SendCall", sent))
