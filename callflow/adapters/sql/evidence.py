"""`evidence.EvidenceBooks` on SQL and on the recordings' files."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from callflow.adapters.sql import audit
from callflow.adapters.sql.frozen import call_of
from callflow.adapters.sql.nuisance import MARKED
from callflow.adapters.sql.tables import audit as audit_table
from callflow.adapters.sql.tables import calls, recordings, tickets
from callflow.domain.names import CallId, Recorded
from callflow.service import evidence
from callflow.service.call_records import record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.service.recordings import Files

MADE: Final = "evidence_made"
MOST_INCIDENTS: Final = 500


class SqlEvidence:
    """One platform's. `private_pem`: what the pack is signed with."""

    def __init__(self, database: Database, site_id: str, tapes: Files, private_pem: bytes) -> None:
        self._database, self._site_id, self._tapes, self._private_pem = database, site_id, tapes, private_pem

    async def pack(self, call_id: CallId, *, by: str, at: float) -> str | None:
        """See the port."""

        async def work(connection: AsyncConnection) -> dict[str, Any] | None:
            whole = await connection.scalar(select(calls.c.whole).where(calls.c.call_id == call_id))
            number = call_of(whole).caller.number if whole else ""
            incidents = await self._marked(connection, number)
            if whole is None or call_of(whole).incident_id not in incidents:
                return None
            made = audit.Entry(call_id, call_of(whole).incident_id, MADE, {"by": by, "incidents": len(incidents)})
            await audit.append(connection, [made], None, at)
            return {"number": number} | await self._found(connection, incidents)

        found = await self._database.write(work)
        if found is None:
            return None
        head = {"site": self._site_id, "made_at": at, "by": by}
        heard = await asyncio.to_thread(lambda: [self._taped(row) for row in found["recordings"]])
        return evidence.sign(head | found | {"recordings": heard}, self._private_pem)

    async def _marked(self, connection: AsyncConnection, number: str) -> list[str]:
        """The incidents of this number in which a call was marked, oldest first."""
        if not number:
            return []
        of_number = audit_table.join(tickets, tickets.c.incident_id == audit_table.c.incident_id)
        marks = (audit_table.c.what == MARKED) & (tickets.c.number_hash == self._database.numbers.of(number))
        found = select(audit_table.c.incident_id).select_from(of_number).where(marks).order_by(audit_table.c.entry)
        return list(dict.fromkeys((await connection.scalars(found)).all()))[-MOST_INCIDENTS:]

    async def _found(self, connection: AsyncConnection, incidents: Sequence[str]) -> dict[str, Any]:
        theirs = select(calls.c.whole).where(calls.c.incident_id.in_(incidents)).order_by(calls.c.arrived_at)
        taped = select(recordings).where(recordings.c.incident_id.in_(incidents)).order_by(recordings.c.begun_at)
        rows = select(audit_table).where(audit_table.c.incident_id.in_(incidents)).order_by(audit_table.c.entry)
        said = [dict(row) for row in (await connection.execute(rows)).mappings().all()]
        called = [call_of(text) for text in (await connection.scalars(theirs)).all()]
        return {
            "marks": [_mark(row) for row in said if row["what"] == MARKED],
            "calls": [{"incident_id": c.incident_id} | record_of(c).model_dump(mode="json") for c in called],
            "recordings": [dict(row) for row in (await connection.execute(taped)).mappings().all()],
            "audit": said,
            "audit_broken_at": await audit.first_break(connection),
        }

    def _taped(self, row: dict[str, Any]) -> dict[str, Any]:
        """`sha256` is of the WAV file that the API gives out; "" when its time was over."""
        whole = row["kind"] == Recorded.CALL or row["ended_at"] is None
        tape = self._tapes.tape(row["recording_id"], None if whole else row["ended_at"] - row["begun_at"])
        digest = hashlib.sha256()
        for chunk in () if tape is None else tape.read(0, tape.size - 1):
            digest.update(chunk)
        named = ("recording_id", "call_id", "incident_id", "begun_at", "ended_at", "deleted_at")
        return {name: row[name] for name in named} | {"sha256": "" if tape is None else digest.hexdigest()}


def _mark(row: dict[str, Any]) -> dict[str, Any]:
    return {"at": row["at"], "incident_id": row["incident_id"], "call_id": row["call_id"]}
