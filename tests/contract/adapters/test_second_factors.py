"""Books of second factors: in memory and on SQL alike. Two who take the same code at once: one gets in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from callflow.adapters.fakes import FakeFactors
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.second_factors import SqlSecondFactors
from callflow.adapters.sql.tables import audit, second_factors
from callflow.domain.names import AgentId
from callflow.domain.second_factor import code_of
from callflow.service.second_factor import FactorBooks, SecondFactors, Shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ADMIN = AgentId("8400")
NOW = 1_700_000_010.0


class Clock:
    """Seconds, moved by hand."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Real books."""
    opened = await Database.open(f"sqlite:///{tmp_path / 'facts.db'}")
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "sql"])
def books(request: pytest.FixtureRequest, database: Database) -> FactorBooks:
    """Either."""
    return FakeFactors() if request.param == "memory" else SqlSecondFactors(database)


def code_now(shown: Shown, clock: Clock) -> str:
    import base64  # noqa: PLC0415 - as an authenticator does it

    return code_of(base64.b32decode(shown.secret), int(clock.now) // 30)


async def enrolled(factors: SecondFactors, clock: Clock) -> Shown:
    shown = await factors.begin(ADMIN)
    assert shown is not None
    assert await factors.confirm(ADMIN, code_now(shown, clock))
    clock.now += 30
    return shown


@pytest.mark.covers("R-065")
async def test_a_code_is_proved_once_also_when_two_come_at_once(books: FactorBooks) -> None:
    clock = Clock()
    factors = SecondFactors(books, "secret", "test", clock)
    shown = await enrolled(factors, clock)
    code = code_now(shown, clock)

    both = await asyncio.gather(factors.prove(ADMIN, code), factors.prove(ADMIN, code))

    assert sorted(both) == [False, True]
    assert not await factors.prove(ADMIN, code)
    assert await factors.begin(ADMIN) is None, "a factor in force is not replaced by its owner's session"


async def test_a_recovery_code_works_once_and_the_others_stay(books: FactorBooks) -> None:
    clock = Clock()
    factors = SecondFactors(books, "secret", "test", clock)
    shown = await enrolled(factors, clock)

    assert await factors.prove(ADMIN, shown.recovery[3].lower())
    assert not await factors.prove(ADMIN, shown.recovery[3])
    assert await factors.prove(ADMIN, shown.recovery[0])


async def test_a_secret_that_was_shown_counts_only_after_its_first_code(books: FactorBooks) -> None:
    clock = Clock()
    factors = SecondFactors(books, "secret", "test", clock)
    first = await factors.begin(ADMIN)
    second = await factors.begin(ADMIN)
    assert first is not None
    assert second is not None

    assert await factors.enrolled_at(ADMIN) is None
    assert not await factors.confirm(ADMIN, code_now(first, clock)), "what was shown before is void"
    assert await factors.confirm(ADMIN, code_now(second, clock))
    assert await factors.enrolled_at(ADMIN) == int(NOW)


async def test_after_a_reset_it_is_enrolled_anew(books: FactorBooks) -> None:
    clock = Clock()
    factors = SecondFactors(books, "secret", "test", clock)
    shown = await enrolled(factors, clock)

    assert await factors.reset(ADMIN, by="8401")
    assert not await factors.reset(ADMIN, by="8401")
    assert not await factors.prove(ADMIN, code_now(shown, clock))
    assert await factors.begin(ADMIN) is not None


@pytest.mark.covers("R-065")
async def test_the_books_hold_no_secret_and_the_audit_says_who(database: Database) -> None:
    clock = Clock()
    factors = SecondFactors(SqlSecondFactors(database), "secret", "test", clock)
    shown = await enrolled(factors, clock)
    await factors.prove(ADMIN, shown.recovery[0])
    row = str((await database.read(lambda c: _all(c, select(second_factors))))[0])
    await factors.reset(ADMIN, by="8401")
    said = await database.read(lambda c: _all(c, select(audit.c.what, audit.c.detail).order_by(audit.c.entry)))

    import base64  # noqa: PLC0415 - as an authenticator reads it

    assert shown.secret not in row
    assert base64.b32decode(shown.secret).hex() not in row
    assert not any(code in row for code in shown.recovery)
    assert [what for what, _ in said] == [f"second_factor.{w}" for w in ("begun", "enrolled", "recovered", "reset")]
    assert '"by": "8401"' in said[-1][1]
    assert not await SecondFactors(SqlSecondFactors(database), "another secret", "test", clock).prove(ADMIN, "123456")


async def _all(connection: object, query: object) -> list[tuple[object, ...]]:
    found = await connection.execute(query)  # type: ignore[attr-defined]
    return [tuple(row) for row in found]
