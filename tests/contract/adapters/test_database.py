"""The tables, the audit, and what is said when the database is away."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from callflow.adapters.sql import audit, database
from callflow.adapters.sql.database import Database
from callflow.adapters.sql.facts import SqlFacts
from callflow.adapters.sql.tables import audit as audit_table
from callflow.adapters.sql.tables import metadata
from callflow.domain.calls import Call
from callflow.domain.commands import OpenTicket
from callflow.service.ports import FactsAway
from callflow.sitefile import Site

NOW = 1_795_312_800.0
MakeCall = Callable[..., Call]


async def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert await database.read(lambda connection: connection.run_sync(differences)) == []


async def test_a_second_start_finds_everything_in_place(
    database_url: str, database: Database, gov_site: Site, a_call: MakeCall
) -> None:
    call = a_call()
    await SqlFacts(database, gov_site).commit(call, (), (), event_key="a", journal_offset=9, at=NOW)

    again = await Database.open(database_url)
    found = await SqlFacts(again, gov_site).call(call.call_id)
    await again.close()

    assert found == call


async def write_three(database: Database, site: Site, a_call: MakeCall) -> None:
    facts = SqlFacts(database, site)
    for turn in range(3):
        call = a_call()
        opening = OpenTicket(call.call_id, call.incident_id)
        await facts.commit(call, (opening,), (), event_key=f"e:{turn}", journal_offset=None, at=NOW)


async def run(connection: AsyncConnection, *statements: str) -> None:
    for statement in statements:
        await connection.execute(text(statement))


@pytest.mark.covers("R-063", "T-17")
async def test_the_audit_refuses_to_be_changed(database: Database, gov_site: Site, a_call: MakeCall) -> None:
    await write_three(database, gov_site, a_call)

    for change in (update(audit_table).values(what="nothing"), delete(audit_table)):
        with pytest.raises((DBAPIError, FactsAway), match="append-only"):
            await database.write(lambda connection, change=change: connection.execute(change))  # type: ignore[misc] # mypy cannot infer a default

    assert await database.read(audit.first_break) is None


@pytest.mark.covers("R-063", "T-17")
@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [("UPDATE audit SET at = at + 1 WHERE entry = 3", 3), ("DELETE FROM audit WHERE entry = 3", 4)],
)
async def test_an_audit_changed_behind_our_back_shows_where(
    database: Database, gov_site: Site, a_call: MakeCall, tampering: str, broken_at: int
) -> None:
    await write_three(database, gov_site, a_call)
    sqlite = "sqlite" in str(type(database._transactions)).lower()
    off = (
        ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"]
        if sqlite
        else ["ALTER TABLE audit DISABLE TRIGGER audit_append_only"]
    )

    await database.write(lambda connection: run(connection, *off, tampering))

    assert await database.read(audit.first_break) == broken_at


async def test_while_another_holds_the_file_nothing_is_written_and_afterwards_all_is(
    tmp_path: Path, gov_site: Site, a_call: MakeCall
) -> None:
    opened = await Database.open(f"sqlite:///{tmp_path / 'facts.db'}")
    facts, call = SqlFacts(opened, gov_site), a_call()
    holder = sqlite3.connect(tmp_path / "facts.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(FactsAway, match="locked"):
        await facts.commit(call, (), (), event_key="e", journal_offset=None, at=NOW)
    holder.execute("ROLLBACK")
    holder.close()

    assert await facts.call(call.call_id) is None
    assert await facts.commit(call, (), (), event_key="e", journal_offset=None, at=NOW) == []
    await opened.close()


async def test_a_database_that_is_not_there_is_facts_away(tmp_path: Path) -> None:
    with pytest.raises(FactsAway, match="unable to open"):
        await Database.open(f"sqlite:///{tmp_path / 'nowhere' / 'facts.db'}")
    with pytest.raises(FactsAway, match="database"):
        await Database.open("postgresql://nobody:wrong@127.0.106.99:9/none")


async def test_a_server_that_went_away_in_between_is_facts_away_and_comes_back(
    database: Database, gov_site: Site
) -> None:
    if "sqlite" in str(type(database._transactions)).lower():
        await database.close()  # for a file: its connections closed under us are made anew
    else:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=current_database()"
        with pytest.raises((FactsAway, DBAPIError)):
            await database.write(lambda connection: run(connection, kill, "SELECT 1"))

    assert await SqlFacts(database, gov_site).live_calls() == []


async def test_a_transaction_that_fails_in_the_middle_leaves_nothing(
    database: Database, gov_site: Site, a_call: MakeCall
) -> None:
    facts, call, other = SqlFacts(database, gov_site), a_call(), a_call()
    with pytest.raises(LookupError, match="never committed"):
        await facts.commit(
            call, (OpenTicket(other.call_id, other.incident_id),), (), event_key="e", journal_offset=7, at=NOW
        )

    assert await facts.call(call.call_id) is None
    assert await facts.journal_offset() == 0
    assert await facts.commit(call, (), (), event_key="e", journal_offset=7, at=NOW) == []


async def test_a_writer_that_is_cancelled_leaves_nothing_and_the_next_one_goes_on(
    database: Database, gov_site: Site, a_call: MakeCall
) -> None:
    loop, inside, let_go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    async def stuck(connection: AsyncConnection) -> None:
        await connection.execute(text("INSERT INTO seen_events (event_key, at) VALUES ('stuck', 0)"))
        loop.call_soon_threadsafe(inside.set)
        if threading.current_thread() is threading.main_thread():
            await asyncio.Event().wait()
        let_go.wait(10)  # SQLite's thread hears of the cancellation when it comes to its end

    writer = asyncio.ensure_future(database.write(stuck))
    await inside.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    let_go.set()

    facts = SqlFacts(database, gov_site)
    assert await facts.commit(a_call(), (), (), event_key="stuck", journal_offset=None, at=NOW) == []


def test_an_outage_is_told_without_the_row_that_was_being_written() -> None:
    quoted = Exception("duplicate key value\nDETAIL:  Key (caller_number)=(19900001111) already exists.")

    assert database._first_line(quoted) == "duplicate key value"
