"""Which recordings there are, who heard them, and whose time is over. Their files: `adapters.recordings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from callflow.adapters.sql import audit
from callflow.adapters.sql.tables import recordings, tickets
from callflow.domain.names import CallId, IncidentId, Recorded, RecordingId, TicketId
from callflow.service.recordings import KeptRecording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.adapters.sql.step import Detail, Step
    from callflow.domain import commands as c
    from callflow.domain.names import AgentId

DELETED_AT_ONCE: Final = 200
"""Rows of one transaction: a backlog of years must not hold the key's commit up."""


async def keep(step: Step, record: c.KeepRecording) -> Detail:
    """The record's handler: a file that is being written, or whole."""
    mine = recordings.c.recording_id == record.recording_id
    row: dict[str, object] = {"ended_at": record.ended_at}
    done = await step.connection.execute(update(recordings).where(mine).values(row))
    if done.rowcount == 0:
        row |= {
            "recording_id": record.recording_id,
            "call_id": record.call_id,
            "incident_id": record.incident_id,
            "kind": record.kind,
            "begun_at": record.begun_at,
        }
        await step.connection.execute(insert(recordings).values(row))
    return {"recording_id": record.recording_id, "kind": record.kind, "ended": record.ended_at is not None}


class SqlRecordings:
    """The books of the recordings. Everything may raise FactsAway."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_call(self, call_id: CallId) -> Sequence[KeptRecording]:
        """The recordings of one call, oldest first, those included whose time is over."""
        return await self._found(recordings.c.call_id == call_id)

    async def recording(self, recording_id: RecordingId) -> KeptRecording | None:
        """One recording, or None."""
        found = await self._found(recordings.c.recording_id == recording_id)
        return found[0] if found else None

    async def heard(self, recording: KeptRecording, *, by: AgentId, role: str, reason: str, at: float) -> None:
        """Write into the audit that somebody is about to hear it, and why."""
        detail = {"recording_id": recording.recording_id, "by": by, "role": role, "reason": reason}
        entry = audit.Entry(recording.call_id, recording.incident_id, "recording_heard", detail)
        homes = self._database.homes
        await self._database.write(lambda connection: audit.append(connection, [entry], None, at, homes))

    async def expired(self, before: float) -> Sequence[RecordingId]:
        """Recordings that were begun before this moment and are not marked as deleted; at most so many at once."""
        old = (recordings.c.begun_at < before) & recordings.c.deleted_at.is_(None)
        wanted = select(recordings.c.recording_id).where(old).order_by(recordings.c.begun_at).limit(DELETED_AT_ONCE)

        async def work(connection: AsyncConnection) -> list[RecordingId]:
            return [RecordingId(one) for one in (await connection.scalars(wanted)).all()]

        return await self._database.read(work)

    async def deleted(self, gone: Sequence[RecordingId], at: float) -> None:
        """Mark these as deleted, and say so in the audit. Repeatable."""
        theirs = recordings.c.recording_id.in_(gone) & recordings.c.deleted_at.is_(None)

        async def work(connection: AsyncConnection) -> None:
            rows = (await connection.execute(select(recordings).where(theirs))).all()
            await connection.execute(update(recordings).where(theirs).values(deleted_at=at))
            entries = [
                audit.Entry(row.call_id, row.incident_id, "recording_deleted", {"recording_id": row.recording_id})
                for row in rows
            ]
            await audit.append(connection, entries, None, at)

        await self._database.write(work)

    async def _found(self, which: Any) -> list[KeptRecording]:
        ours = recordings.outerjoin(tickets, tickets.c.incident_id == recordings.c.incident_id)
        wanted = (
            select(recordings, tickets.c.ticket_id, tickets.c.peer_ticket_id)
            .select_from(ours)
            .where(which)
            .order_by(recordings.c.begun_at, recordings.c.recording_id)
        )

        async def work(connection: AsyncConnection) -> list[KeptRecording]:
            return [_kept(row) for row in (await connection.execute(wanted)).all()]

        return await self._database.read(work)


def _kept(row: Any) -> KeptRecording:
    return KeptRecording(
        RecordingId(row.recording_id),
        CallId(row.call_id),
        IncidentId(row.incident_id),
        Recorded(row.kind),
        row.begun_at,
        row.ended_at,
        row.deleted_at,
        tuple(TicketId(one) for one in (row.ticket_id, row.peer_ticket_id) if one),
    )
