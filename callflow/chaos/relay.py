"""A TCP line as something that can be cut, mended, or left half-open."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

CHUNK_BYTES = 1 << 16


@dataclass(eq=False)
class Relay:
    """Listens at (`host`, `port`) and carries every connection to (`host`, `beyond`)."""

    host: str
    port: int
    beyond: int
    _server: asyncio.Server | None = None
    _carried: set[asyncio.Task[None]] = field(default_factory=set)
    _silent: set[asyncio.StreamWriter] = field(default_factory=set)
    _is_leaving_open: bool = False

    async def mend(self) -> None:
        """Let connections through. Repeatable."""
        if self._server is None:
            self._server = await asyncio.start_server(self._carry, self.host, self.port)

    async def cut(self) -> None:
        """Refuse connections and drop those that are there. Repeatable."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.drop()

    async def drop(self) -> None:
        """End what is carried now; new connections are let through as before."""
        carried, self._carried = self._carried, set()
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
        for writer in self._silent:
            writer.transport.abort()
        self._silent.clear()

    async def leave_half_open(self) -> None:
        """Who has connected still believes so and hears nothing any more; the other end is told nothing either."""
        carried, self._carried = self._carried, set()
        self._is_leaving_open = True
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
        self._is_leaving_open = False

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carried.add(task)
        ends = [writer]
        try:
            beyond_reader, beyond_writer = await asyncio.open_connection(
                self.host, self.beyond, local_addr=(self.host, 0)
            )
            ends.append(beyond_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, beyond_writer))
                group.create_task(_pump(beyond_reader, writer))
        except* OSError:
            pass  # the other end is gone: that is what the ends are told by closing
        except* asyncio.CancelledError:
            if self._is_leaving_open:
                self._silent.update(ends)
                ends = []
        finally:
            self._carried.discard(task)
            for end in ends:
                end.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    writer.close()
