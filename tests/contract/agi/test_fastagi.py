"""Our FastAGI server against peers that probe, hang, lie and flood; F1-F11 are panoramisk's faults in this place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from agi.agi_wire import AgiRefused, AgiUnsendable
from agi.fastagi import AgiLimits, AgiPortTaken, AgiServer, AgiSession
from tests.unit.agi.test_agi_wire import text

HOST = "127.0.105.3"
QUICK = AgiLimits(header_s=0.2, command_s=0.2, session_s=0.5, sessions=4)
OPENING = text(agi_network_script="work", agi_arg_1="one") + b"\n\n"


@dataclass
class Work:
    """A job that reads and sets one variable and remembers how it went."""

    values: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    hung_up: list[bool] = field(default_factory=list)

    async def __call__(self, session: AgiSession) -> None:
        try:
            await session.set_variable("X", session.request.arguments[0])
        except AgiRefused as refused:
            self.refusals.append(str(refused))
        self.values.append(await session.get_variable("Y"))
        self.hung_up.append(session.is_hung_up)


class Peer:
    """Asterisk's side of one session, by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, text: bytes) -> None:
        self.writer.write(text)

    async def hears(self, command: bytes) -> None:
        assert await self.reader.readline() == command + b"\n"

    async def is_left(self) -> bytes:
        """Wait until the server ends the session; what it said until then."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""


async def honest(peer: Peer) -> None:
    """A whole session as Asterisk plays it."""
    peer.say(OPENING)
    await peer.hears(b"NOOP")
    peer.say(b"200 result=0\n")
    await peer.hears(b'SET VARIABLE "X" "one"')
    peer.say(b"200 result=1\n")
    await peer.hears(b'GET VARIABLE "Y"')
    peer.say(b"200 result=1 (why)\n")
    assert await peer.is_left() == b""


class Served:
    """A running server and the job behind it."""

    def __init__(self, server: AgiServer, work: Work) -> None:
        self.server = server
        self.work = work

    @asynccontextmanager
    async def peer(self) -> AsyncIterator[Peer]:
        reader, writer = await asyncio.open_connection(*self.server.address)
        try:
            yield Peer(reader, writer)
        finally:
            writer.transport.abort()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    work = Work()

    async def broken(_session: AgiSession) -> None:
        raise ZeroDivisionError

    server = AgiServer(HOST, 0, {"work": work, "broken": broken}, limits=QUICK)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        task = group.create_task(server.run())
        await server.ready.wait()
        yield Served(server, work)
        task.cancel()


async def test_a_session_as_asterisk_plays_it(served: Served) -> None:
    async with served.peer() as peer:
        await honest(peer)

    assert served.work.values == ["why"]


@pytest.mark.covers("T-08")
@pytest.mark.parametrize("value", ["1,X=2", 'a"b', "a\\b", "${SHELL(id)}", "a(b"])
async def test_a_value_that_could_be_read_as_two_is_not_sent(value: str) -> None:
    unsendable: list[str] = []

    async def job(session: AgiSession) -> None:
        try:
            await session.set_variables({"X": value})
        except AgiUnsendable as refused:
            unsendable.append(str(refused))

    server = AgiServer(HOST, 0, {"work": job}, limits=QUICK)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        task = group.create_task(server.run())
        await server.ready.wait()
        async with Served(server, Work()).peer() as peer:
            peer.say(OPENING)
            await peer.hears(b"NOOP")
            peer.say(b"200 result=0\n")
            assert await peer.is_left() == b""
        task.cancel()

    assert len(unsendable) == 1


@pytest.mark.covers("T-14")
async def test_f1_a_port_probe_costs_nothing(served: Served) -> None:
    for _ in range(50):
        async with served.peer():
            pass

    async with served.peer() as peer:
        await honest(peer)


@pytest.mark.covers("T-08", "T-14")
@pytest.mark.parametrize(
    "opening",
    [
        b"",  # F11: silence
        b"agi_network: yes\n",
        b"x" * 100_000,
        b"\n\n",
        b"GET / HTTP/1.1\r\n\r\n\n\n",
        OPENING.replace(b"13800138000", b"1\nagi_channel: PJSIP/other-00000001"),
        OPENING.replace(b"13800138000", b"1\n\nagi_calleridname: x"),
        OPENING.replace(b": work", b": unknown-job"),
    ],
)
async def test_an_opening_that_is_none_is_ended_in_time_and_hears_no_command(served: Served, opening: bytes) -> None:
    async with served.peer() as peer:
        peer.say(opening)
        assert await peer.is_left() == b""

    async with served.peer() as peer:
        await honest(peer)


@pytest.mark.covers("T-08")
async def test_what_is_left_of_a_header_that_ended_early_is_no_answer(served: Served) -> None:
    async with served.peer() as peer:
        peer.say(OPENING + b"agi_calleridname: the rest of the real header\n\n")
        assert await peer.is_left() == b"NOOP\n"

    assert served.work.values == []


async def test_f2_a_hangup_in_between_shifts_no_answer(served: Served) -> None:
    async with served.peer() as peer:
        peer.say(OPENING)
        await peer.hears(b"NOOP")
        peer.say(b"200 result=0\nHANGUP\n")
        await peer.hears(b'SET VARIABLE "X" "one"')
        peer.say(b"200 result=1\n")
        await peer.hears(b'GET VARIABLE "Y"')
        peer.say(b"200 result=1 (why)\n")
        await peer.is_left()

    assert (served.work.values, served.work.hung_up) == (["why"], [True])


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (
            b"520-Invalid command syntax.  Proper usage follows:\nUsage: SET\nmore\n520 End of proper usage.\n",
            "wrong use",
        ),
        (b"520 Invalid command syntax.\n", "wrong use"),
        (b"511 Command Not Permitted on a dead channel or intercept routine\n", "dead"),
        (b"510 Invalid or unknown command\n", "unknown command"),
    ],
)
async def test_f5_f6_a_refused_command_leaves_the_next_answer_in_its_place(
    served: Served, refusal: bytes, why: str
) -> None:
    async with served.peer() as peer:
        peer.say(OPENING)
        await peer.hears(b"NOOP")
        peer.say(b"200 result=0\n")
        await peer.hears(b'SET VARIABLE "X" "one"')
        peer.say(refusal)
        await peer.hears(b'GET VARIABLE "Y"')
        peer.say(b"200 result=1 (why)\n")
        await peer.is_left()

    assert served.work.values == ["why"]
    assert why in served.work.refusals[0]


@pytest.mark.parametrize("answer", [b"", b"200 resu", b"x" * 100_000, b"520-usage\n" * 200, b"nonsense\n"])
async def test_f3_f11_an_asterisk_that_hangs_dies_or_raves_in_mid_command_is_left(
    served: Served, answer: bytes
) -> None:
    async with served.peer() as peer:
        peer.say(OPENING)
        await peer.hears(b"NOOP")
        peer.say(answer)
        assert await peer.is_left() == b""

    assert served.work.values == []
    async with served.peer() as peer:
        await honest(peer)


async def test_a_peer_that_closes_in_mid_command_is_left(served: Served) -> None:
    async with served.peer() as peer:
        peer.say(OPENING)
        await peer.hears(b"NOOP")

    async with served.peer() as peer:
        await honest(peer)


async def test_a_job_that_fails_ends_only_its_own_session(served: Served) -> None:
    async with served.peer() as peer:
        peer.say(OPENING.replace(b": work", b": broken"))
        await peer.hears(b"NOOP")
        peer.say(b"200 result=0\n")
        assert await peer.is_left() == b""

    async with served.peer() as peer:
        await honest(peer)


@pytest.mark.covers("T-14")
async def test_more_sessions_than_the_limit_are_turned_away_and_the_others_go_on(served: Served) -> None:
    hanging = [await asyncio.open_connection(*served.server.address) for _ in range(QUICK.sessions)]
    for _, writer in hanging[:-1]:
        writer.write(OPENING)
    async with served.peer() as peer:
        assert await peer.is_left() == b""  # at once, before any limit
    for reader, writer in hanging:
        await reader.read()
        writer.transport.abort()

    async with served.peer() as peer:
        await honest(peer)


async def test_f8_ending_the_server_ends_its_sessions_at_once() -> None:
    server = AgiServer(HOST, 0, {"work": Work()}, limits=AgiLimits(header_s=60, session_s=60))
    run = asyncio.ensure_future(server.run())
    await server.ready.wait()
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(OPENING)
    assert await reader.readline() == b"NOOP\n"

    run.cancel()

    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await run
        assert await reader.read() == b""
    writer.close()


async def test_a_port_that_is_taken_is_said_with_the_cure(served: Served) -> None:
    host, port = served.server.address

    with pytest.raises(AgiPortTaken, match=f"{host}:{port} .*agi_port in the site file"):
        await AgiServer(host, port, {}).run()
