"""Books of the version before this one's tickets had a life: opened, searched and worked on as if they had."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from callflow.adapters.sql import database
from callflow.adapters.sql.database import DRIVERS, Database
from callflow.domain.names import TicketId
from callflow.domain.tickets import Signed, State
from callflow.sitefile import Site
from tests.contract.adapters.books import NOW, Books

COLUMNS = {
    "ticket_id": "GD20261122000001",
    "incident_id": "01M8138XG5Y6S0S0S0S0S0S0S0",
    "state": "open",
    "phone_mark": "",
    "caller_number": "19900001111",
    "presentation": "allowed",
    "verified": "network",
    "note": "",
    "peer_note": "",
    "region": "510100",
    "first_receiver": "12345",
    "owner": "12345",
    "danger": False,
    "consent": "agreed",
    "opened_at": NOW,
    "changed_at": NOW,
}


def leave_behind(url: str) -> None:
    """What the program of before leaves: its tables with one ticket."""
    wanted = make_url(url)
    engine = create_engine(wanted.set(drivername=DRIVERS[wanted.drivername]))
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    names = ", ".join(COLUMNS)
    values = ", ".join(f":{name}" for name in COLUMNS)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.execute(text(f"INSERT INTO tickets ({names}) VALUES ({values})"), COLUMNS)
    engine.dispose()


@pytest.mark.covers("C-10")
async def test_a_ticket_of_the_version_before_is_found_and_goes_on(database_url: str, gov_site: Site) -> None:
    leave_behind(database_url)

    opened = await Database.open(database_url)
    books = Books(opened, gov_site)
    (found,) = await books.read.search(number="19900001111")
    lived = await books.lives.live_on(TicketId(found.ticket_id), Signed(NOW + 60, "8001"), key="s", at=NOW + 60)
    after = await books.read.ticket(TicketId(found.ticket_id))
    await opened.close()

    assert (found.state, found.life) == (State.DISPATCHED, None)
    assert lived is not None
    assert lived.told == ("signed",)
    assert after is not None
    assert after.life is not None
    assert (after.state, after.version, after.life.limits) == (State.SIGNED, 2, "sichuan-2025")
