"""The one way to the database: short transactions, one writer at a time, every outage a `FactsAway`."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from callflow.adapters.sql import additions
from callflow.adapters.sql.errors import BooksTooNew, WrittenMeanwhile
from callflow.adapters.sql.number_index import NumberIndex
from callflow.adapters.sql.transactions import ServerConnections, SqliteThreads, Transactions
from callflow.service.ports import FactsAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from callflow.domain.names import SiteId

Answer = TypeVar("Answer")

LIMIT_S: Final = 10.0
BUSY_LIMIT_S: Final = 2
RETRIES: Final = 5
"""How often a transaction is run again when another process wrote the same row first."""

DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
}


class Database:
    """Connections to one platform's SQLite file or PostgreSQL database, with its tables made.

    Writers of this process take turns: SQLite has one writer anyway, and the audit is one chain. Reads do not wait.
    """

    def __init__(self, transactions: Transactions, numbers: NumberIndex) -> None:
        self._transactions, self.numbers = transactions, numbers
        self._turn = asyncio.Lock()
        self.homes: Mapping[str, str] = {}
        """Agents whom another platform has sent to sit here, and which (R-019): the audit names both."""
        self.outgoing_stored: Callable[[SiteId], None] = lambda _peer: None
        """Who is told that a commit stored a message for a peer."""

    @classmethod
    async def open(cls, url: str, numbers: NumberIndex | None = None) -> Self:
        """Connect and bring the tables to this version.

        `url`: "sqlite:///path/to/file.db" or "postgresql://user:password@host/name". `numbers`: how callers' numbers
        are found in these books; without it by a key that everybody knows, which is for tests.

        Raises:
            FactsAway: the database cannot be reached.
            BooksTooNew: a newer program has changed the books in a way that this one does not know.
        """
        wanted, numbers = make_url(url), numbers or NumberIndex(b"")
        wanted = wanted.set(drivername=DRIVERS.get(wanted.drivername, wanted.drivername))
        if wanted.drivername == DRIVERS["sqlite"]:
            engine = create_engine(wanted, connect_args={"timeout": BUSY_LIMIT_S})
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            database = cls(SqliteThreads(engine), numbers)
        else:
            limits = f"-c statement_timeout={LIMIT_S * 1000:.0f} -c lock_timeout={BUSY_LIMIT_S * 1000}"
            arguments = {"connect_timeout": BUSY_LIMIT_S, "options": limits}
            engine_of_server = create_async_engine(wanted, pool_pre_ping=True, connect_args=arguments)
            database = cls(ServerConnections(engine_of_server), numbers)
        try:
            await database.write(lambda connection: connection.run_sync(_migrate))
            await database.write(lambda connection: connection.run_sync(numbers.fill))
        except (FactsAway, BooksTooNew):
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Give all connections back. Repeatable."""
        await self._transactions.close()

    async def read(self, work: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
        """Run `work` on one consistent view. Raises FactsAway."""
        with _outages_named():
            async with asyncio.timeout(LIMIT_S):
                return await self._transactions.run(work, writes=False)

    async def look(self, work: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
        """Like `read`, for a few rows that are found by their keys; the quickest way there is. Raises FactsAway."""
        with _outages_named():
            async with asyncio.timeout(LIMIT_S):
                return await self._transactions.look(work)

    async def write(self, work: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
        """Run `work` in one transaction: all of it is kept, or nothing.

        `work` may be run again when another process was faster, so it touches nothing but the database.

        Raises:
            FactsAway: nothing was written.
        """
        with _outages_named():
            async with asyncio.timeout(LIMIT_S), self._turn:
                why = ""
                for _ in range(RETRIES):
                    try:
                        return await self._transactions.run(work, writes=True)
                    except IntegrityError as error:
                        why = _first_line(error.orig)
                    except WrittenMeanwhile as error:
                        why = f"ticket {error}"
        raise FactsAway(f"database: another process wrote the same {RETRIES} times; does a second site run? ({why})")


@contextmanager
def _outages_named() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise FactsAway(f"database: {type(error.orig).__name__}: {_first_line(error.orig)}") from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise FactsAway(f"database: connection lost: {_first_line(error.orig)}") from error
    except (OSError, PoolTimeout) as error:  # asyncio's and the socket's own TimeoutError are OSErrors
        raise FactsAway(f"database: no answer within {LIMIT_S:.0f} s ({type(error).__name__})") from error


def _first_line(error: object) -> str:
    """Only the first: PostgreSQL's second line quotes the row, which holds a caller's number."""
    return (str(error).splitlines() or [""])[0]


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver would say it late and only for writes
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "secure_delete=FAST"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes: Any = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    have = MigrationContext.configure(connection).get_current_revision()
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    if have is not None and have not in known:
        raise BooksTooNew(
            f"the books are of a newer program: revision {have}, and this program's newest is {max(known)}; "
            "start that program again, or restore the backup that was made before it"
        )
    command.upgrade(config, "head")
    additions.add(connection)
