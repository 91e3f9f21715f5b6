"""The plan of duties, in memory and on SQL alike; every change stands in the audit."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from callflow.adapters.fakes import FakeShifts
from callflow.adapters.sql.shifts import SqlShifts
from callflow.adapters.sql.tables import audit
from callflow.domain.names import AgentId
from callflow.domain.shifts import Shift, Sort

if TYPE_CHECKING:
    from callflow.adapters.sql.database import Database
    from callflow.service.shifts import ShiftBooks

ADMIN, NOW = AgentId("8400"), 1_795_312_800.0
DAY = date(2026, 11, 23)
WEEKLY = Shift("01A", AgentId("8001"), Sort.DUTY, "藏语 བོད་སྐད།", frozenset({0, 6}), DAY, None, 480, 0)
LEAVE = Shift("01B", AgentId("8001"), Sort.LEAVE, "", frozenset(range(7)), DAY, DAY, 0, 0)


@pytest.fixture(params=["memory", "sql"])
def books(request: pytest.FixtureRequest, database: Database) -> ShiftBooks:
    """Either."""
    return FakeShifts() if request.param == "memory" else SqlShifts(database)


async def test_a_row_comes_back_as_it_was_put_in_once_however_often(books: ShiftBooks) -> None:
    for row in (WEEKLY, LEAVE, WEEKLY):
        await books.add(row, by=ADMIN, at=NOW)

    assert await books.shifts(DAY) == [WEEKLY, LEAVE]


async def test_what_is_over_is_left_out(books: ShiftBooks) -> None:
    for row in (WEEKLY, LEAVE):
        await books.add(row, by=ADMIN, at=NOW)

    assert await books.shifts(date(2026, 11, 24)) == [WEEKLY]


async def test_a_row_is_taken_out_once(books: ShiftBooks) -> None:
    await books.add(WEEKLY, by=ADMIN, at=NOW)

    assert await books.remove(WEEKLY.shift_id, by=ADMIN, at=NOW)
    assert not await books.remove(WEEKLY.shift_id, by=ADMIN, at=NOW)
    assert await books.shifts(DAY) == []


@pytest.mark.covers("R-065")
async def test_the_audit_has_every_change_whole_and_by_whom(database: Database) -> None:
    books = SqlShifts(database)
    await books.add(WEEKLY, by=ADMIN, at=NOW)
    await books.add(WEEKLY, by=ADMIN, at=NOW)
    await books.remove(WEEKLY.shift_id, by=ADMIN, at=NOW + 1)

    rows = await database.read(lambda connection: connection.execute(select(audit).order_by(audit.c.entry)))
    said = [(row.what, json.loads(row.detail)) for row in rows]

    assert [what for what, _ in said] == ["shift.added", "shift.removed"]
    assert said[0][1] == said[1][1]
    assert (said[0][1]["by"], said[0][1]["agent_id"], said[0][1]["weekdays"]) == (ADMIN, "8001", "06")
