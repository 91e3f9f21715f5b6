"""Precedents: whose matter a decided dispute made it, by category and region; like matters follow (R-017, R-052)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from callflow.adapters.sql.tables import precedents

if TYPE_CHECKING:
    from callflow.adapters.sql.step import Step
    from callflow.domain.tickets import Life, Settled


async def unit_for(step: Step, category: str, region: str) -> str | None:
    """The unit that has such matters; None when nothing was decided."""
    if not category:
        return None
    mine = (precedents.c.category == category) & (precedents.c.region == region)
    unit: str | None = await step.connection.scalar(select(precedents.c.unit).where(mine))
    return unit


async def keep(step: Step, life: Life, region: str, settled: Settled) -> None:
    """The newest decision holds. A matter without a category decides nothing for others."""
    if not life.category:
        return
    mine = (precedents.c.category == life.category) & (precedents.c.region == region)
    await step.connection.execute(delete(precedents).where(mine))
    row = {"category": life.category, "region": region, "unit": settled.unit, "ticket_id": life.ticket_id}
    row |= {"decided_by": settled.by}
    await step.connection.execute(insert(precedents).values(row | {"decided_at": settled.at}))
