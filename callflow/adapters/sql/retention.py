"""`retention.Sweeping` on SQL: one row of `SWEEPS` for each thing that has its time.

A matter's time begins with the last change of its closed or merged ticket; a change that comes later begins it anew.
An open matter keeps everything: it cannot be dealt with otherwise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Table, and_, delete, or_, select, update

from callflow.adapters.sql import audit
from callflow.adapters.sql.frozen import call_of, call_text
from callflow.adapters.sql.tables import call_backs, calls, inbox, outbox, recordings, ticket_steps, tickets
from callflow.domain.names import CallId, IncidentId
from callflow.domain.screenpop import masked
from callflow.domain.tickets import State
from callflow.service.retention import Due

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.domain.calls import Call

OVER: Final = (State.CLOSED.value, State.MERGED.value)
NOTHING_SAID: Final[dict[str, Any]] = {"note": "", "peer_note": "", "summary": "", "location": "", "suggestion": None}

Entries = list[audit.Entry]
Sweep = Callable[["AsyncConnection", float, float, int], Awaitable[tuple[int, Entries]]]


class SqlRetention:
    """The books of one platform. Several programs may sweep at once: each thing goes once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sweep(self, due: Due, before: float, at: float, limit: int) -> int:
        """See the port."""

        async def work(connection: AsyncConnection) -> int:
            count, entries = await SWEEPS[due](connection, before, at, limit)
            await audit.append(connection, entries, None, at)
            return count

        return await self._database.write(work)


async def _numbers(connection: AsyncConnection, before: float, at: float, limit: int) -> tuple[int, Entries]:
    rows = await _matters(connection, _still(tickets.c.number_gone_at) & _over(before), limit)
    for row in rows:
        gone = {"caller_number": masked(row.caller_number), "number_hash": "", "number_gone_at": at}
        await connection.execute(update(tickets).where(_unchanged(row)).values(gone))
        await _calls_of(connection, row.incident_id, _without_number, number_gone_at=at)
    return len(rows), [_entry(row, Due.NUMBERS) for row in rows]


async def _texts(connection: AsyncConnection, before: float, at: float, limit: int) -> tuple[int, Entries]:
    rows = await _matters(connection, _still(tickets.c.texts_gone_at) & _over(before), limit)
    for row in rows:
        await connection.execute(update(tickets).where(_unchanged(row)).values(NOTHING_SAID | {"texts_gone_at": at}))
        steps = ticket_steps.c.ticket_id == row.ticket_id
        await connection.execute(update(ticket_steps).where(steps).values(text=""))
        await _calls_of(connection, row.incident_id, _without_note, suggestion=None, texts_gone_at=at)
    return len(rows), [_entry(row, Due.TEXTS) for row in rows]


async def _lone_calls(connection: AsyncConnection, before: float, at: float, limit: int) -> tuple[int, Entries]:
    with_ticket = select(tickets.c.ticket_id).where(tickets.c.incident_id == calls.c.incident_id).exists()
    old = calls.c.is_over & (calls.c.arrived_at < before) & calls.c.number_gone_at.is_(None) & ~with_ticket
    rows = (await connection.execute(select(calls).where(old).order_by(calls.c.arrived_at).limit(limit))).all()
    for row in rows:
        whole = call_text(_without_note(_without_number(call_of(row.whole))))
        gone = {"whole": whole, "suggestion": None, "number_gone_at": at, "texts_gone_at": at}
        await connection.execute(update(calls).where(calls.c.call_id == row.call_id).values(gone))
    return len(rows), [
        audit.Entry(CallId(row.call_id), IncidentId(row.incident_id), _word(Due.LONE_CALLS), {}) for row in rows
    ]


async def _messages(connection: AsyncConnection, before: float, _at: float, limit: int) -> tuple[int, Entries]:
    """Sent ones that the peer has, and his; number, digest and receipt of each stay, so the chain goes on."""
    sent = (outbox.c.receipted_at < before) & (outbox.c.payload != "")
    ours = (await connection.scalars(select(outbox.c.entry).where(sent).order_by(outbox.c.entry).limit(limit))).all()
    await connection.execute(update(outbox).where(outbox.c.entry.in_(ours)).values(payload=""))
    came = (inbox.c.received_at < before) & (inbox.c.token != "")
    newest = select(inbox.c.message_id).where(came).order_by(inbox.c.received_at).limit(limit - len(ours))
    theirs = (await connection.scalars(newest)).all()
    await connection.execute(update(inbox).where(inbox.c.message_id.in_(theirs)).values(token=""))
    return _counted(Due.MESSAGES, len(ours) + len(theirs))


async def _call_backs(connection: AsyncConnection, before: float, _at: float, limit: int) -> tuple[int, Entries]:
    return await _deleted(connection, Due.CALL_BACKS, call_backs, call_backs.c.done_at < before, limit)


async def _recordings(connection: AsyncConnection, before: float, _at: float, limit: int) -> tuple[int, Entries]:
    return await _deleted(connection, Due.RECORDINGS, recordings, recordings.c.deleted_at < before, limit)


async def _whole_matters(connection: AsyncConnection, before: float, _at: float, limit: int) -> tuple[int, Entries]:
    rows = await _matters(connection, _over(before), limit)
    numbers, incidents = [row.ticket_id for row in rows], [row.incident_id for row in rows]
    await connection.execute(delete(ticket_steps).where(ticket_steps.c.ticket_id.in_(numbers)))
    await connection.execute(delete(call_backs).where(call_backs.c.incident_id.in_(incidents)))
    await connection.execute(delete(calls).where(calls.c.incident_id.in_(incidents)))
    await connection.execute(delete(tickets).where(tickets.c.ticket_id.in_(numbers)))
    return len(rows), [_entry(row, Due.MATTERS) for row in rows]


SWEEPS: Final[dict[Due, Sweep]] = {
    Due.NUMBERS: _numbers,
    Due.TEXTS: _texts,
    Due.LONE_CALLS: _lone_calls,
    Due.MESSAGES: _messages,
    Due.CALL_BACKS: _call_backs,
    Due.RECORDINGS: _recordings,
    Due.MATTERS: _whole_matters,
}


def _over(before: float) -> ColumnElement[bool]:
    return and_(tickets.c.state.in_(OVER), tickets.c.changed_at < before)


def _still(gone_at: Any) -> ColumnElement[bool]:
    """Not gone yet, or something came after it went."""
    return or_(gone_at.is_(None), gone_at < tickets.c.changed_at)


def _unchanged(row: Any) -> ColumnElement[bool]:
    """What is written in this very moment is not swept away unseen; the next sweep has it."""
    return and_(tickets.c.ticket_id == row.ticket_id, tickets.c.changed_at == row.changed_at)


async def _matters(connection: AsyncConnection, which: ColumnElement[bool], limit: int) -> Any:
    columns = (tickets.c.ticket_id, tickets.c.incident_id, tickets.c.caller_number, tickets.c.changed_at)
    wanted = select(*columns).where(which).order_by(tickets.c.changed_at, tickets.c.ticket_id).limit(limit)
    return (await connection.execute(wanted.with_for_update())).all()


async def _calls_of(
    connection: AsyncConnection, incident_id: str, change: Callable[[Call], Call], **columns: object
) -> None:
    theirs = select(calls.c.call_id, calls.c.whole).where(calls.c.incident_id == incident_id)
    for row in (await connection.execute(theirs)).all():
        changed = columns | {"whole": call_text(change(call_of(row.whole)))}
        await connection.execute(update(calls).where(calls.c.call_id == row.call_id).values(changed))


def _without_number(call: Call) -> Call:
    return replace(call, caller=replace(call.caller, number=masked(call.caller.number)))


def _without_note(call: Call) -> Call:
    return replace(call, note="")


async def _deleted(
    connection: AsyncConnection, due: Due, table: Table, which: ColumnElement[bool], limit: int
) -> tuple[int, Entries]:
    key = next(iter(table.primary_key))
    old = (await connection.scalars(select(key).where(which).limit(limit))).all()
    await connection.execute(delete(table).where(key.in_(old)))
    return _counted(due, len(old))


def _word(due: Due) -> str:
    return f"retention.{due.value}"


def _entry(row: Any, due: Due) -> audit.Entry:
    return audit.Entry(CallId(""), IncidentId(row.incident_id), _word(due), {"ticket_id": row.ticket_id})


def _counted(due: Due, count: int) -> tuple[int, Entries]:
    return count, [audit.Entry(CallId(""), IncidentId(""), _word(due), {"count": count})] if count else []
