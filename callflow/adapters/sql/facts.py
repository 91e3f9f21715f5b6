"""`ports.Facts` on SQL: a call, its records and its orders in one transaction, each event once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from callflow.adapters.sql import (
    audit,
    call_records,
    nuisance,
    peer_records,
    peer_steps,
    reasons,
    recordings,
    ticket_attempts,
    ticket_events,
    ticket_records,
)
from callflow.adapters.sql.frozen import call_of, call_text, order_of, order_text
from callflow.adapters.sql.step import Detail, Step
from callflow.adapters.sql.tables import calls, orders, progress, seen_events, tickets
from callflow.adapters.ticket_rules import shipped_rules
from callflow.domain import commands as c
from callflow.domain.names import SiteId
from callflow.service.ports import Overtaken, Settlement, StoredOrder
from callflow.service.take_in import (
    KeepPeerAttempt,
    KeepPeerCall,
    KeepPeerNote,
    KeepPeerStep,
    LinkTicket,
    OpenLinkedTicket,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.domain.calls import Call
    from callflow.domain.names import CallId, IncidentId
    from callflow.domain.ticket_rules import TicketRules
    from callflow.sitefile import Site

JOURNAL: Final = "journal"


async def _listening(_step: Step, record: c.KeepListening) -> Detail:
    return {"by": record.agent_id, "begins": record.begins}


async def _disposed(_step: Step, record: c.KeepDisposition) -> Detail:
    """The call itself has it; the audit says who said so."""
    return {"by": record.agent_id, "disposition": record.disposition}


async def _phone_moved(_step: Step, record: c.PhoneMoved) -> Detail:
    """Nothing but the audit keeps it."""
    return {"agent_id": record.agent_id, "address": record.address}


HANDLERS: Final[dict[type[c.Record], Callable[[Step, Any], Awaitable[Detail]]]] = {
    c.OpenTicket: ticket_records.open_ticket,
    OpenLinkedTicket: ticket_records.open_linked_ticket,
    LinkTicket: ticket_records.link_ticket,
    KeepPeerNote: ticket_records.keep_peer_note,
    KeepPeerAttempt: ticket_attempts.keep_peers,
    KeepPeerStep: peer_steps.keep_peer_step,
    KeepPeerCall: call_records.keep_peer_call,
    c.MarkTicket: ticket_records.mark_ticket,
    c.MarkNuisance: nuisance.mark_nuisance,
    c.RecordConsent: ticket_records.record_consent,
    c.KeepReason: reasons.keep,
    c.PhoneMoved: _phone_moved,
    c.SettleOwner: ticket_records.settle_owner,
    c.QueueCallBack: ticket_records.queue_call_back,
    c.KeepListening: _listening,
    c.KeepDisposition: _disposed,
    c.KeepLanguage: ticket_records.keep_language,
    c.KeepRecording: recordings.keep,
    c.SendHandover: peer_records.send_handover,
    c.SendNote: peer_records.send_note,
    c.SendDanger: peer_records.send_danger,
    c.SendOutcome: peer_records.send_outcome,
    c.SendOwnerDecision: peer_records.send_owner_decision,
    c.SendOwnerSettled: peer_records.send_owner_settled,
}


class SqlFacts:
    """The facts of one platform. Several may share a database; each event is still committed once."""

    def __init__(self, database: Database, site: Site, rules: TicketRules | None = None) -> None:
        self._database = database
        self._site = site
        self._rules = rules or shipped_rules()

    async def call(self, call_id: CallId) -> Call | None:
        """See the port."""
        mine = select(calls.c.whole).where(calls.c.call_id == call_id)
        text = await self._database.look(lambda connection: connection.scalar(mine))
        return None if text is None else call_of(text)

    async def live_calls(self) -> Sequence[Call]:
        """See the port."""
        return await self._calls(calls.c.is_over.is_(False))

    async def unsettled_calls(self) -> Sequence[Call]:
        """See the port."""
        return await self._calls(calls.c.is_over.is_(True) & calls.c.is_settled.is_(False))

    async def calls_of_incident(self, incident_id: IncidentId) -> Sequence[Call]:
        """See the port."""
        return await self._calls(calls.c.incident_id == incident_id)

    async def is_danger(self, incident_id: IncidentId) -> bool:
        """See the port."""
        asked = select(tickets.c.danger).where(tickets.c.incident_id == incident_id)
        return bool(await self._database.read(lambda connection: connection.scalar(asked)))

    async def handed_by(self, incident_id: IncidentId, peer: SiteId) -> str:
        """See the port."""
        of_pair = (tickets.c.incident_id == incident_id) & (tickets.c.peer == peer)
        asked = select(tickets.c.handed_by).where(of_pair)
        return await self._database.read(lambda connection: connection.scalar(asked)) or ""

    async def settlement(self, incident_id: IncidentId) -> Settlement | None:
        """See the port."""
        asked = select(tickets.c.owner, tickets.c.settled).where(tickets.c.incident_id == incident_id)
        found = await self._database.read(lambda connection: connection.execute(asked))
        row = found.first()
        return Settlement(SiteId(row.owner), row.settled) if row is not None and row.settled else None

    async def commit(
        self,
        call: Call | None,
        records: Sequence[c.Record],
        orders: Sequence[c.Order],
        *,
        event_key: str | None,
        journal_offset: int | None,
        at: float,
        seen: Call | None = None,
    ) -> list[StoredOrder] | None:
        """See the port."""
        written_to: set[SiteId] = set()

        async def work(connection: AsyncConnection) -> list[StoredOrder] | None:
            written_to.clear()
            if event_key is not None and not await _is_first(connection, event_key, at):
                return None
            known = call or seen
            before = None if known is None else await _written(connection, known.call_id)
            if seen is not None and before != seen:
                raise Overtaken(f"call {seen.call_id}")
            entries = [] if call is None else await _write_call(connection, before, call, at)
            step = Step(connection, self._site, call, at, self._rules, self._database.numbers, written_to)
            for record in records:
                detail = await HANDLERS[type(record)](step, record)
                incident_id: IncidentId = record.incident_id  # type: ignore[attr-defined] # every record but its base has one
                entries.append(audit.Entry(record.call_id, incident_id, type(record).__name__, detail))
                entries += step.entries
                step.entries.clear()
            if call is not None:
                await ticket_attempts.keep_ours(step, call, before)
                await call_records.tell_ended(step, before, call)
                entries += step.entries
                if before is not None and before.note != call.note:
                    step.told.setdefault(call.incident_id, [])
            await ticket_events.put_told(step)
            await audit.append(connection, entries, event_key, at, self._database.homes)
            if journal_offset is not None:
                await _advance(connection, journal_offset)
            return [await _store(connection, order, at) for order in orders]

        stored = await self._database.write(work)
        for peer in written_to:
            self._database.outgoing_stored(peer)
        return stored

    async def order_done(self, order_id: int, outcome: str) -> None:
        """See the port."""
        done = update(orders).where(orders.c.order_id == order_id).values(outcome=outcome)
        await self._database.write(lambda connection: connection.execute(done))

    async def orders_open(self) -> Sequence[StoredOrder]:
        """See the port."""
        open_ones = select(orders).where(orders.c.outcome.is_(None)).order_by(orders.c.order_id)

        async def work(connection: AsyncConnection) -> list[StoredOrder]:
            rows = (await connection.execute(open_ones)).all()
            return [StoredOrder(row.order_id, order_of(row.name, row.whole), row.stored_at) for row in rows]

        return await self._database.read(work)

    async def journal_offset(self) -> int:
        """See the port."""
        offset = select(progress.c.offset).where(progress.c.name == JOURNAL)
        return await self._database.read(lambda connection: connection.scalar(offset)) or 0

    async def keep_suggestion(self, call_id: CallId, suggestion: Mapping[str, Any], at: float) -> None:
        """Keep the classifier's newest suggestion with the call and its ticket. Raises FactsAway."""
        text = json.dumps(suggestion, ensure_ascii=False)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(update(calls).where(calls.c.call_id == call_id).values(suggestion=text))
            of_call = tickets.c.call_id == call_id
            await connection.execute(update(tickets).where(of_call).values(suggestion=text, changed_at=at))

        await self._database.write(work)

    async def _calls(self, which: Any) -> list[Call]:
        wanted = select(calls.c.whole).where(which).order_by(calls.c.arrived_at, calls.c.call_id)

        async def work(connection: AsyncConnection) -> list[Call]:
            return [call_of(text) for text in (await connection.scalars(wanted)).all()]

        return await self._database.read(work)


async def _is_first(connection: AsyncConnection, event_key: str, at: float) -> bool:
    seen = select(seen_events.c.at).where(seen_events.c.event_key == event_key)
    if await connection.scalar(seen) is not None:
        return False
    await connection.execute(insert(seen_events).values(event_key=event_key, at=at))
    return True


async def _written(connection: AsyncConnection, call_id: CallId) -> Call | None:
    row = select(calls.c.whole).where(calls.c.call_id == call_id).with_for_update()  # SQLite has one writer anyway
    text = await connection.scalar(row)
    return None if text is None else call_of(text)


async def _write_call(connection: AsyncConnection, before: Call | None, call: Call, at: float) -> list[audit.Entry]:
    """Write the call over what was, carry its note to its ticket, and tell the audit what changed."""
    mine = calls.c.call_id == call.call_id
    row = {
        "incident_id": call.incident_id,
        "phase": call.phase,
        "arrived_at": call.arrived_at,
        "is_over": call.is_over,
        "is_settled": call.ownership.settled is not None,
        "whole": call_text(call),
    }
    if before is None:
        await connection.execute(insert(calls).values(call_id=call.call_id, **row))
    else:
        await connection.execute(update(calls).where(mine).values(row))
        if (before.note, before.danger) != (call.note, call.danger):
            carried = {"note": call.note, "changed_at": at} | ({"danger": True} if call.danger else {})
            await connection.execute(update(tickets).where(tickets.c.call_id == call.call_id).values(carried))
    return [audit.Entry(call.call_id, call.incident_id, what, detail) for what, detail in _changes(before, call)]


def _changes(before: Call | None, now: Call) -> list[tuple[str, Detail]]:
    was = None if before is None else before.phase
    changed: list[tuple[str, Detail]] = []
    if was != now.phase:
        changed.append(("phase", {"from": was, "to": now.phase, "cause": now.end_cause}))
    if before is None and now.caller.from_site is not None:
        changed.append(("incident", {"peer": now.caller.from_site, "signed": now.is_signed, "said": now.is_said}))
    for attempt in now.attempts:
        old = None if before is None else before.attempt(attempt.attempt_id)
        if old is None or old != replace(attempt, cancelling=old.cancelling):
            kept = ("attempt_id", "target", "kind", "way", "consent", "outcome", "sip_code", "cause", "danger")
            changed.append(("attempt", {name: getattr(attempt, name) for name in kept}))
    return changed


async def _advance(connection: AsyncConnection, offset: int) -> None:
    mine = progress.c.name == JOURNAL
    have = await connection.scalar(select(progress.c.offset).where(mine))
    if have is None:
        await connection.execute(insert(progress).values(name=JOURNAL, offset=offset))
    elif offset > have:
        await connection.execute(update(progress).where(mine).values(offset=offset))


async def _store(connection: AsyncConnection, order: c.Order, at: float) -> StoredOrder:
    name, text = order_text(order)
    row = insert(orders).values(name=name, whole=text, stored_at=at).returning(orders.c.order_id)
    return StoredOrder(int((await connection.execute(row)).scalar_one()), order, at)
