"""A site is rolled back one version: the program of before on today's books, and today's program on its books again."""

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection, Engine, make_url

from callflow.adapters.sql import database
from callflow.adapters.sql.additions import ADDED, ADDED_TABLES
from callflow.adapters.sql.database import DRIVERS, Database
from callflow.adapters.sql.errors import BooksTooNew
from callflow.domain.names import TicketId
from callflow.domain.tickets import Dispatched
from callflow.sitefile import Site
from tests.contract.adapters.books import NOW, Books, MakeCall, opening

BEFORE = json.loads(Path(__file__).with_name("books_before.json").read_text("utf-8"))
"""The program of before (17a01ed): its newest migration, and of each table the columns that its statements name."""


def engine_of(url: str) -> Engine:
    wanted = make_url(url)
    return create_engine(wanted.set(drivername=DRIVERS[wanted.drivername]))


def as_the_program_of_before_starts(connection: Connection, folder: Path) -> None:
    """Its migrations end earlier; Alembic refuses books whose revision it has no file of."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@pytest.fixture
def migrations_of_before(tmp_path: Path) -> Path:
    """Those files that it has."""
    here, there = Path(database.__file__).parent / "migrations", tmp_path / "migrations"
    (there / "versions").mkdir(parents=True)
    (there / "env.py").write_text((here / "env.py").read_text("utf-8"), "utf-8")
    for file in (here / "versions").glob("v*.py"):
        if file.name[1:5] <= BEFORE["revision"]:
            (there / "versions" / file.name).write_text(file.read_text("utf-8"), "utf-8")
    return there


@pytest.mark.covers("C-10")
async def test_the_program_of_before_works_on_todays_books_and_nothing_is_lost(
    database_url: str, gov_site: Site, a_call: MakeCall, migrations_of_before: Path
) -> None:
    opened = await Database.open(database_url)
    books, call = Books(opened, gov_site), a_call()
    await books.write(call, opening(call))
    (ours,) = await books.read.search()
    await opened.close()

    engine = engine_of(database_url)
    with engine.begin() as connection:
        as_the_program_of_before_starts(connection, migrations_of_before)
        for table, columns in BEFORE["tables"].items():
            connection.execute(text(f"SELECT {', '.join(map(quoted, columns))} FROM {table}"))  # all that it reads
        row = connection.execute(text("SELECT * FROM tickets")).mappings().one()
        theirs = {name: row[name] for name in BEFORE["tables"]["tickets"]}
        theirs |= {"ticket_id": "GD20261122000099", "incident_id": "01M8138XG5Y6S0S0S0S0S0S0S9", "life": None}
        names = ", ".join(theirs)
        values = ", ".join(f":{name}" for name in theirs)
        connection.execute(text(f"INSERT INTO tickets ({names}) VALUES ({values})"), theirs)
    engine.dispose()

    again = await Database.open(database_url)
    books = Books(again, gov_site)
    found = {one.ticket_id: one for one in await books.read.search()}
    step = Dispatched(NOW, "8001", unit="510104000000")
    lived = await books.lives.live_on(TicketId("GD20261122000099"), step, key="d", at=NOW)
    await again.close()

    assert set(found) == {ours.ticket_id, "GD20261122000099"}
    assert found[ours.ticket_id] == ours
    assert found[TicketId("GD20261122000099")].system_number == ""
    assert lived is not None
    assert lived.told == ("dispatched",)


def quoted(column: str) -> str:
    return f'"{column}"'


@pytest.mark.covers("C-10")
async def test_what_was_added_since_leaves_every_column_of_before_as_it_was(
    database_url: str, migrations_of_before: Path
) -> None:
    engine = engine_of(database_url)
    with engine.begin() as connection:
        as_the_program_of_before_starts(connection, migrations_of_before)
        before = columns_in(connection)
    await (await Database.open(database_url)).close()
    with engine.begin() as connection:
        after = columns_in(connection)
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()

    assert revision == BEFORE["revision"], (
        "a migration was added: say in docs/deploy.md that this version has no way back"
    )
    assert {name for table in before for name in before[table]} >= {n for c in BEFORE["tables"].values() for n in c}
    added = {
        (table, name) for table, columns in after.items() for name in columns.keys() - before.get(table, {}).keys()
    }
    fresh = {(table.name, column.name) for table in ADDED_TABLES for column in table.columns}
    assert added == {(one.table.name, one.name) for one in ADDED} | fresh
    for table, columns in before.items():
        assert {name: after[table][name] for name in columns} == columns
    for table, name in added - fresh:
        nullable, default, _ = after[table][name]
        assert nullable or default is not None, f"{table}.{name}: the program of before could not write a row"


def columns_in(connection: Connection) -> dict[str, dict[str, tuple[bool, str | None, str]]]:
    look = inspect(connection)
    return {
        table: {one["name"]: (one["nullable"], one["default"], str(one["type"])) for one in look.get_columns(table)}
        for table in look.get_table_names()
    }


async def test_books_that_a_newer_program_has_really_changed_are_refused_by_name(database_url: str) -> None:
    await (await Database.open(database_url)).close()
    engine = engine_of(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    engine.dispose()

    with pytest.raises(BooksTooNew, match=r"of a newer program: revision 0999.*start that program again, or restore"):
        await Database.open(database_url)
