from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from callflow.adapters.put_off_file import PutOffFile
from callflow.adapters.sql.confidential import SqlConfidences
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.diverted import SqlDiverted
from callflow.adapters.sql.figures import SqlFigures
from callflow.adapters.sql.ticket_desk import SqlLives
from callflow.adapters.sql.ticket_search import SqlTicketSearch
from callflow.adapters.sql.tickets import TicketsRead
from callflow.domain.names import SiteId
from callflow.service.put_off import PutOff
from tests.contract.web.house import House
from tests.web.full_house import FullHouse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A site with memory instead of books."""
    made = House()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Database]:
    """Real books."""
    opened = await Database.open(f"sqlite:///{tmp_path / 'facts.db'}")
    yield opened
    await opened.close()


@pytest.fixture
async def full(books: Database, tmp_path: Path) -> AsyncIterator[FullHouse]:
    """A site whose calls and tickets stand in real books."""
    made = FullHouse(books, tmp_path, time.time())
    await made.open()
    yield made
    await made.close()


def a_ticket_house(books: Database, folder: Path) -> House:
    """A site whose tickets stand in these books; not open yet."""
    made = House()
    made.lives, made.tickets, made.search = SqlLives(books, made.site), TicketsRead(books), SqlTicketSearch(books)
    made.confidence_read = SqlConfidences(books)
    made.diverted = SqlDiverted(books, SiteId(made.site.platform.id))
    made.figures, made.put_off = SqlFigures(books), PutOff(PutOffFile(folder / "later.ndjson"), made.desks)
    return made


@pytest.fixture
async def ticket_house(books: Database, tmp_path: Path) -> AsyncIterator[House]:
    """A site whose tickets stand in real books."""
    made = a_ticket_house(books, tmp_path)
    await made.open()
    yield made
    await made.close()
