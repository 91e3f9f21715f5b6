"""Why an agent decided as he did: his words stand with the ticket's steps, the audit says how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select

from callflow.adapters.sql.tables import ticket_steps

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.step import Detail, Step
    from callflow.domain import commands as c

STEP: Final = "reason."
"""Before what the reason is about, in `ticket_steps.step`."""


async def keep(step: Step, record: c.KeepReason) -> Detail:
    """One line with the ticket; without a ticket there is nowhere to keep it, and the audit says so."""
    row = await step.ticket_of(record.incident_id)
    kept = {"about": record.about, "agent_id": record.agent_id, "characters": len(record.text)}
    if row is None:
        return kept | {"kept": False}
    line = {"ticket_id": row.ticket_id, "version": row.version, "at": step.at, "by": record.agent_id}
    line |= {"step": f"{STEP}{record.about}", "state": row.state, "text": record.text}
    await step.connection.execute(insert(ticket_steps).values(line))
    return kept | {"kept": True}


async def of_ticket(connection: AsyncConnection, ticket_id: str) -> list[dict[str, Any]]:
    """Every reason of a ticket, oldest first."""
    mine = ticket_steps.c.ticket_id == ticket_id, ticket_steps.c.step.startswith(STEP)
    rows = (await connection.execute(select(ticket_steps).where(*mine).order_by(ticket_steps.c.entry))).all()
    return [{"at": row.at, "by": row.by, "about": row.step.removeprefix(STEP), "text": row.text} for row in rows]
