"""Precedents: whose matter a decided dispute made it, by category and region; like matters follow (R-017, R-052)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, exists, func, insert, select

from callflow.adapters.sql.tables import precedents, ticket_steps, tickets
from callflow.domain.names import Settled as Settlement
from callflow.domain.names import TicketId
from callflow.domain.tickets import State
from callflow.service.ticket_ports import Dispute

KINDS: Final = 200
WAITING: Final = 1000

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

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


async def disputes(connection: AsyncConnection) -> list[Dispute]:
    """Kinds of matters by how often they were disputed, or went to the first receiver without agreement (R-052)."""
    disputed = exists().where(ticket_steps.c.ticket_id == tickets.c.ticket_id, ticket_steps.c.step == "disputed")
    kinds = (
        select(tickets.c.category, tickets.c.region, func.count().label("times"), precedents.c.unit)
        .outerjoin(
            precedents, (precedents.c.category == tickets.c.category) & (precedents.c.region == tickets.c.region)
        )
        .where(disputed | (tickets.c.settled == Settlement.BY_RULE))
        .group_by(tickets.c.category, tickets.c.region, precedents.c.unit)
        .order_by(func.count().desc(), tickets.c.category)
        .limit(KINDS)
    )
    waiting = select(tickets.c.ticket_id, tickets.c.category, tickets.c.region).where(
        tickets.c.state == State.DISPUTED, ~tickets.c.confidential
    )
    now: defaultdict[tuple[str, str], list[TicketId]] = defaultdict(list)
    for row in (await connection.execute(waiting.order_by(tickets.c.opened_at).limit(WAITING))).all():
        now[row.category, row.region].append(TicketId(row.ticket_id))
    rows = (await connection.execute(kinds)).all()
    return [Dispute(r.category, r.region, r.times, tuple(now[r.category, r.region]), r.unit) for r in rows]
