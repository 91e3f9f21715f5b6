"""`ticket_ports.Lives` on SQL: one transaction a step, written by whoever read the newest."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import func, insert, select, update
from ulid import ULID

from callflow.adapters.sql import audit, confidential, lives, outbox, precedents, ticket_events
from callflow.adapters.sql.step import Step
from callflow.adapters.sql.tables import seen_events, tickets
from callflow.adapters.sql.ticket_records import caller_columns, make, open_ticket
from callflow.adapters.ticket_rules import shipped_rules
from callflow.domain.commands import OpenTicket
from callflow.domain.limits import Level
from callflow.domain.names import Consent, IncidentId, Presentation, SiteId, TicketId, Verified
from callflow.domain.ticket_refusals import TicketRefusal
from callflow.domain.tickets import (
    CalledBack,
    Entrusted,
    FedBack,
    Happening,
    Life,
    Merged,
    Responded,
    Returned,
    Settled,
    Signed,
    State,
)
from callflow.service.ticket_ports import Dispute, DueTicket, Given, Lived, NewMatter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callflow.adapters.sql.database import Database
    from callflow.domain.names import CallId
    from callflow.domain.ticket_rules import TicketRules
    from callflow.sitefile import Site

Answer = TypeVar("Answer")
OPEN = frozenset(State) - {State.CLOSED, State.MERGED}

THEIRS: Final = (Signed, Responded, FedBack, Returned)
"""What only the unit that has the matter does; while it is the other platform's, its steps are mirrored here. Two who
both did them would not agree on whose it is (a return here would cross a return there)."""


def _once(*words: str) -> str:
    """A key of `seen_events` of bounded length, whatever a request names itself."""
    return "ticket:" + hashlib.sha256(":".join(words).encode()).hexdigest()


async def _make(step: Step, matter: NewMatter) -> str:
    """The ticket of a matter that came without a call."""
    us = SiteId(step.site.platform.id)
    return await make(
        step,
        IncidentId(str(ULID())),
        matter.judgement,
        **caller_columns(
            step,
            matter.number,
            Presentation.ALLOWED if matter.number else Presentation.UNAVAILABLE,
            Verified.CLAIMED if matter.number else Verified.NONE,
        ),
        **_written(matter),
        danger=matter.danger,
        first_receiver=us,
        owner=us,
        consent=Consent.NOT_RECORDED,
    )


async def _make_of_call(step: Step, matter: NewMatter, call_id: CallId) -> str:
    """The call's own ticket; of one that is there already nothing is written over."""
    call = await step.call_of(call_id)
    judgement = replace(matter.judgement, level=Level.ONE) if call.danger else matter.judgement
    made = await open_ticket(step, OpenTicket(call_id, call.incident_id), judgement, **_written(matter))
    return str(made["ticket_id"])


def _written(matter: NewMatter) -> dict[str, Any]:
    return {name: getattr(matter, name) for name in ("channel", "region", "location", "summary")}


class SqlLives:
    """One platform's tickets. Several programs may share a database: each step happens once, one after the other."""

    def __init__(self, database: Database, site: Site, rules: TicketRules | None = None) -> None:
        self._database, self._site = database, site
        self._rules = rules or shipped_rules()

    async def open(self, matter: NewMatter, *, key: str, at: float) -> TicketId:
        """See the port."""
        once = _once(key)

        async def work(step: Step) -> TicketId:
            before = select(seen_events.c.outcome).where(seen_events.c.event_key == once)
            if (ticket_id := await step.connection.scalar(before)) is not None:
                return TicketId(ticket_id)
            made = await _make_of_call(step, matter, matter.call) if matter.call else await _make(step, matter)
            if matter.sealed_by:
                await lives.seal(step, await lives.locked(step, made), by=matter.sealed_by)
            seen = insert(seen_events).values(event_key=once, at=at, outcome=made)
            await step.connection.execute(seen)
            return TicketId(made)

        return await self._step(at, work)

    async def live_on(
        self,
        ticket_id: TicketId,
        *happenings: Happening,
        key: str,
        at: float,
        text: str = "",
        given: Given | None = None,
        read_version: int | None = None,
    ) -> Lived | None:
        """See the port."""
        once = _once(ticket_id, key)

        async def work(step: Step) -> Lived | None:
            row = await lives.locked(step, ticket_id)
            if row is None:
                return None
            if not happenings:
                return await self._looked_at(step, row)
            seen = select(seen_events.c.at).where(seen_events.c.event_key == once)
            if await step.connection.scalar(seen) is not None:
                return Lived(lives.life_in(step, row))
            refused = await self._refused(step, row, happenings, read_version)
            if refused is not None:
                return Lived(lives.life_in(step, row), refused=refused)
            meant = await confidential.with_insiders(step, row, happenings)
            lived = await lives.live_on(step, row, *meant, text=text)
            if lived.refused is None:
                await step.connection.execute(insert(seen_events).values(event_key=once, at=at))
                await self._consequences(step, row, lived, happenings, given)
            return lived

        return await self._step(at, work)

    async def due(self, now: float, limit: int) -> Sequence[DueTicket]:
        """See the port."""
        waiting = select(tickets).where(tickets.c.next_chase_at <= now).order_by(tickets.c.next_chase_at).limit(limit)

        async def work(step: Step) -> list[DueTicket]:
            found = [lives.life_in(step, row) for row in (await step.connection.execute(waiting)).all()]
            return [DueTicket(life, self._rules.chases(life, now)) for life in found]

        return await self._database.read(lambda connection: work(self._at(connection, now)))

    async def next_due_at(self) -> float | None:
        """See the port."""
        earliest = select(func.min(tickets.c.next_chase_at))
        found: float | None = await self._database.read(lambda connection: connection.scalar(earliest))
        return found

    async def pressing(self, until: float, limit: int) -> Sequence[Life]:
        """See the port. Two bounded looks by an index each: whoever has been open longest is mostly late."""
        open_ones = tickets.c.state.in_([one.value for one in OPEN]) & tickets.c.life.is_not(None)
        looks = (
            select(tickets).where(tickets.c.next_chase_at <= until).order_by(tickets.c.next_chase_at).limit(limit),
            select(tickets).where(open_ones).order_by(tickets.c.opened_at).limit(limit),
        )

        async def work(connection: AsyncConnection) -> list[Life]:
            rows = [row for look in looks for row in (await connection.execute(look)).all()]
            found = {row.ticket_id: lives.life_in(self._at(connection, row.opened_at), row) for row in rows}
            due = [(life.open_deadlines[0].due_at, life) for life in found.values() if life.open_deadlines]
            return [life for due_at, life in sorted(due, key=lambda one: one[0]) if due_at <= until][:limit]

        return await self._database.read(work)

    async def life(self, ticket_id: TicketId) -> Life | None:
        """See the port."""
        mine = select(tickets).where(tickets.c.ticket_id == ticket_id)

        async def work(connection: AsyncConnection) -> Life | None:
            row = (await connection.execute(mine)).one_or_none()
            return None if row is None else lives.life_in(self._at(connection, row.opened_at), row)

        return await self._database.read(work)

    async def disputes(self) -> Sequence[Dispute]:
        """See the port."""
        return await self._database.read(precedents.disputes)

    async def _looked_at(self, step: Step, row: Any) -> Lived:
        """Nothing happened to it; when it is to be looked at next follows from the plan of today."""
        life = lives.life_in(step, row)
        mine = update(tickets).where(tickets.c.ticket_id == row.ticket_id)
        await step.connection.execute(mine.values(next_chase_at=self._rules.next_chase_at(life)))
        return Lived(life)

    async def _refused(
        self, step: Step, row: Any, happenings: Sequence[Happening], read_version: int | None
    ) -> TicketRefusal | None:
        if read_version is not None and read_version != row.version:
            return TicketRefusal.CHANGED_MEANWHILE
        if row.owner != self._site.platform.id:
            if any(isinstance(one, CalledBack) for one in happenings):
                return TicketRefusal.CALL_BACK_IS_THEIRS
            if row.unit == row.owner and any(isinstance(one, THEIRS) for one in happenings):
                return TicketRefusal.MATTER_IS_THEIRS
        for into in (one.into for one in happenings if isinstance(one, Merged)):
            other = await lives.locked(step, into)
            if other is None or lives.life_in(step, other).is_over:
                return TicketRefusal.MERGE_TARGET_GONE
        return None

    async def _consequences(
        self, step: Step, row: Any, lived: Lived, happenings: Sequence[Happening], given: Given | None
    ) -> None:
        if given is not None:
            await outbox.put(step, await lives.dispatch(step, row.ticket_id, given))
        for settled in (one for one in happenings if isinstance(one, Settled) and one.binds):
            await precedents.keep(step, lived.life, row.region, settled)
        for entrusted in (one for one in happenings if isinstance(one, Entrusted) and one.peer == lived.life.unit):
            await step.change_ticket(row.incident_id, owner=entrusted.peer)

    async def _step(self, at: float, work: Callable[[Step], Awaitable[Answer]]) -> Answer:
        written_to: set[SiteId] = set()

        async def whole(connection: AsyncConnection) -> Answer:
            written_to.clear()
            step = self._at(connection, at, written_to)
            answer = await work(step)
            await ticket_events.put_told(step)
            await audit.append(connection, step.entries, None, at, self._database.homes)
            return answer

        answer = await self._database.write(whole)
        for peer in written_to:
            self._database.outgoing_stored(peer)
        return answer

    def _at(self, connection: AsyncConnection, at: float, written_to: set[SiteId] | None = None) -> Step:
        return Step(
            connection,
            self._site,
            None,
            at,
            self._rules,
            self._database.numbers,
            set() if written_to is None else written_to,
        )
