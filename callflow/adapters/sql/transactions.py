"""How a transaction is run: SQLite in a thread, PostgreSQL on the event loop; the same code of the tables serves both.

An asyncio driver of SQLite crosses to its thread and back several times for every statement, and the commit of a
one-key has thirty: that was most of the time between key and ring. Here it crosses once for the whole transaction.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

Answer = TypeVar("Answer")

THREADS: Final = 4
"""One writes, the others read beside it. With the loop's own, no more than the five connections that the pool keeps."""


class Transactions(Protocol):
    """Connections to one database, each used for one transaction."""

    async def run(self, work: Callable[[AsyncConnection], Awaitable[Answer]], *, writes: bool) -> Answer:
        """Run `work` in one transaction; keep it when it `writes`. What the driver raises passes through."""

    async def look(self, work: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
        """Like `run`, for a few rows that are found by their keys."""

    async def close(self) -> None:
        """Give all connections back. Repeatable."""


class SqliteThreads:
    """Transactions on a file, each in one thread from begin to end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(THREADS, "sqlite")

    async def run(self, work: Callable[[AsyncConnection], Awaitable[Answer]], *, writes: bool) -> Answer:
        """See the port. Who stops waiting before the commit has nothing written."""
        given_up = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._transaction, work, given_up if writes else None
            )
        finally:
            given_up.set()

    async def look(self, work: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
        """See the port. On the spot: such rows are in memory, and no writer is in a reader's way (WAL)."""
        return self._transaction(work, None)

    async def close(self) -> None:
        """See the port."""
        self._engine.dispose()

    def _transaction(
        self, work: Callable[[AsyncConnection], Awaitable[Answer]], given_up: threading.Event | None
    ) -> Answer:
        """`given_up` is None for a transaction that only reads."""
        with self._engine.execution_options(writes=given_up is not None).connect() as connection:
            answer = _played_through(work(cast("AsyncConnection", _InThread(connection))))
            if given_up is not None and not given_up.is_set():
                connection.commit()
            return answer


class _InThread:
    """The part of an `AsyncConnection` that the tables' code uses, on a connection that answers at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self._connection.execute(statement, parameters)

    async def scalar(self, statement: Any) -> Any:
        return self._connection.scalar(statement)

    async def scalars(self, statement: Any) -> Any:
        return self._connection.scalars(statement)

    async def run_sync(self, work: Callable[[Connection], Answer]) -> Answer:
        return work(self._connection)


def _played_through(work: Awaitable[Answer]) -> Answer:
    """What it returns; it never really waits, because every answer is there at once."""
    steps = cast("Coroutine[Any, Any, Answer]", work)
    try:
        steps.send(None)
    except StopIteration as end:
        return cast("Answer", end.value)
    steps.close()
    raise RuntimeError("a transaction waited for something that is not its database")


class ServerConnections:
    """Transactions on PostgreSQL, whose driver speaks asyncio itself."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, work: Callable[[AsyncConnection], Awaitable[Answer]], *, writes: bool) -> Answer:
        """See the port."""
        async with self._engine.connect() as connection:
            answer = await work(connection)
            if writes:
                await connection.commit()
            return answer

    async def look(self, work: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
        """See the port."""
        return await self.run(work, writes=False)

    async def close(self) -> None:
        """See the port."""
        await self._engine.dispose()
