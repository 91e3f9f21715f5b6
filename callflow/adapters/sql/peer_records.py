"""One handler for each record that leaves by the outbox: what of it crosses to the peer (requirement R-066)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callflow.adapters.sql import confidential, crossing, nuisance, outbox
from callflow.adapters.sql.ticket_records import open_ticket
from callflow.domain import commands as c
from callflow.domain.names import Consent
from callflow.service import messages as m

if TYPE_CHECKING:
    from callflow.adapters.sql.step import Detail, Step


async def send_handover(step: Step, record: c.SendHandover) -> Detail:
    """The caller's matter to the peer, with our ticket's number and who began it; no handover is without a ticket."""
    matter = await _matter(step, record)
    attempt = (await step.call_of(record.call_id)).attempt(record.attempt_id)
    matter |= {
        "attempt_id": record.attempt_id,
        "kind": record.kind,
        "consent": attempt.consent if attempt else Consent.NOT_RECORDED,
        "danger": matter["danger"] or record.danger,
        "by": step.site.signature(attempt.requested_by) if attempt and attempt.requested_by else "",
    }
    body = m.Handover.model_validate(matter)
    return await _send(step, record, "handover", body, once=f"handover:{record.attempt_id}:{record.peer}")


async def send_danger(step: Step, record: c.SendDanger) -> Detail:
    """Danger, with everything that the peer needs to act on it."""
    body = m.Danger.model_validate(await _matter(step, record) | {"danger": True})
    return await _send(step, record, "danger", body)


async def send_note(step: Step, record: c.SendNote) -> Detail:
    """Our agent's note as it is now; each version is a message of its own, and the last one stays."""
    call = await step.call_of(record.call_id)
    if not await confidential.note_crosses(step, record.incident_id, record.peer):
        return {"peer": record.peer, "kind": "note", "sent": False, "why": "confidential"}
    return await _send(step, record, "note", m.Note(note=call.note[: m.NOTE_LIMIT], language=call.language))


async def send_outcome(step: Step, record: c.SendOutcome) -> Detail:
    """How the attempt ended; one may have two: joined, then lost."""
    body = m.AttemptEnded(attempt_id=record.attempt_id, outcome=record.outcome)
    once = f"outcome:{record.attempt_id}:{record.outcome}:{record.peer}"
    return await _send(step, record, "outcome", body, once=once)


async def send_owner_decision(step: Step, record: c.SendOwnerDecision) -> Detail:
    """Accept or refuse."""
    return await _send(step, record, "owner_decision", m.OwnerDecision(accept=record.accept))


async def send_owner_settled(step: Step, record: c.SendOwnerSettled) -> Detail:
    """The owner."""
    body = m.OwnerSettled.model_validate({"owner": record.owner, "settled": record.settled})
    return await _send(step, record, "owner_settled", body)


async def _send(step: Step, record: c.ToPeer, kind: str, body: m.Body, *, once: str | None = None) -> Detail:
    return await outbox.put(step, outbox.Written(record.incident_id, record.peer, kind, body, once))


async def _matter(step: Step, record: c.ToPeer) -> dict[str, Any]:
    call = await step.call_of(record.call_id)
    opened = await open_ticket(step, c.OpenTicket(record.call_id, record.incident_id))
    ticket = await step.ticket_of(record.incident_id)
    note = call.note or ticket.note or ticket.peer_note
    tells_past = call.nuisance and not ticket.confidential
    return crossing.matter_body(step, ticket, record.peer) | {
        "note": note[: m.NOTE_LIMIT],
        "ticket_id": opened["ticket_id"],
        "danger": call.danger,
        "language": call.language or ticket.language,
        "nuisance": await nuisance.history(step.connection, ticket.number_hash) if tells_past else None,
    }
