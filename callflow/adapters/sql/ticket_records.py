"""One handler for each record about tickets: what it changes, within the transaction of its call.

A handler answers with what the audit keeps of it. All of them may be run again: they look before they make.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select

from callflow.adapters.sql import call_records, lives, nuisance, outbox
from callflow.adapters.sql.frozen import call_of
from callflow.adapters.sql.tables import audit, call_backs, calls, tickets
from callflow.domain.limits import Level
from callflow.domain.limits import Matter as MatterKind
from callflow.domain.names import CallId, Consent, IncidentId, Presentation, SiteId, Verified
from callflow.domain.ticket_rules import Judgement
from callflow.domain.tickets import Entrusted, Escalated
from callflow.service.messages import Dispatch, Handover, Matter, TicketOpened

if TYPE_CHECKING:
    from callflow.adapters.sql.step import Detail, Step
    from callflow.domain import commands as c
    from callflow.service.take_in import KeepPeerNote, LinkTicket, OpenLinkedTicket

CHINA: Final = timezone(timedelta(hours=8))
"""Ticket numbers begin anew at midnight in China, which has one time and no summer time."""


async def open_ticket(step: Step, record: c.OpenTicket, judgement: Judgement | None = None, **written: Any) -> Detail:
    """The ticket of a call that is here. A ticket that a peer's handover made before takes the call in.

    `judgement` and `written`: a person's words on a ticket that is made now.
    """
    call = await step.call_of(record.call_id)
    have = await step.ticket_of(record.incident_id)
    peer = call.caller.from_site
    if have is None:
        ticket_id = await make(
            step,
            record.incident_id,
            judgement,
            **written,
            call_id=call.call_id,
            **({"peer": peer} | await _linked_before(step, record.incident_id)),
            **caller_columns(step, call.caller.number, call.caller.presentation, call.caller.verified),
            note=call.note,
            language=call.language,
            suggestion=await step.connection.scalar(select(calls.c.suggestion).where(calls.c.call_id == call.call_id)),
            first_receiver=call.ownership.first_receiver,
            owner=call.ownership.owner,
            settled=call.ownership.settled,
            danger=call.danger,
            consent=Consent.NOT_RECORDED,
        )
    else:
        ticket_id = have.ticket_id
        missing: dict[str, Any] = {} if have.call_id else {"call_id": call.call_id}
        if not have.caller_number and call.caller.number:
            missing |= caller_columns(step, call.caller.number, call.caller.presentation, call.caller.verified)
        if call.language and call.language != have.language:
            missing["language"] = call.language
        if missing:
            await step.change_ticket(record.incident_id, **missing)
    if peer is not None:
        await _tell_our_number(step, record.incident_id, peer, ticket_id)
    return {"ticket_id": ticket_id, "made": have is None}


async def open_linked_ticket(step: Step, record: OpenLinkedTicket) -> Detail:
    """Our half of a pair that a peer began. His word on the number holds: his voice leg may have had to hide it."""
    matter, have = record.matter, await step.ticket_of(record.incident_id)
    link: dict[str, Any] = {
        "peer": record.peer,
        "peer_ticket_id": matter.ticket_id,
        "peer_note": _with_history(matter),
    }
    if matter.language:
        link["language"] = matter.language
    if isinstance(matter, Handover):
        link["handed_by"] = matter.by
    ours = isinstance(matter, Dispatch) and not matter.beside
    """Given to us as a whole; of a handover the two agents decide."""
    if matter.suggestion is not None:
        link["suggestion"] = matter.suggestion.model_dump_json()
    if have is None:
        ticket_id = await make(
            step,
            record.incident_id,
            call_id=await _call_from(step, record.incident_id, record.peer),
            **link,
            **caller_columns(step, matter.number, matter.presentation, matter.verified),
            **_given_across(matter),
            first_receiver=matter.first_receiver,
            owner=step.site.platform.id if ours else matter.first_receiver,
            danger=matter.danger,
            consent=matter.consent,
        )
    else:
        ticket_id = have.ticket_id
        link |= {"owner": step.site.platform.id} if ours else {}
        if matter.number and await _came_from(step, have.call_id, record.peer):
            link |= caller_columns(step, matter.number, matter.presentation, matter.verified)
        await step.change_ticket(record.incident_id, **link)
        if matter.danger:
            await _endanger(step, record.incident_id)
    if matter.confidential:
        await lives.seal(step, await step.ticket_of(record.incident_id), by=record.peer)
    await _tell_our_number(step, record.incident_id, record.peer, ticket_id)
    await _tell_before(step, have, record.incident_id, record.peer)
    detail = {"ticket_id": ticket_id, "made": have is None, "peer": record.peer, "peer_ticket_id": matter.ticket_id}
    return detail | ({"handed_by": matter.by} if isinstance(matter, Handover) and matter.by else {})


def _with_history(matter: Matter) -> str:
    """His note, and before it what he told about the number's past."""
    past = matter.nuisance
    return matter.note if past is None else f"{nuisance.sentence(past)}\n{matter.note}".rstrip()


async def link_ticket(step: Step, record: LinkTicket) -> Detail:
    """The number of the peer's half."""
    row = await step.ticket_of(record.incident_id)
    done = await step.change_ticket(record.incident_id, peer=record.peer, peer_ticket_id=record.ticket_id)
    await _tell_before(step, row, record.incident_id, record.peer)
    return {"peer": record.peer, "peer_ticket_id": record.ticket_id, "linked": done}


async def _tell_before(step: Step, before: Any, incident_id: IncidentId, peer: SiteId) -> None:
    """The peer has a ticket of the incident now. `before`: our row until then, None when there was none."""
    if before is not None and before.peer is None:
        await lives.tell_missed(step, await step.ticket_of(incident_id), peer)
    await call_records.tell_all(step, incident_id, peer)


async def keep_peer_note(step: Step, record: KeepPeerNote) -> Detail:
    """What the peer's agent wrote after the handover, whole."""
    said = {"language": record.language} if record.language else {}
    kept = await step.change_ticket(record.incident_id, peer_note=record.note, **said)
    return {"peer": record.peer, "characters": len(record.note), "kept": kept}


async def keep_language(step: Step, record: c.KeepLanguage) -> Detail:
    """Which language the caller speaks, by our agent."""
    kept = await step.change_ticket(record.incident_id, language=record.language)
    return {"by": record.agent_id, "language": record.language, "kept": kept}


async def mark_ticket(step: Step, record: c.MarkTicket) -> Detail:
    """The telephone side of the ticket; danger has a column of its own and is never taken back."""
    if record.mark == "danger":
        return {"mark": record.mark, "marked": await _endanger(step, record.incident_id)}
    return {"mark": record.mark, "marked": await step.change_ticket(record.incident_id, phone_mark=record.mark)}


async def record_consent(step: Step, record: c.RecordConsent) -> Detail:
    """The caller's answer, who asked, and when."""
    await step.change_ticket(record.incident_id, consent=record.consent, consent_by=record.agent_id, consent_at=step.at)
    return {"consent": record.consent, "agent_id": record.agent_id}


async def settle_owner(step: Step, record: c.SettleOwner) -> Detail:
    """Whose matter it is; while it is the other platform's, his feedback is owed to us (R-041)."""
    await step.change_ticket(record.incident_id, owner=record.owner, settled=record.settled)
    row = await step.ticket_of(record.incident_id)
    us = step.site.platform.id
    peer = record.owner if record.owner != us else row and row.peer
    if row is not None and peer is not None:
        await lives.live_on(step, row, Entrusted(step.at, us, peer=SiteId(peer), owes=record.owner != us))
    return {"owner": record.owner, "settled": record.settled}


async def queue_call_back(step: Step, record: c.QueueCallBack) -> Detail:
    """One line on the call-back list a call."""
    call = await step.call_of(record.call_id)
    listed = await step.connection.scalar(select(call_backs.c.reason).where(call_backs.c.call_id == call.call_id))
    if listed is None:
        row = {
            "call_id": call.call_id,
            "incident_id": record.incident_id,
            "caller_number": call.caller.number,
            "reason": record.reason,
            "queued_at": step.at,
            "danger": call.danger,
        }
        await step.connection.execute(insert(call_backs).values(row))
    return {"reason": record.reason, "listed": listed is None}


async def _tell_our_number(step: Step, incident_id: IncidentId, peer: SiteId, ticket_id: str) -> None:
    body = TicketOpened(ticket_id=ticket_id)
    reply = outbox.Written(incident_id, peer, "ticket", body, once=f"ticket:{incident_id}:{peer}")
    await outbox.put(step, reply)


async def make(step: Step, incident_id: IncidentId, judgement: Judgement | None = None, **columns: Any) -> str:
    """A new ticket with the next number of the day, and its life. Without a judgement the classifier's counts."""
    platform = step.site.platform
    ticket_id = await _next_number(step, platform.ticket_prefix)
    row: dict[str, Any] = {"ticket_id": ticket_id, "incident_id": incident_id, "region": platform.region}
    row |= {"opened_at": step.at, "changed_at": step.at} | columns
    said = json.loads(row["suggestion"]) if row.get("suggestion") else None
    life = await lives.begin(step, row, judgement or lives.judged(said, danger=row["danger"]))
    await step.connection.execute(insert(tickets).values(row | life))
    return ticket_id


async def _endanger(step: Step, incident_id: IncidentId) -> bool:
    """Danger is only ever raised; a ticket that is over keeps its state and is marked all the same."""
    row = await step.ticket_of(incident_id)
    if row is None:
        return False
    if not lives.life_in(step, row).danger:  # the row says so already, where its call was written just before
        await lives.live_on(step, row, Escalated(step.at, step.site.platform.id, reason="danger"))
    if not row.danger:
        await step.change_ticket(incident_id, danger=True)
    return True


def _given_across(matter: Matter) -> dict[str, Any]:
    """What a matter without a call brings besides; of a handover the suggestion judges."""
    if not isinstance(matter, Dispatch):
        return {}
    level = Level.ONE if matter.danger else Level(matter.level)
    department = (matter.suggestion.department if matter.suggestion else None) or ""
    judgement = Judgement(level, MatterKind(matter.matter), matter.category, department)
    about = {"channel": matter.channel, "location": matter.location, "summary": matter.summary}
    return about | {"judgement": judgement}


def caller_columns(step: Step, number: str, presentation: Presentation, verified: Verified) -> dict[str, Any]:
    """Who he is, and how he is found."""
    found_by = {"number_hash": step.numbers.of(number)}
    return {"caller_number": number, "presentation": presentation, "verified": verified} | found_by


async def _next_number(step: Step, prefix: str) -> str:
    """The next of this platform's series of the day, such as GD20261122000001."""
    day = f"{prefix}{datetime.fromtimestamp(step.at, CHINA):%Y%m%d}"
    number = tickets.c.ticket_id
    of_today = select(number).where(number.between(f"{day}0", f"{day}999999999"))
    # The longest is the last: after 999999 comes 1000000, and nothing breaks on the day that sees it.
    last = await step.connection.scalar(of_today.order_by(func.length(number).desc(), number.desc()).limit(1))
    return f"{day}{int(last.removeprefix(day)) + 1 if last else 1:06d}"


async def _linked_before(step: Step, incident_id: IncidentId) -> dict[str, Any]:
    """The peer's half that was told before ours was there, as when our program was down; the audit has kept it."""
    told = select(audit.c.detail).where(audit.c.incident_id == incident_id, audit.c.what == "LinkTicket")
    detail = await step.connection.scalar(told.order_by(audit.c.entry.desc()).limit(1))
    if detail is None:
        return {}
    link = json.loads(detail)
    return {"peer": link["peer"], "peer_ticket_id": link["peer_ticket_id"]}


async def _call_from(step: Step, incident_id: IncidentId, peer: SiteId) -> str | None:
    """The call by which this peer's caller came before the word of it, as when nobody over there could sign or send."""
    mine = select(calls.c.whole).where(calls.c.incident_id == incident_id).order_by(calls.c.arrived_at)
    found = (call_of(text) for text in (await step.connection.scalars(mine)).all())
    return next((call.call_id for call in found if call.caller.from_site == peer), None)


async def _came_from(step: Step, call_id: str | None, peer: SiteId) -> bool:
    """Whether the ticket's voice leg is the peer's, or not here yet: then his word on the number is better."""
    return call_id is None or (await step.call_of(CallId(call_id))).caller.from_site == peer
