"""The data link between the two platforms as something that can be cut: a relay before each exchange endpoint.

The site files of such a lab name the relays instead of the endpoints. Voice and desks do not pass here.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from callflow.lab.plan import Plan

BEYOND = 10_000
"""A relay stands so many ports above its endpoint: on one box both endpoints are at one address."""

CHUNK_BYTES = 1 << 16


def sites_by_relay(sites: Path, copy: Path) -> Path:
    """The site files, with each peer's exchange at its relay; its certificate covers the address."""
    shutil.copytree(sites, copy)
    for site_file in copy.glob("*.toml"):
        text = site_file.read_text("utf-8")
        relayed, times = re.subn(r":(\d+)/exchange/", lambda at: f":{int(at[1]) + BEYOND}/exchange/", text)
        assert times == 1, site_file
        site_file.write_text(relayed, "utf-8")
    return copy


class DataLink:
    """Both directions of the link; `cut` and `mend` as often as you like."""

    def __init__(self, plan: Plan) -> None:
        self._ends = [(site.host, site.site.addresses.exchange_port) for site in plan.sites]
        self._servers: list[asyncio.Server] = []
        self._carried: set[asyncio.StreamWriter] = set()

    async def mend(self) -> None:
        """Let connections through."""
        for host, port in self._ends:
            self._servers.append(await asyncio.start_server(self._carry_to(host, port), host, port + BEYOND))

    async def cut(self) -> None:
        """Refuse connections and drop those that are there."""
        for server in self._servers:
            server.close()
        for writer in self._carried:
            writer.transport.abort()
        self._servers.clear()

    def _carry_to(
        self, host: str, port: int
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            beyond_reader, beyond_writer = await asyncio.open_connection(host, port)
            ends = {writer, beyond_writer}
            self._carried |= ends
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, beyond_writer))
                    group.create_task(_pump(beyond_reader, writer))
            except* OSError:
                pass  # cut while something was on its way: that is what it is for
            finally:
                self._carried -= ends
                for end in ends:
                    end.close()

        return carry


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def data_link(plan: Plan) -> AsyncIterator[DataLink]:
    """A link that is up; it is gone with the block."""
    link = DataLink(plan)
    await link.mend()
    try:
        yield link
    finally:
        await link.cut()
