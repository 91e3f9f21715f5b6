"""Confidential tickets (R-056): who knows one, which rows a viewer finds, and what of one leaves the platform.

`tickets.confidential` and `tickets.insiders` repeat what the life says, for statements, and outlive a program of the
version before, which writes lives without them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, or_, select, true

from callflow.adapters.sql import audit
from callflow.adapters.sql.frozen import call_of
from callflow.adapters.sql.tables import calls, ticket_steps, tickets
from callflow.domain.confidence import Viewer, insiders_text
from callflow.domain.names import CallId, IncidentId
from callflow.domain.tickets import Sealed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callflow.adapters.sql.database import Database
    from callflow.adapters.sql.step import Step
    from callflow.domain.names import SiteId
    from callflow.domain.tickets import Happening, Life

TEXT_CROSSES: Final = frozenset({"returned", "fed_back"})
"""Steps without whose words the other platform cannot go on with what it has given us, or gets back."""


def visible_to(viewer: Viewer | None) -> ColumnElement[bool]:
    """The rows that are there for him; `domain.confidence.may_see` in SQL."""
    if viewer is not None and viewer.sees_all:
        return true()
    names = () if viewer is None else viewer.names
    return or_(~tickets.c.confidential, *(tickets.c.insiders.contains(f" {name} ", autoescape=True) for name in names))


def columns_of(life: Life) -> dict[str, Any]:
    """What the row repeats of the life."""
    return {"confidential": life.confidential, "insiders": insiders_text(life.knows)}


def as_marked(row: Any, life: Life) -> Life:
    """The life with its mark, also when a program of the version before has written it without."""
    if life.confidential or not row.confidential:
        return life
    units = {life.unit, *life.assisting}
    return replace(life, confidential=True, insiders=tuple(one for one in row.insiders.split() if one not in units))


async def with_insiders(step: Step, row: Any, happenings: Sequence[Happening]) -> list[Happening]:
    """The same, but who seals names besides all who know the ticket by now; else it would be taken from their hands."""
    sealing = any(isinstance(one, Sealed) for one in happenings) and not row.confidential
    known = await _who_know(step, row) if sealing else set()
    return [replace(one, insiders=(*one.insiders, *known)) if isinstance(one, Sealed) else one for one in happenings]


async def _who_know(step: Step, row: Any) -> set[str]:
    """Whoever had a call of the incident, or has taken a step of the ticket."""
    mine = select(calls.c.whole).where(calls.c.incident_id == row.incident_id)
    had = {str(agent) for text in (await step.connection.scalars(mine)).all() for agent in call_of(text).agents}
    took = select(ticket_steps.c.by).where(ticket_steps.c.ticket_id == row.ticket_id).distinct()
    accounts = {account.id for account in step.site.agent}
    signed = {str(by).partition(".")[0] for by in (await step.connection.scalars(took)).all()}
    return had | (signed & accounts)


async def note_crosses(step: Step, incident_id: IncidentId, peer: SiteId) -> bool:
    """Whether what our agent writes later goes to the other platform: until it is settled whose it is, or it is his."""
    row = await step.ticket_of(incident_id)
    return row is None or not row.confidential or row.settled is None or peer in (row.owner, row.unit)


async def is_confidential(step: Step, incident_id: IncidentId) -> bool:
    """Whether the incident's ticket is."""
    row = await step.ticket_of(incident_id)
    return row is not None and bool(row.confidential)


def step_text(life: Life, word: str, text: str) -> str:
    """What of a step's words goes to the other platform."""
    return text if not life.confidential or (word in TEXT_CROSSES and life.came_from_peer) else ""


class SqlConfidences:
    """Keeps `web.deps.ConfidenceAudited`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, ticket: Any, *, by: str, role: str, at: float) -> None:
        """Write into the audit who has read a confidential ticket. Raises FactsAway: then it is not shown."""
        detail = {"ticket_id": ticket.ticket_id, "by": by, "role": role}
        call_id, incident_id = CallId(ticket.call_id or ""), IncidentId(ticket.incident_id)
        entry = audit.Entry(call_id, incident_id, "ticket.read", detail)
        homes = self._database.homes
        await self._database.write(lambda connection: audit.append(connection, [entry], None, at, homes))
