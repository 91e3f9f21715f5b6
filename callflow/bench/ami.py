"""`./run bench ami`: how many AMI events a second of processor time carries, beside stock panoramisk and a bare parser.

A server plays a recorded stream (tests/replay/streams) as fast as it is taken; each client runs in a process of its
own, logs in, reads to the end and says what processor time the reading cost. The clients take turns, so that a busy
machine is busy for all. Only ratios within one run mean anything.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from panoramisk.manager import Manager
from rich.console import Console

from agi.link import AmiLink, AmiLogin, LinkUp
from callflow.bench.ratios import Promise, Ratios, report
from callflow.lab.plan import Plan

HOST = "127.0.0.1"
ROUNDS = 5
EVENTS = {"full": 60_000, "filtered": 20_000}
"""About how many a client reads in a round; the recording is repeated."""
CLIENT_LIMIT_S = 60.0
LAST = b"Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: BenchOver\r\n\r\n"
OURS, STOCK, BARE = "callflow", "panoramisk 1.4", "bare parser"

PROMISES = (
    Promise("full", OURS, STOCK, 4.0),
    Promise("filtered", OURS, STOCK, 1.0),
)


def run_bench(plan: Plan, out: Path | None) -> int:
    """Measure and judge; 1 when a promise is broken. Needs no lab."""
    streams = plan.home / "tests" / "replay" / "streams"
    load = {"full": gzip.decompress((streams / "everything.ami.gz").read_bytes())}
    load["filtered"] = b"".join(path.read_bytes() for path in sorted(streams.glob("*/*.ami")))
    seen = Ratios("events per CPU second  每CPU秒事件数")
    asyncio.run(_measure(load, seen))
    return report(Console(highlight=False), "AMI", seen, PROMISES, out)


async def _measure(load: dict[str, bytes], seen: Ratios) -> None:
    for _ in range(ROUNDS):
        for name, stream in load.items():
            count = stream.count(b"\r\n\r\n")
            times = EVENTS[name] // count + 1
            for who in CLIENTS:
                cpu_s = await _one(who, stream, times)
                seen.add(name, who, count * times / cpu_s)


async def _one(who: str, stream: bytes, times: int) -> float:
    """Serve one client in a process of its own; returns the processor seconds of its reading."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        action_id = next(line.split(": ")[1] for line in asked.split("\r\n") if line.startswith("ActionID"))
        said = f"Response: Success\r\nActionID: {action_id}\r\nMessage: Authentication accepted\r\n\r\n"
        writer.write(said.encode())
        for _ in range(times):
            writer.write(stream)
            await writer.drain()
        writer.write(LAST)
        await reader.read()  # until the client has read all and goes
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        command = (sys.executable, "-m", "callflow.bench.ami", who, str(port))
        client = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        async with asyncio.timeout(CLIENT_LIMIT_S):
            said, _ = await client.communicate()
    return float(json.loads(said.splitlines()[-1])["cpu_s"])


# ---- the clients, each in its own process


async def _ours(port: int, begin: Callable[[], None]) -> None:
    link = AmiLink(AmiLogin(HOST, port, OURS, OURS))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(link.run())
        while True:
            news = await link.news.get()
            if isinstance(news, LinkUp):
                begin()
            elif getattr(news, "name", "") == "UserEvent" and news.first("UserEvent") == "BenchOver":  # type: ignore[union-attr]
                break
        running.cancel()


async def _stock(port: int, begin: Callable[[], None]) -> None:
    over = asyncio.Event()

    def take(_manager: Manager, event: Any) -> None:
        if event.userevent == "BenchOver":
            over.set()

    manager = Manager(loop=asyncio.get_running_loop(), host=HOST, port=port, username=OURS, secret=OURS, ping_delay=0)
    manager.register_event("*", take)
    begin()
    await manager.connect()
    await over.wait()
    manager.close()


async def _bare(port: int, begin: Callable[[], None]) -> None:
    reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 20)
    writer.write(b"Action: Login\r\nActionID: 1\r\n\r\n")
    begin()
    rest = b""
    while chunk := await reader.read(1 << 16):
        *blocks, rest = (rest + chunk).split(b"\r\n\r\n")
        for block in blocks:
            headers = dict(line.partition(": ")[::2] for line in block.decode().split("\r\n"))
            if headers.get("UserEvent") == "BenchOver":
                writer.close()
                return


CLIENTS: dict[str, Callable[[int, Callable[[], None]], Coroutine[Any, Any, None]]] = {
    OURS: _ours,
    STOCK: _stock,
    BARE: _bare,
}


def _client(who: str, port: int) -> None:
    began = [time.process_time()]

    def begin() -> None:
        began[0] = time.process_time()

    asyncio.run(CLIENTS[who](port, begin))
    sys.stdout.write(json.dumps({"cpu_s": time.process_time() - began[0]}))


if __name__ == "__main__":
    _client(sys.argv[1], int(sys.argv[2]))
