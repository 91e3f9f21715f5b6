"""A platform's books are lost and made again from an older copy: the pair finds itself, nothing is doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from ulid import ULID

from callflow.adapters.sql.database import Database
from callflow.adapters.sql.tables import inbox, outbox, tickets
from callflow.domain import commands as c
from callflow.domain.calls import Call
from callflow.domain.names import AttemptId, Kind, Outcome, SiteId
from callflow.lab.backup import Place, back_up, restore
from tests.contract.exchange.conftest import Platform

GOV, POLICE = SiteId("12345"), SiteId("110")
MakeCall = Callable[..., Call]
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
async def restored(gov: Platform, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Platform]]]:
    """Ends the 12345, and brings it back with nothing but the backup that was made before the story begins."""
    made: list[Platform] = []
    before = Place(GOV, f"sqlite:///{tmp_path / '12345.db'}", tmp_path / "steps.csv")
    await asyncio.to_thread(back_up, before, tmp_path / "backup")

    async def again() -> Platform:
        await gov.close()
        books = tmp_path / "new" / "facts.db"
        place = Place(GOV, f"sqlite:///{books}", tmp_path / "new" / "steps.csv")
        await asyncio.to_thread(restore, tmp_path / "backup", place)
        made.append(Platform(gov.site, gov.keys, await Database.open(place.url)))
        return made[0]

    yield again
    for platform in made:
        await platform.close()


async def count(platform: Platform, table: Any) -> int:
    return await platform.database.read(lambda connection: connection.scalar(select(func.count()).select_from(table)))


async def chain(platform: Platform, table: Any, incident_id: str) -> list[tuple[int, str]]:
    mine = select(table.c.seq, table.c.digest).where(table.c.incident_id == incident_id).order_by(table.c.seq)
    return [tuple(row) for row in await platform.database.read(lambda connection: _all(connection, mine))]


async def _all(connection: Any, statement: Any) -> Any:
    return (await connection.execute(statement)).all()


def handover(call: Call, attempt: AttemptId) -> tuple[c.Record, ...]:
    """What the journal tells once more after the restore, with the attempt's own id."""
    return (
        c.OpenTicket(call.call_id, call.incident_id),
        c.SendHandover(call.call_id, call.incident_id, POLICE, attempt, Kind.ONE_KEY, danger=False),
        c.SendOutcome(call.call_id, call.incident_id, POLICE, attempt, Outcome.JOINED),
    )


@pytest.mark.covers("R-043", "R-049")
async def test_a_pair_that_was_made_after_the_backup_finds_itself_when_the_journal_is_read_again(
    gov: Platform, police: Platform, a_call: MakeCall, until: Until, restored: Any
) -> None:
    await gov.open_door()
    gov.start_lines()
    police.start_lines()
    call, attempt = a_call(note="楼上有人打架"), AttemptId(str(ULID()))
    await gov.write(call, *handover(call, attempt))

    async def linked(platform: Platform = gov) -> bool:
        ours = await platform.tickets.ticket_of(call.incident_id)
        return ours is not None and ours.peer_ticket_id is not None

    await until(linked)
    before = await gov.tickets.ticket_of(call.incident_id)

    again: Platform = await restored()
    await again.open_door()
    again.start_lines()
    await again.write(call, *handover(call, attempt))
    await until(lambda: linked(again))

    async def settled() -> bool:
        return not await again.outgoing.unsent(POLICE, 1) and not await police.outgoing.unsent(GOV, 1)

    await until(settled)
    ours, theirs = await again.tickets.ticket_of(call.incident_id), await police.tickets.ticket_of(call.incident_id)
    assert None not in [before, ours, theirs]
    assert (ours.ticket_id, ours.peer_ticket_id) == (before.ticket_id, before.peer_ticket_id)
    assert (theirs.ticket_id, theirs.peer_ticket_id) == (ours.peer_ticket_id, ours.ticket_id)
    assert [len(theirs.attempts), await count(again, tickets), await count(police, tickets)] == [1, 1, 1]
    assert (await chain(police, inbox, call.incident_id))[-2:] == await chain(again, outbox, call.incident_id)
    assert await chain(again, inbox, call.incident_id) == await chain(police, outbox, call.incident_id)
