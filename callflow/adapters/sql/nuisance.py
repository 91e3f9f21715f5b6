"""A number's history of nuisance and threats, from the audit: counted, never used to block anybody (R-015)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from callflow.adapters.sql.tables import audit, recordings, tickets
from callflow.domain import commands as c
from callflow.domain.working_days import CHINA
from callflow.service.message_parts import NUISANCE_LIMIT, Nuisance

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.step import Detail, Step

MARKED: Final = c.MarkNuisance.__name__


async def mark_nuisance(_step: Step, record: c.MarkNuisance) -> Detail:
    """The record's handler: the audit entry that it becomes is the history. No number stands in it."""
    return {"agent_id": record.agent_id}


async def history(connection: AsyncConnection, number_hash: str) -> Nuisance | None:
    """How often, when, and with which recordings this number was marked; None for never, or for no number."""
    if not number_hash:
        return None
    of_number = audit.join(tickets, tickets.c.incident_id == audit.c.incident_id)
    marks = (
        select(audit.c.at, audit.c.incident_id)
        .select_from(of_number)
        .where((audit.c.what == MARKED) & (tickets.c.number_hash == number_hash))
        .order_by(audit.c.at.desc())
    )
    found = (await connection.execute(marks)).all()
    if not found:
        return None
    incidents = [row.incident_id for row in found[:NUISANCE_LIMIT]]
    kept = recordings.c.incident_id.in_(incidents) & recordings.c.deleted_at.is_(None)
    heard = select(recordings.c.recording_id).where(kept).order_by(recordings.c.begun_at).limit(NUISANCE_LIMIT)
    ids = (await connection.scalars(heard)).all()
    return Nuisance(count=len(found), times=tuple(row.at for row in found[:NUISANCE_LIMIT]), recordings=tuple(ids))


def sentence(past: Nuisance) -> str:
    """What an agent reads of it."""
    last = datetime.fromtimestamp(past.times[0], CHINA).strftime("%Y-%m-%d %H:%M")
    taped = f",有录音{len(past.recordings)}份" if past.recordings else ""
    return f"【滋扰记录】该号码被标记{past.count}次,最近{last}{taped}。仅供参考,不得据此拒接。"
