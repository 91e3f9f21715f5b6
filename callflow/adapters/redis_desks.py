"""`ports.Desks`: delivered in memory at once, kept in Redis so that a desk resumes where it was after a restart.

A publisher never waits for Redis and never hears of its absence. What could not be written is written when Redis
is back, with the same ids; a Redis that comes back empty is filled again from memory.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from callflow.adapters import redis_keys as keys
from callflow.domain.names import AgentId
from callflow.domain.watching import WATCH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

LIMIT_S: Final = 0.5
RETRY_EVERY_S: Final = 0.5
SEEN_EVERY_S: Final = keys.PRESENT_LIFE_S / 3
BATCH: Final = 100
WAITING_LIMIT: Final = 10_000
GATHER_S: Final = 0.02
"""What one decision publishes goes to Redis together, and after the desks and Asterisk have theirs."""

log = structlog.get_logger(__name__)


class EventId(NamedTuple):
    """As Redis writes it: milliseconds since the epoch, and a count within one."""

    ms: int
    nth: int

    @classmethod
    def read(cls, text: str) -> EventId:
        """From "1795312800000-3"; the part behind the dash may be missing."""
        ms, _, nth = text.partition("-")
        return cls(int(ms), int(nth or 0))

    def __str__(self) -> str:
        return f"{self.ms}-{self.nth}"


class _Happened(NamedTuple):
    event_id: EventId
    name: str
    body: dict[str, Any]

    def told(self) -> tuple[str, str, dict[str, Any]]:
        return str(self.event_id), self.name, self.body


class RedisDesks:
    """The event streams and the presence of one site's desks. `run` must be running for Redis to be written."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock
        self._kept: defaultdict[AgentId, deque[_Happened]] = defaultdict(lambda: deque(maxlen=keys.EVENTS_KEPT))
        self._listeners: defaultdict[AgentId, set[asyncio.Queue[_Happened | None]]] = defaultdict(set)
        self._waiting: deque[tuple[AgentId, _Happened]] = deque(maxlen=WAITING_LIMIT)
        self._came = asyncio.Event()
        self._presence_due = 0.0
        """When the presence is written next, by the loop's clock."""
        self._last = EventId(0, 0)
        self._was_away = False
        self.is_away = False
        """Whether the last word to or from Redis failed: the desks show a banner, and nothing else changes."""

    @classmethod
    def connect(cls, host: str, port: int, password: str) -> Self:
        """Desks on this Redis; no connection is made before `run`."""
        redis = Redis(
            host=host,
            port=port,
            password=password,
            decode_responses=True,
            socket_timeout=LIMIT_S,
            socket_connect_timeout=LIMIT_S,
            retry=Retry(NoBackoff(), 0),
        )
        return cls(redis)

    async def close(self) -> None:
        """Give the connections back and end every listener. Repeatable."""
        for queue in [queue for queues in self._listeners.values() for queue in queues]:
            _offer(queue, None)
        await self._redis.aclose()

    async def publish(self, agent_ids: Sequence[AgentId], name: str, body: dict[str, Any]) -> None:
        """See the port. Listeners have it when this returns; Redis has it soon after."""
        for agent_id in agent_ids:
            happened = _Happened(self._next_id(), name, body)
            if agent_id != WATCH:
                self._kept[agent_id].append(happened)
                self._waiting.append((agent_id, happened))
            for queue in self._listeners[agent_id]:
                _offer(queue, happened)
        self._came.set()

    async def listen(
        self, agent_id: AgentId, last_event_id: str | None
    ) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        """See the port. Ends when the reader is `EVENTS_KEPT` events behind, or at `close`."""
        queue: asyncio.Queue[_Happened | None] = asyncio.Queue(keys.EVENTS_KEPT)
        self._listeners[agent_id].add(queue)
        self._presence_due = 0.0
        self._came.set()  # his presence is written now
        try:
            seen = EventId(0, 0)
            if last_event_id is not None:
                for happened in await self._since(agent_id, EventId.read(last_event_id)):
                    seen = happened.event_id
                    yield happened.told()
            while (coming := await queue.get()) is not None:
                if coming.event_id > seen:
                    yield coming.told()
        finally:
            self._listeners[agent_id].discard(queue)

    async def present(self) -> frozenset[AgentId]:
        """Whose desk is open now, or was within the last `PRESENT_LIFE_S`, also before a restart."""
        here = set(self._at_desk())
        remembered: Any = ()
        with self._outage_noted():
            earliest = self._clock() - keys.PRESENT_LIFE_S
            remembered = await self._redis.zrange(keys.PRESENT, earliest, "+inf", byscore=True)
        return frozenset(here | set(map(AgentId, remembered)))

    async def run(self) -> None:
        """Write to Redis what is published, for ever."""
        while True:
            self._came.clear()
            if not await self._write_all():
                await asyncio.sleep(RETRY_EVERY_S)
                continue
            try:
                async with asyncio.timeout_at(self._presence_due):
                    await self._came.wait()
                await asyncio.sleep(GATHER_S)
            except TimeoutError:
                pass  # nothing new; the presence is due

    async def _write_all(self) -> bool:
        """Whether Redis has everything that it should have by now."""
        while self._waiting:
            if not await self._write_some():
                return False
        now = asyncio.get_running_loop().time()
        if now >= self._presence_due or self._was_away:
            self._presence_due = now + SEEN_EVERY_S
            return await self._write_presence()
        return True

    async def _write_some(self) -> bool:
        batch = list(self._waiting)[:BATCH]
        with self._outage_noted():
            async with self._redis.pipeline(transaction=False) as pipe:
                for agent_id, happened in batch:
                    fields: Any = {"name": happened.name, "body": json.dumps(happened.body, ensure_ascii=False)}
                    key = keys.events(agent_id)
                    pipe.xadd(key, fields, id=str(happened.event_id), maxlen=keys.EVENTS_KEPT)
                    pipe.expire(key, keys.EVENTS_LIFE_S)
                _none_failed(await pipe.execute(raise_on_error=False))
            while self._waiting and self._waiting[0][1].event_id <= batch[-1][1].event_id:
                self._waiting.popleft()
            return True
        return False

    async def _write_presence(self) -> bool:
        now = self._clock()
        here: dict[Any, float] = dict.fromkeys(self._at_desk(), now)
        with self._outage_noted():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zremrangebyscore(keys.PRESENT, "-inf", now - keys.PRESENT_LIFE_S)
                if here:
                    pipe.zadd(keys.PRESENT, here)
                    pipe.expire(keys.PRESENT, keys.PRESENT_LIFE_S)
                await pipe.execute()
            if self._was_away:
                self._fill_again()
            return True
        return False

    def _at_desk(self) -> list[AgentId]:
        return [agent_id for agent_id, queues in self._listeners.items() if queues and agent_id != WATCH]

    def _fill_again(self) -> None:
        """Redis may have come back empty: everything in memory is written once more."""
        every = ((agent_id, happened) for agent_id, kept in self._kept.items() for happened in kept)
        self._waiting = deque(sorted(every, key=lambda each: each[1].event_id), maxlen=WAITING_LIMIT)
        self._was_away = False
        self._came.set()

    async def _since(self, agent_id: AgentId, last: EventId) -> list[_Happened]:
        """What came after `last`, from memory and, for what was before this program's start, from Redis."""
        ours = list(self._kept[agent_id])
        found = {happened.event_id: happened for happened in ours}
        if not ours or ours[0].event_id > last:
            with self._outage_noted():
                stored: Any = await self._redis.xrange(keys.events(agent_id), f"({last}", "+", keys.EVENTS_KEPT)
                for event_id, fields in stored or ():
                    happened = _Happened(EventId.read(event_id), fields["name"], json.loads(fields["body"]))
                    found[happened.event_id] = happened
        return [found[event_id] for event_id in sorted(found) if event_id > last]

    def _next_id(self) -> EventId:
        ms = int(self._clock() * 1000)
        self._last = EventId(ms, 0) if ms > self._last.ms else EventId(self._last.ms, self._last.nth + 1)
        return self._last

    @contextmanager
    def _outage_noted(self) -> Iterator[None]:
        """Leave the block at an outage and go on behind it."""
        try:
            yield
        except (RedisError, OSError) as error:
            if not self.is_away:
                log.warning("redis away: desks live from memory", cause=type(error).__name__)
            self.is_away = self._was_away = True
        else:
            if self.is_away:
                log.info("redis back")
            self.is_away = False
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError  # redis-py 8 has eaten it: seen when it falls into a reply's arrival


def _none_failed(answers: Sequence[object]) -> None:
    """An XADD refused as "equal or smaller" was written before; any other refusal counts as an outage."""
    for answer in answers:
        if isinstance(answer, RedisError) and "equal or smaller" not in str(answer):
            raise answer


def _offer(queue: asyncio.Queue[_Happened | None], happened: _Happened | None) -> None:
    """Give a reader the next event; one who is too far behind is ended and resumes by his last id."""
    try:
        queue.put_nowait(happened)
    except asyncio.QueueFull:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)
