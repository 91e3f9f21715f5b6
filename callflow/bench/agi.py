"""`./run bench agi`: FastAGI sessions a second of processor time carries, beside a plain asyncio-streams server.

Both servers play the same session of three commands, each in a process of its own; the sessions come from here, some
at once, with the bytes of a real Asterisk. The plain server checks nothing and waits for ever; ours has limits and
refuses what no honest Asterisk sends. Half of the rounds have a port probe (connect and close) before every session.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from agi.fastagi import AgiServer, AgiSession
from callflow import event_loop
from callflow.bench.ratios import Promise, Ratios, report
from callflow.lab.plan import Plan

HOST = "127.0.0.1"
ROUNDS = 11
SESSIONS = 1000
AT_ONCE = 8
ROUND_LIMIT_S = 60.0
OURS, PLAIN = "callflow", "plain asyncio streams"
QUIET, PROBED = "sessions", "sessions, each after a port probe"
COMMANDS = 3
HEADER = "".join(
    f"agi_{name}: {value}\n"
    for name, value in {
        "network": "yes",
        "network_script": "intake",
        "request": f"agi://{HOST}/intake",
        "channel": "Local/s@agi-intake-00000001;2",
        "language": "en",
        "type": "Local",
        "uniqueid": "1795333873.12",
        "version": "22.10.1",
        "callerid": "13800138000",
        "calleridname": "unknown",
        "callingpres": "0",
        "callingani2": "0",
        "callington": "0",
        "callingtns": "0",
        "dnid": "unknown",
        "rdnis": "unknown",
        "context": "agi-intake",
        "extension": "s",
        "priority": "2",
        "enhanced": "0.0",
        "accountcode": "",
        "threadid": "140211112222333",
        "arg_1": "01M8138XG5Y6S0S0S0S0S0S0S0",
        "arg_2": "PJSIP/carrier-00000001",
    }.items()
).encode()

PROMISES = (Promise(QUIET, OURS, PLAIN, 1.0), Promise(PROBED, OURS, PLAIN, 1.0))


def run_bench(_plan: Plan, out: Path | None) -> int:
    """Measure and judge; 1 when a promise is broken. Needs no lab."""
    seen = Ratios("sessions per CPU second  每CPU秒会话数")
    asyncio.run(_measure(seen))
    return report(Console(highlight=False), "FastAGI", seen, PROMISES, out)


async def _measure(seen: Ratios) -> None:
    for number in range(ROUNDS):
        for load in (QUIET, PROBED):
            for who in (OURS, PLAIN) if number % 2 == 0 else (PLAIN, OURS):
                seen.add(load, who, SESSIONS / await _round(who, probed=load == PROBED))


async def _round(who: str, *, probed: bool) -> float:
    """Play SESSIONS against one server; returns its processor seconds."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callflow.bench.agi", who),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    async with asyncio.timeout(ROUND_LIMIT_S):
        port = int(await server.stdout.readline())
        left = iter(range(SESSIONS))

        async def play() -> None:
            for _ in left:
                if probed:
                    await _probe(port)
                await _session(port)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(play())
        server.stdin.close()
        said = await server.stdout.read()
        await server.wait()
    return float(said.splitlines()[-1])


async def _probe(port: int) -> None:
    _, writer = await asyncio.open_connection(HOST, port)
    writer.close()
    await writer.wait_closed()


async def _session(port: int) -> None:
    """What Asterisk does: header, an answer to each command, and the end."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(HEADER + b"\n")
    for _ in range(COMMANDS):
        await reader.readuntil(b"\n")
        writer.write(b"200 result=1 (x)\n")
    if await reader.read():
        raise RuntimeError("the server said more than its commands")
    writer.close()


# ---- the servers, each in its own process


async def _until_told(serving: Callable[[int], None], port: int) -> None:
    """Serve until the bench closes our input, and say what that took; not what starting and ending take."""
    serving(port)
    began_s = time.process_time()
    await asyncio.to_thread(sys.stdin.read)
    print(time.process_time() - began_s, flush=True)  # noqa: T201 - to the bench that started us


async def _ours(serving: Callable[[int], None]) -> None:
    async def job(session: AgiSession) -> None:
        await session.get_variable("CALL_ID")
        await session.set_variables({"A": "1", "B": "2"})

    server = AgiServer(HOST, 0, {"intake": job})
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        await server.ready.wait()
        await _until_told(serving, server.address[1])
        running.cancel()


async def _plain(serving: Callable[[int], None]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = {}
        while (line := (await reader.readline()).decode().strip()) != "":
            key, _, value = line.partition(": ")
            header[key] = value
        if header:
            for command in (b"NOOP\n", b'GET VARIABLE "CALL_ID"\n', b'EXEC MSet "A=1,B=2"\n'):
                writer.write(command)
                await writer.drain()
                (await reader.readline()).decode().partition("result=")
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    async with server:
        await _until_told(serving, server.sockets[0].getsockname()[1])


SERVERS: dict[str, Callable[[Callable[[int], None]], Coroutine[Any, Any, None]]] = {OURS: _ours, PLAIN: _plain}


def _server(who: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    run = event_loop.run if who == OURS else asyncio.run  # each as it runs in service
    run(SERVERS[who](lambda port: print(port, flush=True)))  # noqa: T201 - to the bench that started us


if __name__ == "__main__":
    _server(sys.argv[1])
