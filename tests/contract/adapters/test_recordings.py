"""The books of the recordings: tied to call, incident and tickets, audited, and gone when their time is over."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from callflow.adapters.sql import audit
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.recordings import SqlRecordings
from callflow.adapters.sql.tables import audit as audit_table
from callflow.domain.calls import Call
from callflow.domain.commands import KeepRecording
from callflow.domain.names import AgentId, Recorded, RecordingId
from tests.contract.adapters.books import DAY_S, NOW, Books, MakeCall, opening
from tests.contract.adapters.conftest import ulid


def recorded(call: Call, at: float = NOW, kind: Recorded = Recorded.CALL) -> KeepRecording:
    return KeepRecording(call.call_id, call.incident_id, RecordingId(ulid()), kind, at, None)


async def audited(database: Database, what: str) -> list[dict[str, object]]:
    rows = select(audit_table.c.detail).where(audit_table.c.what == what).order_by(audit_table.c.entry)

    async def work(connection: AsyncConnection) -> list[dict[str, object]]:
        return [json.loads(one) for one in (await connection.scalars(rows)).all()]

    return await database.read(work)


async def test_a_recording_is_known_from_its_beginning_and_whole_at_its_end(gov: Books, a_call: MakeCall) -> None:
    call, books = a_call(), SqlRecordings(gov.database)
    begun = recorded(call)
    await gov.write(call, opening(call), begun)
    (growing,) = await books.of_call(call.call_id)
    await gov.write(call, replace(begun, ended_at=NOW + 60))
    (whole,) = await books.of_call(call.call_id)

    assert (growing.recording_id, growing.kind, growing.ended_at) == (begun.recording_id, Recorded.CALL, None)
    ticket = await gov.read.ticket_of(call.incident_id)
    assert ticket is not None
    assert growing.ticket_ids == (ticket.ticket_id,)
    assert whole == replace(growing, ended_at=NOW + 60)
    assert await books.recording(begun.recording_id) == whole


async def test_who_hears_it_is_in_the_audit_and_the_chain_holds(gov: Books, a_call: MakeCall) -> None:
    call, books = a_call(), SqlRecordings(gov.database)
    await gov.write(call, recorded(call))
    (kept,) = await books.of_call(call.call_id)

    await books.heard(kept, by=AgentId("8002"), role="supervisor", reason="complaint", at=NOW + 5)

    expected = {"recording_id": kept.recording_id, "by": "8002", "role": "supervisor", "reason": "complaint"}
    assert await audited(gov.database, "recording_heard") == [expected]
    assert await gov.database.read(audit.first_break) is None


async def test_what_has_had_its_time_is_found_once_and_its_end_is_audited(gov: Books, a_call: MakeCall) -> None:
    call, books = a_call(), SqlRecordings(gov.database)
    old, young = recorded(call, NOW - 200 * DAY_S), recorded(call, NOW, Recorded.CONSULT)
    await gov.write(call, old, young)

    expired = await books.expired(NOW - 180 * DAY_S)
    await books.deleted(expired, NOW)
    await books.deleted(expired, NOW + 1)

    assert list(expired) == [old.recording_id]
    assert await books.expired(NOW - 180 * DAY_S) == []
    assert [one.deleted_at for one in await books.of_call(call.call_id)] == [NOW, None]
    assert await audited(gov.database, "recording_deleted") == [{"recording_id": old.recording_id}]
