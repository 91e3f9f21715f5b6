"""What every keeper of the desks' streams promises; what the real one does when Redis goes and comes."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from callflow.adapters import redis_keys
from callflow.adapters.fakes import FakeDesks
from callflow.adapters.redis_desks import EventId, RedisDesks
from callflow.domain.names import AgentId
from callflow.service.ports import Desks

HOST, PORT, PASSWORD = "127.0.106.40", 6390, "for-this-test"
ANNA, BO = AgentId("8001"), AgentId("8002")
LIMIT_S = 10


class RedisServer:
    """A Redis of our own that can be stopped and started; it keeps nothing on disk."""

    def __init__(self, program: str, home: Path) -> None:
        self._program, self._home = program, home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {"bind": HOST, "port": PORT, "requirepass": PASSWORD, "save": "", "dir": str(self._home)}
        spelt = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._process = subprocess.Popen([self._program, *spelt], stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(LIMIT_S)
            self._process = None


@pytest.fixture(scope="session")
def redis_program() -> str:
    runtime = os.environ.get("CALLFLOW_RUNTIME", "")
    program = shutil.which("redis-server", path=f"{runtime}/bin" if runtime else None)
    assert program, "no redis-server: set CALLFLOW_RUNTIME, which `./run` does by itself"
    return program


@pytest.fixture
def server(redis_program: str, tmp_path: Path) -> Iterator[RedisServer]:
    running = RedisServer(redis_program, tmp_path)
    running.start()
    yield running
    running.stop()


@asynccontextmanager
async def opened() -> AsyncIterator[RedisDesks]:
    desks = RedisDesks.connect(HOST, PORT, PASSWORD)
    writer = asyncio.ensure_future(desks.run())
    try:
        yield desks
    finally:
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
        await desks.close()


@pytest.fixture
async def real(server: RedisServer) -> AsyncIterator[RedisDesks]:  # noqa: ARG001 - must be running
    async with opened() as desks:
        await until(redis_answers)
        yield desks


@pytest.fixture(params=["fake", "redis"])
def desks(request: pytest.FixtureRequest) -> Desks:
    if request.param == "fake":
        return FakeDesks()
    found: RedisDesks = request.getfixturevalue("real")
    return found


def a_redis() -> Redis:
    return Redis(host=HOST, port=PORT, password=PASSWORD, decode_responses=True)


async def redis_answers() -> bool:
    async with a_redis() as redis:
        try:
            return bool(await redis.ping())
        except (RedisError, OSError):
            return False


async def stored(agent_id: AgentId) -> int:
    async with a_redis() as redis:
        return int(await redis.xlen(redis_keys.events(agent_id)))


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await is_so():  # noqa: ASYNC110 - asks a server, which tells nobody
            await asyncio.sleep(0.02)


async def take(
    stream: AsyncIterator[tuple[str, str, dict[str, Any]]], count: int
) -> list[tuple[str, str, dict[str, Any]]]:
    async with asyncio.timeout(LIMIT_S):
        return [await anext(stream) for _ in range(count)]


async def begun(desks: Desks, agent_id: AgentId) -> tuple[Any, asyncio.Task[Any]]:
    """A desk that listens from now on, and its first event to come."""
    stream = desks.listen(agent_id, None)
    first = asyncio.ensure_future(take(stream, 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return stream, first


async def test_a_desk_hears_what_is_for_it_in_order_and_nothing_else(desks: Desks) -> None:
    stream, first = await begun(desks, ANNA)
    await desks.publish([ANNA], "pop", {"call_id": "1", "number": "19900001111"})
    await desks.publish([BO], "pop", {"call_id": "2"})
    await desks.publish([ANNA, BO], "call", {"call_id": "1", "phase": "办理"})

    heard = await first + await take(stream, 1)

    assert [(name, body) for _, name, body in heard] == [
        ("pop", {"call_id": "1", "number": "19900001111"}),
        ("call", {"call_id": "1", "phase": "办理"}),
    ]


async def test_a_desk_that_comes_back_hears_what_it_missed_once(desks: Desks) -> None:
    stream, first = await begun(desks, ANNA)
    await desks.publish([ANNA], "call", {"n": 1})
    ((last_id, _, _),) = await first
    await stream.aclose()
    await desks.publish([ANNA], "call", {"n": 2})
    await desks.publish([ANNA], "call", {"n": 3})

    again = desks.listen(ANNA, last_id)
    missed = await take(again, 2)
    await desks.publish([ANNA], "call", {"n": 4})

    assert [body["n"] for _, _, body in missed + await take(again, 1)] == [2, 3, 4]


async def test_two_windows_of_one_agent_hear_the_same(desks: Desks) -> None:
    windows = [await begun(desks, ANNA) for _ in range(2)]

    await desks.publish([ANNA], "danger", {"n": 1})

    heard = [await first for _, first in windows]
    assert heard[0] == heard[1]


async def test_after_a_restart_a_desk_resumes_from_redis(server: RedisServer) -> None:
    async with opened() as before:
        await until(redis_answers)
        stream, first = await begun(before, ANNA)
        for n in range(3):
            await before.publish([ANNA], "call", {"n": n})
        ((last_id, _, _),) = await first
        await stream.aclose()

        async def all_written() -> bool:
            return await stored(ANNA) == 3

        await until(all_written)

    async with opened() as after:
        resumed = after.listen(ANNA, last_id)
        missed = await take(resumed, 2)
        await after.publish([ANNA], "call", {"n": 3})
        heard = missed + await take(resumed, 1)

    assert [body["n"] for _, _, body in heard] == [1, 2, 3]
    assert server is not None


async def test_while_redis_is_away_desks_go_on_and_it_is_filled_again_afterwards(
    server: RedisServer, real: RedisDesks
) -> None:
    stream, first = await begun(real, ANNA)
    await real.publish([ANNA], "call", {"n": 1})
    await first
    server.stop()

    await real.publish([ANNA], "call", {"n": 2})
    ((last_id, _, body),) = await take(stream, 1)
    await real.publish([ANNA], "call", {"n": 3})
    resumed = await take(real.listen(ANNA, last_id), 1)
    await until(lambda: answer(value=real.is_away))

    assert body["n"] == 2
    assert resumed[0][2]["n"] == 3
    assert await real.present() == {ANNA}

    server.start()

    async def all_written() -> bool:
        return await redis_answers() and await stored(ANNA) == 3

    await until(all_written)
    await until(lambda: answer(value=not real.is_away))


async def answer(*, value: bool) -> bool:
    return value


async def test_a_redis_that_was_never_there_is_not_waited_for() -> None:
    async with opened() as desks:
        _, first = await begun(desks, ANNA)
        async with asyncio.timeout(0.2):
            await desks.publish([ANNA], "pop", {"n": 1})
            assert len(await first) == 1
        assert await desks.present() == {ANNA}


async def test_a_wrong_password_is_an_outage_and_no_crash(server: RedisServer) -> None:
    await until(redis_answers)
    desks = RedisDesks.connect(HOST, PORT, "wrong")
    await desks.publish([ANNA], "pop", {})

    assert await desks.present() == frozenset()
    assert desks.is_away
    await desks.close()
    assert server is not None


async def test_a_desk_that_closed_counts_as_there_for_a_moment_also_after_a_restart(server: RedisServer) -> None:
    async with opened() as before:
        await until(redis_answers)
        stream, first = await begun(before, ANNA)
        await before.publish([ANNA], "call", {})
        await first

        async def presence_written() -> bool:
            async with a_redis() as redis:
                return await redis.zscore(redis_keys.PRESENT, ANNA) is not None

        await until(presence_written)
        await stream.aclose()

    async with opened() as after:
        assert await after.present() == {ANNA}
    assert server is not None


async def test_streams_are_trimmed_and_do_not_live_for_ever(real: RedisDesks) -> None:
    for n in range(4 * redis_keys.EVENTS_KEPT):
        await real.publish([ANNA], "call", {"n": n})
    last = str(real._last)

    async def last_one_written() -> bool:
        async with a_redis() as redis:
            newest: Any = await redis.xrevrange(redis_keys.events(ANNA), count=1)
            return bool(newest) and newest[0][0] == last

    await until(last_one_written)
    async with a_redis() as redis:
        assert 0 < await redis.ttl(redis_keys.events(ANNA)) <= redis_keys.EVENTS_LIFE_S
    assert await stored(ANNA) < 2 * redis_keys.EVENTS_KEPT


async def test_a_reader_who_is_too_slow_is_ended_and_can_resume(real: RedisDesks) -> None:
    stream, first = await begun(real, ANNA)
    await real.publish([ANNA], "call", {"n": 0})
    ((last_id, _, _),) = await first

    for n in range(redis_keys.EVENTS_KEPT + 1):
        await real.publish([ANNA], "call", {"n": n + 1})

    assert await anext(stream, None) is None
    resumed = await take(real.listen(ANNA, last_id), redis_keys.EVENTS_KEPT)
    assert resumed[-1][2]["n"] == redis_keys.EVENTS_KEPT + 1


def test_event_ids_are_ordered_as_redis_orders_them() -> None:
    spelt = ["5", "5-1", "5-10", "12-0"]

    assert sorted(spelt, key=EventId.read) == spelt
    assert str(EventId.read("12")) == "12-0"
